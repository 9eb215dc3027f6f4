"""Backend autodiff as far as a machine without a GPU can tell: the training loop runs on the C++ rasterizer."""

import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.splatting import parts
from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.scene import SH_C0, Cameras, Reference, Splats, Views
from vid3d.splatting import native
from vid3d.splatting.fit import fit
from vid3d.splatting.native import Rasterisation
from vid3d.splatting.rasteriser import render
from vid3d.splatting.recipe import DensityControl, preset
from vid3d.study.specs.fit import AutodiffFit
from vid3d.study.specs.render import AutodiffRender

torch = pytest.importorskip("torch")
from tests.speed import calls_of_a_step  # noqa: E402
from vid3d.backends import fit_autodiff, render_autodiff  # noqa: E402
from vid3d.splatting.torch import cpp, loop  # noqa: E402
from vid3d.splatting.torch import gsplat as gsplat_rasterizer  # noqa: E402
from vid3d.splatting.torch.batch import Batch  # noqa: E402
from vid3d.splatting.torch.density import densified  # noqa: E402
from vid3d.splatting.torch.drawing import Drawing  # noqa: E402
from vid3d.splatting.torch.loss import Targets, loss, ssim  # noqa: E402
from vid3d.splatting.torch.state import State  # noqa: E402

SIZE = 24
CPU = torch.device("cpu")
FIELDS = ("positions", "quaternions", "log_scales", "opacity_logits", "colours")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """As in a job."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(("module", "spec"), [(fit_autodiff, AutodiffFit), (render_autodiff, AutodiffRender)])
def test_without_a_gpu_one_line_says_what_to_do(module, spec, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="CUDA") as error:
        module.build(spec(backend="autodiff"))
    assert "use backend cpu" in str(error.value)
    assert "\n" not in str(error.value)


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
    """A start whose rotations matter.

    The recipe's own start is isotropic: no rotation changes it, the quaternions' gradients are rounding errors, and
    Adam makes full steps of them.  So two implementations can only be compared from a start like this one.
    """
    rng = np.random.default_rng(2)
    return Splats(
        rng.normal(0, 0.2, (count, 3)).astype(np.float32),
        rng.normal(size=(count, 4)).astype(np.float32),
        rng.normal(-2.5, 0.5, (count, 3)).astype(np.float32),
        np.full(count, -1.0, np.float32),
        np.zeros((count, 3), np.float32),
    )


def looped(moments, recipe, seeds, initial=None, rasterize=None):
    """The loop on the C++ rasterizer, all moments together."""
    rasterize = rasterize or cpp.rasterizer(moments, recipe)
    rngs = [np.random.default_rng(seed) for seed in seeds]
    return loop.train(moments, recipe, rngs, rasterize, CPU, initial=initial)


def fitted(recipe, initial=None):
    [result] = looped([target_views()], recipe, [4], None if initial is None else [initial])
    return result


def fused(recipe, initial=None):
    return fit(target_views(), recipe, np.random.default_rng(4), initial=initial)


def assert_same_splats(ours, expected, tolerance):
    assert len(ours) == len(expected)
    for name in FIELDS:
        value = getattr(expected, name)
        assert np.linalg.norm(getattr(ours, name) - value) <= tolerance * np.linalg.norm(value), name


# --- the loop against the fused C++ fit ------------------------------------------------------------------------------


def test_the_loop_is_the_fused_fit():
    recipe, start = preset("as-written", splats=150, iterations=20), anisotropic(150)
    (ours, our_report), (expected, report) = fitted(recipe, start), fused(recipe, start)
    assert_same_splats(ours, expected, 1e-3)
    np.testing.assert_allclose(our_report.losses, report.losses, rtol=1e-4)


def test_the_loop_stays_with_the_fused_fit_for_200_steps():
    recipe, start = preset("as-written", splats=150, iterations=200), anisotropic(150)
    (ours, our_report), (_, report) = fitted(recipe, start), fused(recipe, start)
    np.testing.assert_allclose(our_report.losses, report.losses, rtol=1e-2)
    assert (our_report.counts == 150).all()
    assert len(ours) == 150
    assert report.losses[-6:].mean() < 0.6 * report.losses[:6].mean()


def test_the_released_schedule_is_that_of_the_fused_fit():
    """34 densifications and both resets; the threshold suits the small images, so that the splats grow sevenfold."""
    density = DensityControl(gradient_threshold=4e-3, maximum=1000)
    recipe = preset("as-released", splats=150, iterations=200, density=density)
    (ours, our_report), (_, report) = fitted(recipe, anisotropic(150)), fused(recipe, anisotropic(150))
    np.testing.assert_array_equal(our_report.counts, report.counts)
    np.testing.assert_allclose(our_report.losses, report.losses, rtol=1e-2)
    assert 700 < len(ours) <= 1000
    assert our_report.notes[:-1] == report.notes[:-1]  # also on what the maximum withheld
    assert "withheld" in our_report.notes[0]


def test_both_start_alike_and_see_the_views_in_one_order():
    recipe = preset("as-written", splats=150, iterations=12)
    np.testing.assert_allclose(fitted(recipe)[1].losses, fused(recipe)[1].losses, rtol=1e-3)


def opacities_seen(recipe, initial=None):
    """The largest opacity that the rasterizer is shown in each iteration, and the fit's report."""
    views, seen = target_views(), []
    inner = cpp.rasterizer([views], recipe)

    def rasterize(parameters, counts, at):
        seen.append(float(parameters["opacity_logits"].detach().sigmoid().max()))
        return inner(parameters, counts, at)

    start = None if initial is None else [initial]
    [(_, report)] = looped([views], recipe, [4], start, rasterize)
    return np.array(seen), report


