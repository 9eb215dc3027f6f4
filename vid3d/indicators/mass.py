"""Hallucinated mass: what appears or vanishes over time, and what one view shows and the others rule out."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_opening

from vid3d.cameras import FIELD_OF_VIEW, ORBIT_RADIUS, orbit
from vid3d.indicators.correspondence import unmatched
from vid3d.indicators.reduction import reduced_clip, silhouettes, smoothed
from vid3d.scene import Float32, Float64

DISPLACEMENT = 0.125  # of the image width: what may be motion from one frame to the next
COLOUR = 0.2  # on the 0-1 scale: what may be shading or a shift of colour
SLACK = 2  # pixels of 1/64 of the image by which silhouettes may contradict each other
VOXELS = 56  # along each edge of the cube in which the visual hull is carved


def mass_over_time(images: Float32) -> Float64:
    """Area that appears or vanishes from each frame to the next beyond small motions, as a share of the object's area.

    ``(|A| + |V|) / (2 M)``: A are the object's pixels of frame t + 1 whose colour (to 0.2 in every channel) frame t
    shows nowhere within 1/8 of the image width, V those of frame t that frame t + 1 shows nowhere so near, both without
    what is thinner than 3 pixels of 1/64 of the image; M is the median over the frames of the object's area.  Off the
    object colours are white, so that a silhouette which grows or shrinks counts whatever its colour.

    Source: ours, from the bidirectional similarity of Simakov et al. 2008 (``vid3d.indicators.correspondence``).

    Args:
        images: (frames, cameras, s, s, 3) in [0, 1] on white, at least 2 frames.

    Returns:
        (frames - 1, cameras) float64, at least 0 (1: the whole object was replaced); higher is worse; 0 for a clip that
        never changes, and for a camera that never sees an object.

    Raises:
        ValueError: other shapes, or fewer than 2 frames.
    """
    pictures = smoothed(reduced_clip(images, frames=2))
    shown = silhouettes(pictures)
    area = np.maximum(np.median(shown.sum(axis=(2, 3)), axis=0), 1.0)
    appeared = _changed(pictures[1:], pictures[:-1], shown[1:])
    vanished = _changed(pictures[:-1], pictures[1:], shown[:-1])
    return np.asarray((appeared + vanished) / (2.0 * area))


def mass_between_views(images: Float32) -> Float64:
    """Area of a view's silhouette that the other views rule out, as a share of the object's area.

    Space is carved by the silhouettes of all other cameras of the moment, widened by 2 pixels of 1/64 of the image; of
    the silhouette's pixels those count that lie more than 2 pixels from the projection of what is left (the visual
    hull), without what is thinner than 3 pixels.  The object's area is the median over the cameras of the moment.
    Renders of one splat scene agree by construction, up to parts so faint that some views show them and some do not;
    generated views need not.

    Source: the silhouette coherence of Hernández, Schmitt, Cipolla 2007, "Silhouette coherence for camera calibration
    under circular motion" (IEEE TPAMI 29(2)), there a share of the contour; the share of area is ours.

    Args:
        images: (frames, cameras, s, s, 3) in [0, 1] on white, cameras of ``vid3d.cameras.orbit``, at least 3.

    Returns:
        (frames, cameras) float64, at least 0; higher is worse; 0 where no object is seen.

    Raises:
        ValueError: other shapes, or fewer than 3 cameras.
    """
    shown = silhouettes(smoothed(reduced_clip(images, cameras=3)))
    where = _pixels_of_voxels(shown.shape[1], shown.shape[2])
    return np.stack([_ruled_out(moment, where) for moment in shown])


def _changed(pictures: Float32, others: Float32, shown: NDArray[np.bool_]) -> Float64:
    """(frames, cameras) numbers of the object's pixels that the other picture lacks, slivers left out."""
    flat = pictures.reshape(-1, *pictures.shape[2:])
    radius = DISPLACEMENT * flat.shape[2]
    alone = unmatched(flat, others.reshape(flat.shape), shown.reshape(flat.shape[:3]), radius, COLOUR)
    compact = binary_opening(alone, np.ones((1, 3, 3), np.bool_))
    return np.asarray(compact.sum(axis=(1, 2), dtype=np.float64).reshape(shown.shape[:2]))


@lru_cache(maxsize=2)  # renders and views of clip after clip; a quarter of what the indicators of a clip take
def _pixels_of_voxels(count: int, size: int) -> NDArray[np.intp]:
    """(cameras, voxels): the flat pixel at which each camera of the orbit sees a voxel; size^2 where it does not."""
    reach = ORBIT_RADIUS * np.tan(np.radians(FIELD_OF_VIEW / 2.0))  # what a camera sees at the distance of the origin
    edge = ((np.arange(VOXELS) + 0.5) * 2.0 / VOXELS - 1.0) * reach
    centres = np.stack(np.meshgrid(edge, edge, edge), axis=-1).reshape(-1, 3)
    cameras = orbit(count, size)
    seen = np.empty((count, len(centres)), np.intp)
    for index, matrix in enumerate(cameras.world_to_camera):
        points = (centres @ matrix[:3, :3].T + matrix[:3, 3]) @ cameras.intrinsics.T
        column, row = np.floor(points[:, :2] / points[:, 2:]).T.astype(np.intp)
        inside = (np.minimum(row, column) >= 0) & (np.maximum(row, column) < size)
        seen[index] = np.where(inside, row * size + column, size * size)
    seen.setflags(write=False)
    return seen


def _ruled_out(shown: NDArray[np.bool_], where: NDArray[np.intp]) -> Float64:
    """(cameras,) for one moment's silhouettes (cameras, h, w)."""
    count, size = shown.shape[:2]
    wide = binary_dilation(shown, np.ones((1, 3, 3), np.bool_), iterations=SLACK)
    # A camera that does not see a voxel says nothing against it.
    allowed = np.concatenate([wide.reshape(count, -1), np.ones((count, 1), np.bool_)], axis=1)
    agreeing = np.stack([allowed[k][where[k]] for k in range(count)])
    votes = agreeing.sum(axis=0)
    area = max(float(np.median(shown.sum(axis=(1, 2)))), 1.0)
    values = np.zeros(count)
    for k in range(count):
        hull = np.zeros(size * size + 1, np.bool_)
        hull[where[k][votes - agreeing[k] == count - 1]] = True
        explained = binary_dilation(hull[:-1].reshape(size, size), np.ones((3, 3), np.bool_), iterations=SLACK)
        values[k] = np.count_nonzero(binary_opening(shown[k] & ~explained, np.ones((3, 3), np.bool_))) / area
    return values
