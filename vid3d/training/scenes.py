"""Training data: sampled objects as orbits and as videos with their exact motion scores.

Casting rays costs several times what painting the points they meet does, so each geometry is painted COLOURINGS times.
"""

from dataclasses import dataclass

import numpy as np

from vid3d.cameras import orbit
from vid3d.files import to_uint8
from vid3d.procedural import PERIOD, sample_object
from vid3d.procedural.images import render_looks
from vid3d.procedural.motion import motion_score
from vid3d.procedural.objects import recoloured, sculpt
from vid3d.randomness import generator
from vid3d.scene import Float32, UInt8

SIZE = 64  # pixels
VIEWS = 18
FRAMES = 14
COLOURINGS = 4  # of each geometry
SUPERSAMPLING = 2  # squared: rays per pixel; the benchmark takes 3, which costs a sixth more
REACH = (0.1, 0.75)  # of the class's largest amplitude; the upper end is a score of about 240 to 360


@dataclass(frozen=True)
class Scenes:
    """n painted objects: COLOURINGS of one geometry follow each other.

    Attributes:
        orbits: (n, VIEWS, SIZE, SIZE, 3) uint8, each at a random moment of the object's motion.
        videos: (n, FRAMES, SIZE, SIZE, 3) uint8, camera 0 of the same object from rest on.
        scores: (n,) float32, the videos' motion scores.
    """

    orbits: UInt8
    videos: UInt8
    scores: Float32


def render_scenes(first: int, count: int, seed: int, held_out: bool = False) -> Scenes:
    """Geometries ``first`` to ``first + count - 1`` of the endless set that ``seed`` names, each in its COLOURINGS.

    A geometry and its colours depend on its own number only, so that shards can be made in any order.

    Args:
        held_out: draw from the combinations of class and colours that training must never see.
    """
    orbits = np.empty((count, COLOURINGS, VIEWS, SIZE, SIZE, 3), np.uint8)
    videos = np.empty((count, COLOURINGS, FRAMES, SIZE, SIZE, 3), np.uint8)
    scores = np.empty((count, COLOURINGS), np.float32)
    around, front = orbit(VIEWS, SIZE), orbit(1, SIZE)
    for index in range(count):
        rng = generator(seed, "held-out scenes" if held_out else "scenes", str(first + index))
        obj = sample_object(rng, held_out)
        amplitude = float(rng.uniform(*REACH)) * sculpt(obj).largest_amplitude
        moment = float(rng.uniform(0.0, PERIOD))
        looks = [obj, *(recoloured(obj, rng, held_out) for _ in range(COLOURINGS - 1))]
        orbits[index] = to_uint8(render_looks(looks, moment, amplitude, around, SUPERSAMPLING)[0])
        for frame in range(FRAMES):
            images, _ = render_looks(looks, float(frame), amplitude, front, SUPERSAMPLING)
            videos[index, :, frame] = to_uint8(images)[:, 0]
        scores[index] = motion_score(obj, amplitude)
    return Scenes(orbits.reshape(-1, *orbits.shape[2:]), videos.reshape(-1, *videos.shape[2:]), scores.ravel())
