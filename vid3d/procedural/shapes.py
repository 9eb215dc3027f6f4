"""Ray casting of four analytic shapes, each in its own local frame.

An affine map places a shape in the world, so the local frames can be simple: a ray ``origin + t direction`` keeps its
parameter ``t`` under an affine map, and normals transform with the inverse transpose.

- ``ellipsoid``: the unit sphere.
- ``box``: the cube [-1, 1]^3.
- ``cone``: a capped frustum along z, |z| <= 1, radius ``start`` at z = -1 and ``end`` at z = +1 (none above 1).
- ``limb``: a cone with spheres of radius ``start`` and ``end`` around (0, 0, -1) and (0, 0, 1), tangent to both.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vid3d.scene import Float64

Components = tuple[Float64, Float64, Float64]  # x, y and z of many vectors, arrays of one shape


@dataclass(frozen=True)
class Shape:
    """One of the four shapes; ``start`` and ``end`` are radii in local units, used by cones and limbs only."""

    kind: Literal["ellipsoid", "box", "cone", "limb"]
    start: float = 1.0
    end: float = 1.0

    def __post_init__(self) -> None:
        if self.kind == "limb" and abs(self.start - self.end) >= 2.0:
            raise ValueError(f"one sphere of a limb swallows the other: radii {self.start} and {self.end}")

    def bounds(self) -> Float64:
        """(8, 3) float64: corners of a box that contains the shape."""
        wide, low, high = 1.0, -1.0, 1.0
        if self.kind == "limb":
            wide, low, high = max(self.start, self.end), -1.0 - self.start, 1.0 + self.end
        return np.array([(x, y, z) for x in (-wide, wide) for y in (-wide, wide) for z in (low, high)])

    def outline(self) -> Float64:
        """(n, 3) float64: points on the shape whose bounding box is nearly that of the shape under any affine map."""
        if self.kind == "box":
            return self.bounds()
        if self.kind == "cone":
            return np.concatenate([_circle(self.start, -1.0), _circle(self.end, 1.0)])
        if self.kind == "limb":
            return np.concatenate([_sphere() * self.start - (0, 0, 1), _sphere() * self.end + (0, 0, 1)])
        return _sphere()

    def hit(self, origin: Float64, direction: Components) -> Float64:
        """Ray parameters of the first hits, ``inf`` where a ray misses.

        Args:
            origin: (3,) of all rays, outside the shape.
            direction: components of the directions, not normalised.
        """
        if self.kind == "ellipsoid":
            return _hit_sphere(origin, direction, 1.0)
        if self.kind == "box":
            return _hit_box(origin, direction)
        circles = (-1.0, self.start), (1.0, self.end)  # heights and radii
        if self.kind == "cone":
            side = _hit_cone_side(origin, direction, (-1.0, 1.0), (self.start, self.end))
            caps = [_hit_disc(origin, direction, z, radius) for z, radius in circles if radius]
            return np.asarray(np.minimum.reduce([side, *caps]))
        ends = [_hit_sphere(origin - (0.0, 0.0, z), direction, radius) for z, radius in circles]
        return np.minimum(np.minimum(*ends), _hit_cone_side(origin, direction, *self._tangent_circles()))

    def normal(self, points: Float64) -> Float64:
        """Outward local normals (n, 3), not normalised, at points (n, 3) on the surface."""
        if self.kind == "ellipsoid":
            return points
        if self.kind == "box":
            axis = np.abs(points).argmax(axis=1)
            normals = np.zeros_like(points)
            rows = np.arange(len(points))
            normals[rows, axis] = points[rows, axis]
            return normals
        if self.kind == "cone":
            normals = _cone_normal(points, (-1.0, 1.0), (self.start, self.end))
            radius = self.start + (self.end - self.start) * (points[:, 2] + 1.0) / 2.0
            inside = np.hypot(points[:, 0], points[:, 1]) < radius - 1e-6
            cap = (np.abs(points[:, 2]) > 1.0 - 1e-6) & inside
            normals[cap] = np.sign(points[cap, 2])[:, None] * (0.0, 0.0, 1.0)
            return normals
        heights, radii = self._tangent_circles()
        normals = _cone_normal(points, heights, radii)
        low, high = points[:, 2] < heights[0], points[:, 2] > heights[1]
        normals[low] = points[low] + (0.0, 0.0, 1.0)
        normals[high] = points[high] - (0.0, 0.0, 1.0)
        return normals

    def _tangent_circles(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Heights and radii of the circles in which a limb's cone touches its two spheres."""
        sine = (self.start - self.end) / 2.0
        cosine = float(np.sqrt(1.0 - sine**2))
        return (-1.0 + self.start * sine, 1.0 + self.end * sine), (self.start * cosine, self.end * cosine)