def test_as_released_resets_the_opacities_which_gsplats_own_strategy_never_does():
    """At iterations 500 and 3000 of 4000; what iteration 500 leaves is what iteration 501 draws."""
    density = DensityControl(gradient_threshold=np.inf)
    opacity, report = opacities_seen(
        preset("as-released", splats=150, iterations=80, density=density, skip_last=False), anisotropic(150)
    )
    lowered = np.flatnonzero(opacity[1:] < 0.5 * opacity[:-1]) + 1  # counted from 1, as iterations are
    np.testing.assert_array_equal(lowered, [10, 60])
    np.testing.assert_allclose(opacity[lowered], 0.01, rtol=1e-5)
    never = replace(density, resets=())
    untouched, _ = opacities_seen(
        preset("as-released", splats=150, iterations=80, density=never, skip_last=False), anisotropic(150)
    )
    np.testing.assert_array_equal(opacity[:10], untouched[:10])
    assert untouched.min() > 0.05
    assert report.losses[10] > report.losses[9]  # a scene turned transparent


def test_as_written_neither_resets_nor_changes_the_number_of_splats():
    opacity, report = opacities_seen(preset("as-written", splats=150, iterations=80), anisotropic(150))
    assert (report.counts == 150).all()
    assert opacity.min() > 0.05


def test_the_last_step_is_left_out_as_released_and_made_as_written():
    start = anisotropic(60)
    released = fitted(preset("as-released", splats=60, iterations=1, density=None), start)[0]
    written = fitted(preset("as-written", splats=60, iterations=1), start)[0]
    np.testing.assert_array_equal(released.positions, start.positions)
    assert (written.positions != start.positions).any()


