"""The views stage on a tiny random checkpoint in the true on-disk format."""

import shutil

import numpy as np
import pytest

from vid3d.errors import InputError
from vid3d.scene import Reference, SeedFrame
from vid3d.study.specs.views import V3dViews

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
from vid3d.backends import views_v3d  # noqa: E402

COUNT = 4


def spec(model, **settings):
    defaults = {"size": 64, "count": COUNT, "steps": 2, "processor": "cpu"}
    return V3dViews(backend="v3d", model=str(model), **(defaults | settings))


def disc(side=64, radius=20):
    """A prepared image (side, side, 3): a coloured disc in the middle, on white."""
    rows, columns = np.mgrid[:side, :side] + 0.5
    coverage = np.clip(radius - np.hypot(rows - side / 2, columns - side / 2) + 0.5, 0, 1).astype(np.float32)[..., None]
    return 1 - coverage + coverage * np.array([0.9, 0.3, 0.1], np.float32)


def frame(side=64):
    blank = np.ones((8, 8, 3), np.float32)
    reference = Reference("disc", "a disc", blank, blank, np.ones((8, 8), np.float32))
    return SeedFrame(disc(side), None, 0, 120, reference)


@pytest.fixture(scope="module")
def views(tiny_svd):
    return views_v3d.build(spec(tiny_svd))


@pytest.fixture(scope="module")
def pipeline(tiny_svd):
    return views_v3d.load(spec(tiny_svd))


def images(views, number=3, **given):
    return views(frame(**given), np.random.default_rng(number)).images


def test_views_of_the_asked_shape_on_the_orbit(views):
    made = views(frame(), np.random.default_rng(0))
    assert made.images.shape == (COUNT, 64, 64, 3)
    assert len(made.cameras) == COUNT
    assert made.images.std() > 0.01
    levels = made.images * 255
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-4)  # truncated to 8 bits


def test_the_generator_decides(views):
    np.testing.assert_array_equal(images(views), images(views))
    assert np.abs(images(views) - images(views, number=4)).max() > 0.01


def test_a_frame_that_is_not_prepared_is_refused(views):
    with pytest.raises(ValueError, match="80 rows, not 64"):
        images(views, side=80)


