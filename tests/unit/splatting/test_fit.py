from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from tests.unit.splatting import scenes, twin
from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.scene import Views
from vid3d.splatting.fit import fit, view_order
from vid3d.splatting.native import Rasterisation, from_cameras, from_splats, load
from vid3d.splatting.rasteriser import render
from vid3d.splatting.recipe import Recipe, preset

SIZE = 24


def views(count=6, seed=0):
    """Views of a small opaque cloud of splats."""
    cameras = orbit(count, SIZE)
    cloud = scenes.random(np.random.default_rng(seed), 60, spread=0.25, log_scale=-1.9, logit=2.0)
    return Views(np.clip(render(cloud, cameras), 0, 1), cameras)


def same(a, b):
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))


def test_a_fit_comes_close_to_its_views():
    given = views()
    splats, report = fit(given, preset("as-written", splats=400, iterations=400), np.random.default_rng(1))
    error = np.mean((np.clip(render(splats, given.cameras), 0, 1) - given.images) ** 2)
    assert error < 0.25 * np.mean((1 - given.images) ** 2)
    assert report.losses[-20:].mean() < 0.5 * report.losses[:5].mean()


@pytest.mark.parametrize("name", ["as-released", "as-written", "fast"])
def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(name):
    recipe = preset(name, splats=150, iterations=120)
    (first, report), (second, again), (other, _) = (
        fit(views(), recipe, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert same(first, second)
    np.testing.assert_array_equal(report.losses, again.losses)
    assert not same(first, other)


@pytest.mark.skipif(not load("portable").supports_avx2(), reason="this machine has no AVX2 to compare with")
@pytest.mark.parametrize("name", ["as-released", "fast"])
def test_instruction_sets_give_the_same_bits(name):
    recipe, given = preset(name, splats=150, iterations=120), views()
    fits = [fit(given, recipe, np.random.default_rng(3), None, one) for one in ("avx2", "portable")]
    (wide, told), (narrow, also_told) = fits
    assert same(wide, narrow)
    np.testing.assert_array_equal(told.losses, also_told.losses)
    images = [render(wide, given.cameras, instruction_set=one) for one in ("avx2", "portable")]
    np.testing.assert_array_equal(*images)


def test_as_written_keeps_the_number_of_splats_and_as_released_does_not():
    _, fixed = fit(views(), preset("as-written", splats=150, iterations=80), np.random.default_rng(0))
    assert (fixed.counts == 150).all()
    _, free = fit(views(), preset("as-released", splats=150, iterations=80), np.random.default_rng(0))
    assert (free.counts[:11] == 150).all()  # the first densification, official 600 of 4000, is at 12
    assert free.counts[-1] != 150


def test_maximum_holds_and_is_reported():
    recipe = preset("as-released", splats=150, iterations=80, maximum=200)
    splats, report = fit(views(), recipe, np.random.default_rng(0))
    assert len(splats) <= report.counts.max() <= 200
    assert any("withheld by the maximum of 200 splats" in note for note in report.notes)


def test_a_short_fit_says_what_never_fires():
    _, report = fit(views(), preset("as-released", splats=50, iterations=10), np.random.default_rng(0))
    assert any("25 of 34 densifications never fire in 10 iterations" in note for note in report.notes)
    _, report = fit(views(), preset("as-released", splats=50, iterations=1), np.random.default_rng(0))
    assert any("opacity resets never fire" in note for note in report.notes)


def test_the_last_step_is_skipped_as_released():
    start = scenes.random(np.random.default_rng(0), 30)
    skipping = Recipe(iterations=1, splats=30, density=None, skip_last=True)
    for recipe, unchanged in ((skipping, True), (replace(skipping, skip_last=False), False)):
        splats, _ = fit(views(), recipe, np.random.default_rng(0), initial=start)
        assert same(splats, start) == unchanged


def test_three_steps_are_those_of_torch():
    """Loss, gradients and Adam together, beside the twin, torch's convolution and torch's Adam."""
    given, start = views(3), scenes.random(np.random.default_rng(2), 60, spread=0.3, log_scale=-2.0)
    recipe = preset("as-written", iterations=3, splats=60)
    ours, report = fit(given, recipe, np.random.default_rng(9), initial=start)
    p = twin.parameters(start)
    rates = {"quaternions": 0.001, "log_scales": 0.005, "opacity_logits": 0.05, "colours": 0.0025}
    groups = [{"params": [p[name]], "lr": rates.get(name, 0.0)} for name in twin.FIELDS]
    adam = torch.optim.Adam(groups, eps=1e-15)
    order = view_order(3, 3, np.random.default_rng(9))
    for step, view in enumerate(order):
        groups[0]["lr"] = float(recipe.position_rates()[step])
        adam.param_groups[0]["lr"] = groups[0]["lr"]
        image = twin.render_one(p, given.cameras, int(view))
        loss = 1 - twin.ssim(image, torch.tensor(given.images[view], dtype=torch.float64))
        loss = loss + 0.1 * torch.sigmoid(p["opacity_logits"]).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        assert report.losses[step] == pytest.approx(loss.item(), abs=1e-5)
    for name in twin.FIELDS:
        moved = p[name].detach().numpy() - getattr(start, name)
        error = np.linalg.norm(getattr(ours, name) - getattr(start, name) - moved) / np.linalg.norm(moved)
        assert error < 1e-2, name  # Adam divides by the gradient's size: tiny gradients are mostly rounding


def test_densification_counts_gradients_in_normalised_device_coordinates():
    """Mean over the views that see a splat of |dL/d(u, v)| times half the image size, beside the twin's autograd."""
    given, start = views(3), scenes.random(np.random.default_rng(2), 40, spread=0.3, log_scale=-2.0)
    start.positions[:5] *= 0.05
    start.positions[:5, 0] += 1.85  # nearer than the near plane of camera 0, in sight of the two others
    total, seen = np.zeros(40), np.zeros(40)
    for view in range(3):
        shift = torch.zeros(40, 2, dtype=torch.float64, requires_grad=True)
        image = twin.render_one(twin.parameters(start), given.cameras, view, shift=shift)
        (1 - twin.ssim(image, torch.tensor(given.images[view], dtype=torch.float64))).backward()
        total += np.linalg.norm(shift.grad.numpy() * SIZE / 2, axis=1)
        depth = start.positions @ given.cameras.world_to_camera[view, 2, :3] + given.cameras.world_to_camera[view, 2, 3]
        seen += depth > 0.2
    assert seen.min() < seen.max() == 3
    mean = total / np.maximum(seen, 1)
    settings = (Rasterisation(), 1.0, 0.0, 0.1, 0.999)
    targets = np.ascontiguousarray(given.images.transpose(0, 3, 1, 2))
    trainer = load("auto").Trainer(from_splats(start), from_cameras(given.cameras), targets, *settings)
    for view in range(3):
        trainer.accumulate(view)
    descending = np.sort(mean)[::-1]
    apart = np.flatnonzero((descending[1:] > 1e-6) & (descending[1:] < 0.999 * descending[:-1]))
    assert len(apart) > 20
    for larger in apart:  # a threshold between two neighbours selects as many splats as are above it
        threshold = (descending[larger] + descending[larger + 1]) / 2
        clones, splits, _ = trainer.plan_densification(threshold, 0.1, 0.0, np.inf, 10**6)
        assert clones + splits == larger + 1


def test_every_view_comes_once_before_any_comes_again():
    order = view_order(7, 30, np.random.default_rng(0))
    assert order.shape == (30,)
    for start in range(0, 28, 7):
        assert sorted(order[start : start + 7]) == list(range(7))


def test_progress_reaches_the_end():
    seen = []
    fit(
        views(),
        preset("as-released", splats=50, iterations=60),
        np.random.default_rng(0),
        progress=lambda done, total, loss: seen.append((done, total, loss)),
    )
    assert seen[-1][:2] == (60, 60)
    assert [done for done, _, _ in seen] == sorted({done for done, _, _ in seen})
    assert all(np.isfinite(loss) for _, _, loss in seen)


def test_bad_input_is_refused():
    given = views()
    bad = given.images.copy()
    bad[0, 0, 0, 0] = np.nan
    recipe = preset("as-written", splats=10, iterations=2)
    with pytest.raises(InputError, match="NaN"):
        fit(replace(given, images=bad), recipe, np.random.default_rng(0))
    none = Views(given.images[:0], given.cameras.select([]))
    with pytest.raises(InputError, match="at least one view"):
        fit(none, recipe, np.random.default_rng(0))
    with pytest.raises(InputError, match="preset 'slow' is unknown"):
        preset("slow")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="at least 1"):
        preset("as-written", iterations=0)


def test_diverging_fit_is_refused():
    recipe = replace(preset("as-written", splats=20, iterations=20), colour_rate=1e30)
    with pytest.raises(InputError, match="diverged at iteration"):
        fit(views(), recipe, np.random.default_rng(0))
