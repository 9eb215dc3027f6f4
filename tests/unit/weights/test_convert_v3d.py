"""From checkpoints as they are published to a folder that diffusers loads; tests/conformance has the numbers."""

import json
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from vid3d import cli
from vid3d.errors import InputError
from vid3d.study.specs.views import V3dViews

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
from vid3d.backends import views_v3d  # noqa: E402
from vid3d.weights import convert_v3d  # noqa: E402

DATA = Path(__file__).parents[2] / "data" / "multiview"
MAIN, SVD, SIZES = (
    DATA / "V3D_tiny.safetensors",
    DATA / "svd_xt_tiny_clip.safetensors",
    DATA / "diffusers_tiny_config.json",
)
CONFIGURATION = json.loads(SIZES.read_text())


@pytest.fixture(scope="module")
def main():
    return load_file(MAIN)


@pytest.fixture(scope="module")
def svd():
    return load_file(SVD)


def saved(folder, name, tensors):
    save_file(tensors, folder / name)
    return folder / name


def part(folder, name):
    (file,) = (folder / name).glob("*.safetensors")
    return load_file(file)


def converted(folder, checkpoint=MAIN, svd=SVD, configuration=CONFIGURATION):
    folder.mkdir()
    return convert_v3d.convert(checkpoint, svd, folder, configuration)


def refused(checkpoint=MAIN, svd=SVD, configuration=CONFIGURATION):
    """What is said before anything is written."""
    with pytest.raises(InputError) as error:
        convert_v3d.convert(checkpoint, svd, Path("unused"), configuration)
    assert "\n" not in str(error.value)
    assert not Path("unused").exists()
    return str(error.value)


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("archive", [True, False], ids=["as published", "before torch 1.6"])
def test_a_pickled_checkpoint_gives_the_same_folder(tmp_path, main, archive):
    torch.save({"state_dict": main}, tmp_path / "V3D.ckpt", _use_new_zipfile_serialization=archive)
    converted(tmp_path / "pickled", tmp_path / "V3D.ckpt")
    converted(tmp_path / "plain")
    for name in ("unet", "vae", "image_encoder"):
        (file,) = (tmp_path / "plain" / name).glob("*.safetensors")
        assert (tmp_path / "pickled" / name / file.name).read_bytes() == file.read_bytes()


def test_the_encoder_is_svds_and_the_decoder_the_checkpoints(tmp_path, main, svd):
    """As in the released code; what else the second file holds is set aside by name."""
    other = {name: tensor + 1 for name, tensor in main.items()}
    other["conditioner.embedders.3.encoder.encoder.conv_in.bias"] = torch.zeros(32)
    report = converted(tmp_path / "model", svd=saved(tmp_path, "svd_xt.safetensors", svd | other))
    vae, unet = part(tmp_path / "model", "vae"), part(tmp_path / "model", "unet")
    prefix = "first_stage_model."
    assert torch.equal(vae["encoder.conv_in.weight"], main[f"{prefix}encoder.conv_in.weight"] + 1)
    assert torch.equal(vae["decoder.conv_in.weight"], main[f"{prefix}decoder.conv_in.weight"])
    assert torch.equal(unet["conv_in.bias"], main["model.diffusion_model.input_blocks.0.0.bias"])
    assert report["encoder"] == "svd_xt.safetensors: first_stage_model.encoder.*"
    for account in report["sources"]:
        assert account["used"] + sum(account["left"].values()) == account["weights"]
    encoders = sum(name.startswith(f"{prefix}encoder.") for name in main)
    assert report["sources"][0]["left"] == {"the encoder of svd_xt.safetensors, first_stage_model.* is used": encoders}


def test_the_image_encoders_layers_are_taken_apart(tmp_path, svd):
    converted(tmp_path / "model")
    ours = part(tmp_path / "model", "image_encoder")
    prefix = "conditioner.embedders.0.open_clip.model.visual."
    layer = "vision_model.encoder.layers.1.self_attn."
    thirds = torch.cat([ours[f"{layer}{third}_proj.weight"] for third in "qkv"])
    assert torch.equal(thirds, svd[f"{prefix}transformer.resblocks.1.attn.in_proj_weight"])
    assert torch.equal(ours["visual_projection.weight"].T, svd[f"{prefix}proj"])


def test_full_size_is_diffusers_svd(main):
    """Without a configuration the models have diffusers' default (SVD-XT's) sizes; nothing is allocated."""
    from diffusers import UNetSpatioTemporalConditionModel

    pipeline = convert_v3d.models(convert_v3d.Checkpoint(MAIN, main), {})
    with torch.device("meta"):
        default = UNetSpatioTemporalConditionModel()
    assert {k: v.shape for k, v in pipeline.unet.state_dict().items()} == {
        k: v.shape for k, v in default.state_dict().items()
    }
    vision = pipeline.image_encoder.config
    assert (vision.hidden_size, vision.num_hidden_layers, vision.projection_dim) == (1280, 32, 1024)  # ViT-H/14


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["model.diffusion_model.out.2.bias", "first_stage_model.encoder.conv_in.weight"])
def test_a_missing_weight_is_named(tmp_path, main, which):
    less = {name: tensor for name, tensor in main.items() if name != which}
    assert f"lacks {which};" in refused(saved(tmp_path, "less.safetensors", less))