@pytest.mark.parametrize("maximum", [None, 70])
def test_densification_is_that_of_the_cpp_core(maximum):
    """One densification of a given state: clones, splits and removals, in the same order, from the same normals."""
    start, density = anisotropic(60), DensityControl(minimum_opacity=0.2, maximum=maximum)
    recipe = preset("as-released", density=density)
    gradients = np.random.default_rng(3).exponential(2e-4, 60).astype(np.float32)
    state = State.start(start, CPU)
    state.parameters["opacity_logits"].data[:10] = -3.0
    state.gradient_sum, state.seen = torch.from_numpy(gradients) * 3, torch.full((60,), 3.0)
    given = state.splats()
    ours, withheld = densified(state, recipe, density, True, np.random.default_rng(5))

    limit = 2**31 - 1 if maximum is None else maximum
    rules = parts.DensityRules(
        density.gradient_threshold, density.clone_below * recipe.extent, 0.2, 0.1 * recipe.extent, limit
    )
    plan = parts.Densification(native.from_splats(given), gradients, rules, "portable")
    assert plan.splits > 3
    assert bool(withheld) == (maximum is not None)
    normals = np.random.default_rng(5).standard_normal((2 * plan.splits, 3), np.float32)
    expected = native.to_splats(plan.apply(normals))
    assert len(ours.splats()) == len(expected) != 60
    for name in FIELDS:
        np.testing.assert_allclose(getattr(ours.splats(), name), getattr(expected, name), atol=1e-5, err_msg=name)


# --- the speed of a step, and its loss -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "counts"), [("as-written", [50] * 5), ("as-released", [50, 51, 52, 53, 54])])
def test_a_step_of_five_frames_hands_few_calls_to_torch(name, counts):
    assert calls_of_a_step.of_a_step(name, counts) <= calls_of_a_step.MOST


def test_adam_is_that_of_its_paper_for_all_moments_and_parameters():
    """Bit for bit; one parameter misses the second of three steps."""
    batch = Batch.joined([State.start(anisotropic(count), CPU) for count in (40, 70)])
    rates = {"positions": 1e-3, "quaternions": 2e-3, "log_scales": 5e-3, "opacity_logits": 5e-2, "colours": 2.5e-3}
    expected = {name: (value.detach().clone(), 0, 0, 0) for name, value in batch.parameters.items()}
    for step in range(3):
        used = {name: rate for name, rate in rates.items() if (name, step) != ("opacity_logits", 1)}
        for value in batch.parameters.values():
            value.grad = torch.from_numpy(np.random.default_rng(step).normal(size=value.shape).astype(np.float32))
        batch.step(used)
        for name, rate in used.items():
            value, first, second, made = expected[name]
            gradient, made = batch.parameters[name].grad, made + 1
            first = (torch.zeros_like(value) + first).lerp(gradient, 1 - 0.9)
            second = (torch.zeros_like(value) + second).mul(0.999).addcmul(gradient, gradient, value=1 - 0.999)
            length = (second / (1 - 0.999**made)).sqrt() + 1e-15
            expected[name] = value.addcdiv(first, length, value=-rate / (1 - 0.9**made)), first, second, made
    for name, (value, *_) in expected.items():
        np.testing.assert_array_equal(batch.parameters[name].detach(), value, err_msg=name)


def test_moments_come_apart_as_they_were_joined():
    states = [State.start(anisotropic(count), CPU) for count in (64, 65, 3)]
    batch = Batch.joined(states)
    assert batch.parameters["positions"].shape == (3, 128, 3)
    for given, state in zip(states, batch.separate(), strict=True):
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(state.splats(), name), getattr(given.splats(), name))
    expected = [state.parameters["opacity_logits"].sigmoid().mean() for state in states]
    np.testing.assert_allclose(batch.mean_opacities().detach(), expected, rtol=1e-6)


def test_the_loss_and_its_gradient_are_the_released_codes():
    official = np.load(Path(__file__).parents[2] / "data/splat/loss.npz", allow_pickle=False)
    drawn, target = (torch.from_numpy(official[name].transpose(1, 2, 0))[None] for name in ("render", "gt"))
    drawn = drawn.contiguous().requires_grad_()
    targets = Targets.of([target]).select(torch.tensor([0]), torch.tensor([0]))
    [similarity] = ssim(drawn, targets)
    assert similarity.item() == pytest.approx(float(official["ssim"]), abs=1e-6)
    [total] = loss(drawn, targets, torch.from_numpy(official["opacity"]).mean()[None], preset("as-released"))
    assert total.item() == pytest.approx(float(official["loss"]), abs=1e-6)
    total.backward()
    expected = official["dloss_drender"].transpose(1, 2, 0)
    assert np.linalg.norm(drawn.grad[0] - expected) <= 1e-4 * np.linalg.norm(expected)


