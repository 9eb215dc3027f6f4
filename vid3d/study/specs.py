"""The settings of each stage: one frozen Spec per backend.

A stage's Spec is a discriminated union on ``backend``, and that union *is* the registry: the class says which module
of ``vid3d.backends`` implements it.  Unknown keys are refused, saying where.
"""

import json
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from vid3d.cameras import GENERATED_VIEWS
from vid3d.errors import InputError

PixelSize = Annotated[int, Field(ge=16, le=4096)]
Device = Literal["cpu", "gpu"]
Processor = Literal["cpu", "gpu", "auto"]
PAPERS_EMBEDDER = "weights/downloads/clip-vit-b-32/open_clip_model.safetensors"  # as config/weights.yaml pins it
RENAMED = {"gsplat": "autodiff"}  # backends that had another name
T = TypeVar("T")


class Strict(BaseModel):
    """Immutable, and unknown keys are an error; built when it is first used, since a job reads one Spec of many."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Spec(Strict):
    """Settings of one stage.

    ``revision`` is bumped when the stage's results change for the same settings, so that old files are made anew.
    ``argument`` is what jobs are given and what Snakemake compares: only non-default fields, so that a new field with
    a default re-runs nothing.
    """

    learned: ClassVar[bool] = False  # needs a model's weights; such a Spec has a field ``content``

    revision: Literal[1] = 1

    @property
    def device(self) -> Device:
        """What the backend computes on with these settings."""
        return "cpu"

    @property
    def checkpoints(self) -> tuple[str, ...]:
        """Files of learned models that the backend reads; of a folder in diffusers' format, the one that all have."""
        return ()

    def argument(self) -> str:
        """Compact JSON of backend, revision and the non-default fields, keys sorted."""
        settings = self.model_dump(mode="json", exclude_defaults=True)
        for key in ("backend", "revision"):
            if key in type(self).model_fields:
                settings[key] = getattr(self, key)
        return json.dumps(settings, sort_keys=True, separators=(",", ":"))


class BackendSpec(Spec):
    """Settings of a stage that a backend carries out; ``vid3d.stages.build`` loads it.

    ``module`` names the module of ``vid3d.backends``, by which the libraries of all other backends stay unloaded.
    """

    module: ClassVar[str]


class LearnedModel(BackendSpec):
    """What all backends have that read a model's weights.

    Attributes:
        content: checksum (sha256) of the weights' files, filled in when the study is read, so that other weights under
            the same name are another setting.  Give it to refuse all others.
    """

    learned: ClassVar[bool] = True
    content: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


class VideoModel(LearnedModel):
    """What all backends have that run a model of the Stable Video Diffusion family.

    Attributes:
        size: edge length of the images in pixels.
        model: a diffusers folder or a hub id.
        model_revision: the commit of a hub id, which diffusers then fetches by itself; None for a folder.
        noise_aug_strength: of the noise on the condition.
        offload: what waits in main memory until it is used: nothing, whole models, or (slowly) single layers.  The
            pixels are the same.
        processor: what computes it; ``gpu`` refuses a machine without one, ``auto`` then takes the CPU.  A small model
            needs no GPU, and gives the same pixels on every machine without one.
    """

    size: PixelSize
    model: str
    model_revision: str | None = None
    noise_aug_strength: float = 0.02
    offload: Literal["none", "model", "sequential"] = "none"
    processor: Processor = "gpu"

    @property
    def device(self) -> Device:
        return "cpu" if self.processor == "cpu" else "gpu"

    @property
    def checkpoints(self) -> tuple[str, ...]:
        return () if self.model_revision else (f"{self.model}/model_index.json",)


# --- reference -------------------------------------------------------------------------------------------------------


class ReferenceSpec(Spec):
    """How a benchmark image becomes the reference: cut out, recentred, on white.

    Attributes:
        size: edge length in pixels of the foreground image.
        border: fraction of the edge left free by the object's longer side (released code: 0.3).
    """

    size: PixelSize = 512
    border: Annotated[float, Field(ge=0, lt=0.9)] = 0.3


# --- seed ------------------------------------------------------------------------------------------------------------


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


# --- views -----------------------------------------------------------------------------------------------------------


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


# --- splat -----------------------------------------------------------------------------------------------------------

OfficialPreset = Literal["as-released", "as-written"]
Preset = OfficialPreset | Literal["fast"]
FAST = {"splats": 2000, "iterations": 300}  # what preset fast has for settings that are not given
Rasterizer = Literal["gsplat", "cpp"]
PARAMETERS, MOVING_PARAMETERS = 14, 7  # of a splat; those of its position and rotation


