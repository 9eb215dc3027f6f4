"""Control: white images, whatever was fitted.  An honest score must not reward them."""

import numpy as np

from vid3d.scene import Cameras, Float32, Reference, Splats
from vid3d.stages import Render
from vid3d.study.specs import BlankRender


def build(spec: BlankRender) -> Render:
    """A renderer of (n, spec.size, spec.size, 3) float32 ones."""

    def render(splats: Splats | None, cameras: Cameras, reference: Reference) -> Float32:
        return np.ones((len(cameras), spec.size, spec.size, 3), np.float32)

    return render
