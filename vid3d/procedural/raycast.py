"""Which material point of a rig each ray of a camera sees."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vid3d.procedural.rig import Rig
from vid3d.scene import Cameras, Float64


@dataclass(frozen=True)
class Hits:
    """The n rays, of height x width, that meet the object.

    Attributes:
        rays: (n,) int64, flat index of the ray (row by row).
        part: (n,) int64, index of the part met.
        rest: (n, 3) float64, the point met, in the object's frame at rest.
        normal: (n, 3) float64, unit outward normal in the world.
    """

    rays: NDArray[np.int64]
    part: NDArray[np.int64]
    rest: Float64
    normal: Float64


def cast(rig: Rig, maps: Float64, cameras: Cameras, index: int, supersampling: int) -> Hits:
    """Cast supersampling^2 rays per pixel of camera ``index`` at the rig posed by ``maps`` (``Rig.pose``)."""
    camera = cameras.camera_to_world[index]
    width, height = cameras.width * supersampling, cameras.height * supersampling
    focal = cameras.intrinsics[[0, 1], [0, 1]] * supersampling
    x = (np.arange(width) + 0.5 - width / 2.0) / focal[0]
    y = (np.arange(height) + 0.5 - height / 2.0) / focal[1]
    joints = [part.joint for part in rig.parts]
    # Local coordinates of each part to this camera's: p -> axes p + centre.
    to_camera = camera[:3, :3].T @ maps[joints, :3, :3]
    axes = to_camera @ np.stack([part.axes for part in rig.parts])
    centres = np.stack([part.centre for part in rig.parts])
    centres = np.einsum("nij,nj->ni", to_camera, centres) + (maps[joints, :3, 3] - camera[:3, 3]) @ camera[:3, :3]
    inverses = np.linalg.inv(axes)

    depth = np.full((height, width), np.inf)
    seen = np.full((height, width), -1)
    for k, part in enumerate(rig.parts):
        corners = part.shape.bounds() @ axes[k].T + centres[k]
        columns = _span(corners[:, 0] / corners[:, 2] * focal[0] + width / 2.0, width)
        rows = _span(corners[:, 1] / corners[:, 2] * focal[1] + height / 2.0, height)
        g = inverses[k]
        u, v = x[columns], y[rows, None]
        direction = (
            g[0, 0] * u + (g[0, 1] * v + g[0, 2]),
            g[1, 0] * u + (g[1, 1] * v + g[1, 2]),
            g[2, 0] * u + (g[2, 1] * v + g[2, 2]),
        )
        t = part.shape.hit(-g @ centres[k], direction)
        nearer = t < depth[rows, columns]
        np.copyto(depth[rows, columns], t, where=nearer)
        np.copyto(seen[rows, columns], k, where=nearer)

    rays = np.flatnonzero(seen >= 0)
    rays = rays[np.argsort(seen.ravel()[rays], kind="stable")]
    parts = seen.ravel()[rays]
    z = depth.ravel()[rays]
    points = np.stack([x[rays % width] * z, y[rays // width] * z, z], -1)
    rest, normal = np.empty_like(points), np.empty_like(points)
    edges = np.searchsorted(parts, np.arange(len(rig.parts) + 1))
    for k, part in enumerate(rig.parts):
        these = slice(edges[k], edges[k + 1])
        local = (points[these] - centres[k]) @ inverses[k].T
        rest[these] = local @ part.axes.T + part.centre
        normal[these] = part.shape.normal(local) @ (inverses[k] @ camera[:3, :3].T)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return Hits(rays, parts, rest, normal)


def _span(positions: Float64, length: int) -> slice:
    """The pixels of a row or column whose centres may lie between the least and the greatest position."""
    low = min(max(math.floor(positions.min() - 0.5), 0), length)
    return slice(low, min(max(math.ceil(positions.max() + 0.5), low), length))
