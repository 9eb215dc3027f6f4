"""What the experiment measures of a clip: how true its renders are, and how true their changes in time.

Points of the object are followed by the true motion (``vid3d.procedural.follow``), not by an optical flow estimated
from the renders, whose faults would be its faults.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vid3d.indicators.temporal import flicker
from vid3d.measures import likeness, metrics
from vid3d.procedural import ObjectSpec, follow
from vid3d.scene import Cameras, Float32, Float64

BACKGROUND = 0.97  # a pixel shows the object if a channel of the truth is darker


@dataclass(frozen=True)
class Tracks:
    """Where points that the cameras see at frame t are at frame t + 1; those only that are in sight there, too.

    Attributes:
        points: (n, 4) int16: frame t, camera, row and column of the pixel whose centre shows the point.
        positions: (n, 2) float32, pixels (x right, y down) in the next frame.
    """

    points: NDArray[np.int16]
    positions: Float32


def tracks(obj: ObjectSpec, motion: float, cameras: Cameras, frames: int) -> Tracks:
    """The true tracks of an object's points through a clip.

    Raises:
        InputError: the class cannot move that much.
    """
    points, positions = [np.empty((0, 4), np.int16)], [np.empty((0, 2), np.float32)]
    for frame, camera in np.ndindex(frames - 1, len(cameras)):
        places, seen = follow(obj, motion, cameras, (float(frame), camera), (frame + 1.0, camera))
        row, column = np.nonzero(seen)
        points.append(np.stack([np.full(len(row), frame), np.full(len(row), camera), row, column], 1).astype(np.int16))
        positions.append(places[seen])
    return Tracks(np.concatenate(points), np.concatenate(positions))


def of_clip(renders: Float32, truth: Float32, followed: Tracks) -> dict[str, float]:
    """Every outcome that renders and truth give at cameras that were not trained on.

    - ``psnr`` (dB), ``ssim``, ``flip`` (``likeness.flip``): means over images.
    - ``temporal_error``: mean over followed points of the absolute difference between the render's change along the
      point's track and the truth's own change along it; intensity.  Faults that stay with a point cost nothing; what
      comes and goes does, and so does a change that is missing.
    - ``warped_excess``: mean absolute change of the renders along the tracks minus that of the truth.  Less than 0 is
      less change than the truth's own, as of renders that are too smooth.
    - ``gradient_energy``: sum of squared differences of neighbouring pixels, over that of the truth; below 1 is too
      smooth.
    - ``motion_kept``: slope of the renders' changes from frame to frame on the truth's, over pixels that show the
      object in either frame; 1 moves as the truth, 0 is frozen.

    Args:
        renders: (frames, cameras, h, w, 3) float32 in [0, 1].
        truth: the same shape.
        followed: of the same frames and cameras.

    Raises:
        ValueError: other shapes.
    """
    if renders.shape != truth.shape:
        raise ValueError(f"renders {renders.shape} and truth {truth.shape} must have the same shape")
    flat = (-1, *truth.shape[2:])
    ours, own = along(renders, followed), along(truth, followed)
    change, true_change = np.diff(renders, axis=0), np.diff(truth, axis=0)
    shown = np.asarray((truth < BACKGROUND).any(axis=-1))
    shown = shown[1:] | shown[:-1]
    return {
        "psnr": float(np.minimum(metrics.psnr(renders.reshape(flat), truth.reshape(flat)), 100.0).mean()),
        "ssim": float(metrics.ssim(renders.reshape(flat), truth.reshape(flat)).mean()),
        "flip": float(likeness.flip(renders.reshape(flat), truth.reshape(flat)).mean()),
        "temporal_error": float(np.abs(ours - own).mean()),
        "warped_excess": float(np.abs(ours).mean() - np.abs(own).mean()),
        "gradient_energy": _energy(renders) / _energy(truth),
        "motion_kept": float((change * true_change)[shown].sum() / np.square(true_change)[shown].sum()),
    }


def steadiness(renders: Float32) -> float:
    """``flicker`` of the evaluation cameras' renders (frames, cameras, s, s, 3): the mean over frames and cameras."""
    return float(flicker(renders).mean())


def along(images: Float32, followed: Tracks) -> Float64:
    """(n, 3): the change from each frame to the next of what the followed points look like, interpolated linearly."""
    frame, camera, row, column = followed.points.T.astype(np.intp)
    x, y = (followed.positions - 0.5).T.astype(np.float64)
    height, width = images.shape[2:4]
    left, top = np.clip(np.floor(x), 0, width - 2).astype(int), np.clip(np.floor(y), 0, height - 2).astype(int)
    right, down = (np.clip(part, 0.0, 1.0)[:, None] for part in (x - left, y - top))
    then = images[1:]
    upper = then[frame, camera, top, left] * (1 - right) + then[frame, camera, top, left + 1] * right
    lower = then[frame, camera, top + 1, left] * (1 - right) + then[frame, camera, top + 1, left + 1] * right
    return np.asarray(upper * (1 - down) + lower * down - images[frame, camera, row, column], np.float64)


def _energy(images: Float32) -> float:
    return float(sum(np.square(np.diff(images, axis=axis)).sum(dtype=np.float64) for axis in (2, 3)))
