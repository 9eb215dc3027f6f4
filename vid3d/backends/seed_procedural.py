"""Seed video of a procedural object: what camera 0 sees, exactly."""

import numpy as np

from vid3d.cameras import orbit
from vid3d.procedural.images import render, shown
from vid3d.scene import Clip, Reference
from vid3d.stages import Seed
from vid3d.study.specs.seed import ProceduralSeed


def build(spec: ProceduralSeed) -> Seed:
    """A Seed that renders the reference's own object; raises InputError where the reference is a photograph."""

    def seed(reference: Reference, motion: int, rng: np.random.Generator) -> Clip:
        obj, camera = shown(reference, "seed backend procedural"), orbit(1, spec.size)
        frames = [render(obj, frame, motion, camera) for frame in range(spec.frames)]
        return Clip(np.concatenate([image for image, _ in frames]), np.concatenate([alpha for _, alpha in frames]))

    return seed
