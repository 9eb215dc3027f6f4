"""Optical flow, and the motion score defined by it.

Stable Video Diffusion's motion score stands for the average of the optical flow over space and time.  Here it *is*
that average: the flow from each frame of one period to the next as camera 0 sees it, its length averaged over the
pixels that show the object, then over the frames, in units of ``SCORE_UNIT`` of the image width.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.procedural.objects import ObjectSpec, sculpt
from vid3d.procedural.raycast import cast
from vid3d.procedural.rig import PERIOD, Rig
from vid3d.scene import Cameras, Float32

SCORE_UNIT = 1e-4
"""Image widths per frame: a score of 100 is a mean flow of 1 % of the image width from one frame to the next."""

_SCORE_SIZE = 64  # pixels: at this size scores lie within about 1 % of those at 256 pixels
_TOLERANCE = 2e-3  # of the score asked for
_MOST_STEPS = 40


def motion_score(obj: ObjectSpec, amplitude: float, size: int = _SCORE_SIZE) -> float:
    """Score of the object moving with ``amplitude`` (in units of its joints' gains), measured at size x size pixels."""
    rig, camera = sculpt(obj), orbit(1, size)
    means = []
    for frame in range(PERIOD):
        vectors, mask = flow(rig, frame, amplitude, camera)
        means.append(np.hypot(*vectors[mask].T).mean(dtype=np.float64))
    return float(np.mean(means)) / (SCORE_UNIT * size)


@lru_cache(maxsize=4096)
def solve_amplitude(obj: ObjectSpec, motion: float) -> float:
    """The amplitude at which the object moves with score ``motion``, to 0.2 %.

    Raises:
        InputError: ``motion`` is negative, or more than the class's largest natural amplitude gives.
    """
    if not 0.0 <= motion < np.inf:
        raise InputError(f"motion score {motion} is not a number from 0: correct the setting")
    if motion == 0.0:
        return 0.0
    if obj.event:  # which the score does not count
        return solve_amplitude(replace(obj, event=""), motion)
    largest = sculpt(obj).largest_amplitude
    low, high = (0.0, 0.0), None  # amplitudes and their scores on either side of the one sought
    # The score is nearly proportional to the amplitude, so a small motion's slope starts a search by false position.
    guess = min(largest, 0.5 * motion / motion_score(obj, 0.5))
    for _ in range(_MOST_STEPS):
        score = motion_score(obj, guess)
        if abs(score - motion) <= _TOLERANCE * motion:
            break
        if score > motion:
            high = (guess, score)
        elif guess == largest:
            raise InputError(
                f"object {obj.name}: motion score {motion:g} is beyond what this {obj.kind} reaches ({score:.0f}):"
                " ask for less"
            )
        else:
            low = (guess, score)
        if high is None:
            guess = min(largest, 1.01 * guess * motion / score)
        else:
            share = float(np.clip((motion - low[1]) / (high[1] - low[1]), 0.05, 0.95))
            guess = low[0] + share * (high[0] - low[0])
    return guess


def flow(rig: Rig, frame: float, amplitude: float, camera: Cameras) -> tuple[Float32, NDArray[np.bool_]]:
    """Optical flow from ``frame`` to ``frame + 1``: where the material point seen at each pixel centre goes.

    Returns:
        Flow (h, w, 2) float32 in pixels (x right, y down), 0 off the object, and the object's pixels (h, w) bool.
    """
    now, then = rig.pose(frame, amplitude), rig.pose(frame + 1.0, amplitude)
    hits = cast(rig.present(frame), now, camera, 0, 1)
    joints = np.array([part.joint for part in rig.present(frame).parts])[hits.part]
    moved = np.einsum("nij,nj->ni", then[joints, :3, :3], hits.rest) + then[joints, :3, 3]
    matrix = camera.world_to_camera[0]
    seen = (moved @ matrix[:3, :3].T + matrix[:3, 3]) @ camera.intrinsics.T
    pixels = seen[:, :2] / seen[:, 2:]
    centres = np.stack([hits.rays % camera.width, hits.rays // camera.width], -1) + 0.5
    vectors = np.zeros((camera.height * camera.width, 2), np.float32)
    mask = np.zeros(camera.height * camera.width, np.bool_)
    vectors[hits.rays], mask[hits.rays] = pixels - centres, True
    return vectors.reshape(camera.height, camera.width, 2), mask.reshape(camera.height, camera.width)
