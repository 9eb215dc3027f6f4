"""Adaptive density control (Kerbl et al. 2023, section 5.2), ordered as in the C++ core."""

import numpy as np

import torch
from torch import Tensor
from torch.nn import functional
from vid3d.splatting.recipe import DensityControl, Recipe
from vid3d.splatting.torch.state import State

CHILDREN = 2  # of a split splat
CHILD_SHRINK = 0.8 * CHILDREN


def densified(
    state: State, recipe: Recipe, density: DensityControl, limit_scale: bool, rng: np.random.Generator
) -> tuple[State, int]:
    """Clone, split and remove; the result has the rest first, then clones, then children.

    Every candidate adds one splat; without room for all, those with the largest gradients go first.

    Args:
        limit_scale: also remove splats that are too large.
        rng: draws the positions of children.

    Returns:
        The new state, and how many candidates there was no room for.
    """
    with torch.no_grad():
        mean = state.gradient_sum / state.seen.clamp_min(1.0)  # (n,)
        small = _largest_scales(state) <= density.clone_below * recipe.extent  # (n,)
        wanted, withheld = mean >= density.gradient_threshold, 0  # (n,)
        if density.maximum is not None:
            candidates = mean[wanted].sort(descending=True).values
            room = max(0, density.maximum - state.count)
            if len(candidates) > room:
                wanted, withheld = mean > candidates[room], len(candidates) - room
        cloned, split = (wanted & small).nonzero()[:, 0], (wanted & ~small).nonzero()[:, 0]  # indices
        rest, children = (~(wanted & ~small)).nonzero()[:, 0], split.repeat(CHILDREN)
        parents = torch.cat([rest, cloned, children])  # (m,)
        newcomers = torch.arange(len(parents), device=parents.device) >= len(rest)  # (m,)
        grown = state.gathered(parents, newcomers)
        normals = torch.from_numpy(rng.standard_normal((len(children), 3), np.float32)).to(mean.device)
        if len(children):
            _displace(grown, normals)
        keep = grown.parameters["opacity_logits"].sigmoid() >= density.minimum_opacity  # (m,)
        if limit_scale:
            keep &= _largest_scales(grown) <= density.maximum_scale * recipe.extent
        kept = keep.nonzero()[:, 0]
        return grown.gathered(kept, torch.zeros_like(kept, dtype=torch.bool)), withheld


def _largest_scales(state: State) -> Tensor:
    """(n,) standard deviations along each splat's longest axis, scene units."""
    return state.parameters["log_scales"].exp().amax(dim=1)


def _displace(state: State, normals: Tensor) -> None:
    """The last splats, as many as ``normals`` (c, 3), become draws from their parents, with a fraction of the scale."""
    born, log_scales = slice(state.count - len(normals), None), state.parameters["log_scales"]
    rotations = _rotations(state.parameters["quaternions"][born])  # (c, 3, 3)
    offsets = (rotations @ (log_scales[born].exp() * normals)[..., None])[..., 0]  # (c, 3)
    state.parameters["positions"][born] += offsets
    log_scales[born] -= float(np.log(CHILD_SHRINK))


def _rotations(quaternions: Tensor) -> Tensor:
    """(c, 3, 3) from (c, 4) wxyz of any length."""
    w, x, y, z = functional.normalize(quaternions, dim=-1).unbind(-1)  # (c,) each
    rows = [
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    ]
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)
