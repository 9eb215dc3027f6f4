"""The C++ core as Python calls it: which build of it runs, how it is told to draw, and the arrays that it takes.

Conventions are those of gsplat and of the released code: opacity-aware ellipses with a low-pass of 0.3 pixels squared,
contributions below 1/255 skipped, a pixel stops before its transmittance would fall to 1e-4, depth sorting by centre.
The mathematics stands in ``core/*.hpp``, the numbers of the recipe in ``recipe.py``; ``docs/performance.md`` says how
fast it is.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import numpy as np

from vid3d.errors import InputError
from vid3d.scene import Cameras, Float32, Splats

InstructionSet = Literal["auto", "avx2", "portable"]
PLANES = 14  # position 3, quaternion 4, log scale 3, opacity logit, colour 3


@dataclass(frozen=True)
class Rasterisation:
    """How splats become pixels; the defaults are the released code's.

    Attributes:
        background: RGB in [0, 1] that the splats are composited over.
        near: splats whose centre is nearer than this are not drawn, scene units.
        alpha_cap: largest alpha of one splat at one pixel (.99 in the released code, .999 in gsplat).
        eps2d: low-pass added to the image-plane covariance, pixels squared.
    """

    background: tuple[float, float, float] = (1.0, 1.0, 1.0)
    near: float = 0.2
    alpha_cap: float = 0.99
    eps2d: float = 0.3


AS_RELEASED = Rasterisation()


def resolve(instruction_set: InstructionSet = "auto") -> Literal["avx2", "portable"]:
    """The instruction set that ``instruction_set`` stands for on this machine.

    ``avx2`` means AVX2; ``portable`` is whatever the platform guarantees (SSE2, NEON), and takes about one and a half
    times as long.  Results are the same to the last bit.

    Raises:
        InputError: this machine, or this build, lacks what is asked for.
    """
    if instruction_set not in ("auto", "avx2", "portable"):
        raise InputError(f"instruction_set {instruction_set!r} is unknown: choose auto, avx2 or portable")
    if instruction_set == "portable":
        return "portable"
    if import_module("vid3d.splatting._portable").supports_avx2():
        return "avx2"
    if instruction_set == "avx2":
        raise InputError("instruction_set avx2 is not available on this machine: choose auto or portable")
    return "portable"


def load(instruction_set: InstructionSet) -> Any:
    """The extension module (``core/module.cpp``) for ``instruction_set``."""
    return import_module(f"vid3d.splatting._{resolve(instruction_set)}")


def from_splats(splats: Splats) -> Float32:
    """(14, n) float32, one plane per coordinate.

    Raises:
        InputError: a value is NaN or infinite, or a quaternion has length 0.
    """
    parts = (splats.positions, splats.quaternions, splats.log_scales, splats.opacity_logits[:, None], splats.colours)
    names = ("positions", "quaternions", "log_scales", "opacity_logits", "colours")
    for name, part in zip(names, parts, strict=True):
        if not np.isfinite(part).all():
            row = int(np.flatnonzero(~np.isfinite(part).all(axis=1))[0])
            raise InputError(f"splats: {name} of splat {row} hold NaN or infinity: fit them again or repair the file")
    if not (np.abs(splats.quaternions).max(axis=1, initial=0.0) > 0).all():
        raise InputError("splats: a quaternion has length 0: every rotation needs a direction")
    return np.ascontiguousarray(np.concatenate(parts, axis=1).T)


def to_splats(planes: Float32) -> Splats:
    """The inverse of :func:`from_splats`; also for gradients, field by field."""
    rows = np.ascontiguousarray(planes.T)
    return Splats(
        positions=rows[:, 0:3].copy(),
        quaternions=rows[:, 3:7].copy(),
        log_scales=rows[:, 7:10].copy(),
        opacity_logits=rows[:, 10].copy(),
        colours=rows[:, 11:14].copy(),
    )


def from_cameras(cameras: Cameras) -> Float32:
    """(n, 16) float32: the upper three rows of world-to-camera, then fx, fy, cx, cy in pixels."""
    k = cameras.intrinsics
    lens = np.broadcast_to([k[0, 0], k[1, 1], k[0, 2], k[1, 2]], (len(cameras), 4))
    rows = np.concatenate([cameras.world_to_camera[:, :3].reshape(len(cameras), 12), lens], axis=1)
    return np.ascontiguousarray(rows, dtype=np.float32)


def planar(images: Float32) -> Float32:
    """(n, h, w, 3) to (n, 3, h, w), contiguous."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
