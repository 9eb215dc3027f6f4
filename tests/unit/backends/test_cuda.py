"""The GPU backends as far as a machine without one can tell: the training loop runs on the C++ rasterizer."""

from dataclasses import replace

import numpy as np
import pytest

from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.scene import Splats, Views
from vid3d.specs import CudaFit, CudaRender
from vid3d.splatting import fit, planes, preset, render, render_backward
from vid3d.splatting.instruction_sets import load
from vid3d.splatting.recipe import DensityControl

torch = pytest.importorskip("torch")
from vid3d.backends import fit_cuda, render_cuda  # noqa: E402

SIZE = 24
FIELDS = ("positions", "quaternions", "log_scales", "opacity_logits", "colours")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize(("module", "spec"), [(fit_cuda, CudaFit), (render_cuda, CudaRender)])
def test_without_a_gpu_one_line_says_what_to_do(module, spec):
    with pytest.raises(InputError, match="CUDA") as error:
        module.build(spec(backend="gsplat"))
    assert "use backend cpu" in str(error.value)
    assert "\n" not in str(error.value)


def cpp_rasterize(views):
    """The C++ rasterizer as a differentiable function; its image-plane gradients are not exposed and count as zero."""

    class Rasterization(torch.autograd.Function):
        @staticmethod
        def forward(context, view, *values):
            context.splats, context.cameras = (
                Splats(*(v.detach().numpy() for v in values)),
                views.cameras.select([view]),
            )
            return torch.from_numpy(render(context.splats, context.cameras)[0])

        @staticmethod
        def backward(context, gradient):
            gradients = render_backward(context.splats, context.cameras, gradient[None].contiguous().numpy())
            return None, *(torch.from_numpy(getattr(gradients, name)) for name in FIELDS)

    def rasterize(parameters, view):
        image = Rasterization.apply(view, *(parameters[name] for name in FIELDS))
        centres = parameters["positions"][:, :2] * 1.0
        return fit_cuda.Drawing(image, centres, torch.ones(len(centres), dtype=torch.bool))

    return rasterize


def target_views():
    rng = np.random.default_rng(1)
    splats = Splats(
        rng.normal(0, 0.3, (40, 3)).astype(np.float32),
        rng.normal(size=(40, 4)).astype(np.float32),
        np.full((40, 3), -2.0, np.float32),
        np.full(40, 2.0, np.float32),
        rng.normal(size=(40, 3)).astype(np.float32),
    )
    cameras = orbit(6, SIZE)
    return Views(np.clip(render(splats, cameras), 0, 1), cameras)


def anisotropic(count):
    """A start whose rotations matter: isotropic splats have none, and Adam would blow their rounding errors up."""
    rng = np.random.default_rng(2)
    return Splats(
        rng.normal(0, 0.2, (count, 3)).astype(np.float32),
        rng.normal(size=(count, 4)).astype(np.float32),
        rng.normal(-2.5, 0.5, (count, 3)).astype(np.float32),
        np.full(count, -1.0, np.float32),
        np.zeros((count, 3), np.float32),
    )


def loop(recipe, initial=None):
    views, rng = target_views(), np.random.default_rng(4)
    return fit_cuda.train(views, recipe, rng, cpp_rasterize(views), torch.device("cpu"), initial=initial)


def fused(recipe, initial=None):
    return fit(target_views(), recipe, np.random.default_rng(4), initial=initial)


def test_the_loop_is_the_fused_fit():
    recipe, start = preset("as-written", splats=150, iterations=20), anisotropic(150)
    (looped, loop_report), (expected, fused_report) = loop(recipe, start), fused(recipe, start)
    for name in FIELDS:
        value = getattr(expected, name)
        assert np.linalg.norm(getattr(looped, name) - value) <= 1e-3 * np.linalg.norm(value), name
    np.testing.assert_allclose(loop_report.losses, fused_report.losses, rtol=1e-4)


def test_both_start_alike_and_see_the_views_in_one_order():
    recipe = preset("as-written", splats=150, iterations=12)
    np.testing.assert_allclose(loop(recipe)[1].losses, fused(recipe)[1].losses, rtol=1e-3)


def test_the_loop_lowers_the_loss():
    views = target_views()
    recipe = preset("as-written", splats=150, iterations=80)
    _, report = fit_cuda.train(views, recipe, np.random.default_rng(0), cpp_rasterize(views), torch.device("cpu"))
    assert report.losses[-6:].mean() < 0.6 * report.losses[:6].mean()


def test_resets_and_skipped_steps_fire_when_the_recipe_says_so():
    """Nothing is cloned or split, as the C++ rasterizer's stand-in reports no image-plane gradients worth the name."""
    density = DensityControl(gradient_threshold=np.inf)
    recipe = preset("as-released", splats=150, iterations=40, density=density)
    never = preset("as-released", splats=150, iterations=40, density=replace(density, resets=()))
    report, expected = loop(recipe)[1], fused(recipe)[1]
    np.testing.assert_array_equal(report.counts, expected.counts)
    np.testing.assert_allclose(report.losses, expected.losses, rtol=1e-2)
    without = loop(never)[1].losses
    np.testing.assert_array_equal(report.losses[:5], without[:5])
    assert (report.losses[5:10] != without[5:10]).all()  # the reset of iteration 500 of 4000 falls on 5 of 40


def test_densification_is_that_of_the_cpp_core():
    """One densification of a given state: clones, splits and removals, in the same order, from the same normals."""
    start, density = anisotropic(60), DensityControl(minimum_opacity=0.2)
    recipe = preset("as-released", density=density)
    gradients = np.random.default_rng(3).exponential(2e-4, 60).astype(np.float32)
    state = fit_cuda._State.new(start, torch.device("cpu"))
    state.parameters["opacity_logits"].data[:10] = -3.0
    state.gradient_sum, state.seen = torch.from_numpy(gradients) * 3, torch.full((60,), 3.0)
    given = state.splats()
    ours = fit_cuda._densified(state, recipe, density, True, np.random.default_rng(5)).splats()

    limits = (density.gradient_threshold, density.clone_below * recipe.extent, 0.2, 0.1 * recipe.extent, 2**31 - 1)
    plan = load("portable").Densification(planes.from_splats(given), gradients, *limits)
    assert plan.splits > 3
    normals = np.random.default_rng(5).standard_normal((2 * plan.splits, 3), np.float32)
    expected = planes.to_splats(plan.apply(planes.from_splats(given), normals))
    assert len(ours) == len(expected) != 60
    for name in FIELDS:
        np.testing.assert_allclose(getattr(ours, name), getattr(expected, name), atol=1e-5, err_msg=name)


def test_progress_is_told():
    seen = []
    views, recipe = target_views(), preset("as-written", splats=50, iterations=60)
    fit_cuda.train(
        views,
        recipe,
        np.random.default_rng(0),
        cpp_rasterize(views),
        torch.device("cpu"),
        lambda *now: seen.append(now),
    )
    assert [(done, total) for done, total, _ in seen] == [(50, 60), (60, 60)]
