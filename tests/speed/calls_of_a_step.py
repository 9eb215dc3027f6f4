"""How many calls one step of the GPU fit hands to torch, the rasterizer's own left out: where a GPU waits for its host.

    python -m tests.speed.calls_of_a_step

The loop runs on the CPU behind ``vid3d.splatting.torch.gsplat`` with a blank picture in gsplat's place.  What torch
dispatches is counted, most of which starts one kernel on a GPU; so the number is the same on every machine.
`tests/unit/backends/test_autodiff.py` holds it to MOST.
"""

import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from vid3d.cameras import orbit
from vid3d.scene import Splats, Views
from vid3d.splatting.recipe import preset
from vid3d.splatting.torch import gsplat, loop

MOST = 125
CPU = torch.device("cpu")
MOMENTS, SIZE = 5, 16
ITERATIONS = 40  # as released, the first event comes after the fourth


class Calls(TorchDispatchMode):
    """Counts calls of operators while ``counting``."""

    def __init__(self) -> None:
        super().__init__()
        self.count, self.counting = 0, True

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += self.counting
        return func(*args, **(kwargs or {}))


class Uncounted(torch.autograd.Function):
    """An output of the given shape in the graph of the inputs; nothing in it is counted, forward or back."""

    @staticmethod
    def forward(context: Any, calls: Calls, shape: Sequence[int], *values: Tensor) -> Tensor:
        calls.counting = False
        context.calls, context.shapes = calls, [value.shape for value in values]
        made = torch.full(tuple(shape), 0.5)
        calls.counting = True
        return made

    @staticmethod
    def backward(context: Any, _: Tensor) -> Any:
        context.calls.counting = False
        gradients = [torch.full(shape, 1e-3) for shape in context.shapes]
        context.calls.counting = True
        return None, None, *gradients


@contextmanager
def blank_gsplat(calls: Calls, marks: list[int]) -> Iterator[None]:
    """A module ``gsplat`` that draws a grey picture, and marks the number of calls before it."""

    def rasterization(
        *, means: Tensor, quats: Tensor, scales: Tensor, opacities: Tensor, colors: Tensor, viewmats: Tensor,
        width: int, height: int, **rest: Any,
    ) -> tuple[Tensor, None, dict[str, Tensor]]:  # fmt: skip
        marks.append(calls.count)
        seen = (*means.shape[:-2], viewmats.shape[-3])
        centres = Uncounted.apply(calls, (*seen, means.shape[-2], 2), means)
        images = Uncounted.apply(calls, (*seen, height, width, 3), centres, quats, scales, opacities, colors)
        calls.counting = False
        radii = torch.ones((*seen, means.shape[-2], 2), dtype=torch.int32)
        calls.counting = True
        return images, None, {"means2d": centres, "radii": radii}

    module = types.ModuleType("gsplat")
    module.rasterization = rasterization  # type: ignore[attr-defined]
    installed = sys.modules.get("gsplat")
    sys.modules["gsplat"] = module
    try:
        yield
    finally:
        del sys.modules["gsplat"]
        if installed is not None:
            sys.modules["gsplat"] = installed


def splats(count: int) -> Splats:
    ones = np.ones((count, 4), np.float32)
    return Splats(0.1 * ones[:, :3], ones, -3 * ones[:, :3], 0 * ones[:, 0], 0 * ones[:, :3])


def of_a_step(name: str, counts: Sequence[int]) -> int:
    """Calls from one rasterizer call to the next, early in a preset's fit of moments of so many splats."""
    views, calls = Views(np.ones((3, SIZE, SIZE, 3), np.float32), orbit(3, SIZE)), Calls()
    marks: list[int] = []
    moments, recipe = [views] * len(counts), preset(name, iterations=ITERATIONS)  # type: ignore[arg-type]
    if recipe.density is not None:  # which only this keeps from multiplying on made-up gradients
        recipe = replace(recipe, density=replace(recipe.density, gradient_threshold=np.inf))
    with blank_gsplat(calls, marks), calls:
        rasterize = gsplat.rasterizer(moments, recipe, CPU)
        rngs = [np.random.default_rng(0) for _ in moments]
        loop.train(moments, recipe, rngs, rasterize, CPU, initial=[splats(n) for n in counts])
    return marks[3] - marks[2]


if __name__ == "__main__":
    for name, counts in (("as-written", [50] * MOMENTS), ("as-released", [50 + n for n in range(MOMENTS)])):
        print(f"{name}, {MOMENTS} frames: {of_a_step(name, counts)} calls a step, at most {MOST}")
