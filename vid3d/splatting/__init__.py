"""Gaussian splatting on a CPU: rasterizer, its gradients, and a fused fit, in C++ with a numpy face.

Conventions are those of gsplat and of the released code: opacity-aware ellipses with a low-pass of 0.3 pixels squared,
contributions below 1/255 skipped, a pixel stops before its transmittance would fall to 1e-4, depth sorting by centre.
The mathematics stands in ``core/*.hpp``, the numbers of the recipe in ``recipe.py``; ``docs/performance.md`` says how
fast it is.
"""

from vid3d.splatting.fit import fit
from vid3d.splatting.instruction_sets import InstructionSet, resolve
from vid3d.splatting.rasteriser import Drawn, Rasterisation, render
from vid3d.splatting.recipe import DensityControl, Recipe, preset

__all__ = [
    "DensityControl",
    "Drawn",
    "InstructionSet",
    "Rasterisation",
    "Recipe",
    "fit",
    "preset",
    "render",
    "resolve",
]