def test_a_missing_weight_of_the_second_file_is_named(tmp_path, main, svd):
    which = "conditioner.embedders.0.open_clip.model.visual.proj"
    less = {name: tensor for name, tensor in svd.items() if name != which}
    assert f"lacks {which};" in refused(svd=saved(tmp_path, "less.safetensors", less))
    which = "first_stage_model.encoder.conv_in.weight"  # half an autoencoder is not taken for none
    half = svd | {name: main[name] for name in main if name.startswith("first_stage_model.") and name != which}
    assert f"lacks {which};" in refused(svd=saved(tmp_path, "half.safetensors", half))


@pytest.mark.parametrize("which", ["model.diffusion_model.extra.weight", "conditioner.extra", "extra"])
def test_an_unused_weight_is_named(tmp_path, main, which):
    more = saved(tmp_path, "more.safetensors", main | {which: torch.zeros(7)})
    assert f"holds {which}, unused" in refused(more)


def test_an_unused_weight_of_the_second_file_is_named(tmp_path, svd):
    which = "conditioner.embedders.0.open_clip.model.visual.extra"
    more = saved(tmp_path, "more.safetensors", svd | {which: torch.zeros(7)})
    assert f"holds {which}, unused" in refused(svd=more)


def test_another_size_is_named(tmp_path, main):
    which = "model.diffusion_model.out.2.bias"
    message = refused(saved(tmp_path, "wide.safetensors", main | {which: torch.zeros(5)}))
    assert f"{which} is 5, where the model has 4" in message
    assert "--config" in refused(configuration={})


