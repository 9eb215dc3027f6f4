"""Images of Gaussians on white by the rasterizer that backend ``autodiff`` fits them with.

That is gsplat's on a GPU, not yet run on one; or, to check a study without a GPU, the C++ one.
"""

from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.scene import AT_REST, Cameras, Float32, Moment, Reference, Splats
from vid3d.splatting.native import Rasterisation
from vid3d.splatting.rasteriser import render as cpp_render
from vid3d.splatting.torch import gsplat
from vid3d.stages import Render
from vid3d.study.specs import AutodiffRender

LARGEST_DIFFERENCE = 1e-2  # of two pictures in [0, 1]: a pixel may see one contribution near the cut of 1/255 more


def build(spec: AutodiffRender) -> Render:
    """A renderer of (n, spec.size, spec.size, 3) float32 images in [0, 1]; the cameras' own image size is not used.

    Raises:
        InputError: gsplat is asked for and there is no CUDA device, or gsplat cannot be used on it; when called, also
            when the images do not fit into the GPU's memory.
    """
    if spec.rasterizer == "gsplat":
        gsplat.require("render")
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


def check(device: torch.device = gsplat.GPU) -> dict[str, Any]:
    """Compile gsplat's kernels, unless they are, and draw a small scene with them and with the C++ rasterizer.

    Returns:
        What was compared, and how much the two pictures differ.

    Raises:
        InputError: as ``build``, or the pictures differ.
    """
    gsplat.require("render")
    rng, count = np.random.default_rng(0), 200
    splats = Splats(
        positions=rng.normal(0, 0.3, (count, 3)).astype(np.float32),
        quaternions=rng.normal(size=(count, 4)).astype(np.float32),
        log_scales=rng.normal(-2.5, 0.5, (count, 3)).astype(np.float32),
        opacity_logits=rng.normal(size=count).astype(np.float32),
        colours=rng.normal(size=(count, 3)).astype(np.float32),
    )
    cameras, rasterisation = orbit(3, 128), Rasterisation(alpha_cap=gsplat.ALPHA_CAP)
    difference = float(
        np.abs(gsplat.render(splats, cameras, rasterisation, device) - _cpp(splats, cameras, rasterisation)).max()
    )
    if not difference <= LARGEST_DIFFERENCE:
        raise InputError(
            f"gsplat: its pictures differ by {difference:.2g} from the CPU's; is it {version('gsplat')} built for this"
            f" GPU and torch {torch.__version__}? Delete torch's extensions folder (~/.cache/torch_extensions)"
        )
    name = torch.cuda.get_device_name()
    return {"device": name, "gsplat": version("gsplat"), "torch": torch.__version__, "difference": difference}


def _cpp(splats: Splats, cameras: Cameras, rasterisation: Rasterisation) -> Float32:
    return np.clip(cpp_render(splats, cameras, rasterisation), 0.0, 1.0)
