"""Where the material points that a camera sees are seen elsewhere: at the next moment, or by another camera."""

import numpy as np
from numpy.typing import NDArray

from vid3d.cameras import FIELD_OF_VIEW, ORBIT_RADIUS
from vid3d.procedural.motion import solve_amplitude
from vid3d.procedural.objects import ObjectSpec, sculpt
from vid3d.procedural.raycast import Hits, cast
from vid3d.scene import Cameras, Float32

TOLERANCE = 1.5  # pixels, as wide as they are at the orbit's centre, between a point and what is seen in its place


def follow(
    obj: ObjectSpec, motion: float, cameras: Cameras, here: tuple[float, int], there: tuple[float, int]
) -> tuple[Float32, NDArray[np.bool_]]:
    """Where the points seen at the pixel centres of one image are in another one, and which of them are seen there.

    Args:
        motion: score asked for.
        cameras: of one image size.
        here, there: (frame, index of the camera) of the two images.

    Returns:
        Positions (h, w, 2) float32 in the other image, in pixels from its upper left corner (x right, y down), 0 off
        the object; and (h, w) bool: the object's pixels whose points are in the other image and hidden by nothing.

    Raises:
        InputError: the class cannot move that much.
    """
    amplitude, rig = solve_amplitude(obj, motion), sculpt(obj)
    height, width = cameras.height, cameras.width
    maps = rig.pose(there[0], amplitude)
    seen, other = (
        cast(rig.present(frame), rig.pose(frame, amplitude), cameras, index, 1) for frame, index in (here, there)
    )
    parts = rig.present(here[0]).parts
    joints = np.array([part.joint for part in parts])[seen.part]
    world = np.einsum("nij,nj->ni", maps[joints, :3, :3], seen.rest) + maps[joints, :3, 3]
    matrix = cameras.world_to_camera[there[1]]
    projected = (world @ matrix[:3, :3].T + matrix[:3, 3]) @ cameras.intrinsics.T
    places = projected[:, :2] / projected[:, 2:]
    positions = np.zeros((height * width, 2), np.float32)
    positions[seen.rays] = places
    column, row = np.floor(places).astype(int).T
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    visible = np.zeros(height * width, np.bool_)
    rest = _rest_by_pixel(other, height * width)[np.where(inside, row * width + column, 0)]
    pixel = 2.0 * ORBIT_RADIUS * np.tan(np.radians(FIELD_OF_VIEW / 2.0)) / width
    with np.errstate(invalid="ignore"):
        visible[seen.rays] = inside & (np.linalg.norm(rest - seen.rest, axis=1) < TOLERANCE * pixel)
    return positions.reshape(height, width, 2), visible.reshape(height, width)


def _rest_by_pixel(hits: Hits, pixels: int) -> NDArray[np.float64]:
    """(pixels, 3): the point at rest that each pixel's centre sees; NaN where it sees none."""
    rest = np.full((pixels, 3), np.nan)
    rest[hits.rays] = hits.rest
    return rest
