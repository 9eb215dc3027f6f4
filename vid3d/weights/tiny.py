"""Random weights in the formats of the published ones, small enough for a CPU: for run `tiny-full` and the tests.

The classes and files are the real ones; only sizes differ, and nothing was learned.  V3D's checkpoint is written as it
is published, in its authors' (sgm) layout, so that it has to be converted first.
"""

import json
from pathlib import Path
from typing import Any

import open_clip
import torch
from diffusers import (
    AutoencoderKLTemporalDecoder,
    EulerDiscreteScheduler,
    StableVideoDiffusionPipeline,
    UNetSpatioTemporalConditionModel,
)
from safetensors.torch import save_file
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

from vid3d.weights.convert_v3d import CONFIGURATION, Weights, image_encoder_names, unet_names, vae_names

# arguments of diffusers' classes by part; what is not named is as in the published models
VIDEO: dict[str, dict[str, Any]] = {
    "unet": {
        "sample_size": 8,
        "down_block_types": ["CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"],
        "up_block_types": ["UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"],
        "block_out_channels": [32, 64],
        "addition_time_embed_dim": 32,
        "projection_class_embeddings_input_dim": 3 * 32,  # of fps, motion score and noise augmentation
        "layers_per_block": 1,
        "cross_attention_dim": 16,
        "num_attention_heads": [2, 4],
    },
    "vae": {
        "down_block_types": ["DownEncoderBlock2D"] * 4,  # latents at an eighth of the size, as in the published models
        "block_out_channels": [32] * 4,
        "layers_per_block": 1,
        "sample_size": 64,
    },
    "image_encoder": {
        "hidden_size": 32,
        "intermediate_size": 64,
        "projection_dim": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 224,  # what the pipeline resizes to
        "patch_size": 56,
        "hidden_act": "gelu",
    },
}
CLIP: dict[str, Any] = {  # a configuration of open_clip
    "embed_dim": 16,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "patch_size": 8, "layers": 2, "width": 32, "head_width": 16},
    "text_cfg": {"context_length": 8, "vocab_size": 16, "width": 16, "heads": 2, "layers": 1},
}


def make(folder: Path, seed: int) -> None:
    """Write all of them into an existing folder; equal seeds give equal weights.

    ``svd``: a folder of diffusers.  ``v3d``: V3D.ckpt, svd_xt.safetensors and sizes.json, to be converted.  ``clip``:
    config.json and model.safetensors of open_clip.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        svd(folder / "svd")
        v3d(folder / "v3d")
        clip(folder / "clip")


def video_model(frames: int) -> Any:
    """A pipeline of Stable Video Diffusion (diffusers is not typed), its weights from torch's global generator."""
    return StableVideoDiffusionPipeline(
        vae=AutoencoderKLTemporalDecoder(**VIDEO["vae"]),
        image_encoder=CLIPVisionModelWithProjection(CLIPVisionConfig(**VIDEO["image_encoder"])),
        unet=UNetSpatioTemporalConditionModel(**VIDEO["unet"], num_frames=frames),
        scheduler=EulerDiscreteScheduler(**CONFIGURATION["scheduler"]),
        feature_extractor=CLIPImageProcessor(),
    )


def svd(folder: Path) -> None:
    """A Stable Video Diffusion in diffusers' format and in half precision, from torch's global generator."""
    video_model(frames=25).to(dtype=torch.float16).save_pretrained(folder, variant="fp16")


def v3d(folder: Path) -> None:
    """V3D in sgm's layout: the checkpoint (a pickle of plain tensors), and SVD-XT's, whose encoders it is used with."""
    folder.mkdir()
    pipeline = video_model(frames=18)
    vae, names = _vae(pipeline.vae), unet_names(pipeline.unet)
    encoders = vae | _image_encoder(pipeline.image_encoder)
    generator = {names[name]: value for name, value in pipeline.unet.state_dict().items()} | vae
    torch.save({"state_dict": generator}, folder / "V3D.ckpt")
    save_file(encoders, folder / "svd_xt.safetensors")
    (folder / "sizes.json").write_text(json.dumps(VIDEO, indent=1) + "\n")


def clip(folder: Path) -> None:
    """A CLIP in open_clip's format, from torch's global generator."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CLIP, indent=1) + "\n")
    save_file(open_clip.CLIP(**CLIP).state_dict(), folder / "model.safetensors")


def _vae(model: Any) -> Weights:
    """By sgm's names: no quant_conv, and attention as 1 x 1 convolutions."""
    names, weights = vae_names(model), {}
    for name, value in model.state_dict().items():
        if not name.startswith("quant_conv."):
            linear = ".attentions." in name and value.ndim == 2
            weights[names[name]] = value[..., None, None] if linear else value
    return weights


def _image_encoder(model: CLIPVisionModelWithProjection) -> Weights:
    """By open_clip's names: queries, keys and values in one weight, and the projection transposed."""
    names, state = image_encoder_names(model), model.state_dict()
    weights: Weights = {}
    for name, value in state.items():
        if name == "visual_projection.weight":
            weights[names[name]] = value.T.contiguous()
        elif "q_proj" in name:
            weights[names[name]] = torch.cat([state[name.replace("q_proj", f"{third}_proj")] for third in "qkv"])
        elif not ("k_proj" in name or "v_proj" in name):
            weights[names[name]] = value
    return weights
