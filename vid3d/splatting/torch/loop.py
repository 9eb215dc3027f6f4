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
from vid3d.splatting.torch.density import densified
from vid3d.splatting.torch.drawing import Rasterize
from vid3d.splatting.torch.loss import loss
from vid3d.splatting.torch.state import State
from vid3d.stages import Progress

REPORT_EVERY = 50  # iterations


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
    fits = [_Moment.new(views, recipe, rng, device, start) for views, rng, start in given]
    position_rates, planned = recipe.position_rates(), schedule(recipe)
    for index in range(recipe.iterations):
        event = planned.events.get(index + 1, Event())
        losses = _accumulate(fits, recipe, rasterize, index)  # (k,)
        rates = _rates(recipe, float(position_rates[index]))
        for fit, own_loss in zip(fits, losses, strict=True):
            fit.advance(recipe, event, rates)
            fit.losses[index], fit.counts[index] = own_loss, fit.state.count
            if not np.isfinite(own_loss) or fit.state.count == 0:
                what = f"fit diverged or lost all splats at iteration {index + 1}"
                raise InputError(f"{what}: use more splats or iterations")
        if progress is not None and ((index + 1) % REPORT_EVERY == 0 or index + 1 == recipe.iterations):
            progress(index + 1, recipe.iterations, float(losses.mean()))
    return [
        (fit.state.splats(), FitReport(fit.losses, fit.counts, (*planned.notes, *fit.notes(recipe, device))))
        for fit in fits
    ]


@dataclass
class _Moment:
    """One moment's fit under way."""

    state: State
    targets: Tensor  # (views, h, w, 3)
    order: list[int]  # of the views, by iteration
    rng: np.random.Generator
    losses: Float32  # (iterations,)
    counts: NDArray[np.int32]  # (iterations,)
    withheld: int = 0  # clones and splits for which there was no room

    @classmethod
    def new(
        cls, views: Views, recipe: Recipe, rng: np.random.Generator, device: torch.device, initial: Splats | None
    ) -> "_Moment":
        state = State.start(initial_splats(load("auto"), recipe, rng) if initial is None else initial, device)
        order = view_order(len(views.cameras), recipe.iterations, rng).tolist()
        losses, counts = np.zeros(recipe.iterations, np.float32), np.zeros(recipe.iterations, np.int32)
        return cls(state, torch.from_numpy(views.images).to(device), order, rng, losses, counts)

    def advance(self, recipe: Recipe, event: Event, rates: dict[str, float]) -> None:
        """What follows the gradients of one iteration, in the released code's order: densify, reset, step."""
        if recipe.density is not None and event.densify:
            self.state, withheld = densified(self.state, recipe, recipe.density, event.limit_scale, self.rng)
            self.withheld += withheld
        if recipe.density is not None and event.reset_opacity:
            self.state.reset_opacities(recipe.density.reset_opacity)
            rates = {name: rate for name, rate in rates.items() if name != "opacity_logits"}
        if not event.densify and not event.skip_update:
            self.state.step(rates)

    def notes(self, recipe: Recipe, device: torch.device) -> list[str]:
        """Sentences for the fit's report."""
        notes = [f"device {device}, {self.state.count} splats at the end"]
        if self.withheld and recipe.density is not None:
            notes.insert(
                0, f"{self.withheld} clones and splits withheld by the maximum of {recipe.density.maximum} splats"
            )
        return notes


def _rates(recipe: Recipe, position: float) -> dict[str, float]:
    return {
        "positions": position,
        "quaternions": recipe.quaternion_rate,
        "log_scales": recipe.scale_rate,
        "opacity_logits": recipe.opacity_rate,
        "colours": recipe.colour_rate,
    }


def _accumulate(fits: Sequence[_Moment], recipe: Recipe, rasterize: Rasterize, index: int) -> Float32:
    """(k,) losses, and gradients, of iteration ``index``; the statistics count gradients in normalised coordinates."""
    views = [fit.order[index] for fit in fits]
    for fit in fits:
        fit.state.clear_gradients()
    drawing = rasterize([fit.state.parameters for fit in fits], views)
    drawing.centres.retain_grad()
    targets = torch.stack([fit.targets[view] for fit, view in zip(fits, views, strict=True)])  # (k, h, w, 3)
    opacities = torch.stack([fit.state.parameters["opacity_logits"].sigmoid().mean() for fit in fits])  # (k,)
    losses = loss(drawing.images, targets, opacities, recipe)  # (k,)
    losses.sum().backward()  # type: ignore[no-untyped-call]
    if drawing.centres.grad is not None:
        height, width = targets.shape[1:3]
        half = torch.tensor([width / 2, height / 2], device=targets.device)  # (2,)
        lengths = (drawing.centres.grad.reshape(len(fits), -1, 2) * half).norm(dim=-1)  # (k, n)
        for fit, own_lengths, seen in zip(fits, lengths, drawing.visible, strict=True):
            fit.state.count_gradients(own_lengths[: fit.state.count], seen[: fit.state.count])
    values: Float32 = losses.detach().cpu().numpy()
    return values