def test_ssim_on_a_gpu_is_worked_out_in_true_float32(monkeypatch):
    """Torch says which of its kernels it would take; a view that is "channels last" would go to cuDNN, in TF32."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    taken, convolution = [], torch.nn.functional.conv2d

    def chosen(values, window, *, padding, groups):
        backend = torch._C._select_conv_backend(
            values, window, None, [1, 1], list(padding), [1, 1], False, [0, 0], groups
        )
        taken.append(backend.name)
        return convolution(values, window, padding=padding, groups=groups)

    monkeypatch.setattr(torch.nn.functional, "conv2d", chosen)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)  # else tensors without contents open the driver
    with FakeTensorMode():
        images = torch.empty((2, 3, 64, 64, 3), device="cuda")
        targets = Targets.of(list(images))
        ssim(images[:, 0], Targets(targets.values[:, 0], targets.windows))
    assert taken == ["CudaDepthwise2d"] * 6


def test_a_fit_that_diverges_names_its_iteration():
    recipe = preset("as-written", splats=20, iterations=4)
    factors = iter([1.0, 1.0, float("nan"), 1.0])

    def rasterize(parameters, counts, at):
        colour = parameters["colours"].mean(dim=1) * next(factors)  # (k, 3)
        images = colour[:, None, None].expand(-1, SIZE, SIZE, 3)
        centres = torch.zeros((*parameters["opacity_logits"].shape, 2), requires_grad=True)
        return Drawing(images, centres, centres[..., 0] >= 0)

    with pytest.raises(InputError, match="diverged or lost all splats at iteration 3"):
        looped([target_views()], recipe, [4], None, rasterize)


# --- several moments together ----------------------------------------------------------------------------------------


def moments():
    """Three moments whose images differ."""
    views = target_views()
    return [replace(views, images=np.roll(views.images, shift, axis=2)) for shift in (0, 2, 5)]


@pytest.mark.parametrize("name", ["as-written", "as-released"])
def test_a_moment_is_fitted_as_if_alone(name):
    """Own random numbers, own densification: with the C++ rasterizer, which draws one after another, bit for bit."""
    recipe = preset(name, splats=100, iterations=40)
    if name == "as-released":
        recipe = replace(recipe, density=DensityControl(gradient_threshold=4e-3))
    together, alone = looped(moments(), recipe, [1, 2, 3]), []
    for views, seed in zip(moments(), [1, 2, 3], strict=True):
        alone += looped([views], recipe, [seed])
    for (ours, report), (expected, expected_report) in zip(together, alone, strict=True):
        for field in FIELDS:
            np.testing.assert_array_equal(getattr(ours, field), getattr(expected, field), err_msg=field)
        np.testing.assert_array_equal(report.losses, expected_report.losses)
        np.testing.assert_array_equal(report.counts, expected_report.counts)
    counts = {len(ours) for ours, _ in together}
    assert counts == {100} if name == "as-written" else len(counts) == 3


def test_moments_of_different_sizes_are_refused():
    views = target_views()
    fewer = Views(views.images[:3], views.cameras.select([0, 1, 2]))
    with pytest.raises(ValueError, match="one size"):
        looped([views, fewer], preset("as-written", splats=20, iterations=2), [1, 2])


# --- what gsplat is told ---------------------------------------------------------------------------------------------


def stand_in_rasterization(calls):
    """gsplat 1.5.3's ``rasterization`` as documented (shapes, culling, results), with the C++ rasterizer inside."""

    def rasterization(
        *, means, quats, scales, opacities, colors, viewmats, Ks, width, height, near_plane, packed, backgrounds,
        eps2d=0.3,
    ):  # fmt: skip
        batch, (count, seen_by) = means.shape[:-2], (means.shape[-2], viewmats.shape[-3])
        assert quats.shape == (*batch, count, 4)
        assert scales.shape == colors.shape == (*batch, count, 3)
        assert opacities.shape == (*batch, count)
        assert viewmats.shape == (*batch, seen_by, 4, 4)
        assert Ks.shape == (*batch, seen_by, 3, 3)
        assert backgrounds.shape == (*batch, seen_by, 3)
        assert not packed
        calls.append(tuple(means.shape))
        drawn_as = Rasterisation(near=near_plane, eps2d=eps2d, alpha_cap=0.999)
        if not batch:  # the renderer: many cameras, no gradients
            means, quats, scales, opacities, colors = (x[None] for x in (means, quats, scales, opacities, colors))
            viewmats, Ks = viewmats[None], Ks[None]
        centres = torch.zeros((*viewmats.shape[:2], count, 2), requires_grad=True)
        radii = torch.zeros((*viewmats.shape[:2], count, 2), dtype=torch.int32)
        images = []
        for item, camera in np.ndindex(*viewmats.shape[:2]):
            drawn = opacities[item] >= 1 / 255  # gsplat leaves the others out before it looks at anything else
            pose = np.linalg.inv(viewmats[item, camera].numpy().astype(np.float64))[None]
            fov = 2 * np.degrees(np.arctan(width / 2 / float(Ks[item, camera, 0, 0])))
            values = (means[item][drawn], quats[item][drawn], scales[item][drawn].log(),
                      opacities[item][drawn].logit(), (colors[item][drawn] - 0.5) / SH_C0)  # fmt: skip
            image, visible = cpp.Rasterization.apply(
                Cameras(pose, fov, width, height), drawn_as, centres[item, camera][drawn], *values
            )
            radii[item, camera, drawn] = visible.int()[:, None].expand(-1, 2)
            images.append(image)
        stacked = torch.stack(images).reshape(*batch, seen_by, height, width, 3)
        return stacked, None, {"means2d": centres, "radii": radii}

    return rasterization


