"""Articulated assemblies: rigid parts on joints, described in the object's rest pose.

The object's own frame: x forward (where it looks), y to its left, z up.  All parts and pivots are given in the rest
pose, so a joint's transform is the deviation from rest and that of every joint is the identity at frame 0.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from vid3d.cameras import FIELD_OF_VIEW, ORBIT_RADIUS
from vid3d.procedural.shapes import Shape
from vid3d.procedural.surface import Paint
from vid3d.scene import Float64

Vector = tuple[float, float, float]

PERIOD = 12
"""Frames after which a swinging object is back at rest: 1.2 s at the study's 10 frames a second."""


def rotation(axis: Vector, angle: float) -> Float64:
    """(3, 3) rotation by ``angle`` radians about ``axis`` (any length above 0), right-handed."""
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turned: Float64 = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return turned


@dataclass(frozen=True)
class Wave:
    """A displacement over time that is 0 at frame 0 and proportional to ``gain``.

    Attributes:
        gain: radians or length at amplitude 1.
        shift: in cycles; 0 swings to both sides, -0.25 swings to one side (0 to 2 gain).
        cycles: per period.
        turning: instead of swinging, grows by ``gain`` every frame.
    """

    gain: float = 0.0
    shift: float = 0.0
    cycles: int = 1
    turning: bool = False

    def __call__(self, frame: float) -> float:
        """The displacement at ``frame``, at amplitude 1."""
        if self.turning:
            return self.gain * frame
        start = 2.0 * np.pi * self.shift
        angle = 2.0 * np.pi * self.cycles * (frame % PERIOD) / PERIOD
        return float(self.gain * (np.sin(angle + start) - np.sin(start)))


STILL = Wave()


@dataclass(frozen=True)
class Joint:
    """Turns about an axis through a pivot, then slides; carried along by its parent (an earlier joint, or None)."""

    parent: int | None
    pivot: Vector = (0.0, 0.0, 0.0)
    axis: Vector = (0.0, 0.0, 1.0)
    turn: Wave = STILL
    direction: Vector = (0.0, 0.0, 1.0)
    slide: Wave = STILL


@dataclass(frozen=True)
class Part:
    """A shape at ``centre`` (3,) with ``axes`` (3, 3): local coordinates to the object's frame is axes @ p + centre."""

    shape: Shape
    axes: Float64
    centre: Float64
    paint: Paint
    joint: int


@dataclass(frozen=True)
class Rig:
    """Parts on joints in scene units, turned by ``yaw`` radians about z."""

    parts: tuple[Part, ...]
    joints: tuple[Joint, ...]
    yaw: float
    largest_amplitude: float

    def present(self, frame: float) -> "Rig":
        """The rig with the parts that are there at ``frame``: all."""
        return self

    def pose(self, frame: float, amplitude: float) -> Float64:
        """(joints, 4, 4) float64: from the rest pose in the object's frame to the world, one rigid map per joint."""
        yaw = np.eye(4)
        yaw[:3, :3] = rotation((0, 0, 1), self.yaw)
        maps = np.empty((len(self.joints), 4, 4))
        for k, joint in enumerate(self.joints):
            own = np.eye(4)
            own[:3, :3] = rotation(joint.axis, amplitude * joint.turn(frame))
            pivot = np.asarray(joint.pivot)
            slide = amplitude * joint.slide(frame) * np.asarray(joint.direction)
            own[:3, 3] = pivot - own[:3, :3] @ pivot + slide
            maps[k] = (yaw if joint.parent is None else maps[joint.parent]) @ own
        return maps


def fit(parts: list[Part], joints: list[Joint], yaw: float, largest_amplitude: float, size: float) -> Rig:
    """Centre the parts' bounding box at the origin and scale it so that the orbit sees it span ``size`` of the frame.

    A point at height z that swings round at distance r from the axis is seen at most |z| / (R - r) above or below the
    middle of the image and r / sqrt(R^2 - r^2) beside it, R being the orbit's radius and lengths relative to the depth.
    """
    outline = np.concatenate([part.shape.outline() @ part.axes.T + part.centre for part in parts])
    centre = (outline.min(0) + outline.max(0)) / 2.0
    x, y, z = (outline - centre).T
    r, limit = np.hypot(x, y), size * math.tan(math.radians(FIELD_OF_VIEW / 2.0))
    scale = limit * ORBIT_RADIUS / max((np.abs(z) + limit * r).max(), r.max() * math.hypot(1.0, limit))
    placed = [replace(part, axes=part.axes * scale, centre=(part.centre - centre) * scale) for part in parts]

    def moved(joint: Joint) -> Joint:
        x, y, z = (np.asarray(joint.pivot) - centre) * scale
        return replace(joint, pivot=(x, y, z), slide=replace(joint.slide, gain=joint.slide.gain * scale))

    return Rig(tuple(placed), tuple(moved(joint) for joint in joints), yaw, largest_amplitude)


