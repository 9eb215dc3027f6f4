"""The fit's recipe: every number of it, where it starts, and what happens at which iteration.

The numbers of the preset ``as-released`` are those that the released code (rishab-partha/Vid3D) uses,
found by running it; ``as-written`` is what the paper's text says where the two differ; ``fast`` is our own recipe,
made for small images on a CPU (``docs/fast-fit-log.md``).  Points of the schedule are
given as iterations of the official 4000 and move in proportion when a fit has another number of iterations.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from vid3d.errors import InputError
from vid3d.scene import SH_C0, Float32, Splats, Views
from vid3d.splatting import native
from vid3d.splatting.native import AS_RELEASED, Rasterisation

OFFICIAL_ITERATIONS = 4000
SMALLEST_SQUARED_DISTANCE = 1e-7  # scene units squared, so that coinciding points keep a finite scale


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
    """How the visual hull of the views' silhouettes (``core/hull.hpp``) is carved and filled.

    As the initial cloud of the released code knows nothing of the object, most of its iterations go into moving splats
    to where the object is.  Silhouettes say that for nothing.

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


@dataclass(frozen=True)
class DensityControl:
    """When and how splats are cloned, split, removed and made transparent.

    Attributes:
        first, last, every: densify at these official iterations.
        gradient_threshold: mean length of the image-plane gradient in normalised device coordinates.
        clone_below: splats up to this fraction of the extent are cloned, larger ones split.
        minimum_opacity: splats below are removed at each densification.
        maximum_scale: splats above this fraction of the extent are removed too, at densifications after
            ``maximum_scale_after`` (an official iteration).
        resets: official iterations at which opacities are lowered to ``reset_opacity``; the opacities' Adam moments
            restart, and the opacities are not stepped in that iteration.
        maximum: no growth beyond this number of splats; those with the largest gradients go first.
    """

    first: int = 600
    last: int = 3900
    every: int = 100
    gradient_threshold: float = 2e-4
    clone_below: float = 0.01
    minimum_opacity: float = 0.005
    maximum_scale: float = 0.1
    maximum_scale_after: int = 3000
    resets: tuple[int, ...] = (500, 3000)
    reset_opacity: float = 0.01
    maximum: int | None = None


@dataclass(frozen=True)
class Recipe:
    """Everything that a fit depends on besides the views and the random numbers.

    Attributes:
        iterations: number of iterations, one view each.
        splats: initial number of splats.
        initial_spread: standard deviation of the initial positions on each axis, scene units.
        initial_grey: initial colour; 0.2 as a spherical-harmonics coefficient, truncated to 8 bits on its way through a
            PLY file by the released code.
        initial_opacity: initial opacity.
        extent: scene extent, 1.1 times the orbit radius; scene units.
        position_rate: learning rate of positions at iteration 0, a fraction of the extent.
        position_decay: what remains of it at the end of the horizon (log-linear in between).
        position_horizon: length of that decay over the number of iterations: 30,000 / 4000; a fit sees its beginning.
        quaternion_rate, scale_rate, opacity_rate, colour_rate: learning rates of the other parameters.
        rates_end: what remains of all rates at the last iteration; its exponent is the square of the progress, so
            that they stay large for long.
        beta2: how much of Adam's second moment is kept from step to step; 0.999 remembers longer than a short fit.
        ssim_weight, l1_weight, opacity_weight: loss = ssim (1 - SSIM) + l1 mean|x - y| + opacity mean(opacity).
        rasterisation: background, near plane and the rest of how splats become pixels.
        skip_last: leave out the optimiser's step in the last iteration, as the released code does.
        density: None keeps the number of splats fixed.
        hull: start in the visual hull of the views instead.
    """

    iterations: int = OFFICIAL_ITERATIONS
    splats: int = 100_000
    initial_spread: float = 0.125
    initial_grey: float = 141 / 255
    initial_opacity: float = 0.1
    extent: float = 2.2
    position_rate: float = 1.6e-4
    position_decay: float = 0.01
    position_horizon: float = 30_000 / OFFICIAL_ITERATIONS
    quaternion_rate: float = 0.001
    scale_rate: float = 0.005
    opacity_rate: float = 0.05
    colour_rate: float = 0.0025
    rates_end: float = 1.0
    beta2: float = 0.999
    ssim_weight: float = 1.0
    l1_weight: float = 0.0
    opacity_weight: float = 0.1
    rasterisation: Rasterisation = AS_RELEASED
    skip_last: bool = True
    density: DensityControl | None = DensityControl()
    hull: HullStart | None = None

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.splats < 1:
            raise InputError(f"iterations {self.iterations} and splats {self.splats} must be at least 1")

    def position_rates(self) -> Float32:
        """(iterations,) float32: the learning rate of positions at iterations 1, 2, ..."""
        progress = np.arange(1, self.iterations + 1) / (self.position_horizon * self.iterations)
        rates = self.position_rate * self.extent * self.position_decay ** np.minimum(progress, 1.0)
        return rates.astype(np.float32)

    def rates(self) -> Float32:
        """(iterations, 5) float32: of positions, quaternions, scales, opacities, colours at iterations 1, 2, ..."""
        rates = np.empty((self.iterations, 5), np.float32)
        rates[:, 0] = self.position_rates()
        rates[:, 1:] = self.quaternion_rate, self.scale_rate, self.opacity_rate, self.colour_rate
        progress = np.linspace(0, 1, self.iterations)
        rates *= (self.rates_end**progress**2).astype(np.float32)[:, None]
        return rates

    def adapted(self, views: int) -> "Recipe":
        """The recipe for so many views, where it depends on them: that is, with a hull.

        A trusted hull leaves nothing for the penalty on opacity to clear.  With another one, splats have far to go.
        """
        if self.hull is None:
            return self
        if views >= self.hull.surface_views:
            return replace(self, opacity_weight=0.0)
        return replace(self, position_rate=self.hull.haste * self.position_rate)


