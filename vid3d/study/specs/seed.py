"""Settings of the seed video, a Spec per backend."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vid3d.study.specs.spec import BackendSpec, PixelSize, VideoModel


class SeedSettings(BackendSpec):
    """What all backends of the seed have.

    Attributes:
        size: edge length of the frames in pixels.
        frames: of the clip.
        seed: of the randomness; another one gives another replicate.
    """

    size: PixelSize
    frames: Annotated[int, Field(ge=1, le=100)]
    seed: int = 42


class ProceduralSeed(SeedSettings):
    """Ground truth of a procedural object."""

    module: ClassVar[str] = "vid3d.backends.seed_procedural"
    backend: Literal["procedural"]
    size: PixelSize = 64
    frames: Annotated[int, Field(ge=1, le=100)] = 12


class ReliefSeed(SeedSettings):
    """The cut-out photograph, moved by a smooth periodic warp; no learned model."""

    module: ClassVar[str] = "vid3d.backends.seed_relief"
    backend: Literal["relief"]
    size: PixelSize = 96
    frames: Annotated[int, Field(ge=1, le=100)] = 8


class SvdSeed(SeedSettings, VideoModel):
    """Stable Video Diffusion; the defaults are those in effect in the released code.

    Attributes:
        model: a diffusers folder (``config/weights.yaml`` fetches SVD-XT's) or a hub id.
        variant: of the weights' files, such as fp16; None for files without one.
        fps, steps, min_guidance, max_guidance: as in StableVideoDiffusionPipeline.
        decode_chunk: frames that are decoded together.  Fewer take less memory, and other pixels come out, since the
            decoder's convolutions over time see one chunk only.
        precision: ``auto`` is fp16 on a GPU and fp32 on a CPU.
    """

    module: ClassVar[str] = "vid3d.backends.seed_svd"
    backend: Literal["svd"]
    size: PixelSize = 512
    frames: Annotated[int, Field(ge=1, le=100)] = 25
    model: str = "weights/downloads/svd-xt"
    variant: str | None = "fp16"
    fps: Annotated[int, Field(ge=1)] = 7
    steps: Annotated[int, Field(ge=1)] = 25
    min_guidance: float = 1.0
    max_guidance: float = 3.0
    decode_chunk: Annotated[int, Field(ge=1)] = 8
    precision: Literal["auto", "fp16", "bf16", "fp32"] = "auto"


SeedSpec = Annotated[ProceduralSeed | ReliefSeed | SvdSeed, Field(discriminator="backend")]