def _sphere() -> Float64:
    """(n, 3) points of the unit sphere every 15 degrees of latitude and longitude."""
    latitude, longitude = np.meshgrid(np.radians(np.arange(-90, 91, 15)), np.radians(np.arange(0, 360, 15)))
    ring = np.cos(latitude)
    return np.stack([ring * np.cos(longitude), ring * np.sin(longitude), np.sin(latitude)], -1).reshape(-1, 3)


def _circle(radius: float, height: float) -> Float64:
    angle = np.radians(np.arange(0, 360, 15))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full(angle.shape, height)], -1)


def _hit_sphere(origin: Float64, direction: Components, radius: float) -> Float64:
    x, y, z = direction
    a = x * x + y * y + z * z
    b = origin[0] * x + origin[1] * y + origin[2] * z
    discriminant = b * b - a * (origin @ origin - radius * radius)
    with np.errstate(invalid="ignore"):
        t = (-b - np.sqrt(discriminant)) / a
    t[discriminant < 0.0] = np.inf
    return np.asarray(t)


def _hit_box(origin: Float64, direction: Components) -> Float64:
    near, far = np.asarray(-np.inf), np.asarray(np.inf)
    for o, d in zip(origin, direction, strict=True):
        with np.errstate(divide="ignore"):
            inverse = 1.0 / d
        first, second = (-1.0 - o) * inverse, (1.0 - o) * inverse
        near, far = np.maximum(near, np.minimum(first, second)), np.minimum(far, np.maximum(first, second))
    return np.where(near < far, near, np.inf)


def _hit_disc(origin: Float64, direction: Components, height: float, radius: float) -> Float64:
    x, y, z = direction
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (height - origin[2]) / z
        hit = (origin[0] + t * x) ** 2 + (origin[1] + t * y) ** 2 <= radius * radius
    return np.where(hit, t, np.inf)


def _hit_cone_side(
    origin: Float64, direction: Components, heights: tuple[float, float], radii: tuple[float, float]
) -> Float64:
    """Side of a frustum around the z axis between two heights: x^2 + y^2 = r(z)^2 with r linear in z."""
    slope = (radii[1] - radii[0]) / (heights[1] - heights[0])
    x, y, z = direction
    at_origin = radii[0] + slope * (origin[2] - heights[0])  # r at the origin's height
    change = slope * z
    a = x * x + y * y - change * change
    b = origin[0] * x + origin[1] * y - at_origin * change
    discriminant = b * b - a * (origin[0] ** 2 + origin[1] ** 2 - at_origin**2)
    nearest = np.full(x.shape, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(discriminant)
        for t in ((-b - root) / a, (-b + root) / a):
            height = origin[2] + t * z
            # The mirrored half of the double cone lies outside [heights] since both radii are >= 0.
            valid = (height >= heights[0]) & (height <= heights[1]) & (t < nearest)
            nearest[valid] = t[valid]
    return nearest


def _cone_normal(points: Float64, heights: tuple[float, float], radii: tuple[float, float]) -> Float64:
    slope = (radii[1] - radii[0]) / (heights[1] - heights[0])
    around = np.hypot(points[:, 0], points[:, 1])
    return np.stack([points[:, 0], points[:, 1], -slope * around], -1)
