"""Images of Gaussians by the CPU rasterizer, on white."""

from dataclasses import replace

import numpy as np

from vid3d.scene import AT_REST, Cameras, Float32, Moment, Reference, Splats
from vid3d.splatting.native import Rasterisation
from vid3d.splatting.rasteriser import render
from vid3d.stages import Render
from vid3d.study.specs.render import CpuRender


def build(spec: CpuRender) -> Render:
    """A renderer of (n, spec.size, spec.size, 3) float32 images in [0, 1]; the cameras' own image size is not used.

    Raises (when called):
        InputError: NaN or infinity in the splats.
        ValueError: no splats given.
    """

    rasterisation = Rasterisation(near=spec.near, alpha_cap=spec.alpha_cap)

    def run(splats: Splats | None, cameras: Cameras, reference: Reference, moment: Moment = AT_REST) -> Float32:
        if splats is None:
            raise ValueError("this renderer draws splats and got none")
        sized = replace(cameras, width=spec.size, height=spec.size)
        images = render(splats, sized, rasterisation)
        return np.clip(images, 0.0, 1.0, out=images)

    return run