class FitSettings(BackendSpec):
    """What all backends of the fit have.

    Attributes:
        preset: ``as-released`` (the code's densification schedule) or ``as-written`` (the count of splats is fixed).
        splats: how many a fit begins with.
        iterations: steps of the optimiser.
        opacity_weight: of the mean opacity in the loss.
        maximum: refuse to densify beyond this many splats; null for no limit.
        seed: of the randomness; another one gives another replicate.
    """

    preset: Preset = "as-released"
    splats: Annotated[int, Field(ge=1, le=5_000_000)] = 100_000
    iterations: Annotated[int, Field(ge=1, le=1_000_000)] = 4000
    opacity_weight: Annotated[float, Field(ge=0)] = 0.1
    maximum: Annotated[int, Field(ge=1)] | None = None
    seed: int = 0
    whole_clip: ClassVar[bool] = False  # a moment's splats depend on the clip's other moments (``stages.ClipFit``)

    def stored(self, moments: int, splats: int) -> int:
        """How many float32 numbers a clip consists of: all parameters of all moments."""
        return moments * splats * PARAMETERS


class CppFit(FitSettings):
    """What all backends of the fit have that use the fused C++ fit of ``vid3d.splatting``, one thread per fit.

    Attributes:
        instruction_set: results are the same, times are not; ``auto`` takes the fastest one of the machine.
        revision: 2 since all instruction sets give the same bits.
    """

    revision: Literal[2] = 2  # type: ignore[assignment]  # of these backends alone
    instruction_set: Literal["auto", "avx2", "portable"] = "auto"

    @model_validator(mode="before")
    @classmethod
    def _numbers_of_fast(cls, given: Any) -> Any:
        return {**FAST, **given} if isinstance(given, dict) and given.get("preset") == "fast" else given


class CpuFit(CppFit):
    """The fused C++ fit, each moment by itself: the paper's path.

    Attributes:
        preset: ``as-released`` (the code's densification schedule), ``as-written`` (the count of splats is fixed) or
            ``fast`` (our own for small images: a start in the views' visual hull; 2000 splats and 300 iterations unless
            given; ``opacity_weight`` counts with fewer than 8 views only).
    """

    module: ClassVar[str] = "vid3d.backends.fit_cpu"
    backend: Literal["cpu"]


class ClipFitSettings(CppFit):
    """What all backends have that fit the moments of a clip together (``vid3d.splatting.clip``).

    They take as many steps in all as a fit of each moment by itself, and fix the number of splats.

    Attributes:
        preset: ``as-written`` or ``fast``.
        iterations: steps of the optimiser per moment, on average.
    """

    whole_clip: ClassVar[bool] = True
    preset: Literal["as-written", "fast"] = "as-written"
    maximum: None = None


class WarmFit(ClipFitSettings):
    """Each moment starts from the splats of the one before: they keep their identity, and nothing else is shared."""

    module: ClassVar[str] = "vid3d.backends.fit_warm"
    backend: Literal["warm"]


class JointFit(ClipFitSettings):
    """Half of the steps as ``warm``; then all moments at once, with a penalty on second differences in time.

    Attributes:
        smoothness: strength of the penalty; parameters are measured in the recipe's learning rates.
    """

    module: ClassVar[str] = "vid3d.backends.fit_joint"
    backend: Literal["joint"]
    smoothness: Annotated[float, Field(ge=0)]


class TrajectoriesFit(ClipFitSettings):
    """Half of the steps as ``warm``; then splats of one size, opacity and colour on trajectories of few cosines.

    Attributes:
        waves: cosines per coordinate of positions and quaternions, beside its mean; fewer than moments.
    """

    module: ClassVar[str] = "vid3d.backends.fit_trajectories"
    backend: Literal["trajectories"]
    waves: Annotated[int, Field(ge=1, le=99)]

    def stored(self, moments: int, splats: int) -> int:
        """One set of parameters, and of each position and quaternion its waves."""
        return splats * (PARAMETERS + self.waves * MOVING_PARAMETERS)


class AutodiffFit(FitSettings):
    """The same recipe by automatic differentiation, with gsplat's CUDA rasterizer.

    Attributes:
        rasterizer: ``cpp`` runs the same loop with the C++ rasterizer on a CPU: slower than backend ``cpu``, and there
            to check the loop where there is no GPU.
    """

    module: ClassVar[str] = "vid3d.backends.fit_autodiff"
    backend: Literal["autodiff"]
    preset: OfficialPreset = "as-released"
    rasterizer: Rasterizer = "gsplat"

    @property
    def device(self) -> Device:
        return "gpu" if self.rasterizer == "gsplat" else "cpu"


# --- render ----------------------------------------------------------------------------------------------------------


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


# --- score -----------------------------------------------------------------------------------------------------------


