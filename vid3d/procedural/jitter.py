"""True views with a known fault that is drawn anew for each frame: in colours, in texture, or in place and size."""

from dataclasses import dataclass, replace

import numpy as np

from vid3d.cameras import FIELD_OF_VIEW, ORBIT_RADIUS
from vid3d.procedural.images import Stain, render_looks
from vid3d.procedural.motion import solve_amplitude
from vid3d.procedural.objects import ObjectSpec
from vid3d.scene import Cameras, Float32, Float64

WAVES = 48  # random cosines of which a stain is the sum
SUPERSAMPLING = 3  # as of the truth (``images.render``)
WIDTH = 2.0 * ORBIT_RADIUS * np.tan(np.radians(FIELD_OF_VIEW / 2.0))  # of an image at the orbit's centre, scene units


@dataclass(frozen=True)
class Jitter:
    """Standard deviations over frames; 0 for none.

    Attributes:
        colour: of a factor on each channel's distance from white, about 1.
        texture: of a stain that is painted on the object, so that all views of a frame agree on it; intensity.
        grain: the stain's correlation length, image widths at the orbit's centre.
        shift: of the object along the two axes of camera 0's image, image widths at the orbit's centre.
        scale: of the logarithm of its size.
    """

    colour: float = 0.0
    texture: float = 0.0
    grain: float = 0.05
    shift: float = 0.0
    scale: float = 0.0


def jittered(
    obj: ObjectSpec, frame: float, motion: float, cameras: Cameras, jitter: Jitter, rng: np.random.Generator
) -> Float32:
    """What n cameras see of an object that is not quite what or where it should be.

    All faults are drawn, of whatever size they are, so that another size gives the same ones, larger or smaller.

    Args:
        motion: score asked for.
        cameras: camera 0 is that of the seed.

    Returns:
        Images (n, h, w, 3) float32 in [0, 1], on white.

    Raises:
        InputError: the class cannot move that much.
    """
    gains = 1.0 + jitter.colour * rng.standard_normal(3)
    aside, up, size = rng.standard_normal(3)
    stain = _stain(jitter, rng)
    right = cameras.camera_to_world[0, :3, 0]
    moved = jitter.shift * WIDTH * (aside * right + up * np.array([0.0, 0.0, 1.0]))
    seen = _seeing(cameras, moved, float(np.exp(jitter.scale * size)))
    amplitude = solve_amplitude(obj, motion)
    images, _ = render_looks([obj], frame, amplitude, seen, SUPERSAMPLING, stain if jitter.texture else None)
    return np.asarray(np.clip(1.0 - (1.0 - images[0]) * gains, 0.0, 1.0), np.float32)


def _seeing(cameras: Cameras, moved: Float64, scale: float) -> Cameras:
    """Cameras to which an object looks as if it had been scaled about the origin, then moved."""
    poses = cameras.camera_to_world.copy()
    poses[:, :3, 3] = (poses[:, :3, 3] - moved) / scale
    return replace(cameras, camera_to_world=poses)


def _stain(jitter: Jitter, rng: np.random.Generator) -> Stain:
    """A random field over the object at rest, Gaussian in its values and in its correlation."""
    waves = rng.standard_normal((WAVES, 3)) / (jitter.grain * WIDTH)
    phases = rng.uniform(0.0, 2.0 * np.pi, WAVES)
    shares = rng.standard_normal((WAVES, 3)) * np.sqrt(2.0 / WAVES) * jitter.texture
    return lambda points: np.cos(points @ waves.T + phases) @ shares
