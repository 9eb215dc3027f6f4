"""gsplat's CUDA rasterizer, for the loop and for rendering.

gsplat caps a splat's alpha at .999 (released code: .99), which cannot be changed.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

import torch
from torch import Tensor
from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.scene import SH_C0, Cameras, Float32, Splats, Views
from vid3d.splatting.native import Rasterisation
from vid3d.splatting.recipe import Recipe, preset
from vid3d.splatting.torch import agreement, kernels
from vid3d.splatting.torch.drawing import FIELDS, Drawing, Parameters, Rasterize

ALPHA_CAP = 0.999
GPU = torch.device("cuda")
CAPPED = Rasterisation(alpha_cap=ALPHA_CAP)  # as the C++ rasterizer is told to draw beside gsplat
COUNTS = (100, 60, 80)  # splats of the moments that are compared


def require(stage: str, mark: Path) -> None:
    """Make gsplat ready for a stage of the study, and refuse the stage where it cannot be used.

    Args:
        mark: of the compiled kernels.

    Raises:
        InputError: no CUDA device, no gsplat, no kernels for what is here, or they draw otherwise than the CPU.
    """
    if not torch.cuda.is_available():
        wanted = f"{stage}.backend: gsplat, the rasterizer of autodiff,"
        raise InputError(f"{wanted} needs a CUDA device and this machine has none; use backend cpu")
    kernels.load(mark, [torch.cuda.get_device_capability()])
    compare()


def compare(device: torch.device = GPU) -> dict[str, float]:
    """How far images and gradients are from the C++ rasterizer's, by what was compared, on scenes of a second.

    Raises:
        InputError: they differ by more than rounding.
    """
    rng, recipe = np.random.default_rng(0), replace(preset("as-released"), rasterisation=CAPPED)
    moments, cameras = [agreement.scene(rng, count) for count in COUNTS], orbit(len(COUNTS), 128)
    found = agreement.of_gradients(partial(rasterizer, device=device), moments, cameras, recipe, device)
    found |= agreement.of_render(partial(render, device=device), moments[0], cameras, recipe.rasterisation)
    agreement.refuse(found, agreement.BOUNDS | agreement.RENDERED, f"gsplat {version('gsplat')} on {_name(device)}")
    return found


def rasterizer(moments: Sequence[Views], recipe: Recipe, device: torch.device = GPU) -> Rasterize:
    """gsplat's rasterizer on the moments' cameras, one call for all moments."""
    cameras = [views.cameras for views in moments]
    poses = torch.stack([_on_device(each.world_to_camera, device) for each in cameras])  # (k, views, 4, 4)
    intrinsics = torch.stack([_on_device(each.intrinsics, device) for each in cameras])[:, None]  # (k, 1, 3, 3)

    size, each = (cameras[0].width, cameras[0].height), torch.arange(len(cameras), device=poses.device)  # (k,)
    white = torch.tensor(recipe.rasterisation.background, device=poses.device).expand(len(cameras), 1, 3)

    def rasterize(parameters: Parameters, counts: Sequence[int], views: Tensor) -> Drawing:
        seen_from = poses[each, views][:, None]  # (k, 1, 4, 4)
        images, details = _rasterization(parameters, seen_from, intrinsics, white, size, recipe.rasterisation)
        # not a slice of the centres: the statistics need the gradient of the very tensor in the graph
        return Drawing(images.squeeze(1), details["means2d"], (details["radii"] > 0).all(dim=-1).squeeze(1))

    return rasterize


def render(splats: Splats, cameras: Cameras, rasterisation: Rasterisation, device: torch.device = GPU) -> Float32:
    """What the cameras see, (n, height, width, 3) float32 in [0, 1]; gsplat's alpha cap, not the rasterisation's."""
    values = {name: _on_device(getattr(splats, name), device) for name in FIELDS}
    poses = _on_device(cameras.world_to_camera, device)  # (n, 4, 4)
    intrinsics = _on_device(cameras.intrinsics, device).expand(len(cameras), 3, 3)
    white = torch.tensor(rasterisation.background, device=poses.device).expand(len(cameras), 3)
    with torch.inference_mode():
        images, _ = _rasterization(values, poses, intrinsics, white, (cameras.width, cameras.height), rasterisation)
        drawn: Float32 = images.clamp(0.0, 1.0).cpu().numpy()
    return drawn


def _rasterization(
    splats: Parameters,
    poses: Tensor,
    intrinsics: Tensor,
    backgrounds: Tensor,
    size: tuple[int, int],
    rasterisation: Rasterisation,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Images (..., c, h, w, 3) of c cameras, and gsplat's details: means2d and radii (..., c, n, 2) in pixels."""
    from gsplat import rasterization

    images, _, details = rasterization(
        means=splats["positions"],  # (..., n, 3)
        quats=splats["quaternions"],  # (..., n, 4)
        scales=splats["log_scales"].exp(),  # (..., n, 3)
        opacities=splats["opacity_logits"].sigmoid(),  # (..., n)
        colors=(0.5 + SH_C0 * splats["colours"]).clamp_min(0.0),  # (..., n, 3)
        viewmats=poses,  # (..., c, 4, 4)
        Ks=intrinsics,
        width=size[0],
        height=size[1],
        near_plane=rasterisation.near,
        eps2d=rasterisation.eps2d,
        packed=False,
        backgrounds=backgrounds,
    )
    return images, details


def _on_device(array: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float32)).to(device)


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
