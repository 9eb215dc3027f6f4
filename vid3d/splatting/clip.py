"""Fits of a whole clip: its splats keep their identity from moment to moment, coupled by nothing, a penalty or a basis.

All begin with one pass through the moments in order (``warm_start``).  What couples them then refines its result:
``refine`` steps through all moments and views in random order, with every moment's parameters a sum of coefficients
times weights (``core/clip_trainer.hpp``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vid3d.errors import InputError
from vid3d.scene import FitReport, Float32, Splats, Views
from vid3d.splatting import native
from vid3d.splatting.fit import STEPS_PER_CALL, fit, view_order
from vid3d.splatting.native import InstructionSet, load, resolve
from vid3d.splatting.recipe import Recipe
from vid3d.stages import Progress

GROUPS = 5  # of parameters that share a learning rate: positions, quaternions, scales, opacities, colours
MOVING_GROUPS = 2  # positions and quaternions
Fitted = list[tuple[Splats, FitReport]]  # by moment


@dataclass(frozen=True)
class Model:
    """What the moments of a clip share: moment f has the parameters ``sum_b weights[b, f] coefficients[b]``.

    Attributes:
        coefficients: (bases, 14, n) float32, as planes of splats.
        weights: (bases, moments) float32.
        groups: for each basis how many groups of parameters, from the first on, it has.
        smoothness: of the penalty on second differences (``smoothness / 2`` times their mean square over splats,
            summed over moments and parameters, each in units of its learning rate); 0 for none.
        haste: of the recipe's learning rates.
    """

    coefficients: Float32
    weights: Float32
    groups: tuple[int, ...]
    smoothness: float = 0.0
    haste: float = 1.0


def shares(total: int, moments: int) -> list[int]:
    """Steps of a pass by moment: the first, which has nothing to start from, takes about twice those of another."""
    each = total // (moments + 1)
    return [total - each * (moments - 1), *[each] * (moments - 1)]


def warm_start(
    clip: Sequence[Views],
    recipe: Recipe,
    rngs: Sequence[np.random.Generator],
    total: int,
    instruction_set: InstructionSet = "auto",
    progress: Progress | None = None,
) -> Fitted:
    """One pass through the moments in order, each starting from the splats of the one before.

    Args:
        clip: the views of each moment.
        recipe: without densification, so that splats keep their identity; its number of iterations is not used.
        rngs: for each moment, as of ``fit``.
        total: steps of all moments together, at least one more than there are moments.
        progress: told of steps of all moments together.

    Raises:
        InputError: as ``fit``, and for too few steps.
    """
    if recipe.density is not None:
        raise ValueError("a clip's splats keep their identity: no densification")
    if total <= len(clip):
        raise InputError(f"iterations: {total} steps are too few for a pass through {len(clip)} moments; give more")
    fitted: Fitted = []
    before = 0
    for views, rng, steps in zip(clip, rngs, shares(total, len(clip)), strict=True):
        told = None if progress is None else _shifted(progress, before, total)
        last = fitted[-1][0] if fitted else None
        fitted.append(fit(views, replace(recipe, iterations=steps), rng, told, instruction_set, last))
        before += steps
    return fitted


def refine(
    clip: Sequence[Views],
    recipe: Recipe,
    model: Model,
    rng: np.random.Generator,
    iterations: int,
    instruction_set: InstructionSet = "auto",
    progress: Progress | None = None,
) -> Fitted:
    """The splats of each moment after steps through all moments and views, every pair of them before any comes again.

    Args:
        clip: the views of each moment, all of the same cameras.
        recipe: loss and rates; these run through their schedule once in all steps.
        model: where it starts, and what moments share.
        rng: draws the order.
        iterations: steps of all moments together.

    Raises:
        InputError: a fit that diverged.
    """
    recipe = replace(recipe.adapted(len(clip[0].cameras)), iterations=iterations)
    trainer = load(instruction_set).ClipTrainer(
        np.ascontiguousarray(model.coefficients, dtype=np.float32),
        np.ascontiguousarray(model.weights, dtype=np.float32),
        list(model.groups),
        native.from_cameras(clip[0].cameras),
        np.concatenate([native.planar(views.images) for views in clip]),
        recipe.rasterisation,
        (recipe.ssim_weight, recipe.l1_weight, recipe.opacity_weight),
        recipe.beta2,
        tuple(map(float, _smoothness(recipe, model))),
    )
    views = len(clip[0].cameras)
    order = view_order(len(clip) * views, iterations, rng)
    moments, seen = order // np.int32(views), order % np.int32(views)
    rates, losses = recipe.rates() * np.float32(model.haste), np.zeros(iterations, np.float32)
    for start in range(0, iterations, STEPS_PER_CALL):
        stop = min(start + STEPS_PER_CALL, iterations)
        part = slice(start, stop)
        trainer.run(moments[part], seen[part], rates[part], losses[part])
        if not np.isfinite(losses[part]).all():
            raise InputError(f"fit diverged by iteration {stop}: lower the recipe's learning rates")
        if progress is not None:
            progress(stop, iterations, float(losses[stop - 1]))
    fitted: Fitted = []
    count = model.coefficients.shape[2]
    for moment in range(len(clip)):
        planes = np.empty((native.PLANES, count), np.float32)
        trainer.copy_moment(moment, planes)
        if not np.isfinite(planes).all():
            raise InputError("fit diverged, its splats hold NaN or infinity: lower the recipe's learning rates")
        own = losses[moments == moment]
        note = f"instruction set {resolve(instruction_set)}, {count} splats, refined with all moments"
        report = FitReport(own, np.full(len(own), count, np.int32), (note,))
        fitted.append((native.to_splats(planes), report))
    return fitted


def chained(first: Fitted, second: Fitted) -> Fitted:
    """The splats of the second fit, and what both told, one after the other."""
    return [
        (
            splats,
            FitReport(
                np.concatenate([before.losses, after.losses]),
                np.concatenate([before.counts, after.counts]),
                (*before.notes, *after.notes),
            ),
        )
        for (_, before), (splats, after) in zip(first, second, strict=True)
    ]


def waves(moments: int, count: int) -> Float32:
    """(1 + count, moments) float32: a constant and cosines of 1, 2, ... half periods, orthogonal over the moments."""
    centres = (np.arange(moments) + 0.5) / moments
    return np.asarray(np.cos(np.pi * np.arange(count + 1)[:, None] * centres), np.float32)


def _smoothness(recipe: Recipe, model: Model) -> Float32:
    """(5,) by group: the strength over the number of splats and the squared rate at the first iteration."""
    scales = model.coefficients.shape[2] * recipe.rates()[0].astype(np.float64) ** 2
    return np.asarray(model.smoothness / scales, np.float32)


def _shifted(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _, loss: progress(before + done, total, loss)
