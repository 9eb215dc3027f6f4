"""Gaussians of a clip, each moment started from the one before: identity without any coupling."""

from collections.abc import Sequence

import numpy as np

from vid3d.scene import FitReport, Splats, Views
from vid3d.splatting.clip import warm_start
from vid3d.splatting.recipe import preset
from vid3d.stages import ClipFit, Progress
from vid3d.study.specs.fit import WarmFit


def build(spec: WarmFit) -> ClipFit:
    """The pass through a clip in order, with all of its steps.

    Raises (when called):
        InputError: as of the fit of each moment by itself, and for fewer steps than moments.
    """
    recipe = preset(spec.preset, **spec.model_dump(include={"splats", "iterations", "opacity_weight"}))

    def run(
        moments: Sequence[Views], rngs: Sequence[np.random.Generator], progress: Progress | None = None
    ) -> list[tuple[Splats, FitReport]]:
        return warm_start(moments, recipe, rngs, spec.iterations * len(moments), spec.instruction_set, progress)

    return run
