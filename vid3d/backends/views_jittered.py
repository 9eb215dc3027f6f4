"""Orbit views of a procedural object with a fault of known size that every frame has anew."""

import numpy as np

from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.procedural import ObjectSpec
from vid3d.procedural.jitter import Jitter, jittered
from vid3d.scene import SeedFrame, Views
from vid3d.stages import MultiView
from vid3d.study.specs.views import JitteredViews


def build(spec: JitteredViews) -> MultiView:
    """A MultiView of faults of the sizes in the Spec; raises InputError where the object comes from a photograph."""
    jitter = Jitter(spec.colour, spec.texture, spec.grain, spec.shift, spec.scale)

    def views(frame: SeedFrame, rng: np.random.Generator) -> Views:
        reference = frame.reference
        if reference.procedural is None:
            raise InputError(
                f"{reference.name}: views backend jittered needs a procedural object, not a photograph: use another"
            )
        cameras = orbit(spec.count, spec.size)
        obj = ObjectSpec.from_dict(reference.procedural)
        return Views(jittered(obj, frame.index, frame.motion, cameras, jitter, rng), cameras)

    return views
