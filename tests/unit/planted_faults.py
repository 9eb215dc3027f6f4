"""Films of procedural objects with a fault planted in each: what the indicators must tell apart.

A film is (frames, cameras, size, size, 3) float32 in [0, 1] on white, of the evaluation cameras.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from unittest.mock import patch

import numpy as np
from scipy.ndimage import gaussian_filter, shift

from vid3d.cameras import EVALUATION_CAMERAS, orbit
from vid3d.procedural import ObjectSpec, images
from vid3d.procedural.motion import solve_amplitude
from vid3d.procedural.rig import Joint, Part, Rig, rotation
from vid3d.procedural.shapes import Shape
from vid3d.procedural.surface import PALETTE, Paint
from vid3d.scene import Float32

Change = Callable[[Rig], Rig]
BALL = (0.10, 0.45, 0.50)  # scene units, in the object's frame
BALL_RADIUS = 0.16  # scene units; the objects are about 1.7 tall or wide
BACK = (3, 4, 5, 6, 7)  # cameras behind the object


def film(obj: ObjectSpec, frames: Iterable[int], motion: float, size: int, change: Change | None = None) -> Float32:
    """The object's ground truth, its rig changed before if asked."""
    amplitude, cameras = solve_amplitude(obj, motion), orbit(EVALUATION_CAMERAS, size)
    sculpt = images.sculpt
    changed = sculpt if change is None else (lambda spec: change(sculpt(spec)))
    with patch.object(images, "sculpt", changed):
        moments = [images.render_at_amplitude(obj, frame, amplitude, cameras, 2)[0] for frame in frames]
    return np.stack(moments)


# --- in three dimensions ---------------------------------------------------------------------------------------------


def two_faced(rig: Rig) -> Rig:
    """The object and a copy of it that looks the other way, moving alike: seen from behind it is its own front."""
    half_turn, count = rotation((0, 0, 1), np.pi), len(rig.joints)

    def turned(joint: Joint) -> Joint:
        parent = None if joint.parent is None else joint.parent + count
        pivot, axis, direction = (tuple(half_turn @ v) for v in (joint.pivot, joint.axis, joint.direction))
        return replace(joint, parent=parent, pivot=pivot, axis=axis, direction=direction)

    copies = [
        replace(
            part,
            axes=half_turn @ part.axes,
            centre=half_turn @ part.centre,
            paint=lambda points, paint=part.paint: paint(points @ half_turn),
            joint=part.joint + count,
        )
        for part in rig.parts
    ]
    return replace(rig, parts=(*rig.parts, *copies), joints=(*rig.joints, *map(turned, rig.joints)))


def with_ball(colour: str, radius: float = BALL_RADIUS) -> Change:
    """A ball of a colour of the palette hangs beside the object."""

    def change(rig: Rig) -> Rig:
        paint = Paint(PALETTE[colour])
        ball = Part(Shape("ellipsoid"), radius * np.eye(3), np.array(BALL), paint, len(rig.joints))
        return replace(rig, parts=(*rig.parts, ball), joints=(*rig.joints, Joint(None)))

    return change


def other_colour(obj: ObjectSpec) -> str:
    """Of three colours the one furthest from both of the object's."""
    own = [PALETTE[obj.colour], PALETTE[obj.second]]
    return max(
        ("teal", "purple", "red"), key=lambda c: min(np.abs(np.subtract(PALETTE[c], other)).max() for other in own)
    )


# --- in the pictures -------------------------------------------------------------------------------------------------


def mirrored_front(clip: Float32) -> Float32:
    """Each camera behind shows the mirror image of the camera opposite, a little shifted, blurred and recoloured.

    Opposite silhouettes are mirror images but for perspective, which contradicts the other views a little.
    """
    faulty, count, rng = clip.copy(), clip.shape[1], np.random.default_rng(0)
    for camera in BACK:
        faulty[:, camera] = _copied_badly(clip[:, (camera + count // 2) % count, :, ::-1], rng)
    return faulty


def front_again(clip: Float32) -> Float32:
    """The three cameras at the back show the front itself, a little shifted, blurred and recoloured.

    Its silhouette contradicts the other views, too.
    """
    faulty, rng = clip.copy(), np.random.default_rng(0)
    for camera in BACK[1:-1]:
        faulty[:, camera] = _copied_badly(clip[:, 0], rng)
    return faulty


def ball_in_views(clip: Float32, cameras: Sequence[int] = (2, 6)) -> Float32:
    """A ball in the upper left corner of some cameras' pictures, in all frames."""
    size, faulty = clip.shape[2], clip.copy()
    row, column = np.mgrid[:size, :size] + 0.5
    cover = np.clip(0.075 * size + 0.5 - np.hypot(row - 0.2 * size, column - 0.2 * size), 0, 1)[..., None]
    for camera in cameras:
        faulty[:, camera] += cover.astype(np.float32) * (np.float32([0.2, 0.7, 0.85]) - faulty[:, camera])
    return faulty


def shift_jitter(clip: Float32, strength: float) -> Float32:
    """Every picture shifted by itself, by ``strength`` of the image width (standard deviation along each axis)."""
    rng, faulty = np.random.default_rng(1), np.empty_like(clip)
    for index in np.ndindex(clip.shape[:2]):
        move = strength * clip.shape[2] * rng.standard_normal(2)
        faulty[index] = shift(clip[index], (*move, 0), order=1, cval=1.0)
    return faulty


def colour_jitter(clip: Float32, strength: float) -> Float32:
    """Every picture's object in a light of its own: channels times 1 + ``strength`` times a normal number."""
    rng = np.random.default_rng(2)
    light = 1 + strength * rng.standard_normal((*clip.shape[:2], 1, 1, 3), np.float32)
    return np.where(clip.min(axis=-1, keepdims=True) < 0.98, np.clip(clip * light, 0, 1), clip)


def noise_jitter(clip: Float32, strength: float) -> Float32:
    """Every pixel with a normal error of ``strength``."""
    noise = np.float32(strength) * np.random.default_rng(3).standard_normal(clip.shape, np.float32)
    return np.clip(clip + noise, np.float32(0), np.float32(1))


def _copied_badly(pictures: Float32, rng: np.random.Generator) -> Float32:
    move, light = rng.uniform(-1 / 64, 1 / 64, 2) * pictures.shape[1], rng.uniform(0.92, 1.08, 3)
    moved = gaussian_filter(shift(pictures, (0, *move, 0), order=1, cval=1.0), (0, 0.5, 0.5, 0))
    return np.where(moved.min(axis=-1, keepdims=True) < 0.98, np.clip(moved * light, 0, 1), moved).astype(np.float32)
