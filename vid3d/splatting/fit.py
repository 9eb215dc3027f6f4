"""The fused fit: C++ does the steps, this module decides what happens when."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vid3d.errors import InputError
from vid3d.scene import FitReport, Splats, Views
from vid3d.splatting import native
from vid3d.splatting.native import InstructionSet, load, resolve
from vid3d.splatting.recipe import DensityControl, Event, Recipe, hull_splats, initial_splats, schedule
from vid3d.stages import Progress

STEPS_PER_CALL = 50  # between two looks at the progress bar and for an interrupt
UNLIMITED = 2**31 - 1


def fit(
    views: Views,
    recipe: Recipe,
    rng: np.random.Generator,
    progress: Progress | None = None,
    instruction_set: InstructionSet = "auto",
    initial: Splats | None = None,
) -> tuple[Splats, FitReport]:
    """Gaussians that look like the views.

    One thread; the same views, recipe and generator state give the same bits, whatever the instruction set.

    Args:
        views: at least one; images in [0, 1], on the recipe's background.
        recipe: see ``vid3d.splatting.preset``.
        rng: draws the initial positions, the order of the views and the positions of split splats, in this order.
        progress: called every few iterations.
        initial: where to start instead of the recipe's initial splats.

    Raises:
        InputError: NaN or infinity in the images or initial splats, no views, or a fit that diverged.
    """
    if len(views.cameras) == 0:
        raise InputError("views: a fit needs at least one view")
    if not np.isfinite(views.images).all():
        raise InputError("views: the images hold NaN or infinity")
    recipe = recipe.adapted(len(views.cameras))
    core = load(instruction_set)
    start = starting_splats(core, recipe, views, rng) if initial is None else initial
    trainer = core.Trainer(
        native.from_splats(start),
        native.from_cameras(views.cameras),
        native.planar(views.images),
        recipe.rasterisation,
        recipe.ssim_weight,
        recipe.l1_weight,
        recipe.opacity_weight,
        recipe.beta2,
    )
    run = _Run(trainer, recipe, view_order(len(views.cameras), recipe.iterations, rng), rng)
    for done in run.advance():
        if progress is not None:
            progress(done, recipe.iterations, float(run.losses[done - 1]))
    result = np.empty((native.PLANES, trainer.count), np.float32)
    trainer.copy_splats(result)
    if not np.isfinite(result).all():
        raise InputError("fit diverged, its splats hold NaN or infinity: lower the recipe's learning rates")
    notes = (*run.notes, f"instruction set {resolve(instruction_set)}, {trainer.count} splats at the end")
    return native.to_splats(result), FitReport(run.losses, run.counts, notes)


def starting_splats(core: Any, recipe: Recipe, views: Views, rng: np.random.Generator) -> Splats:
    """Those of the recipe's hull, or its cloud where there is none."""
    if recipe.hull is not None:
        found = hull_splats(core, recipe.hull, recipe.splats, views, recipe.rasterisation, rng)
        if found is not None:
            return found
    return initial_splats(core, recipe, rng)


def view_order(views: int, iterations: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """(iterations,) view indices: every view once, in random order, before any comes again."""
    rounds = [rng.permutation(views) for _ in range(math.ceil(iterations / views))]
    return np.concatenate(rounds)[:iterations].astype(np.int32)


class _Run:
    """One fit under way."""

    def __init__(self, trainer: Any, recipe: Recipe, order: NDArray[np.int32], rng: np.random.Generator) -> None:
        self.trainer, self.recipe, self.order, self.rng = trainer, recipe, order, rng
        self.losses = np.zeros(recipe.iterations, np.float32)
        self.counts = np.zeros(recipe.iterations, np.int32)
        self.rates = recipe.rates()
        planned = schedule(recipe)
        self.events, self._notes, self._withheld = planned.events, planned.notes, 0

    @property
    def notes(self) -> tuple[str, ...]:
        if self._withheld and self.recipe.density is not None:
            held = f"{self._withheld} clones and splits withheld by the maximum of {self.recipe.density.maximum} splats"
            return (*self._notes, held)
        return self._notes

    def advance(self) -> Iterator[int]:
        """Runs to the end; yields the number of iterations done, now and then."""
        done = 0
        while done < self.recipe.iterations:
            if event := self.events.get(done + 1):
                self._special(done, event)
                stop = done + 1
            else:
                ahead = min((at for at in self.events if at > done), default=self.recipe.iterations + 1) - 1
                stop = min(ahead, done + STEPS_PER_CALL, self.recipe.iterations)
                part = slice(done, stop)
                self.trainer.run(self.order[part], self.rates[part], self.losses[part])
            self.counts[done:stop] = self.trainer.count
            if not np.isfinite(self.losses[done:stop]).all():
                at = done + int(np.flatnonzero(~np.isfinite(self.losses[done:stop]))[0]) + 1
                raise InputError(f"fit diverged at iteration {at}: lower the recipe's learning rates")
            done = stop
            yield done

    def _special(self, index: int, event: Event) -> None:
        """One iteration with an event, in the released code's order: gradients, densify, reset, step.

        A densification replaces all parameters, which leaves the step that follows without gradients: none is made.
        A reset replaces the opacities only, so that the others are stepped.
        """
        self.losses[index] = self.trainer.accumulate(int(self.order[index]))
        density = self.recipe.density
        if density is not None and event.densify:
            self._densify(density, event.limit_scale)
            if self.trainer.count == 0:
                raise InputError(f"fit lost all splats at iteration {index + 1}: use more splats or iterations")
        if density is not None and event.reset_opacity:
            self.trainer.reset_opacities(density.reset_opacity)
        if not event.densify and not event.skip_update:
            rates = self.rates[index].copy()
            if event.reset_opacity:
                rates[3] = 0.0  # the opacity group
            self.trainer.update(tuple(map(float, rates)))

    def _densify(self, density: DensityControl, limit_scale: bool) -> None:
        extent = self.recipe.extent
        _, splits, withheld = self.trainer.plan_densification(
            density.gradient_threshold,
            density.clone_below * extent,
            density.minimum_opacity,
            density.maximum_scale * extent if limit_scale else math.inf,
            UNLIMITED if density.maximum is None else density.maximum,
        )
        self._withheld += withheld
        self.trainer.densify(self.rng.standard_normal((2 * splits, 3), np.float32))
