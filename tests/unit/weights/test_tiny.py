"""The maker of random weights: what it writes loads with the classes that load the published ones."""

import json
import subprocess
import sys

import pytest

pytest.importorskip("diffusers")
import open_clip
import torch
from diffusers import StableVideoDiffusionPipeline
from safetensors.torch import load_file

from vid3d.weights import tiny


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights") / "tiny"
    words = [sys.executable, "-m", "vid3d.cli", "tiny-weights", "--output", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_seed_model_is_in_diffusers_format_and_half_precision(made):
    pipeline = StableVideoDiffusionPipeline.from_pretrained(made / "svd", variant="fp16", use_safetensors=True)
    assert pipeline.unet.config.num_frames == 25
    stored = load_file(made / "svd" / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    assert {value.dtype for value in stored.values()} == {torch.float16}


def test_the_views_model_has_the_published_layout(made):
    checkpoint = torch.load(made / "v3d" / "V3D.ckpt", weights_only=True)["state_dict"]
    encoders = load_file(made / "v3d" / "svd_xt.safetensors")
    assert {name.split(".")[0] for name in checkpoint} == {"model", "first_stage_model"}
    assert {name.split(".")[0] for name in encoders} == {"conditioner", "first_stage_model"}
    # as in V3D: a 1 x 1 convolution, no quant_conv, fused queries, keys and values
    assert checkpoint["first_stage_model.encoder.mid.attn_1.q.weight"].ndim == 4
    assert not any("quant_conv" in name for name in checkpoint)
    fused = encoders["conditioner.embedders.0.open_clip.model.visual.transformer.resblocks.0.attn.in_proj_weight"]
    assert fused.shape == (3 * 32, 32)


def test_the_embedder_is_open_clips(made):
    model = open_clip.CLIP(**json.loads((made / "clip" / "config.json").read_text()))
    model.load_state_dict(load_file(made / "clip" / "model.safetensors"))


def test_the_seed_decides(made, tmp_path):
    for number in (0, 1):
        (tmp_path / str(number)).mkdir()
        tiny.make(tmp_path / str(number), number)
    files = ["svd/vae/diffusion_pytorch_model.fp16.safetensors", "v3d/svd_xt.safetensors", "clip/model.safetensors"]
    for file in files:
        assert (made / file).read_bytes() == (tmp_path / "0" / file).read_bytes()
        assert (made / file).read_bytes() != (tmp_path / "1" / file).read_bytes()
