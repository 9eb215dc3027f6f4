"""What the Specs of several stages have in common.

A Spec holds the settings of one stage for one backend, and its class says which module of ``vid3d.backends`` implements
it.  Each stage has a module beside this one, which ends with the union of the stage's Specs; ``vid3d.study.registry``
lists the stages.
"""

import json
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vid3d.study.validation import Strict

PixelSize = Annotated[int, Field(ge=16, le=4096)]
Device = Literal["cpu", "gpu"]
Processor = Literal["cpu", "gpu", "auto"]
Rasterizer = Literal["gsplat", "cpp"]


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
