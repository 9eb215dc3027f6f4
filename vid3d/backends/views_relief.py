"""Views by inflating one frame's silhouette to a closed, textured solid; no learned model.

The solid is a height field over the rays of camera 0: the ray through a point of the frame is inside the solid from
depth ``2 - front`` to depth ``2 + back``.  Camera 0 therefore sees the frame itself, whatever the heights are, and the
other cameras see what the silhouette alone can tell: roundness.  The back, which the frame does not show, is painted
from the outline inwards.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.sparse import csc_matrix, diags_array
from scipy.sparse.linalg import splu

from vid3d.cameras import FIELD_OF_VIEW, ORBIT_RADIUS, orbit
from vid3d.images.foreground import cut_out
from vid3d.scene import Cameras, Float32, Float64, SeedFrame, Views
from vid3d.stages import MultiView
from vid3d.study.specs.views import ReliefViews

GRID = 192  # side of the grid on which heights and the back's colours are solved
GRID_STEP = 2.0 * ORBIT_RADIUS * np.tan(np.radians(FIELD_OF_VIEW / 2.0)) / GRID  # scene units, at the origin
FRONT_SHARE = 0.55  # of the thickness lies before the plane of the outline, the rest behind it
SUPERSAMPLING = 2  # rays per pixel and axis
RIM = 1.0  # grid steps: half the thickness at the outline, so that no ray steps over it
STEPS = 48  # samples along a ray within the solid's box
BISECTIONS = 5  # halvings of the step in which the ray enters the solid
BACK_DETAIL = 0.4  # contrast of the front's fine detail that is kept on the back
SEAM = 0.04  # scene units of depth over which front and back colours blend at the outline


@dataclass(frozen=True)
class Relief:
    """The solid, sampled on grids over camera 0's image.

    Attributes:
        heights: (GRID, GRID, 2) float32, scene units of depth: front and back; negative outside the outline.
        front: (g, g, 3) float32 in [0, 1], the frame with its outline's colours continued outwards.
        back: (g, g, 3) float32 in [0, 1].
    """

    heights: Float32
    front: Float32
    back: Float32


def build(spec: ReliefViews) -> MultiView:
    """The relief's renderer: spec.count images (spec.size, spec.size, 3) on the orbit, view 0 being the frame's own."""

    def views(frame: SeedFrame, rng: np.random.Generator) -> Views:
        cameras = orbit(spec.count, spec.size)
        alpha = frame.alpha if frame.alpha is not None else cut_out(frame.image).mask
        return Views(render(inflate(frame.image, alpha, spec.thickness, spec.size), cameras), cameras)

    return views


def inflate(image: Float32, alpha: Float32, thickness: float, size: int) -> Relief:
    """The relief of one frame.

    Args:
        image: (h, h, 3) float32 in [0, 1], on white, seen by camera 0 of the orbit.
        alpha: (h, h) float32 in [0, 1].
        thickness: greatest depth of the solid over the side of the square that has the silhouette's area; limbs are
            never deeper than wide.
        size: side of the images to be rendered; the texture has twice as many pixels.
    """
    coverage = _resized(alpha, GRID)
    inside = coverage > 0.5
    inside[[0, -1], :] = inside[:, [0, -1]] = False
    rim = np.asarray(cv2.erode(coverage, np.ones((5, 5), np.uint8)), np.float32)
    colours = _continued(_resized(image, GRID), rim)  # without the outermost, mixed pixels
    front = _continued(_resized(image, 2 * size), _resized(alpha, 2 * size))
    if not inside.any():
        return Relief(np.full((GRID, GRID, 2), -1.0, np.float32), front, colours)
    depth, painted = _solve(inside, colours)
    wanted = thickness * np.sqrt(inside.sum())
    depth = np.maximum(depth * min(1.0, wanted / (2.0 * depth.max())), RIM) * GRID_STEP
    shares = 2.0 * np.array([FRONT_SHARE, 1.0 - FRONT_SHARE])
    outside = 0.1 * (coverage - 0.5)  # negative: the outline, where heights are 0, then lies between the grid's points
    heights = np.where(inside[..., None], depth[..., None] * shares, outside[..., None])
    detail = colours - cv2.GaussianBlur(colours, (0, 0), 0.04 * GRID)
    back = np.clip(painted + BACK_DETAIL * detail, 0.0, 1.0)
    return Relief(heights.astype(np.float32), front, back.astype(np.float32))


def _resized(image: Float32, side: int) -> Float32:
    smaller = side < image.shape[0]
    resized = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.clip(np.asarray(resized, np.float32), 0.0, 1.0)


def _continued(image: Float32, coverage: Float32) -> Float32:
    """The image with every pixel that is not surely object replaced by the nearest one that is."""
    sure = coverage > min(0.9, 0.9 * float(coverage.max()))
    if not sure.any():
        return image
    rows, columns = distance_transform_edt(~sure, return_distances=False, return_indices=True)
    return image[rows, columns]


def _solve(inside: NDArray[np.bool_], colours: Float32) -> tuple[Float64, Float32]:
    """Half the depth of the round solid, in grid steps (GRID, GRID), and colours painted inwards (GRID, GRID, 3).

    Both come from one Laplace matrix L over the inside.  L w = 1 with w = 0 outside gives sqrt(2 w), which for a long
    limb is exactly the half-circle over its width.  L c = 0 with c = the colours outside is the smoothest painting.
    """
    number = np.full(inside.shape, -1)
    number[inside] = np.arange(inside.sum())
    rows, columns = np.nonzero(inside)
    count = len(rows)
    own, other, right = [], [], np.ones((count, 4))
    right[:, 1:] = 0.0
    for step_row, step_column in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        neighbour = number[rows + step_row, columns + step_column]
        linked = neighbour >= 0
        own.append(np.flatnonzero(linked))
        other.append(neighbour[linked])
        right[~linked, 1:] += colours[(rows + step_row)[~linked], (columns + step_column)[~linked]]
    links = csc_matrix((np.ones(sum(map(len, own))), (np.concatenate(own), np.concatenate(other))), (count, count))
    solved = splu((diags_array(np.full(count, 4.0)) - links).tocsc(), permc_spec="MMD_AT_PLUS_A").solve(right)
    depth = np.zeros(inside.shape)
    depth[inside] = np.sqrt(2.0 * solved[:, 0])
    painted = colours.copy()
    painted[inside] = solved[:, 1:]
    return depth, painted


def render(relief: Relief, cameras: Cameras) -> Float32:
    """Images (n, size, size, 3) float32 in [0, 1] on white of the relief at the cameras of an orbit.

    The first camera is the one whose rays carry the heights.
    """
    to_first = (cameras.world_to_camera[0] @ cameras.camera_to_world).astype(np.float32)
    focal = float(cameras.intrinsics[0, 0]) / cameras.width
    corners = _box(relief, focal)
    return np.stack([_render_one(relief, matrix, corners, focal, cameras.width) for matrix in to_first])


def _box(relief: Relief, focal: float) -> Float32:
    """(2, 3): opposite corners, in camera 0's axes, of a box around the solid; ``focal`` in image widths."""
    inside = relief.heights.min(axis=2) > 0.0
    if not inside.any():
        return np.zeros((2, 3), np.float32)
    near, far = ORBIT_RADIUS - relief.heights[..., 0].max(), ORBIT_RADIUS + relief.heights[..., 1].max()
    limits = []
    for axis in (0, 1):  # one grid step more on each side, where the interpolated outline still lies
        hit = np.flatnonzero(inside.any(axis=axis))
        slopes = (np.array([hit[0] - 0.5, hit[-1] + 1.5]) / GRID - 0.5) / focal
        limits.append((min(slopes[0] * near, slopes[0] * far), max(slopes[1] * near, slopes[1] * far)))
    return np.array([*limits, (near, far)], np.float32).T


