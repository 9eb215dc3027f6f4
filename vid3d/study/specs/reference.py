"""Settings of the reference image."""

from typing import Annotated

from pydantic import Field

from vid3d.study.specs.spec import PixelSize, Spec


class ReferenceSpec(Spec):
    """How a benchmark image becomes the reference: cut out, recentred, on white.

    Attributes:
        size: edge length in pixels of the foreground image.
        border: fraction of the edge left free by the object's longer side (released code: 0.3).
    """

    size: PixelSize = 512
    border: Annotated[float, Field(ge=0, lt=0.9)] = 0.3
