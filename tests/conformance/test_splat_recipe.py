"""The splat recipe beside numbers that the official code produced (``tests/data/splat/ORIGIN.md``)."""

import math
from pathlib import Path

import numpy as np
import pytest

from tests.unit.splatting import parts
from vid3d.splatting.native import Rasterisation, load
from vid3d.splatting.recipe import mean_squared_distances, preset, schedule

DATA = Path(__file__).parents[1] / "data" / "splat"


@pytest.fixture(params=["avx2", "portable"])
def instruction_set(request):
    if request.param == "avx2" and not load("portable").supports_avx2():
        pytest.skip("this machine has no AVX2")
    return request.param


@pytest.fixture
def core(instruction_set):
    return load(instruction_set)


def official(name):
    return dict(np.load(DATA / f"{name}.npz", allow_pickle=False))


def planes(arrays, prefix):
    """An official state as the (14, n) array of the core."""
    parts = ["xyz", "rotation", "scaling", "opacity", "features_dc"]
    columns = [arrays[f"{prefix}_{part}"].reshape(len(arrays[f"{prefix}_xyz"]), -1) for part in parts]
    return np.ascontiguousarray(np.concatenate(columns, axis=1).T)


def test_loss_and_its_gradient(instruction_set, bounds):
    data = official("loss")
    recipe = preset("as-released")
    image_loss, gradient = parts.image_loss(
        data["render"], data["gt"], recipe.ssim_weight, recipe.l1_weight, instruction_set
    )
    assert 1 - image_loss == pytest.approx(float(data["ssim"]), abs=bounds["loss"])
    assert image_loss + recipe.opacity_weight * data["opacity"].mean() == pytest.approx(
        float(data["loss"]), abs=bounds["loss"]
    )
    error = np.linalg.norm(gradient - data["dloss_drender"]) / np.linalg.norm(data["dloss_drender"])
    assert error < bounds["gradient, relative"]


def test_position_learning_rate_of_every_iteration(bounds):
    data = official("xyz_lr")
    np.testing.assert_array_equal(data["iteration"], np.arange(1, 4001))
    np.testing.assert_allclose(preset("as-released").position_rates(), data["lr"], rtol=bounds["rates, relative"])


def test_squared_distances_to_neighbours(core):
    data = official("knn2000")
    np.testing.assert_allclose(mean_squared_distances(core, data["xyz"]), data["mean_sq_dist3"], rtol=1e-6)


@pytest.mark.parametrize("iteration", [600, 3100])
def test_densification(instruction_set, iteration, bounds):
    data = official(f"densify_it{iteration}")
    recipe = preset("as-released")
    event, density = schedule(recipe).events[iteration], recipe.density
    assert event.densify
    assert event.limit_scale == (data["max_screen_size"] > 0)
    assert recipe.extent == data["extent"]
    seen = data["denom"][:, 0]
    mean = np.divide(data["grad_accum"][:, 0], seen, out=np.zeros_like(seen), where=seen > 0)
    before = planes(data, "before")
    rules = parts.DensityRules(
        density.gradient_threshold,
        density.clone_below * recipe.extent,
        density.minimum_opacity,
        density.maximum_scale * recipe.extent if event.limit_scale else math.inf,
        10**9,
    )
    densification = parts.Densification(before, mean, rules, instruction_set)
    assert (densification.clones, densification.splits) == (data["clone_mask"].sum(), data["split_mask"].sum())
    scales = np.exp(data["before_scaling"][data["split_mask"]])
    after = densification.apply(data["split_normal_samples"] / np.tile(scales, (2, 1)))
    within = bounds["densification"]
    np.testing.assert_allclose(after, planes(data, "after"), rtol=within, atol=within)


def test_opacity_reset(core):
    data = official("opacity_reset")
    splats = np.zeros((14, len(data["before"])), np.float32)
    splats[3] = 1.0
    splats[10] = data["before"][:, 0]
    camera = np.eye(3, 4, dtype=np.float32).ravel()
    cameras = np.concatenate([camera, np.array([8, 8, 4, 4], np.float32)])[None]
    target = np.ones((1, 3, 8, 8), np.float32)
    trainer = core.Trainer(splats, cameras, target, Rasterisation(), 1.0, 0.0, 0.1, 0.999)
    trainer.reset_opacities(preset("as-released").density.reset_opacity)
    after = np.empty_like(splats)
    trainer.copy_splats(after)
    np.testing.assert_allclose(after[10], data["after"][:, 0], rtol=1e-6)
    np.testing.assert_array_equal(after[11:], splats[11:])


def test_schedule_of_the_official_4000_iterations():
    events = schedule(preset("as-released")).events
    assert [at for at, event in sorted(events.items()) if event.densify] == list(range(600, 3901, 100))
    assert [at for at, event in sorted(events.items()) if event.reset_opacity] == [500, 3000]
    assert [at for at, event in sorted(events.items()) if event.limit_scale] == list(range(3100, 3901, 100))
    steps = 4000 - sum(event.densify or event.skip_update for event in events.values())
    assert steps == 3965