def _render_one(relief: Relief, matrix: Float32, corners: Float32, focal: float, size: int) -> Float32:
    """One image (size, size, 3); ``matrix`` (4, 4) takes the camera's axes to camera 0's."""
    fine = size * SUPERSAMPLING
    slopes = (((np.arange(fine) + 0.5) / fine - 0.5) / focal).astype(np.float32)
    x, y = np.meshgrid(slopes, slopes)
    directions = np.stack([x, y, np.ones_like(x)], axis=-1).reshape(-1, 3) @ matrix[:3, :3].T
    origin = matrix[:3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        bounds = (corners[:, None, :] - origin) / directions
    enter, leave = np.fmin(*bounds).max(axis=1), np.fmax(*bounds).min(axis=1)
    crossing = np.flatnonzero(leave > enter)
    image = np.ones((fine * fine, 3), dtype=np.float32)
    if len(crossing):
        hit, points = _march(relief, origin, directions[crossing], enter[crossing], leave[crossing], focal)
        image[crossing[hit]] = _colours(relief, points, focal)
    return image.reshape(size, SUPERSAMPLING, size, SUPERSAMPLING, 3).mean(axis=(1, 3))


def _march(
    relief: Relief, origin: Float32, directions: Float32, enter: Float32, leave: Float32, focal: float
) -> tuple[NDArray[np.intp], Float32]:
    """Which rays enter the solid, and where (3, m) in camera 0's axes: uniform steps, then bisection."""

    def inside(distances: Float32, rays: Float32) -> NDArray[np.bool_]:
        points = _along(origin, rays, distances)
        heights = _sample(relief.heights, points, focal)
        depth = points[2] - ORBIT_RADIUS
        return (depth > -heights[..., 0]) & (depth < heights[..., 1])

    rays = np.ascontiguousarray(directions.T)
    step = (leave - enter) / STEPS
    distances = enter + step * (np.arange(STEPS, dtype=np.float32)[:, None] + 0.5)
    found = inside(distances, rays)
    hit = np.flatnonzero(found.any(axis=0))
    rays, far = rays[:, hit], distances[found.argmax(axis=0)[hit], hit]
    near = np.maximum(far - step[hit], enter[hit])
    for _ in range(BISECTIONS):
        middle = 0.5 * (near + far)
        within = inside(middle, rays)
        near, far = np.where(within, near, middle), np.where(within, middle, far)
    return hit, _along(origin, rays, far)


def _along(origin: Float32, rays: Float32, distances: Float32) -> Float32:
    """Points (3, ..., n) at ``distances`` (..., n) along n rays (3, n)."""
    return np.stack([origin[axis] + distances * rays[axis] for axis in range(3)])


def _colours(relief: Relief, points: Float32, focal: float) -> Float32:
    """Colours (m, 3) of points (3, m) on the surface: the front's before the plane of the outline, then the back's."""
    behind = np.clip((points[2] - ORBIT_RADIUS) / SEAM, 0.0, 1.0)[:, None]
    return _sample(relief.front, points, focal) * (1.0 - behind) + _sample(relief.back, points, focal) * behind


def _sample(grid: Float32, points: Float32, focal: float) -> Float32:
    """Bilinear samples (..., c) of a (g, g, c) grid over camera 0's image where points (3, ...) project."""
    scale = focal * grid.shape[0] / points[2].ravel()
    centre = 0.5 * grid.shape[0] - 0.5
    row = 4096  # OpenCV refuses maps of more than 32767 columns or rows
    padded = (0, -len(scale) % row)
    u, v = (np.pad(points[axis].ravel() * scale + centre, padded).reshape(-1, row) for axis in (0, 1))
    samples = np.asarray(cv2.remap(grid, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
    return samples.reshape(-1, grid.shape[2])[: len(scale)].reshape(*points.shape[1:], -1)