class ClipEmbed(LearnedModel):
    """CLIP image embeddings by open_clip.

    Attributes:
        model: an open_clip architecture, or the path of a model configuration (JSON).
        weights: an open_clip pretrained tag, or the path of a checkpoint (safetensors; a path has a slash or a dot).
            The weights of the paper's embedder lie in a pinned file (``checkpoints``); open_clip downloads those of
            other tags, in whichever version the hub has then.
        quick_gelu: whether weights from a path were trained with QuickGELU, where ``model`` is an architecture.  None
            refuses them if the architecture is in use with either activation.  ``-quickgelu`` behind ``model`` says
            true; a tag says it by itself.
        file: where the weights of the paper's embedder lie, if elsewhere; filled in when ``weights`` is a path and the
            file is known by its checksum.
        revision: 2 since scores hold cosines with the preprocessed source, too.
    """

    module: ClassVar[str] = "vid3d.backends.embed_clip"
    revision: Literal[2] = 2  # type: ignore[assignment]  # of this backend alone
    backend: Literal["clip"]
    model: str = "ViT-B-32"
    weights: str = "openai"
    quick_gelu: bool | None = None
    file: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_name(cls, given: Any) -> Any:
        """One embedder has one name: tags as open_clip lists them, and QuickGELU where it belongs."""
        if not isinstance(given, dict):
            return given
        model, weights = (str(given.get(key, cls.model_fields[key].default)) for key in ("model", "weights"))
        plain, quick_gelu = model.removesuffix("-quickgelu"), given.get("quick_gelu")
        if is_path(model):
            if quick_gelu is not None:
                raise ValueError(f"quick_gelu: is for an architecture; {model} says it itself, so take the line out")
            return given
        if plain != model and quick_gelu is False:
            raise ValueError(f"quick_gelu: false contradicts model {model}; take one of them out")
        if is_path(weights):
            return given | {"model": plain} | ({"quick_gelu": True} if plain != model else {})
        if quick_gelu is not None:
            raise ValueError(f"quick_gelu: the tag {weights!r} says it; take the line out, or give a file as weights")
        return given | {"model": plain, "weights": weights.lower().replace("-", "_")}

    @model_validator(mode="after")
    def _file_of_the_papers(self) -> Self:
        if self.file is not None and not self.published:
            raise ValueError("file: is where ViT-B-32/openai lies; give the path of other weights as weights")
        return self

    @property
    def published(self) -> bool:
        """Whether this is the paper's embedder, so that scores may be compared with published ones."""
        return (self.model, self.weights) == ("ViT-B-32", "openai")

    @property
    def checkpoints(self) -> tuple[str, ...]:
        if self.published:
            return (self.file or PAPERS_EMBEDDER,)
        return tuple(name for name in (self.model, self.weights) if is_path(name))


def is_path(name: str) -> bool:
    """Whether an embedder's model or weights are a file; no architecture or tag of open_clip has a slash or a dot."""
    return "/" in name or "." in name


SeedSpec = Annotated[ProceduralSeed | ReliefSeed | SvdSeed, Field(discriminator="backend")]
ViewsSpec = Annotated[ProceduralViews | JitteredViews | ReliefViews | V3dViews, Field(discriminator="backend")]
FitSpec = Annotated[CpuFit | AutodiffFit | WarmFit | JointFit | TrajectoriesFit, Field(discriminator="backend")]
RenderSpec = Annotated[
    CpuRender | AutodiffRender | ShuffledRender | TruthRender | StaticRender | BlankRender,
    Field(discriminator="backend"),
]
EmbedSpec = ClipEmbed

UNIONS: dict[str, Any] = {  # in the order of the data's way
    "reference": ReferenceSpec,
    "seed": SeedSpec,
    "views": ViewsSpec,
    "splat": FitSpec,
    "render": RenderSpec,
    "score": EmbedSpec,
}
STAGES = tuple(UNIONS)


def backends(stage: str) -> dict[str, type[Spec]]:
    """The Specs that a stage may have, by the name of their backend; an empty name where there is no choice."""
    union = getattr(UNIONS[stage], "__origin__", UNIONS[stage])
    specs: tuple[type[Spec], ...] = get_args(union) or (union,)
    named = {spec: spec.model_fields.get("backend") for spec in specs}
    return {get_args(field.annotation)[0] if field else "": spec for spec, field in named.items()}


def parse_spec(stage: str, text: str) -> Any:
    """The Spec of ``stage`` from its ``argument()``.

    Raises:
        InputError: unknown backend or key, a value out of range, or a revision that this package does not know.
    """
    return parsed(text, UNIONS[stage], f"--spec of {stage}")


def parsed(text: str, kind: Any, where: str) -> Any:
    """JSON of the command line as what it is to be: a model, or one of a union of models.

    Raises:
        InputError: one line that begins with ``where`` and names the first setting that is not understood.
    """
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        raise InputError(f"{where}: {first_problem(error)}") from None


def validated(data: Any, kind: type[T], where: str | Path, cure: str = "") -> T:
    """Parsed data as what it is to be.

    Args:
        kind: a model, or a container of models.
        where: what errors begin with: the file, or the setting as the user gave it.
        cure: what errors end with, unless the complaint says enough.

    Raises:
        InputError: one line that names the first setting that is not understood.
    """
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        raise InputError(f"{where}: {first_problem(error)}{cure and f'; {cure}'}") from None


def first_problem(error: ValidationError) -> str:
    """The first of pydantic's complaints as one line: where, and what."""
    problem = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in problem["loc"]) or "study"
    what = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        what = "unknown key; remove it or check its spelling"
    given = problem["input"]
    if problem["type"] == "union_tag_invalid" and str(given.get("backend")) in RENAMED:
        what = f"backend {given['backend']} is now called {RENAMED[given['backend']]}"
    shown = f" (given: {given!r})" if isinstance(given, str | int | float) else ""
    more = len(error.errors()) - 1
    return f"{where}: {what}{shown}" + (f" (and {more} more)" if more else "")
