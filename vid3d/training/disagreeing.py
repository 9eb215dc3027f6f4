"""Splats whose views disagree, beside the truth: what a ruler of generated views has to tell from whole objects."""

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from vid3d.cameras import EVALUATION_CAMERAS, GENERATED_VIEWS, orbit, view_indices
from vid3d.files import to_uint8
from vid3d.procedural import ObjectSpec
from vid3d.procedural.images import render_at_amplitude
from vid3d.procedural.kinds import KINDS
from vid3d.procedural.rig import PERIOD
from vid3d.scene import Float32, UInt8, Views
from vid3d.splatting.fit import fit
from vid3d.splatting.native import Rasterisation
from vid3d.splatting.rasteriser import render
from vid3d.splatting.recipe import preset

VIEW_COUNTS = (18, 9, 3)
LEAST = 0.4  # strength of disagreement; 1 is the most
_WARP, _COLOUR, _MIXED, _BLUR = 3.6, 0.08, 0.6, 1.2  # pixels, of 1, share and pixels, at strength 1
_SMOOTH, _WIDE = 8.0, 4.0  # pixels: of displacements, of the blur that colours are mixed with


def disagreeing(views: Float32, strength: float, rng: np.random.Generator) -> Float32:
    """Views of an orbit that contradict each other, as generated ones do: each bent, recoloured and blurred by itself.

    The first view, which a model is given, hardly; what it does not see most.

    Args:
        views: (n, s, s, 3) in [0, 1], on white.
        strength: 0 to 1.
    """
    found = []
    for index, view in enumerate(views):
        by = strength * (0.15 + 0.85 * np.sqrt(np.sin(np.pi * index / len(views))))
        inside = (view.min(axis=-1, keepdims=True) < 0.95).astype(np.float32)
        mixed = gaussian_filter(view, (_WIDE, _WIDE, 0)) * inside + (1 - inside)
        share = np.float32(_MIXED * by * rng.random())
        image = (1 - share) * view + share * mixed + inside * rng.normal(0, _COLOUR * by, 3).astype(np.float32)
        blur = _BLUR * by * rng.random()
        found.append(np.clip(gaussian_filter(_bent(image, _WARP * by, rng), (blur, blur, 0)), 0, 1))
    return np.stack(found).astype(np.float32)


def _bent(image: Float32, reach: float, rng: np.random.Generator) -> Float32:
    """An image displaced smoothly, by about ``reach`` pixels."""
    size = image.shape[0]
    noise = [gaussian_filter(rng.standard_normal((size, size)), _SMOOTH) * _SMOOTH for _ in range(2)]
    places = np.mgrid[:size, :size] + reach * np.stack(noise)
    bent = [map_coordinates(image[..., channel], places, order=1, mode="nearest") for channel in range(3)]
    return np.stack(bent, axis=-1).astype(np.float32)


def beside_truth(obj: ObjectSpec, reach: float, size: int, rng: np.random.Generator) -> tuple[UInt8, UInt8]:
    """Renders of splats whose views disagree, and the truth at the same cameras.

    Args:
        obj: moved by up to ``reach`` of its class's largest amplitude, at a random moment.
        size: of all images.

    Returns:
        (view counts, cameras, size, size, 3) and (cameras, size, size, 3) uint8, at the evaluation cameras.
    """
    amplitude, moment = rng.uniform(0, reach) * KINDS[obj.kind].largest_amplitude, rng.uniform(0, PERIOD)
    around, seen = orbit(GENERATED_VIEWS, size), orbit(EVALUATION_CAMERAS, size)
    made = disagreeing(render_at_amplitude(obj, moment, amplitude, around)[0], rng.uniform(LEAST, 1), rng)
    renders = []
    for count in VIEW_COUNTS:
        used = view_indices(GENERATED_VIEWS, count)
        splats, _ = fit(Views(np.ascontiguousarray(made[used]), around.select(used)), preset("fast"), rng)
        renders.append(to_uint8(np.clip(render(splats, seen, Rasterisation()), 0, 1)))
    return np.stack(renders), to_uint8(render_at_amplitude(obj, moment, amplitude, seen)[0])
