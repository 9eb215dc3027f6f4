"""Control: the cut-out reference at every camera of every frame, as a scene that neither turns nor moves would give."""

import cv2
import numpy as np

from vid3d.scene import AT_REST, Cameras, Float32, Moment, Reference, Splats
from vid3d.stages import Render
from vid3d.study.specs.render import StaticRender


def build(spec: StaticRender) -> Render:
    """A renderer of the reference's foreground, resized to (spec.size, spec.size), n times."""

    def render(splats: Splats | None, cameras: Cameras, reference: Reference, moment: Moment = AT_REST) -> Float32:
        shrinks = spec.size < len(reference.foreground)
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC  # area averaging does not alias
        image = cv2.resize(reference.foreground, (spec.size, spec.size), interpolation=interpolation)
        image = np.clip(image, 0.0, 1.0).astype(np.float32)  # cubic interpolation overshoots at edges
        return np.repeat(image[None], len(cameras), axis=0)

    return render