class Malicious:
    """Unpickling it makes a file."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.mkdir, (str(self.file),)


@pytest.mark.parametrize("archive", [True, False], ids=["archive", "plain pickle"])
def test_code_in_a_pickle_is_not_run(tmp_path, archive):
    made, file = tmp_path / "made", tmp_path / "V3D.ckpt"
    data = {"state_dict": {"a": torch.zeros(1)}, "hook": Malicious(made)}
    if archive:
        torch.save(data, file)
    else:
        file.write_bytes(pickle.dumps(data, protocol=2))
    message = refused(file)
    assert "something else than weights" in message
    assert not made.exists()
    torch.load(file, weights_only=False) if archive else pickle.loads(file.read_bytes())
    assert made.exists()  # so it would have been


@pytest.mark.parametrize("size", [0, 100, 200_000], ids=lambda size: f"{size} bytes")
@pytest.mark.parametrize("name", ["V3D.safetensors", "V3D.ckpt"])
def test_a_truncated_file_is_refused(tmp_path, main, name, size):
    if name.endswith("ckpt"):
        torch.save({"state_dict": main}, tmp_path / name)
    else:
        save_file(main, tmp_path / name)
    with (tmp_path / name).open("r+b") as stream:
        stream.truncate(size)
    message = refused(tmp_path / name)
    assert name in message
    assert "damaged" in message


def test_other_layouts_are_refused(tmp_path):
    converted(tmp_path / "model")
    unet = tmp_path / "model" / "unet" / "diffusion_pytorch_model.safetensors"
    file = tmp_path / "odd.ckpt"
    assert "no weight's name begins with model.diffusion_model." in refused(unet)
    assert "open_clip" in refused(MAIN, MAIN)
    assert "no such file" in refused(tmp_path / "nowhere.ckpt")
    for odd in ([1, 2], {"state_dict": {"a": 1}}, {"epoch": 3}):
        torch.save(odd, file)
        assert "no table of weights" in refused(file)


@pytest.mark.parametrize(
    ("configuration", "named"),
    [
        ({"unte": {}}, "unte"),
        ({"unet": CONFIGURATION["unet"] | {"bloks": 1}}, "bloks"),
        (["unet"], "mapping"),
        ({"unet": 3}, "mapping"),
    ],
)
def test_a_wrong_configuration_is_refused(configuration, named):
    assert named in refused(configuration=configuration)


# --- the command ------------------------------------------------------------------------------------------------------


def command(monkeypatch, output, checkpoint=MAIN):
    arguments = ["--checkpoint", checkpoint, "--svd", SVD, "--config", SIZES, "--output", output]
    monkeypatch.setattr(sys, "argv", ["vid3d", "convert", *map(str, arguments)])
    cli.main()


def test_the_command_makes_the_folder_and_says_what_became_of_the_weights(tmp_path, monkeypatch):
    command(monkeypatch, tmp_path / "v3d")
    command(monkeypatch, tmp_path / "v3d")  # an older version is replaced
    assert [path.name for path in tmp_path.iterdir()] == ["v3d"]
    written = json.loads((tmp_path / "v3d" / "conversion.json").read_text())
    assert [source["used"] for source in written["sources"]] == [1398, 32]
    assert {path.name for path in (tmp_path / "v3d").iterdir()} >= {"model_index.json", "unet", "vae", "image_encoder"}


def test_the_command_exits_2_with_one_line_and_leaves_nothing(tmp_path, monkeypatch, capsys):
    broken = tmp_path / "V3D.safetensors"
    broken.write_bytes(MAIN.read_bytes()[:-1])
    with pytest.raises(SystemExit) as exit_:
        command(monkeypatch, tmp_path / "v3d", broken)
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"vid3d: {broken}: damaged")
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == [broken.name]


def test_a_folder_of_other_files_is_not_replaced(tmp_path, monkeypatch, capsys):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "diary.txt").write_text("dear")
    with pytest.raises(SystemExit) as exit_:
        command(monkeypatch, tmp_path / "home")
    assert exit_.value.code == 2
    assert "home: exists and holds other files" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["home", "diary.txt"]


# --- SV3D -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sv3d(main, svd):
    """A checkpoint in SV3D_u's layout: one file, conditioned on the noise strength only, a decoder without time.

    Its conditioner holds the encoder, with a quant_conv (configs/sv3d_u.yaml of Stability-AI/generative-models).
    """
    timed = ("time_stack", "mix_factor", "time_mix_conv")
    tensors = {name: tensor for name, tensor in main.items() if name.startswith("model.")} | dict(svd)
    label = "model.diffusion_model.label_emb.0.0.weight"
    tensors[label] = tensors[label][:, :256].contiguous()
    for name, tensor in main.items():
        if name.startswith("first_stage_model.encoder."):
            tensors["conditioner.embedders.1.encoder." + name.removeprefix("first_stage_model.")] = tensor + 0
        elif name.startswith("first_stage_model.decoder.") and not any(part in name for part in timed):
            tensors[name] = tensor
            tensors["conditioner.embedders.1.encoder." + name.removeprefix("first_stage_model.")] = tensor + 0
    for name, channels in (("quant_conv", 8), ("post_quant_conv", 4)):
        tensors[f"conditioner.embedders.1.encoder.{name}.weight"] = 2 * torch.eye(channels).half()[..., None, None]
        tensors[f"conditioner.embedders.1.encoder.{name}.bias"] = torch.zeros(channels).half()
    return tensors


def sv3d_spec(folder, **settings):
    usual = {"count": 5, "steps": 2, "guidance": 2.5, "guidance_shape": "triangle", "condition": "mode"}
    usual |= {"input_view": "last", "processor": "cpu"}
    return V3dViews(backend="v3d", model=str(folder), size=64, **(usual | settings))


def sizes():
    """Those of the fixture but for the width of the label embedding, which is read off the checkpoint."""
    unet = {key: value for key, value in CONFIGURATION["unet"].items() if key[:10] != "projection"}
    return CONFIGURATION | {"unet": unet}


def test_sv3d_is_converted_and_sampled(tmp_path, sv3d):
    report = converted(tmp_path / "model", saved(tmp_path, "sv3d_u.safetensors", sv3d), None, sizes())
    assert report["encoder"] == "sv3d_u.safetensors: conditioner.embedders.1.encoder.encoder.*"
    (account,) = report["sources"]
    assert account["used"] + sum(account["left"].values()) == account["weights"] == len(sv3d)
    vae = part(tmp_path / "model", "vae")
    assert torch.equal(vae["quant_conv.weight"][..., 0, 0], 2 * torch.eye(8).half())

    spec = sv3d_spec(tmp_path / "model")
    pipeline, told = views_v3d.load(spec), []
    pipeline.unet.register_forward_hook(lambda *call: told.append(call[2]["added_time_ids"]), with_kwargs=True)
    image = np.full((64, 64, 3), 0.5, np.float32)
    noise = views_v3d.draw_noise(spec, np.random.default_rng(0))
    views = views_v3d.sample(pipeline, spec, image, noise)
    assert views.shape == (5, 64, 64, 3)
    assert views.std() > 0.01
    torch.testing.assert_close(told[0], torch.tensor([[0.02], [0.02]]))
    assert pipeline.guidance.flatten().tolist() == [1.0, 1.75, 2.5, 1.75, 1.0]
    with torch.no_grad():
        posterior = pipeline.vae.encode(torch.zeros(1, 3, 64, 64)).latent_dist  # the image's 0.5
    torch.testing.assert_close(pipeline.condition, posterior.mode() + 0.02 * noise.condition)
    # the model's last view is the orbit's first
    first = views_v3d.sample(pipeline, sv3d_spec(tmp_path / "model", input_view="first"), image, noise)
    np.testing.assert_array_equal(views, first[[4, 0, 1, 2, 3]])


def test_a_model_told_the_views_angles_is_refused(tmp_path, sv3d):
    """SV3D_p: five times 256 numbers, other ones for each view, which diffusers' UNet does not take."""
    label = "model.diffusion_model.label_emb.0.0.weight"
    wide = sv3d | {label: sv3d[label].repeat(1, 5)}
    converted(tmp_path / "model", saved(tmp_path, "sv3d_p.safetensors", wide), None, sizes())
    with pytest.raises(InputError, match="conditioned on 5 numbers"):
        views_v3d.load(sv3d_spec(tmp_path / "model"))
