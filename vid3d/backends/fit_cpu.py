"""Gaussians fitted on the CPU by ``vid3d.splatting``, one thread per fit."""

from collections.abc import Sequence

import numpy as np

from vid3d.scene import FitReport, Splats, Views
from vid3d.splatting.fit import fit
from vid3d.splatting.recipe import preset
from vid3d.stages import Fit, Progress
from vid3d.study.specs.fit import CpuFit


def build(spec: CpuFit) -> Fit:
    """A fit of the recipe that ``spec`` names.

    Raises (when called):
        InputError: no views, or NaN in them; an instruction set that this machine lacks; a fit that diverged.
    """
    recipe = preset(spec.preset, **spec.model_dump(include={"maximum", "splats", "iterations", "opacity_weight"}))

    def run(
        moments: Sequence[Views], rngs: Sequence[np.random.Generator], progress: Progress | None = None
    ) -> list[tuple[Splats, FitReport]]:
        paired = zip(moments, rngs, strict=True)
        return [fit(views, recipe, rng, progress, spec.instruction_set) for views, rng in paired]

    return run
