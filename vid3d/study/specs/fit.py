"""Settings of the splats' fit, a Spec per backend."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from vid3d.study.specs.spec import BackendSpec, Device, Rasterizer

OfficialPreset = Literal["as-released", "as-written"]
Preset = OfficialPreset | Literal["fast"]
FAST = {"splats": 2000, "iterations": 300}  # what preset fast has for settings that are not given
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


FitSpec = Annotated[CpuFit | AutodiffFit | WarmFit | JointFit | TrajectoriesFit, Field(discriminator="backend")]
