"""Settings of the generated views, a Spec per backend."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vid3d.cameras import GENERATED_VIEWS
from vid3d.study.specs.spec import BackendSpec, PixelSize, VideoModel


class ViewsSettings(BackendSpec):
    """What all backends of the views have.

    Attributes:
        size: edge length of the views in pixels.
        count: views on the orbit, evenly spaced; a run's view counts divide it.
        seed: of the randomness; another one gives another replicate.
        noise: drawn anew for each ``frame``, as released, or once for the whole ``clip``.
    """

    size: PixelSize
    count: Annotated[int, Field(ge=1, le=360)] = GENERATED_VIEWS
    seed: int = 23
    noise: Literal["frame", "clip"] = "frame"

    def drawn_for(self, frame: int) -> int:
        """The frame by whose number the randomness of a frame's views derives: its own, or that of all."""
        return frame if self.noise == "frame" else 0

    @property
    def whole_clip(self) -> bool:
        """Whether a frame's views depend on the clip's other frames."""
        return False


class ProceduralViews(ViewsSettings):
    """Ground truth of a procedural object."""

    module: ClassVar[str] = "vid3d.backends.views_procedural"
    backend: Literal["procedural"]
    size: PixelSize = 64


class JitteredViews(ViewsSettings):
    """Ground truth of a procedural object with a fault that each frame has anew, the same in all of its views.

    Attributes:
        colour: standard deviation of the factor on each channel's distance from white.
        texture: of a stain painted on the object, intensity.
        grain: correlation length of the stain, image widths.
        shift: of the object's place in the image of the seed's camera, image widths.
        scale: of the logarithm of its size.
    """

    module: ClassVar[str] = "vid3d.backends.views_jittered"
    backend: Literal["jittered"]
    size: PixelSize = 64
    colour: Annotated[float, Field(ge=0, le=1)] = 0.0
    texture: Annotated[float, Field(ge=0, le=1)] = 0.0
    grain: Annotated[float, Field(gt=0, le=1)] = 0.05
    shift: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    scale: Annotated[float, Field(ge=0, le=1)] = 0.0


class ReliefViews(ViewsSettings):
    """A closed textured relief inflated from the frame's silhouette; no learned model.

    Attributes:
        thickness: front-to-back extent as a fraction of the side of the square with the silhouette's area, at most
            that of a round limb.
    """

    module: ClassVar[str] = "vid3d.backends.views_relief"
    backend: Literal["relief"]
    size: PixelSize = 96
    thickness: Annotated[float, Field(gt=0, le=2)] = 0.45


class V3dViews(ViewsSettings, VideoModel):
    """V3D, the multi-view model fine-tuned from SVD; the defaults are those of the released code.

    Attributes:
        model: a diffusers folder (rule ``convert_v3d`` makes V3D's from the published checkpoint) or a hub id.
        steps, guidance, fps_id, motion_bucket_id: the sampler's settings; the last two are told to
            models that were trained with them.
        guidance_shape: the same guidance for every view, or (SV3D) rising from 1 at the input's view to the one behind.
        condition: a sample of the encoder's posterior, or (SV3D) its mode.
        group_norm_epsilon: of the UNet's residual blocks, in the code that trained it (Stability's, V3D's: 1e-5); None
            for diffusers' own, which is 1e-6 where attention follows.
        input_view: whether the input is the model's first view or (SV3D) its last; the orbit begins with it.
        decode_chunk: views that are decoded together; None for all.  Fewer take less memory, and other pixels come
            out, since the decoder's convolutions over time see one chunk only.
        cutout: what finds the object in a seed frame: the frame's own alpha and, where it has none, ``rembg``, as in
            the released code; or ``alpha``, the same without a learned model (``vid3d.images.foreground``); or
            ``none``, the frame shows the object on white where the model expects it, and goes in as it is.
        cutout_model: rembg's model u2net, an ONNX file.
        recentre: by each frame's own box, as released, so that scale and position jitter over time, or by one box for
            the whole ``clip``.
        border: share of the image that the box's longer side leaves free.
        soft_edges: ``as-released``, the alpha found by rembg is applied twice, which darkens soft edges; or ``once``.
    """

    module: ClassVar[str] = "vid3d.backends.views_v3d"
    backend: Literal["v3d"]
    size: PixelSize = 512
    model: str = "weights/v3d-diffusers"
    steps: Annotated[int, Field(ge=1)] = 32
    guidance: float = 3.5
    guidance_shape: Literal["constant", "triangle"] = "constant"
    condition: Literal["sample", "mode"] = "sample"
    fps_id: int = 1
    motion_bucket_id: int = 300
    group_norm_epsilon: Annotated[float, Field(gt=0)] | None = 1e-5
    input_view: Literal["first", "last"] = "first"
    decode_chunk: Annotated[int, Field(ge=1)] | None = None
    cutout: Literal["rembg", "alpha", "none"] = "rembg"
    cutout_model: str = "weights/downloads/rembg/u2net.onnx"
    recentre: Literal["frame", "clip"] = "frame"
    border: Annotated[float, Field(ge=0, lt=0.9)] = 0.3
    soft_edges: Literal["as-released", "once"] = "as-released"

    @property
    def whole_clip(self) -> bool:
        return self.recentre == "clip" and self.cutout != "none"

    @property
    def checkpoints(self) -> tuple[str, ...]:
        model = super().checkpoints
        return (*model, self.cutout_model) if self.cutout == "rembg" else model


ViewsSpec = Annotated[ProceduralViews | JitteredViews | ReliefViews | V3dViews, Field(discriminator="backend")]
