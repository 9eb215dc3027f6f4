"""Training data: sampled objects as orbits and as videos with their exact motion scores."""

from dataclasses import dataclass

import numpy as np

from vid3d.cameras import orbit
from vid3d.files import to_uint8
from vid3d.procedural import PERIOD, motion_score, sample_object
from vid3d.procedural.images import render_at_amplitude
from vid3d.procedural.objects import sculpt
from vid3d.randomness import generator
from vid3d.scene import Float32, UInt8

SIZE = 64  # pixels
VIEWS = 18
FRAMES = 14
SUPERSAMPLING = 2  # squared: rays per pixel; the benchmark takes 3, which costs a sixth more
REACH = (0.1, 0.75)  # of the class's largest amplitude; the upper end is a score of about 240 to 360


@dataclass(frozen=True)
class Scenes:
    """n sampled objects.

    Attributes:
        orbits: (n, VIEWS, SIZE, SIZE, 3) uint8, each at a random moment of the object's motion.
        videos: (n, FRAMES, SIZE, SIZE, 3) uint8, camera 0 of the same object from rest on.
        scores: (n,) float32, the videos' motion scores.
    """

    orbits: UInt8
    videos: UInt8
    scores: Float32


def render_scenes(first: int, count: int, seed: int) -> Scenes:
    """Objects ``first`` to ``first + count - 1`` of the endless training set that ``seed`` names.

    An object depends on its own number only, so that shards can be made in any order.
    """
    orbits = np.empty((count, VIEWS, SIZE, SIZE, 3), np.uint8)
    videos = np.empty((count, FRAMES, SIZE, SIZE, 3), np.uint8)
    scores = np.empty(count, np.float32)
    around, front = orbit(VIEWS, SIZE), orbit(1, SIZE)
    for index in range(count):
        rng = generator(seed, "scenes", str(first + index))
        obj = sample_object(rng)
        amplitude = float(rng.uniform(*REACH)) * sculpt(obj).largest_amplitude
        moment = float(rng.uniform(0.0, PERIOD))
        orbits[index] = to_uint8(render_at_amplitude(obj, moment, amplitude, around, SUPERSAMPLING)[0])
        for frame in range(FRAMES):
            videos[index, frame] = to_uint8(render_at_amplitude(obj, frame, amplitude, front, SUPERSAMPLING)[0])[0]
        scores[index] = motion_score(obj, amplitude)
    return Scenes(orbits, videos, scores)