@pytest.fixture
def gsplat(monkeypatch):
    """A module ``gsplat`` with that function; the shapes of its calls."""
    calls = []
    module = types.ModuleType("gsplat")
    module.rasterization = stand_in_rasterization(calls)
    monkeypatch.setitem(sys.modules, "gsplat", module)
    return calls


@pytest.mark.parametrize("name", ["as-written", "as-released"])
def test_gsplat_is_called_once_per_step_and_fits_the_same(gsplat, name):
    """Moments with fewer splats are padded with transparent ones, which change nothing."""
    density = DensityControl(gradient_threshold=4e-3) if name == "as-released" else None
    recipe = preset(name, splats=100, iterations=40, rasterisation=Rasterisation(alpha_cap=0.999), density=density)
    starts = [anisotropic(count) for count in (100, 60, 80)]
    ours = looped(moments(), recipe, [1, 2, 3], starts, gsplat_rasterizer.rasterizer(moments(), recipe, CPU))
    expected = looped(moments(), recipe, [1, 2, 3], starts)
    assert len(gsplat) == 40
    assert gsplat[0] == (3, 128, 3)  # rows of whole 64s
    for (splats, report), (same_splats, same_report), start in zip(ours, expected, starts, strict=True):
        assert_same_splats(splats, same_splats, 1e-3)
        np.testing.assert_array_equal(report.counts, same_report.counts)
        np.testing.assert_allclose(report.losses, same_report.losses, rtol=1e-4)
        assert (len(splats) == len(start)) == (name == "as-written")


def test_gsplat_renders_what_the_cpp_rasterizer_renders(gsplat):
    splats, cameras = anisotropic(40), orbit(3, SIZE)
    ours = gsplat_rasterizer.render(splats, cameras, Rasterisation(), CPU)
    assert gsplat == [(40, 3)]
    np.testing.assert_allclose(ours, np.clip(render(splats, cameras, Rasterisation(alpha_cap=0.999)), 0, 1), atol=1e-5)


