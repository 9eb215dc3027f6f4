"""Gaussian splatting on a CPU: rasterizer, its gradients, and a fused fit, in C++ with a numpy face.

Conventions are those of gsplat and of the released code: opacity-aware ellipses with a low-pass of 0.3 pixels squared,
contributions below 1/255 skipped, a pixel stops before its transmittance would fall to 1e-4, depth sorting by centre.
The mathematics stands in ``core/*.hpp``, the numbers of the recipe in ``recipe.py``; ``docs/performance.md`` says how
fast it is.  ``render`` and ``Drawn`` stand in ``rasteriser.py``, which a fit does without.
"""

from vid3d.splatting.fit import fit
from vid3d.splatting.native import Rasterisation
from vid3d.splatting.recipe import preset

__all__ = ["Rasterisation", "fit", "preset"]
