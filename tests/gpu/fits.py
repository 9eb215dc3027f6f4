"""Checks 5, 6 and 7: the loop on a place beside the fused C++ fit, in batches, and at the paper's size."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from tests.gpu import inputs
from tests.gpu.inputs import Inputs
from tests.gpu.places import Place
from tests.gpu.record import Check
from tests.speed.record import scenes
from vid3d.scene import FitReport, Float32, Splats, Views
from vid3d.splatting.fit import fit
from vid3d.splatting.recipe import DensityControl, Recipe, preset
from vid3d.splatting.torch import agreement, loop
from vid3d.splatting.torch.drawing import FIELDS

GROWING = DensityControl(gradient_threshold=4e-3)  # suits small images, whose gradients are larger
TIMED = 200  # steps over which batches are compared


class EnoughError(Exception):
    """A fit was timed for as long as was wanted."""


def looped(
    place: Place, moments: Sequence[Views], recipe: Recipe, seeds: Sequence[int], **given: Any
) -> list[tuple[Splats, FitReport]]:
    """The moments fitted together on the place."""
    recipe = replace(recipe, rasterisation=place.rasterisation)
    rngs = [np.random.default_rng(seed) for seed in seeds]
    return loop.train(moments, recipe, rngs, place.rasterizer(moments, recipe), place.device, **given)


def beside_the_fused_fit(place: Place, check: Check) -> None:
    """5: losses and splats with their number fixed, and how many there are where it grows."""
    size, splats = (64, 2000) if place.whole else (24, 150)
    [(views, _)] = scenes(size, [inputs.OBJECT])
    start = agreement.scene(np.random.default_rng(2), splats)
    for name in ("as-written", "as-released"):
        recipe = preset(name, splats=splats, iterations=200)
        recipe = replace(recipe, rasterisation=place.rasterisation, density=recipe.density and GROWING)
        [(ours, report)] = looped(place, [views], recipe, [4], initial=[start])
        expected, fused = fit(views, recipe, np.random.default_rng(4), initial=start)
        if name == "as-written":
            check.tell("losses, as written", _apart(report.losses, fused.losses), most=1e-2)
            for field in FIELDS:
                off = agreement.relative(getattr(ours, field), getattr(expected, field))
                check.tell(f"{field}, as written", off, most=2e-2)
        else:
            check.tell("numbers of splats, as released", _apart(report.counts, fused.counts), most=2e-2)
            check.tell("splats at the end, as released", len(ours))


def in_batches(place: Place, check: Check) -> None:
    """6: five moments together and each alone, with the same seeds."""
    size, splats, iterations = (64, 2000, 1000) if place.whole else (24, 100, 40)
    [(views, _)] = scenes(size, [inputs.OBJECT])
    moments = [replace(views, images=np.roll(views.images, shift, axis=2)) for shift in range(5)]
    recipe, seeds = preset("as-released", splats=splats, iterations=iterations, density=GROWING), range(5)
    together = looped(place, moments, recipe, seeds)
    alone = [looped(place, [moment], recipe, [seed])[0] for moment, seed in zip(moments, seeds, strict=True)]
    first = iterations // 10  # before densification
    for moment, (ours, other) in enumerate(zip(together, alone, strict=True)):
        losses = _apart(ours[1].losses[:first], other[1].losses[:first])
        check.tell(f"losses of the first {first} steps, moment {moment}", losses, most=1e-2)
        quality = [inputs.quality_of(splats, moments[moment], recipe) for splats, _ in (ours, other)]
        check.tell(f"PSNR, moment {moment}, dB", abs(quality[0] - quality[1]), most=0.3)


def of_the_papers_size(place: Place, given: Inputs, check: Check) -> None:
    """7: how long it takes and what it comes to, beside the CPU's fit of the same views."""
    place.start_memory()
    together = 5 if place.whole else 2
    seeds = range(inputs.SEED, inputs.SEED + together)
    found, seconds = place.seconds(lambda: looped(place, [given.views] * together, given.recipe, seeds))
    check.tell(f"seconds a frame, {together} together", seconds / together, aim="at most 15 on an H100, of 4000 steps")
    _memory(place, check, together)
    splats, report = found[0]
    changed = int(np.flatnonzero(np.diff(given.counts))[0]) + 1  # the first pruning
    left = report.counts[changed] / given.counts[changed]
    check.tell("splats that the first pruning leaves, over the CPU's", left, least=0.9, most=1.1)
    check.tell("splats at the end, over the CPU's", len(splats) / len(given.splats), least=0.85, most=1.15)
    capped = replace(given.recipe, rasterisation=place.rasterisation)
    better = inputs.quality_of(splats, given.views, capped) - given.quality
    check.tell("PSNR, over the CPU's, dB", better, least=-0.5, most=0.5)
    for frames in (1, 5, 25) if place.whole else (1, 3):
        place.start_memory()
        check.tell(f"ms a frame and step, {frames} together", _milliseconds(place, given, frames))
        _memory(place, check, frames)


def _milliseconds(place: Place, given: Inputs, frames: int) -> float:
    """Of one of ``frames`` in one step; early in the fit, the first report left out."""
    times: list[float] = []

    def progress(done: int, total: int, loss: float) -> None:
        times.append(time.monotonic())
        if done >= min(TIMED, total - loop.REPORT_EVERY):
            raise EnoughError

    recipe = given.recipe if place.whole else replace(given.recipe, iterations=3 * loop.REPORT_EVERY)
    with suppress(EnoughError):
        looped(place, [given.views] * frames, recipe, range(frames), progress=progress)
    steps = (len(times) - 1) * loop.REPORT_EVERY
    return 1e3 * (times[-1] - times[0]) / steps / frames


def _memory(place: Place, check: Check, frames: int) -> None:
    peak = place.peak_gib()
    if peak is not None:
        check.tell(f"GPU memory, {frames} together, GiB", peak, aim=f"about {0.5 * frames:.1f}")


def _apart(ours: Float32, exact: Float32) -> float:
    """The largest relative difference."""
    return float(np.abs(np.asarray(ours, float) / np.asarray(exact, float) - 1).max())
