"""Where a fit starts."""

import math
from typing import Any

import numpy as np

from vid3d.scene import SH_C0, Float32, Splats
from vid3d.splatting.recipe import Recipe

SMALLEST_SQUARED_DISTANCE = 1e-7  # scene units squared, so that coinciding points keep a finite scale


def mean_squared_distances(core: Any, points: Float32) -> Float32:
    """(n,) float32: the mean squared distance of each of the (n, 3) points to its three nearest neighbours."""
    distances = np.empty(len(points), np.float32)
    core.mean_squared_distances(points, distances)
    return distances


def initial_splats(core: Any, recipe: Recipe, rng: np.random.Generator) -> Splats:
    """Normally distributed grey, isotropic splats whose scale is the distance to their neighbours."""
    n = recipe.splats
    positions = rng.normal(0.0, recipe.initial_spread, (n, 3)).astype(np.float32)
    squared = np.maximum(mean_squared_distances(core, positions), SMALLEST_SQUARED_DISTANCE)
    return Splats(
        positions=positions,
        quaternions=np.tile(np.array([1, 0, 0, 0], np.float32), (n, 1)),
        log_scales=np.repeat(0.5 * np.log(squared)[:, None], 3, axis=1).astype(np.float32),
        opacity_logits=np.full(n, math.log(recipe.initial_opacity / (1 - recipe.initial_opacity)), np.float32),
        colours=np.full((n, 3), (recipe.initial_grey - 0.5) / SH_C0, np.float32),
    )
