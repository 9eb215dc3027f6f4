"""The two adapters between the study's Specs and ``vid3d.splatting``."""

import numpy as np
import pytest

from vid3d.backends import fit_cpu, render_cpu
from vid3d.cameras import orbit
from vid3d.scene import Reference, Splats, Views
from vid3d.study.specs.fit import CpuFit
from vid3d.study.specs.render import CpuRender

PIXELS = np.ones((4, 4, 3), np.float32)
REFERENCE = Reference("x", "x", PIXELS, PIXELS, PIXELS[..., 0])


def one_splat():
    """Brighter than white, in the middle."""
    arrays = ([[0, 0, 0]], [[1, 0, 0, 0]], [[-1.5] * 3], [5.0], [[5.0, -5.0, -5.0]])
    return Splats(*(np.array(a, np.float32) for a in arrays))


def test_render_has_the_size_of_its_spec_and_stays_in_range():
    images = render_cpu.build(CpuRender(backend="cpu", size=40))(one_splat(), orbit(3, 512), REFERENCE)
    assert images.shape == (3, 40, 40, 3)
    assert images.dtype == np.float32
    assert images.min() >= 0.0
    assert images.max() == 1.0
    np.testing.assert_allclose(images[:, 20, 20], [[1.0, 0.0, 0.0]] * 3, atol=0.03)
    np.testing.assert_array_equal(images[:, 0, 0], 1.0)


def test_alpha_cap_of_the_spec_is_used():
    half = render_cpu.build(CpuRender(backend="cpu", size=40, alpha_cap=0.5))(one_splat(), orbit(1, 40), REFERENCE)
    assert half[0, 20, 20, 1] == pytest.approx(0.5, abs=1e-6)


def test_render_needs_splats():
    with pytest.raises(ValueError, match="got none"):
        render_cpu.build(CpuRender(backend="cpu", size=16))(None, orbit(1, 16), REFERENCE)


@pytest.mark.parametrize("preset", ["as-released", "as-written"])
def test_fit_follows_its_spec(preset):
    cameras = orbit(3, 16)
    views = Views(render_cpu.build(CpuRender(backend="cpu", size=16))(one_splat(), cameras, REFERENCE), cameras)
    spec = CpuFit(backend="cpu", preset=preset, splats=60, iterations=50, maximum=70, opacity_weight=0.0)
    [(splats, report)] = fit_cpu.build(spec)([views], [np.random.default_rng(0)])
    assert report.losses.shape == report.counts.shape == (50,)
    assert len(splats) == report.counts[-1] <= 70
    assert (len(splats) == 60) == (preset == "as-written")
    penalised = fit_cpu.build(spec.model_copy(update={"opacity_weight": 1.0}))
    [(_, report_penalised)] = penalised([views], [np.random.default_rng(0)])
    assert report_penalised.losses[0] > report.losses[0] + 0.05


def test_moments_are_fitted_as_if_alone():
    cameras = orbit(3, 16)
    views = Views(render_cpu.build(CpuRender(backend="cpu", size=16))(one_splat(), cameras, REFERENCE), cameras)
    white = Views(np.ones_like(views.images), cameras)
    fit = fit_cpu.build(CpuFit(backend="cpu", splats=60, iterations=20))
    together = fit([views, white], [np.random.default_rng(0), np.random.default_rng(1)])
    for moment, seed, (splats, _) in zip([views, white], [0, 1], together, strict=True):
        [(alone, _)] = fit([moment], [np.random.default_rng(seed)])
        np.testing.assert_array_equal(splats.positions, alone.positions)
