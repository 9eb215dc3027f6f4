"""Control: grey images, whatever was fitted.  docs/adding-a-backend.md says where its parts go; a test runs it."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from vid3d.scene import AT_REST, Cameras, Float32, Moment, Reference, Splats
from vid3d.stages import Render
from vid3d.study.specs.render import RenderSettings


class GreyRender(RenderSettings):
    """Control: every camera of every frame is grey.

    Attributes:
        level: of all channels, from 0 (black) to 1 (white).
    """

    module: ClassVar[str] = "vid3d.backends.render_grey"
    control: ClassVar[bool] = True  # shows something else than the run's scene
    draws_splats: ClassVar[bool] = False  # so that none are fitted for it
    backend: Literal["grey"]
    level: Annotated[float, Field(ge=0, le=1)] = 0.5


def build(spec: GreyRender) -> Render:
    """A renderer of (n, spec.size, spec.size, 3) float32 images of one level."""

    def render(splats: Splats | None, cameras: Cameras, reference: Reference, moment: Moment = AT_REST) -> Float32:
        return np.full((len(cameras), spec.size, spec.size, 3), spec.level, np.float32)

    return render
