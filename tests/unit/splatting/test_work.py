"""How much work a fast fit is: steps, vectors of pixels and allocations, since times say more of the machine."""

import numpy as np
import pytest

from tests.unit.splatting import parts
from vid3d.cameras import orbit
from vid3d.measures.metrics import psnr
from vid3d.procedural import load_objects, render
from vid3d.scene import Views
from vid3d.splatting.fit import fit, starting_splats
from vid3d.splatting.native import from_cameras, from_splats, load, planar
from vid3d.splatting.rasteriser import render as draw
from vid3d.splatting.recipe import preset

FAST = preset("fast")
SIZE, COUNT = 64, 18
FROG = {"kind": "frog", "colour": "green", "second": "purple", "pattern": "spots", "girth": 0.6, "head": 0.6}
MOST_VECTORS = 13_500, 11_500  # a tenth above those of 2026-11-29
INSTRUCTION_SETS = ["portable", *(["avx2"] if load("portable").supports_avx2() else [])]


def frog(cameras):
    shown = load_objects({"frog": {**FROG, "limbs": 0.4, "yaw": 2}})["frog"]
    return Views(render(shown, 3.0, 120, cameras)[0].astype(np.float32), cameras)


@pytest.fixture(scope="module")
def views():
    return frog(orbit(COUNT, SIZE))


def vectors(splats, instruction_set):
    """Mean over the views."""
    rows, planes = from_cameras(orbit(COUNT, SIZE)), from_splats(splats)
    return np.mean([parts.vectors_of_a_view(planes, row, SIZE, SIZE, instruction_set) for row in rows])


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
def test_a_fast_fit_is_little_work(views, instruction_set):
    start = starting_splats(load("auto"), FAST, views, np.random.default_rng(0))
    end, report = fit(views, FAST, np.random.default_rng(0))
    assert len(report.losses) <= 300
    assert report.counts.max() <= 2000
    at_start, at_end = MOST_VECTORS
    assert vectors(start, instruction_set) < at_start
    assert vectors(end, instruction_set) < at_end


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
def test_steps_allocate_nothing_once_every_view_was_seen(views, instruction_set):
    start = starting_splats(load("auto"), FAST, views, np.random.default_rng(0))
    given = from_splats(start), from_cameras(views.cameras), planar(views.images)
    assert parts.allocations_of_steps(*given, 1e-6, 1, 1, instruction_set) > 0
    assert parts.allocations_of_steps(*given, 1e-6, 4 * COUNT, 3 * COUNT, instruction_set) == 0


def test_that_work_is_enough(views):
    """Held-out views of the frog as good as 4000 iterations as released make them (31.9 dB)."""
    between = frog(orbit(2 * COUNT, SIZE).select(list(range(1, 2 * COUNT, 2))))
    splats, _ = fit(views, FAST, np.random.default_rng(0))
    assert psnr(np.clip(draw(splats, between.cameras), 0, 1), between.images).mean() > 31.9
