"""Control: the true images of a procedural object, as a method without any fault would draw them."""

from dataclasses import replace

import numpy as np

from vid3d.procedural import render as truth
from vid3d.procedural.images import shown
from vid3d.scene import AT_REST, Cameras, Float32, Moment, Reference, Splats
from vid3d.stages import Render
from vid3d.study.specs.render import TruthRender


def build(spec: TruthRender) -> Render:
    """A renderer of (n, spec.size, spec.size, 3) float32 images in [0, 1]; the cameras' own image size is not used.

    Raises (when called):
        InputError: an image that comes from a photograph.
    """

    def render(splats: Splats | None, cameras: Cameras, reference: Reference, moment: Moment = AT_REST) -> Float32:
        sized = replace(cameras, width=spec.size, height=spec.size)
        images, _ = truth(shown(reference, "render backend truth"), moment.frame, moment.motion, sized)
        return np.clip(images, 0.0, 1.0)

    return render
