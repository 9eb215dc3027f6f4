"""Gaussians fitted by automatic differentiation (``vid3d.splatting.torch``), through the rasterizer of the Spec."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from vid3d.errors import InputError
from vid3d.scene import FitReport, Splats, Views
from vid3d.splatting.recipe import Recipe, preset
from vid3d.splatting.torch import cpp, gsplat
from vid3d.splatting.torch.drawing import Rasterize
from vid3d.splatting.torch.loop import train
from vid3d.stages import Fit, Progress
from vid3d.study import layout
from vid3d.study.specs.fit import AutodiffFit


def build(spec: AutodiffFit) -> Fit:
    """The fit as a splat stage, on CUDA with gsplat or on the CPU with the C++ rasterizer.

    Raises:
        InputError: gsplat is asked for and there is no CUDA device, or gsplat cannot be used on it; when called, also
            for a fit that diverged or does not fit into the GPU's memory.
    """
    rasterizer: Callable[[Sequence[Views], Recipe], Rasterize]
    if spec.rasterizer == "gsplat":
        gsplat.require("splat", Path(layout.GSPLAT_EXTENSION))
        device, rasterizer = gsplat.GPU, gsplat.rasterizer
    else:
        torch.set_num_threads(1)  # as the rule says, so that sums are rounded alike everywhere
        device, rasterizer = torch.device("cpu"), cpp.rasterizer
    recipe = preset(spec.preset, **spec.model_dump(include={"maximum", "splats", "iterations", "opacity_weight"}))

    def fit(
        moments: Sequence[Views], rngs: Sequence[np.random.Generator], progress: Progress | None = None
    ) -> list[tuple[Splats, FitReport]]:
        try:
            return train(moments, recipe, rngs, rasterizer(moments, recipe), device, progress)
        except torch.OutOfMemoryError:
            fewer = f"execution.frames_per_batch (frames fitted together now: {len(moments)})"
            less = "splat.splats or views.size, or use splat.backend cpu"
            raise InputError(f"splat: out of GPU memory; lower {fewer if len(moments) > 1 else less}") from None

    return fit
