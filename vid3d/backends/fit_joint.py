"""Gaussians of a clip, all moments free but held together by a penalty on second differences in time."""

from collections.abc import Sequence

import numpy as np

from vid3d.scene import FitReport, Splats, Views
from vid3d.splatting import native
from vid3d.splatting.clip import GROUPS, Model, chained, refine, warm_start
from vid3d.splatting.recipe import preset
from vid3d.stages import ClipFit, Progress
from vid3d.study.specs.fit import JointFit


def build(spec: JointFit) -> ClipFit:
    """A pass through the clip with half of the steps, then all moments with the penalty.

    Raises (when called):
        InputError: as of the fit of each moment by itself, and for fewer steps than moments.
    """
    recipe = preset(spec.preset, **spec.model_dump(include={"splats", "iterations", "opacity_weight"}))

    def run(
        moments: Sequence[Views], rngs: Sequence[np.random.Generator], progress: Progress | None = None
    ) -> list[tuple[Splats, FitReport]]:
        total = spec.iterations * len(moments)
        begun = warm_start(moments, recipe, rngs, total // 2, spec.instruction_set, progress)
        planes = np.stack([native.from_splats(splats) for splats, _ in begun])
        model = Model(planes, np.eye(len(moments), dtype=np.float32), (GROUPS,) * len(moments), spec.smoothness)
        refined = refine(moments, recipe, model, rngs[0], total - total // 2, spec.instruction_set, progress)
        return chained(begun, refined)

    return run
