"""The views stage on a tiny random checkpoint in the true on-disk format."""

import numpy as np
import pytest

from vid3d.errors import InputError
from vid3d.scene import Reference, SeedFrame
from vid3d.specs import V3dViews

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
from vid3d.backends import views_v3d  # noqa: E402

COUNT = 4


def spec(model, **settings):
    return V3dViews(backend="v3d", model=str(model), **({"size": 64, "count": COUNT, "steps": 2} | settings))


def disc(side=80, radius=20, centre=(30, 44)):
    """A coloured disc off the centre: image (side, side, 3) on grey, and its coverage."""
    rows, columns = np.mgrid[:side, :side] + 0.5
    distance = np.hypot(rows - centre[0], columns - centre[1])
    alpha = np.clip(radius - distance + 0.5, 0, 1).astype(np.float32)
    colour = np.array([0.9, 0.3, 0.1], np.float32)
    return alpha[..., None] * colour + (1 - alpha[..., None]) * np.float32(0.5), alpha


def frame(alpha=True):
    image, coverage = disc()
    blank = np.ones((8, 8, 3), np.float32)
    reference = Reference("disc", "a disc", blank, blank, np.ones((8, 8), np.float32))
    return SeedFrame(image, coverage if alpha else None, 0, 120, reference)


@pytest.fixture(scope="module")
def views(tiny_svd):
    return views_v3d.build(spec(tiny_svd))


@pytest.fixture(scope="module")
def pipeline(tiny_svd):
    return views_v3d.load(str(tiny_svd))


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


def test_a_frame_without_coverage_is_cut_out(views):
    assert np.abs(images(views) - images(views, alpha=False)).mean() < 0.1


@pytest.mark.parametrize(
    "setting",
    [{"steps": 3}, {"guidance": 9.0}, {"noise_aug_strength": 0.5}, {"fps_id": 9}, {"motion_bucket_id": 100}],
    ids=lambda setting: next(iter(setting)),
)
def test_every_setting_reaches_the_model(pipeline, setting):
    image, noise = views_v3d.prepare(*disc(), 64), views_v3d.draw_noise(spec("tiny"), np.random.default_rng(0))
    usual = views_v3d.sample(pipeline, spec("tiny"), image, noise)
    changed = views_v3d.sample(pipeline, spec("tiny", **setting), image, noise)
    assert np.abs(changed - usual).max() > 0.0


def test_the_condition_is_a_noised_sample_of_the_posterior(pipeline):
    settings = spec("tiny")
    image = views_v3d.prepare(*disc(), 64)
    noise = views_v3d.draw_noise(settings, np.random.default_rng(0))
    views_v3d.sample(pipeline, settings, image, noise)
    with torch.no_grad():
        posterior = pipeline.vae.encode(torch.from_numpy(image).permute(2, 0, 1)[None] * 2 - 1).latent_dist
    expected = posterior.mean + posterior.std * noise.posterior + 0.02 * noise.condition
    torch.testing.assert_close(pipeline.condition, expected)
    assert (pipeline.condition - posterior.mode()).abs().max() > 0.01


def test_only_the_residual_blocks_norms_are_changed(pipeline):
    norms = {n: m for n, m in pipeline.unet.named_modules() if isinstance(m, torch.nn.GroupNorm)}
    assert {m.eps for n, m in norms.items() if "res_block" in n} == {1e-5}
    assert {m.eps for n, m in norms.items() if n.endswith("attentions.0.norm")} == {1e-6}


def test_noise_is_drawn_per_frame_and_of_unit_variance():
    noise = views_v3d.draw_noise(spec("tiny", size=512, count=18), np.random.default_rng(5))
    assert noise.posterior.shape == noise.condition.shape == (1, 4, 64, 64)
    assert noise.latents.shape == (1, 18, 4, 64, 64)
    assert float(noise.latents.std()) == pytest.approx(1.0, abs=0.01)
    assert not torch.equal(noise.posterior, noise.condition)


# --- preparation ------------------------------------------------------------------------------------------------------


def test_prepare_centres_the_object_and_leaves_the_border_white():
    image = views_v3d.prepare(*disc(), 64)
    object_ = image.min(axis=2) < 0.5
    rows, columns = np.nonzero(object_)
    assert rows.mean() == pytest.approx(31.5, abs=1.0)
    assert columns.mean() == pytest.approx(31.5, abs=1.0)
    assert np.ptp(rows) + 1 == pytest.approx(0.7 * 64, abs=2.0)
    assert (image[0] == 1.0).all()
    np.testing.assert_allclose(image[32, 32], [0.9, 0.3, 0.1], atol=1.5 / 255)


def test_prepare_does_not_depend_on_where_the_object_was():
    moved = views_v3d.prepare(*disc(centre=(50, 25)), 64)
    np.testing.assert_allclose(moved, views_v3d.prepare(*disc(), 64), atol=2 / 255)


def test_prepare_makes_a_tall_object_fit():
    image, alpha = np.zeros((60, 90, 3), np.float32), np.zeros((60, 90), np.float32)
    alpha[5:55, 40:44] = 1
    dark = views_v3d.prepare(image, alpha, 64).min(axis=2) < 0.5
    rows, columns = np.nonzero(dark)
    assert np.ptp(rows) + 1 == pytest.approx(0.7 * 64, abs=2.0)
    assert np.ptp(columns) + 1 < 8


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("covered", [0, 1])
def test_an_empty_foreground_is_refused(covered):
    alpha = np.zeros((20, 20), np.float32)
    alpha.ravel()[:covered] = 1
    with pytest.raises(InputError, match="foreground is empty"):
        views_v3d.prepare(np.zeros((20, 20, 3), np.float32), alpha, 64)


@pytest.mark.parametrize(("settings", "names"), [({"size": 100}, "100"), ({"model": "nowhere"}, "nowhere")])
def test_what_does_not_fit_or_is_not_there_is_refused_in_one_line(tiny_svd, settings, names):
    with pytest.raises(InputError, match=names) as error:
        views_v3d.build(spec(**({"model": tiny_svd} | settings)))
    assert "\n" not in str(error.value)