class Sculptor:
    """Collects the parts and joints of one object, in lengths of its own."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.joints: list[Joint] = []

    def joint(
        self,
        parent: int | None,
        pivot: Vector = (0.0, 0.0, 0.0),
        axis: Vector = (0.0, 0.0, 1.0),
        turn: Wave = STILL,
        direction: Vector = (0.0, 0.0, 1.0),
        slide: Wave = STILL,
    ) -> int:
        """Add a joint; returns its index."""
        self.joints.append(Joint(parent, pivot, axis, turn, direction, slide))
        return len(self.joints) - 1

    def ellipsoid(self, joint: int, paint: Paint, centre: Vector, radii: Vector, turned: Float64 | None = None) -> None:
        """An ellipsoid with ``radii`` along the axes, then turned by a rotation (3, 3)."""
        self._add(Shape("ellipsoid"), joint, paint, _scaled(radii, turned), centre)

    def ball(self, joint: int, paint: Paint, centre: Vector, radius: float) -> None:
        """A sphere."""
        self.ellipsoid(joint, paint, centre, (radius, radius, radius))

    def box(self, joint: int, paint: Paint, centre: Vector, half: Vector, turned: Float64 | None = None) -> None:
        """A box with half edges ``half`` along the axes, then turned by a rotation (3, 3)."""
        self._add(Shape("box"), joint, paint, _scaled(half, turned), centre)

    def limb(self, joint: int, paint: Paint, start: Vector, end: Vector, radius: float, tip: float) -> None:
        """A round-ended cone from ``start`` to ``end`` with radii ``radius`` and ``tip``."""
        along, across, third = _frame(start, end, None)
        half = float(np.linalg.norm(along))
        axes = np.stack([across * half, third * half, along], 1)
        self._add(Shape("limb", radius / half, tip / half), joint, paint, axes, start, end)

    def cone(
        self,
        joint: int,
        paint: Paint,
        start: Vector,
        end: Vector,
        radius: float,
        tip: float,
        wide: Vector | None = None,
        flat: float = 1.0,
    ) -> None:
        """A capped cone or cylinder from ``start`` to ``end``.

        Its cross-section has the radii ``radius`` and ``tip`` in the direction ``wide``, ``flat`` times these across.
        """
        along, across, third = _frame(start, end, wide)
        largest = max(radius, tip)
        axes = np.stack([across * largest, third * largest * flat, along], 1)
        self._add(Shape("cone", radius / largest, tip / largest), joint, paint, axes, start, end)

    def _add(self, shape: Shape, joint: int, paint: Paint, axes: Float64, *ends: Vector) -> None:
        """A part in the middle of its ``ends``, of which there are one or two."""
        self.parts.append(Part(shape, axes, np.mean(np.asarray(ends, float), axis=0), paint, joint))


def _scaled(half: Vector, turned: Float64 | None) -> Float64:
    axes: Float64 = (np.eye(3) if turned is None else turned) * np.asarray(half)
    return axes


def _frame(start: Vector, end: Vector, wide: Vector | None) -> tuple[Float64, Float64, Float64]:
    """Half the way from start to end, and two unit vectors across, the first as near to ``wide`` as possible."""
    along = (np.asarray(end, float) - np.asarray(start, float)) / 2.0
    unit = along / np.linalg.norm(along)
    if wide is None:
        wide = (1.0, 0.0, 0.0) if abs(unit[0]) < 0.9 else (0.0, 1.0, 0.0)
    across = np.asarray(wide, float) - unit * (unit @ np.asarray(wide, float))
    across /= np.linalg.norm(across)
    return along, across, np.cross(unit, across)