def test_gsplat_is_compared_with_the_cpu_before_anything_relies_on_it(gsplat):
    """As called by the loop, three moments in padded rows, and by the renderer."""
    found = gsplat_rasterizer.compare(CPU)
    assert gsplat == [(3, 128, 3), (100, 3)]
    assert found["image, most"] < 1e-5
    assert found["gradient of centres"] < 1e-4
    right = sys.modules["gsplat"].rasterization
    sys.modules["gsplat"].rasterization = lambda **given: (0.9 * right(**given)[0], *right(**given)[1:])
    with pytest.raises(InputError, match=r"gsplat 1\.5\.3 on cpu: image, most differs by 0\.1\d from the C"):
        gsplat_rasterizer.compare(CPU)


# --- as a stage ------------------------------------------------------------------------------------------------------


def cpp_fit(**settings):
    return fit_autodiff.build(AutodiffFit(backend="autodiff", rasterizer="cpp", splats=50, iterations=60, **settings))


def test_the_cpp_rasterizer_needs_no_gpu_and_asks_for_none():
    spec = AutodiffFit(backend="autodiff", rasterizer="cpp", splats=50, iterations=60)
    assert (spec.device, AutodiffFit(backend="autodiff").device) == ("cpu", "gpu")
    [(splats, report)] = cpp_fit(preset="as-written")([target_views()], [np.random.default_rng(0)])
    assert len(splats) == 50
    assert report.losses[-6:].mean() < 0.8 * report.losses[:6].mean()
    spec = AutodiffRender(backend="autodiff", rasterizer="cpp", size=SIZE)
    assert (spec.device, AutodiffRender(backend="autodiff").device) == ("cpu", "gpu")
    image = np.ones((4, 4, 3), np.float32)
    images = render_autodiff.build(spec)(splats, orbit(2, 512), Reference("x", "x", image, image, image[..., 0]))
    np.testing.assert_array_equal(images, np.clip(render(splats, orbit(2, SIZE)), 0, 1))


def test_the_maximum_is_kept():
    [(splats, report)] = cpp_fit(maximum=70)([target_views()], [np.random.default_rng(0)])
    assert len(splats) == report.counts[-1] <= 70
    assert "withheld by the maximum of 70 splats" in " ".join(report.notes)


@pytest.mark.parametrize(("together", "cure"), [(3, "execution.frames_per_batch"), (1, "splat.splats")])
def test_out_of_memory_says_which_setting_to_lower(monkeypatch, together, cure):
    def too_much(parameters, counts, views):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nGPU 0 has ...")

    monkeypatch.setattr(cpp, "rasterizer", lambda moments, recipe: too_much)
    with pytest.raises(InputError, match="out of GPU memory; lower " + cure) as error:
        cpp_fit()(moments()[:together], [np.random.default_rng(0)] * together)
    assert "\n" not in str(error.value)


def test_out_of_memory_while_rendering_says_which_setting_to_lower(monkeypatch):
    def too_much(splats, cameras, rasterisation):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(render_autodiff, "_cpp", too_much)
    draw = render_autodiff.build(AutodiffRender(backend="autodiff", rasterizer="cpp", size=SIZE))
    with pytest.raises(InputError, match=r"out of GPU memory; lower render.size \(now: 24\)"):
        draw(anisotropic(5), orbit(1, SIZE), None)


@pytest.mark.parametrize(("module", "spec"), [(fit_autodiff, AutodiffFit), (render_autodiff, AutodiffRender)])
def test_a_gpu_without_compiled_kernels_is_said_in_one_line(monkeypatch, tmp_path, module, spec):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (9, 0))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"not compiled: there is no build/gsplat-extension\.json; run snake") as error:
        module.build(spec(backend="autodiff"))
    assert "\n" not in str(error.value)


def test_progress_is_told():
    seen = []
    cpp_fit(preset="as-written")([target_views()], [np.random.default_rng(0)], lambda *now: seen.append(now))
    assert [(done, total) for done, total, _ in seen] == [(50, 60), (60, 60)]
