"""Settings of the renders, a Spec per backend; controls are among them."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vid3d.study.specs.spec import BackendSpec, Device, PixelSize, Rasterizer


class RenderSettings(BackendSpec):
    """What all backends of the renders have.

    Attributes:
        size: edge length of the renders in pixels.
    """

    control: ClassVar[bool] = False  # shows something else than the run's scene
    draws_splats: ClassVar[bool] = True
    size: PixelSize = 512


class CpuRender(RenderSettings):
    """The C++ rasterizer of ``vid3d.splatting``.

    Attributes:
        alpha_cap: the largest opacity of a splat at a pixel.
        near: splats nearer to the camera than this are not drawn, in scene units (the orbit's radius is 2).
        revision: 2 since all instruction sets give the same bits.
    """

    module: ClassVar[str] = "vid3d.backends.render_cpu"
    revision: Literal[2] = 2  # type: ignore[assignment]  # of this backend alone
    backend: Literal["cpu"]
    alpha_cap: Annotated[float, Field(gt=0, lt=1)] = 0.99
    near: Annotated[float, Field(gt=0)] = 0.2


class AutodiffRender(RenderSettings):
    """The rasterizer of the fit of that name, with gsplat on a GPU.

    Attributes:
        rasterizer: ``cpp`` draws with the C++ rasterizer instead, on a CPU.
        near: splats nearer to the camera than this are not drawn, in scene units (the orbit's radius is 2).
    """

    module: ClassVar[str] = "vid3d.backends.render_autodiff"
    backend: Literal["autodiff"]
    rasterizer: Rasterizer = "gsplat"
    near: Annotated[float, Field(gt=0)] = 0.2

    @property
    def device(self) -> Device:
        return "gpu" if self.rasterizer == "gsplat" else "cpu"


class ShuffledRender(CpuRender):
    """Control: the run's renders in random order, each camera in an order of its own, so that cameras are out of step.

    Only frame 0 at camera 0, with which the released script compares, stays where it is: CLIP-I by any definition is
    that of the run.

    Attributes:
        seed: of the orders; another one gives others.
    """

    control: ClassVar[bool] = True
    backend: Literal["shuffled"]  # type: ignore[assignment]  # of this backend alone
    seed: int = 0


class TruthRender(RenderSettings):
    """Control: the true images of a procedural object, as a method without a fault would draw them."""

    module: ClassVar[str] = "vid3d.backends.render_truth"
    control: ClassVar[bool] = True
    draws_splats: ClassVar[bool] = False
    backend: Literal["truth"]


class StaticRender(RenderSettings):
    """Control: every camera of every frame shows the reference image, cut out on white."""

    module: ClassVar[str] = "vid3d.backends.render_static"
    control: ClassVar[bool] = True
    draws_splats: ClassVar[bool] = False
    backend: Literal["static"]


class BlankRender(RenderSettings):
    """Control: every camera of every frame is white."""

    module: ClassVar[str] = "vid3d.backends.render_blank"
    control: ClassVar[bool] = True
    draws_splats: ClassVar[bool] = False
    backend: Literal["blank"]


RenderSpec = Annotated[
    CpuRender | AutodiffRender | ShuffledRender | TruthRender | StaticRender | BlankRender,
    Field(discriminator="backend"),
]
