"""Where a fit starts that knows its cameras: on the visual hull of the views' silhouettes (``core/hull.hpp``).

As the initial cloud of the released code knows nothing of the object, most of its iterations go into moving splats to
where the object is.  Silhouettes say that for nothing.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from vid3d.scene import Float32, Splats, Views
from vid3d.splatting import native
from vid3d.splatting.native import Rasterisation


@dataclass(frozen=True)
class Placement:
    """How splats lie in the hull.

    Attributes:
        scale: standard deviation as a fraction of the (root mean squared) distance to the three nearest neighbours.
        flatness: the standard deviation along the surface's normal as a fraction of the other two.
        opacity: initial opacity.
    """

    scale: float
    flatness: float
    opacity: float


@dataclass(frozen=True)
class HullStart:
    """How the hull is carved and filled.

    The hull of many views hugs the object, so that splats start on its surface, facing outwards.  That of a few views
    is far too large: they start in its whole volume, and the penalty on opacity clears what no view needs.  That of one
    or two is no shape at all, and the recipe's cloud the better start.

    Attributes:
        contrast: what differs from the background by more in any channel is silhouette.
        share: of the views that see a cell, so many must show silhouette there; fewer if they agree on no cell.
        half_edge: of the cube in which the object is looked for, scene units; an orbit at 2 sees 1.15 of it.
        cells: of the grid along the longest side of the object's box.
        volume_views: from this number of views there is a hull.
        surface_views: from this number of views the hull's surface is trusted.
        surface, volume: how splats are placed in either.
        haste: factor of the learning rate of positions where the surface is not trusted: splats have far to go.
    """

    contrast: float = 0.03
    share: float = 0.9
    half_edge: float = 1.2
    cells: int = 40
    volume_views: int = 3
    surface_views: int = 8
    surface: Placement = Placement(scale=0.7, flatness=0.4, opacity=0.5)
    volume: Placement = Placement(scale=1.0, flatness=1.0, opacity=0.1)
    haste: float = 3.0


def hull_splats(
    core: Any, hull: HullStart, count: int, views: Views, rasterisation: Rasterisation, rng: np.random.Generator
) -> Splats | None:
    """``count`` splats, evenly over the hull's cells, in the views' colours; None if these are too few or show nothing.

    Draws from ``rng`` the order of the cells and the places in them.
    """
    if len(views.cameras) < hull.volume_views:
        return None
    carved = core.Hull(
        native.from_cameras(views.cameras),
        native.planar(views.images),
        rasterisation,
        hull.contrast,
        hull.share,
        hull.half_edge,
        hull.cells,
    )
    on_surface = len(views.cameras) >= hull.surface_views
    cells = carved.surface if on_surface else carved.volume
    if cells == 0:
        return None
    rounds = [rng.permutation(cells) for _ in range(math.ceil(count / cells))]
    picks = np.concatenate(rounds)[:count].astype(np.int32)
    how = hull.surface if on_surface else hull.volume
    planes: Float32 = np.empty((native.PLANES, count), np.float32)
    jitter = rng.random((count, 3), np.float32)
    carved.splats(picks, jitter, on_surface, (how.scale, how.flatness, how.opacity), planes)
    return native.to_splats(planes)
