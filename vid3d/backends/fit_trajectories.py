"""Gaussians of a clip on trajectories: one size, opacity and colour each, and few cosines for place and rotation."""

from collections.abc import Sequence

import numpy as np

from vid3d.errors import InputError
from vid3d.scene import FitReport, Splats, Views
from vid3d.splatting import native
from vid3d.splatting.clip import GROUPS, MOVING_GROUPS, Model, chained, refine, warm_start, waves
from vid3d.splatting.recipe import preset
from vid3d.stages import ClipFit, Progress
from vid3d.study.specs.fit import TrajectoriesFit


def build(spec: TrajectoriesFit) -> ClipFit:
    """A pass through the clip with half of the steps, its nearest trajectories, then these with all moments.

    Raises (when called):
        InputError: as of the fit of each moment by itself, for fewer steps than moments or fewer moments than waves.
    """
    recipe = preset(spec.preset, **spec.model_dump(include={"splats", "iterations", "opacity_weight"}))

    def run(
        moments: Sequence[Views], rngs: Sequence[np.random.Generator], progress: Progress | None = None
    ) -> list[tuple[Splats, FitReport]]:
        if spec.waves >= len(moments):
            raise InputError(f"splat.waves: {spec.waves} waves need more than {len(moments)} moments; give fewer waves")
        total = spec.iterations * len(moments)
        begun = warm_start(moments, recipe, rngs, total // 2, spec.instruction_set, progress)
        basis = waves(len(moments), spec.waves)
        planes = np.stack([native.from_splats(splats) for splats, _ in begun])
        # the basis is orthogonal over the moments, so that least squares are means
        nearest = np.einsum("bf,fpn->bpn", basis / (basis**2).sum(axis=1, keepdims=True), planes)
        groups = (GROUPS, *(MOVING_GROUPS,) * spec.waves)
        # a step of all coefficients together takes no moment farther than a step of a moment by itself
        model = Model(nearest, basis, groups, haste=1 / len(basis))
        refined = refine(moments, recipe, model, rngs[0], total - total // 2, spec.instruction_set, progress)
        return chained(begun, refined)

    return run
