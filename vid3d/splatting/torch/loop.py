"""The training loop.

Moments are fitted independently of each other; those fitted together share their rasterizer calls and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import torch
from torch import Tensor
from vid3d.errors import InputError
from vid3d.scene import FitReport, Float32, Splats, Views
from vid3d.splatting.fit import view_order
from vid3d.splatting.native import load
from vid3d.splatting.recipe import Event, Recipe, initial_splats, schedule
from vid3d.splatting.torch.batch import Batch
from vid3d.splatting.torch.density import densified
from vid3d.splatting.torch.drawing import Rasterize
from vid3d.splatting.torch.loss import Targets, loss
from vid3d.splatting.torch.state import State
from vid3d.stages import Progress

REPORT_EVERY = 50  # iterations; so often are losses read from the device, which waits for it


def train(
    moments: Sequence[Views],
    recipe: Recipe,
    rngs: Sequence[np.random.Generator],
    rasterize: Rasterize,
    device: torch.device,
    progress: Progress | None = None,
    initial: Sequence[Splats] | None = None,
) -> list[tuple[Splats, FitReport]]:
    """The fit of each moment with any differentiable rasterizer, from the recipe's initial splats or from those given.

    Draws from each moment's generator the initial positions, the order of the views and the positions of split splats,
    as the fused fit.

    Raises:
        InputError: no views, or a fit that diverged or lost all its splats.
        ValueError: the moments' images differ in size.
    """
    if any(len(views.cameras) == 0 for views in moments):
        raise InputError("views: a fit needs at least one view")
    if len({views.images.shape for views in moments}) > 1:
        raise ValueError("moments that are fitted together must have equally many views of one size")
    starts: Sequence[Splats | None] = [None] * len(moments) if initial is None else initial
    given = zip(moments, rngs, starts, strict=True)
    fits = _Fits.new([_start(views, recipe, rng, start) for views, rng, start in given], moments, rngs, recipe, device)
    position_rates, planned = recipe.position_rates(), schedule(recipe)
    for index in range(recipe.iterations):
        fits.accumulate(recipe, rasterize, index)
        fits.advance(recipe, planned.events.get(index + 1, Event()), _rates(recipe, float(position_rates[index])))
        fits.counts[:, index] = fits.batch.counts
        if 0 in fits.batch.counts:
            raise _failed(index)
        if (index + 1) % REPORT_EVERY == 0 or index + 1 == recipe.iterations:
            losses = fits.read_losses(index + 1)  # (k, steps since the last report)
            if progress is not None:
                progress(index + 1, recipe.iterations, float(losses[:, -1].mean()))
    return fits.results(recipe, device, planned.notes)


@dataclass
class _Fits:
    """The moments' fits under way."""

    batch: Batch
    targets: Targets  # (k, views)
    moments: Tensor  # (k,): 0, 1, ...
    order: Sequence[Tensor]  # of the views: (k,) by iteration
    rngs: Sequence[np.random.Generator]
    losses: Float32  # (k, iterations)
    counts: NDArray[np.int32]  # (k, iterations)
    withheld: list[int]  # by moment, clones and splits for which there was no room
    unread: list[Tensor]  # (k,) losses of the last iterations, still on the device
    ones: Tensor  # (k,): the gradient of the sum of the losses
    half: Tensor  # (2,): of the width and height, pixels

    @classmethod
    def new(
        cls,
        starts: Sequence[tuple[Splats, list[int]]],
        moments: Sequence[Views],
        rngs: Sequence[np.random.Generator],
        recipe: Recipe,
        device: torch.device,
    ) -> "_Fits":
        k, (height, width) = len(moments), moments[0].images.shape[1:3]
        return cls(
            batch=Batch.joined([State.start(splats, device) for splats, _ in starts]),
            targets=Targets.of([torch.from_numpy(views.images).to(device) for views in moments]),
            moments=torch.arange(k, device=device),
            order=torch.tensor([order for _, order in starts], device=device).T.contiguous().unbind(),
            rngs=rngs,
            losses=np.zeros((k, recipe.iterations), np.float32),
            counts=np.zeros((k, recipe.iterations), np.int32),
            withheld=[0] * k,
            unread=[],
            ones=torch.ones(k, device=device),
            half=torch.tensor([width / 2, height / 2], device=device),
        )

    def accumulate(self, recipe: Recipe, rasterize: Rasterize, index: int) -> None:
        """Losses and gradients of iteration ``index``; the statistics count gradients in normalised coordinates.

        Nothing is read back from the device, so that it need not wait for the next step to be queued.
        """
        self.batch.clear_gradients()
        drawing = rasterize(self.batch.parameters, self.batch.counts, self.order[index])
        drawing.centres.retain_grad()
        targets = self.targets.select(self.moments, self.order[index])
        losses = loss(drawing.images, targets, self.batch.mean_opacities(), recipe)  # (k,)
        losses.backward(self.ones)  # type: ignore[no-untyped-call]
        if recipe.density is not None and drawing.centres.grad is not None:
            lengths = (drawing.centres.grad.reshape(len(self.ones), -1, 2) * self.half).norm(dim=-1)  # (k, n)
            self.batch.count_gradients(lengths, drawing.visible)
        self.unread.append(losses.detach())

    def advance(self, recipe: Recipe, event: Event, rates: dict[str, float]) -> None:
        """What follows the gradients of one iteration, in the released code's order: densify, reset, step."""
        if recipe.density is not None and event.densify:
            states = []
            for moment, (state, rng) in enumerate(zip(self.batch.separate(), self.rngs, strict=True)):
                grown, withheld = densified(state, recipe, recipe.density, event.limit_scale, rng)
                states.append(grown)
                self.withheld[moment] += withheld
            self.batch = Batch.joined(states)
        if recipe.density is not None and event.reset_opacity:
            self.batch.reset_opacities(recipe.density.reset_opacity)
            rates = {name: rate for name, rate in rates.items() if name != "opacity_logits"}
        if not event.densify and not event.skip_update:
            self.batch.step(rates)

    def read_losses(self, end: int) -> Float32:
        """(k, t) losses of the t iterations up to ``end`` that have not been read yet.

        Raises:
            InputError: one is not finite.
        """
        begin = end - len(self.unread)
        read: Float32 = torch.stack(self.unread, dim=1).cpu().numpy()
        self.unread.clear()
        if not np.isfinite(read).all():
            raise _failed(begin + int(np.flatnonzero(~np.isfinite(read).all(axis=0))[0]))
        self.losses[:, begin:end] = read
        return read

    def results(self, recipe: Recipe, device: torch.device, planned: Sequence[str]) -> list[tuple[Splats, FitReport]]:
        """Splats and report of each moment."""
        found = []
        for moment, state in enumerate(self.batch.separate()):
            notes = [*planned]
            if self.withheld[moment] and recipe.density is not None:
                most = f"the maximum of {recipe.density.maximum} splats"
                notes.append(f"{self.withheld[moment]} clones and splits withheld by {most}")
            notes.append(f"device {device}, {state.count} splats at the end")
            found.append((state.splats(), FitReport(self.losses[moment], self.counts[moment], tuple(notes))))
        return found


def _start(views: Views, recipe: Recipe, rng: np.random.Generator, initial: Splats | None) -> tuple[Splats, list[int]]:
    """The splats that a moment's fit begins with, and the order in which it sees its views."""
    splats = initial_splats(load("auto"), recipe, rng) if initial is None else initial
    return splats, view_order(len(views.cameras), recipe.iterations, rng).tolist()


def _failed(index: int) -> InputError:
    what = f"fit diverged or lost all splats at iteration {index + 1}"
    return InputError(f"{what}: use more splats or iterations")


def _rates(recipe: Recipe, position: float) -> dict[str, float]:
    return {
        "positions": position,
        "quaternions": recipe.quaternion_rate,
        "log_scales": recipe.scale_rate,
        "opacity_logits": recipe.opacity_rate,
        "colours": recipe.colour_rate,
    }
