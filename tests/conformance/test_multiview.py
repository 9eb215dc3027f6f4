"""Views of a converted checkpoint equal those of the released code (``tests/data/multiview/ORIGIN.md``)."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file

from vid3d.images.preparation import bounds, recentre
from vid3d.study.specs.views import V3dViews

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
from vid3d.backends import views_v3d  # noqa: E402
from vid3d.weights import convert_v3d  # noqa: E402

DATA = Path(__file__).parents[1] / "data" / "multiview"
CONFIGURATION = json.loads((DATA / "diffusers_tiny_config.json").read_text())
EXPECTED = dict(np.load(DATA / "expected_frame_10.npz"))


def names(file):
    return json.loads(gzip.decompress((DATA / file).read_bytes()))


def expected(name):
    return torch.from_numpy(EXPECTED[name])


NOISE = views_v3d.Noise(expected("noise_posterior"), expected("noise_cond_aug"), expected("noise_latent")[None])


# --- conversion -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """The folder, and what became of the weights."""
    folder = tmp_path_factory.mktemp("v3d-tiny")
    checkpoint, svd = DATA / "V3D_tiny.safetensors", DATA / "svd_xt_tiny_clip.safetensors"
    return folder, convert_v3d.convert(checkpoint, svd, folder, CONFIGURATION)


def test_every_weight_is_used(converted):
    main, svd = converted[1]["sources"]
    assert (main["weights"], main["used"], main["left"]) == (1398, 1398, {})
    assert (svd["weights"], svd["used"], svd["left"]) == (38, 32, {"CLIP's text half": 6})


def test_every_weight_stands_under_its_name(converted):
    folder, _ = converted
    source = load_file(DATA / "V3D_tiny.safetensors")
    parts = {part: load_file(folder / part / "diffusion_pytorch_model.safetensors") for part in ("unet", "vae")}
    mapped = {ours: theirs for ours, theirs in names("keymap_tiny.json.gz").items() if ours in source}
    assert len(mapped) == len(source)
    for theirs, name in mapped.items():
        part, ours = name.split(".", 1)
        assert torch.equal(parts[part].pop(ours).flatten(), source[theirs].flatten()), theirs
    assert sorted(parts["vae"]) == ["quant_conv.bias", "quant_conv.weight"]
    assert not parts["unet"]
    assert torch.equal(parts["vae"]["quant_conv.weight"][..., 0, 0], torch.eye(8, dtype=torch.float16))
    assert not parts["vae"]["quant_conv.bias"].any()


def test_the_published_checkpoints_names_and_shapes():
    """All 1800 at full size, on tensors without values."""
    published = names("V3D_full_keys.json.gz")
    assert len(published) == 1800
    tensors = {name: torch.empty(entry["shape"], device="meta") for name, entry in published.items()}
    checkpoint = convert_v3d.Checkpoint(Path("V3D.ckpt"), tensors)
    pipeline = convert_v3d.models(checkpoint, {})
    parts = {"unet": convert_v3d.unet_names(pipeline.unet), "vae": convert_v3d.vae_names(pipeline.vae)}
    made = [parts["vae"].pop(f"quant_conv.{leaf}") for leaf in ("weight", "bias")]  # the identity
    assert not set(made) & set(published)
    found = {theirs: f"{part}.{ours}" for part, names in parts.items() for ours, theirs in names.items()}
    assert found == {theirs: entry["diffusers"] for theirs, entry in published.items()}
    for part, model in (("unet", pipeline.unet), ("vae", pipeline.vae)):
        checkpoint.take(parts[part], model.state_dict())  # refuses other shapes
    assert checkpoint.account() == {"file": "V3D.ckpt", "weights": 1800, "used": 1800, "left": {}}


# --- sampling ---------------------------------------------------------------------------------------------------------


def spec(folder, **settings):
    return V3dViews(backend="v3d", model=str(folder), size=64, processor="cpu", **settings)


def image():
    """The input file as the model is shown it."""
    rgba = np.asarray(Image.open(DATA / "input_frame_10.png"))
    prepared = recentre(rgba, bounds(rgba, "input_frame_10.png"), 64, 0.3)
    np.testing.assert_array_equal(prepared * 2 - 1, EXPECTED["image"][0].transpose(1, 2, 0))
    return prepared


class Sampled:
    """One run of the sampler with the official noise, and what the UNet gave and was told in the first step."""

    def __init__(self, settings):
        self.pipeline, calls = views_v3d.load(settings), []
        hook = self.pipeline.unet.register_forward_hook(lambda *call: calls.append(call[1:]), with_kwargs=True)
        self.latents = views_v3d.denoise(self.pipeline, settings, image(), NOISE)
        hook.remove()
        (_, self.told, (self.first,)), self.steps = calls[0], len(calls)
        self.images = views_v3d.decode(self.pipeline, settings, self.latents)

    def denoised(self):
        """The first prediction without and with condition: v-prediction at the first sigma."""
        sigma = float(EXPECTED["sigmas"][0])
        return self.first * (-sigma / (sigma**2 + 1) ** 0.5) + expected("first_sigma_x") / (sigma**2 + 1)


@pytest.fixture(scope="module")
def sampled(converted):
    return Sampled(spec(converted[0]))


def difference(found, name):
    return float((found - expected(name)).abs().max())


def test_the_condition(sampled):
    assert difference(sampled.pipeline.condition, "cond_frames") < 1e-5
    told = sampled.told
    assert difference(told["encoder_hidden_states"][1:], "clip_embed") < 2e-6
    assert not told["encoder_hidden_states"][0].any()
    torch.testing.assert_close(told["added_time_ids"], torch.tensor([[1, 300, 0.02]] * 2))
    with torch.no_grad():
        vector = sampled.pipeline.unet.add_time_proj(told["added_time_ids"][0]).flatten()
    assert difference(vector, "vector") < 1e-4  # sines of up to 300
    assert difference(vector, "vector_uc") < 1e-4


def test_the_first_denoised_prediction(sampled):
    without, with_condition = sampled.denoised()
    assert difference(without, "first_denoised_uc") < 2e-5
    assert difference(with_condition, "first_denoised_c") < 2e-5


def test_the_latents_after_all_steps(sampled, bounds):
    assert sampled.steps == 32
    assert difference(sampled.latents[0], "samples_z") < bounds["latents"]


def test_the_decoded_images(sampled):
    assert difference(sampled.images[..., ::2, ::2], "samples_x") < 1e-5


def test_the_views(sampled, bounds):
    views = views_v3d.quantised(sampled.images)
    assert views.shape == (18, 64, 64, 3)
    off = np.abs(np.rint(views * 255).astype(int) - EXPECTED["views_u8"])
    assert off.max() <= bounds["views, in levels of 255"]
    assert (off > 0).mean() <= 0.001


def test_diffusers_own_epsilon_is_not_the_released_one(converted):
    """Else the setting would be idle, and the bounds above loose."""
    without, with_condition = Sampled(spec(converted[0], group_norm_epsilon=None, steps=1)).denoised()
    assert difference(without, "first_denoised_uc") > 2e-5
    assert difference(with_condition, "first_denoised_c") > 2e-5
