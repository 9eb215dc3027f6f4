"""Control: white images, whatever was fitted.  An honest score must not reward them."""

import numpy as np

from vid3d.scene import AT_REST, Cameras, Float32, Moment, Reference, Splats
from vid3d.stages import Render
from vid3d.study.specs.render import BlankRender


def build(spec: BlankRender) -> Render:
    """A renderer of (n, spec.size, spec.size, 3) float32 ones."""

    def render(splats: Splats | None, cameras: Cameras, reference: Reference, moment: Moment = AT_REST) -> Float32:
        return np.ones((len(cameras), spec.size, spec.size, 3), np.float32)

    return render
