"""Images of Gaussians on white by the rasterizer that backend ``autodiff`` fits them with.

That is gsplat's on a GPU, not yet run on one; or, to check a study without a GPU, the C++ one.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from vid3d.errors import InputError
from vid3d.scene import AT_REST, Cameras, Float32, Moment, Reference, Splats
from vid3d.splatting.native import Rasterisation
from vid3d.splatting.rasteriser import render as cpp_render
from vid3d.splatting.torch import gsplat
from vid3d.stages import Render
from vid3d.study import layout
from vid3d.study.specs.render import AutodiffRender


def build(spec: AutodiffRender) -> Render:
    """A renderer of (n, spec.size, spec.size, 3) float32 images in [0, 1]; the cameras' own image size is not used.

    Raises:
        InputError: gsplat is asked for and there is no CUDA device, or gsplat cannot be used on it; when called, also
            when the images do not fit into the GPU's memory.
    """
    if spec.rasterizer == "gsplat":
        gsplat.require("render", Path(layout.GSPLAT_EXTENSION))
    draw = gsplat.render if spec.rasterizer == "gsplat" else _cpp
    rasterisation = Rasterisation(near=spec.near)

    def render(splats: Splats | None, cameras: Cameras, reference: Reference, moment: Moment = AT_REST) -> Float32:
        if splats is None:
            raise ValueError("this renderer draws splats and got none")
        try:
            return draw(splats, replace(cameras, width=spec.size, height=spec.size), rasterisation)
        except torch.OutOfMemoryError:
            raise InputError(f"render: out of GPU memory; lower render.size (now: {spec.size})") from None

    return render


def _cpp(splats: Splats, cameras: Cameras, rasterisation: Rasterisation) -> Float32:
    return np.clip(cpp_render(splats, cameras, rasterisation), 0.0, 1.0)