Preset = Literal["as-released", "as-written", "fast"]
# A start near the object bears rates 4 to 20 times the official ones, which bring it there in 300 steps.
FAST = Recipe(
    iterations=300,
    splats=2000,
    position_rate=2.4e-3,
    position_decay=1.0,
    quaternion_rate=0.024,
    scale_rate=0.1,
    opacity_rate=0.2,
    colour_rate=0.05,
    rates_end=0.1,
    beta2=0.98,
    l1_weight=1.0,
    skip_last=False,
    density=None,
    hull=HullStart(),
)


def preset(name: Preset, *, maximum: int | None = None, **changes: int | float) -> Recipe:
    """The recipe of that name, with ``changes`` of its fields and a cap on the number of splats.

    ``as-released`` is the released code's; ``as-written`` keeps the initial number of splats (the paper: "100K
    Gaussians") and performs every step ("4K steps"); ``fast`` starts in the visual hull and keeps that number, too.
    """
    if name == "as-released":
        recipe = Recipe(density=DensityControl(maximum=maximum))
    elif name == "as-written":
        recipe = Recipe(density=None, skip_last=False)
    elif name == "fast":
        recipe = FAST
    else:
        raise InputError(f"preset {name!r} is unknown: choose as-released, as-written or fast")
    return replace(recipe, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Event:
    """What one iteration does besides, or instead of, the plain step."""

    densify: bool = False
    limit_scale: bool = False  # that densification also removes splats that are too large
    reset_opacity: bool = False
    skip_update: bool = False


@dataclass(frozen=True)
class Schedule:
    """The events of a fit by iteration (1, 2, ...), and what the official schedule has that this fit has not."""

    events: dict[int, Event]
    notes: tuple[str, ...]


def schedule(recipe: Recipe) -> Schedule:
    """Moves the official points in proportion to the number of iterations.

    Points that fall on one iteration happen once; points that fall before iteration 1 never do; the notes say so.
    """
    events: dict[int, Event] = {}
    notes: list[str] = []

    def moved(points: list[int], what: str) -> dict[int, int]:  # iteration -> the last official point on it
        at = {math.floor(point * recipe.iterations / OFFICIAL_ITERATIONS + 0.5): point for point in points}
        at.pop(0, None)
        if len(at) < len(points):
            missing = len(points) - len(at)
            notes.append(f"{missing} of {len(points)} {what} never fire in {recipe.iterations} iterations")
        return at

    if recipe.density is not None:
        density = recipe.density
        points = list(range(density.first, density.last + 1, density.every))
        for iteration, point in moved(points, "densifications").items():
            events[iteration] = Event(densify=True, limit_scale=point > density.maximum_scale_after)
        for iteration in moved(list(density.resets), "opacity resets"):
            events[iteration] = replace(events.get(iteration, Event()), reset_opacity=True)
    if recipe.skip_last:
        events[recipe.iterations] = replace(events.get(recipe.iterations, Event()), skip_update=True)
    return Schedule(events, tuple(notes))


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
