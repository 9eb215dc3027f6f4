import math
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.splatting.test_fit import same
from vid3d.cameras import orbit
from vid3d.scene import SH_C0, Views
from vid3d.splatting.fit import fit
from vid3d.splatting.native import AS_RELEASED, load
from vid3d.splatting.rasteriser import render
from vid3d.splatting.recipe import HullStart, hull_splats, preset
from vid3d.study.specs.fit import CpuFit

SIZE, RADIUS, RED = 48, 0.4, (0.8, 0.1, 0.2)
FAST = preset("fast")


def ball(count=18, radius=RADIUS):
    """Views of a red ball at the origin: discs, exact but for the pixels of their rims."""
    cameras = orbit(count, SIZE)
    focal, centre = cameras.intrinsics[0, 0], cameras.intrinsics[0, 2]
    distance = np.linalg.norm(cameras.camera_to_world[0, :3, 3])
    reach = focal * radius / math.sqrt(distance**2 - radius**2)
    offset = np.arange(SIZE) + 0.5 - centre
    disc = offset[:, None] ** 2 + offset**2 < reach**2
    image = np.where(disc[..., None], np.float32(RED), np.float32(1))
    return Views(np.repeat(image[None], count, axis=0), cameras)


def start(views, hull=FAST.hull, count=600, instruction_set="auto"):
    return hull_splats(load(instruction_set), hull, count, views, AS_RELEASED, np.random.default_rng(0))


def radii(splats):
    return np.linalg.norm(splats.positions, axis=1)


def test_splats_start_on_the_surface_facing_outwards_in_the_views_colours():
    splats = start(ball())
    pixel = 2.3 * RADIUS / SIZE * 3  # what a silhouette may be off, and a cell
    assert np.abs(np.median(radii(splats)) - RADIUS) < pixel
    assert radii(splats).max() < RADIUS + 2 * pixel
    w, x, y, z = splats.quaternions.T
    normals = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], axis=1)
    outwards = np.sum(normals * splats.positions, axis=1) / radii(splats)
    equator = np.abs(splats.positions[:, 2]) < 0.5 * RADIUS  # the hull of an orbit has pointed poles
    assert np.median(outwards[equator]) > 0.9
    assert np.allclose(splats.log_scales[:, 2] - splats.log_scales[:, 0], math.log(FAST.hull.surface.flatness))
    np.testing.assert_allclose(np.median(0.5 + SH_C0 * splats.colours, axis=0), RED, atol=1e-5)


def test_few_views_start_in_the_volume():
    splats = start(ball(3), replace(FAST.hull, surface_views=4))
    assert np.mean(radii(splats) < 0.7 * RADIUS) > 0.1
    assert np.mean(radii(start(ball(3), replace(FAST.hull, surface_views=3))) < 0.7 * RADIUS) < 0.02
    np.testing.assert_array_equal(splats.quaternions, np.tile(np.float32([1, 0, 0, 0]), (600, 1)))


@pytest.mark.parametrize("rows", [slice(None), slice(SIZE // 2)], ids=["all", "half"])
def test_one_view_does_not_carve_away_what_the_others_show(rows):
    given = ball()
    missing = given.images.copy()
    missing[4, rows] = 1
    splats = start(replace(given, images=missing))
    above = splats.positions[:, 2] > 0  # the upper half of the images
    assert np.mean(above) == pytest.approx(0.5, abs=0.1)
    assert np.median(radii(splats)[above]) == pytest.approx(np.median(radii(start(given))), abs=0.01)


def test_views_that_agree_on_nothing_still_give_a_start():
    given = ball(4)
    images = np.ones_like(given.images)
    for view, corner in enumerate(((0, 0), (0, 40), (40, 0), (40, 40))):
        images[view, corner[0] : corner[0] + 8, corner[1] : corner[1] + 8] = RED
    splats, _ = fit(replace(given, images=images), replace(FAST, splats=100, iterations=5), np.random.default_rng(0))
    assert len(splats) == 100


@pytest.mark.parametrize("count", [1, 2, 3, 7, 18])
def test_any_number_of_views_is_fitted(count):
    _, report = fit(ball(count), replace(FAST, splats=300, iterations=60), np.random.default_rng(0))
    assert (report.counts == 300).all()
    assert report.losses[-5:].mean() < 0.5 * report.losses[:5].mean()


def test_white_views_give_white():
    given = ball(4)
    white = replace(given, images=np.ones_like(given.images))
    assert start(white) is None
    assert start(ball(2)) is None
    splats, _ = fit(white, replace(FAST, splats=200), np.random.default_rng(0))
    assert np.abs(render(splats, given.cameras) - 1).mean() < 0.02


def test_an_object_may_touch_the_border_of_its_images():
    filled = ball(18, radius=1.6)
    assert (filled.images[:, 0] < 1).any()
    splats, _ = fit(filled, replace(FAST, splats=500, iterations=100), np.random.default_rng(0))
    assert np.abs(render(splats, filled.cameras) - filled.images).mean() < 0.05


@pytest.mark.parametrize("instruction_set", ["portable", "auto"])
def test_a_start_depends_on_nothing_but_its_arguments(instruction_set):
    first, again = (start(ball(), instruction_set=instruction_set) for _ in range(2))
    assert same(first, again)
    assert np.median(radii(first)) == pytest.approx(np.median(radii(start(ball()))), abs=0.005)


def test_the_penalty_on_opacity_is_for_few_views():
    assert FAST.adapted(FAST.hull.surface_views).opacity_weight == 0
    few = FAST.adapted(FAST.hull.surface_views - 1)
    assert few.opacity_weight == FAST.opacity_weight > 0
    assert few.rates()[0, 0] == pytest.approx(FAST.hull.haste * FAST.rates()[0, 0])
    np.testing.assert_array_equal(few.rates()[:, 1:], FAST.rates()[:, 1:])
    official = preset("as-released")
    assert official.adapted(18) is official.adapted(3) is official


def test_rates_fall_slowly_at_first():
    rates = FAST.rates()
    np.testing.assert_allclose(rates[-1] / rates[0], FAST.rates_end, rtol=1e-3)
    np.testing.assert_allclose(rates[len(rates) // 2] / rates[0], FAST.rates_end**0.25, rtol=0.02)
    assert (np.diff(preset("as-released").rates()[:, 1:], axis=0) == 0).all()


def test_the_setting_and_the_recipe_have_the_same_numbers():
    spec = CpuFit(backend="cpu", preset="fast")
    assert (spec.splats, spec.iterations, spec.opacity_weight) == (FAST.splats, FAST.iterations, FAST.opacity_weight)
    assert CpuFit(backend="cpu", preset="fast", splats=500).splats == 500
    assert HullStart().surface_views == 8  # as the setting's description says


def test_a_start_in_the_hull_saves_most_iterations():
    given = ball()

    def error(name, iterations):
        splats, _ = fit(given, preset(name, splats=400, iterations=iterations), np.random.default_rng(0))
        return np.mean((render(splats, given.cameras) - given.images) ** 2)

    assert error("fast", 30) < error("as-released", 300)
