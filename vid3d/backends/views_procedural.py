"""Orbit views of a procedural object: what the cameras around it see, exactly."""

import numpy as np

from vid3d.cameras import orbit
from vid3d.procedural.images import render, shown
from vid3d.scene import SeedFrame, Views
from vid3d.stages import MultiView
from vid3d.study.specs.views import ProceduralViews


def build(spec: ProceduralViews) -> MultiView:
    """A MultiView that renders the object at the frame's time; raises InputError where it comes from a photograph."""

    def views(frame: SeedFrame, rng: np.random.Generator) -> Views:
        obj, cameras = shown(frame.reference, "views backend procedural"), orbit(spec.count, spec.size)
        images, _ = render(obj, frame.index, frame.motion, cameras)
        return Views(images, cameras)

    return views