@pytest.mark.parametrize(
    "setting",
    [
        {"steps": 3},
        {"guidance": 9.0},
        {"guidance_shape": "triangle"},
        {"condition": "mode"},
        {"noise_aug_strength": 0.5},
        {"fps_id": 9},
        {"motion_bucket_id": 100},
        {"input_view": "last"},
        {"decode_chunk": 3},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_every_setting_reaches_the_model(pipeline, setting):
    image, noise = disc(), views_v3d.draw_noise(spec("tiny"), np.random.default_rng(0))
    usual = views_v3d.sample(pipeline, spec("tiny"), image, noise)
    changed = views_v3d.sample(pipeline, spec("tiny", **setting), image, noise)
    assert np.abs(changed - usual).max() > 0.0


def test_the_condition_is_a_noised_sample_of_the_posterior(pipeline):
    settings = spec("tiny")
    image = disc()
    noise = views_v3d.draw_noise(settings, np.random.default_rng(0))
    views_v3d.sample(pipeline, settings, image, noise)
    with torch.no_grad():
        posterior = pipeline.vae.encode(torch.from_numpy(image).permute(2, 0, 1)[None] * 2 - 1).latent_dist
    expected = posterior.mean + posterior.std * noise.posterior + 0.02 * noise.condition
    torch.testing.assert_close(pipeline.condition, expected)
    assert (pipeline.condition - posterior.mode()).abs().max() > 0.01


@pytest.mark.parametrize(("guidance", "branches"), [(0.5, 2), (1.0, 1), (1.0 + 1e-6, 2)])
def test_only_guidance_of_one_leaves_out_the_branch_that_it_ignores(pipeline, monkeypatch, guidance, branches):
    """The stock pipeline would leave the unconditional branch out below one, too."""
    settings, seen = spec("tiny", guidance=guidance), []
    monkeypatch.setattr(views_v3d, "_guidance", lambda spec: torch.full((1, COUNT, 1, 1, 1), float(spec.guidance)))
    hook = pipeline.unet.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    noise = views_v3d.draw_noise(settings, np.random.default_rng(0))
    latents = views_v3d.denoise(pipeline, settings, disc(), noise)
    hook.remove()
    assert seen == [branches] * settings.steps
    almost = views_v3d.denoise(pipeline, spec("tiny", guidance=guidance + 1e-5), disc(), noise)
    torch.testing.assert_close(latents, almost, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("offload", ["model", "sequential"])
def test_offloading_changes_no_pixel(views, tiny_svd, offload):
    placed = views_v3d.build(spec(tiny_svd, offload=offload))
    np.testing.assert_array_equal(images(placed), images(views))
    np.testing.assert_array_equal(images(placed, number=4), images(views, number=4))


def test_only_the_unet_computes_in_half_precision(tiny_svd):
    """As on a GPU, whose autocast the CPU's stands in for here."""
    settings, seen = spec(tiny_svd), {}
    pipeline = views_v3d.load(settings)
    views_v3d.half_precision(pipeline.unet, "cpu")
    for name, layer in {
        "unet": pipeline.unet.conv_out,
        "encoder": pipeline.vae.encoder.conv_out,
        "decoder": pipeline.vae.decoder.conv_out,
        "image_encoder": pipeline.image_encoder.visual_projection,
    }.items():
        layer.register_forward_hook(lambda _, __, result, name=name: seen.update({name: result.dtype}))
    whole = []
    pipeline.unet.register_forward_hook(lambda _, __, result: whole.append(result[0].dtype))
    noise = views_v3d.draw_noise(settings, np.random.default_rng(0))
    latents = views_v3d.denoise(pipeline, settings, disc(), noise)
    decoded = views_v3d.decode(pipeline, settings, latents)
    assert seen.pop("unet") == torch.float16
    assert set(seen.values()) == {torch.float32}
    assert len(seen) == 3
    assert {*whole, latents.dtype, decoded.dtype} == {torch.float32}
    exact = views_v3d.denoise(views_v3d.load(settings), settings, disc(), noise)
    assert 0 < (latents - exact).abs().max() < 0.05 * exact.std()


def test_sampling_is_denoising_then_decoding_then_truncation(pipeline):
    settings, noise = spec("tiny"), views_v3d.draw_noise(spec("tiny"), np.random.default_rng(0))
    latents = views_v3d.denoise(pipeline, settings, disc(), noise)
    steps = views_v3d.quantised(views_v3d.decode(pipeline, settings, latents))
    np.testing.assert_array_equal(views_v3d.sample(pipeline, settings, disc(), noise), steps)


def test_the_decoders_values_are_truncated():
    levels = torch.tensor([0.0, 0.9, 1.0, 127.6, 254.99, 255.0, 300.0, -3.0])
    images = (levels / 255 * 2 - 1)[None, None, None].expand(1, 3, 1, -1)
    made = views_v3d.quantised(images)[0, 0, :, 0] * 255
    assert np.rint(made).tolist()[:2] == [0, 0]
    assert np.rint(made).tolist()[3:] == [127, 254, 255, 255, 0]


def test_only_the_residual_blocks_norms_are_changed(pipeline, tiny_svd):
    norms = {n: m for n, m in pipeline.unet.named_modules() if isinstance(m, torch.nn.GroupNorm)}
    assert {m.eps for n, m in norms.items() if "res_block" in n} == {1e-5}
    assert {m.eps for n, m in norms.items() if n.endswith("attentions.0.norm")} == {1e-6}
    own = views_v3d.load(spec(tiny_svd, group_norm_epsilon=None)).unet.named_modules()
    assert {m.eps for n, m in own if isinstance(m, torch.nn.GroupNorm) and "res_block" in n} == {1e-5, 1e-6}


def test_noise_is_drawn_per_frame_and_of_unit_variance():
    noise = views_v3d.draw_noise(spec("tiny", size=512, count=18), np.random.default_rng(5))
    assert noise.posterior.shape == noise.condition.shape == (1, 4, 64, 64)
    assert noise.latents.shape == (1, 18, 4, 64, 64)
    assert float(noise.latents.std()) == pytest.approx(1.0, abs=0.01)
    assert not torch.equal(noise.posterior, noise.condition)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("settings", "names"), [({"size": 100}, "100"), ({"model": "nowhere"}, "nowhere")])
def test_what_does_not_fit_or_is_not_there_is_refused_in_one_line(tiny_svd, settings, names):
    with pytest.raises(InputError, match=names) as error:
        views_v3d.build(spec(**({"model": tiny_svd} | settings)))
    assert "\n" not in str(error.value)


def test_a_truncated_model_is_refused_in_one_line(tiny_svd, tmp_path):
    broken = shutil.copytree(tiny_svd, tmp_path / "broken")
    weights = broken / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(InputError, match="broken cannot be loaded") as error:
        views_v3d.build(spec(broken))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("where", ["to", "__call__", "decode_latents"])
def test_too_little_memory_names_the_settings_to_lower(tiny_svd, monkeypatch, where):
    """When the model is loaded, and in each part of the sampling."""

    def exhausted(*_, **__):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.\nGPU 0 has ...")

    monkeypatch.setattr(views_v3d.Pipeline, where, exhausted)
    with pytest.raises(InputError, match=r"views\.offload .*views\.decode_chunk") as error:
        images(views_v3d.build(spec(tiny_svd)))
    assert "\n" not in str(error.value)
