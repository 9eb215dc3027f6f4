"""Scenes on which the C++ rasterizer is compared with its twin."""

import numpy as np

from vid3d.cameras import sphere
from vid3d.scene import Cameras, Splats


def cameras(width: int = 70, height: int = 36) -> Cameras:
    """Two cameras; wider than a tile and not square, to exercise tile borders and row ends."""
    square = sphere([25.0, 200.0], 12.0, width)
    return Cameras(square.camera_to_world, 60.0, width, height)


def random(
    rng: np.random.Generator,
    count: int = 80,
    spread: float = 0.35,
    log_scale: float = -2.6,
    logit: float = 0.0,
) -> Splats:
    """Ellipsoids of all shapes, opacities and colours around the origin."""
    return Splats(
        positions=rng.normal(0, spread, (count, 3)).astype(np.float32),
        quaternions=rng.normal(0, 1, (count, 4)).astype(np.float32),
        log_scales=rng.normal(log_scale, 0.5, (count, 3)).astype(np.float32),
        opacity_logits=rng.normal(logit, 1.5, count).astype(np.float32),
        colours=rng.normal(0, 1.5, (count, 3)).astype(np.float32),
    )


def needles(rng: np.random.Generator) -> Splats:
    """A hundred times longer than wide."""
    scene = random(rng)
    scene.log_scales[:, 0] = -1.2
    scene.log_scales[:, 1:] = -5.8
    return scene


def opaque(rng: np.random.Generator) -> Splats:
    """Opacities close to 1, so that alphas are capped and pixels stop."""
    return random(rng, spread=0.2, log_scale=-1.8, logit=6.0)


def off_screen(rng: np.random.Generator) -> Splats:
    """Most centres outside the image, some ellipses reaching into it."""
    return random(rng, spread=1.2, log_scale=-1.2)


def behind(rng: np.random.Generator) -> Splats:
    """Some centres behind the cameras, nearer than the near plane or on the camera itself."""
    scene = random(rng, spread=0.8)
    centres = cameras().camera_to_world[:, :3, 3].astype(np.float32)
    forward = cameras().camera_to_world[:, :3, 2].astype(np.float32)
    scene.positions[0:2] = centres
    scene.positions[2:4] = centres - 0.5 * forward
    scene.positions[4:6] = centres + 0.1 * forward
    scene.positions[6:8] = centres + 0.4 * forward
    return scene


SCENES = {"random": random, "needles": needles, "opaque": opaque, "off-screen": off_screen, "behind": behind}
