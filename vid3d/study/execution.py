"""How jobs are cut and how the mini models are trained, as data: settings of the study that no Spec holds."""

from typing import Annotated

from pydantic import Field

from vid3d.study.specs.spec import Device
from vid3d.study.validation import Strict


class FramesPerJob(Strict):
    """How many frames of a clip one process handles; results do not depend on it.

    Attributes:
        views: frames whose views are generated together.
        splat_cpu: frames that a job fits one after the other on a CPU.  Where a fit takes minutes, as one of the
            paper's size does, fewer use more cores and lose less when a job fails.
        splat_gpu: frames that a job fits on a GPU.
    """

    views: Annotated[int, Field(ge=1)] = 25
    splat_cpu: Annotated[int, Field(ge=1)] = 25
    splat_gpu: Annotated[int, Field(ge=1)] = 25

    def splat(self, device: Device) -> int:
        """How many frames a splat job fits on this device."""
        return self.splat_gpu if device == "gpu" else self.splat_cpu


class ClipsPerJob(Strict):
    """How many clips of an image one process handles; results do not depend on it.

    Jobs are cut in the order in which a run lists its motion scores and view counts: what is listed behind full jobs is
    a job of its own, and any other change of the lists makes the clips of the jobs concerned anew.

    Attributes:
        sampled: clips whose seeds, or whose views, a learned model samples on a CPU, where importing its libraries
            takes longer than a clip.  On a GPU, and without a model, it is always one.
        scored: clips that are embedded and scored, or whose indicators are worked out; controls that draw no splats
            share jobs, too.
    """

    sampled: Annotated[int, Field(ge=1)] = 3
    scored: Annotated[int, Field(ge=1)] = 25


class Execution(Strict):
    """How jobs are cut and sized; never part of a Spec.

    Attributes:
        frames_per_job: below.
        clips_per_job: below.
        frames_per_batch: how many frames of a splat job share a call of gsplat's rasterizer.  Fewer take less memory;
            the splats are the same but for the rounding of sums, whose order a GPU does not fix in any case.
    """

    frames_per_job: FramesPerJob = FramesPerJob()
    clips_per_job: ClipsPerJob = ClipsPerJob()
    frames_per_batch: Annotated[int, Field(ge=1)] = 25


class Training(Strict):
    """How the mini diffusion models are trained (``make train-diffusion``).

    Attributes:
        minutes: a budget that the models share, for a trial; None trains in full.
        objects: geometries that the models are trained on, each in four colourings; None takes 3500, or, with a budget,
            30 for each of its minutes.
    """

    minutes: Annotated[float, Field(gt=0)] | None = None
    objects: Annotated[int, Field(ge=10)] | None = None

    def budget(self, share: float) -> str:
        """The option that gives a training its ``share`` of the minutes, if there is a budget."""
        return "" if self.minutes is None else f"--budget {round(share * self.minutes, 2)}"

    @property
    def shards(self) -> list[int]:
        """Sizes of the shards in which the objects are rendered."""
        asked = self.objects or (3500 if self.minutes is None else min(3500, max(60, round(30 * self.minutes))))
        size = min(250, -(-asked // 2))
        return [min(size, asked - start) for start in range(0, asked, size)]
