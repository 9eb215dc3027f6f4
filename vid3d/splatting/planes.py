"""Between the dataclasses of ``vid3d.scene`` and the arrays of the C++ core."""

import numpy as np

from vid3d.errors import InputError
from vid3d.scene import Cameras, Float32, Splats

PLANES = 14  # position 3, quaternion 4, log scale 3, opacity logit, colour 3


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
