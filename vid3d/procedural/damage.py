"""Images damaged on purpose: what a score of image quality must notice."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from vid3d.scene import Float32

KINDS = ("blur", "noise", "missing")
_SQUARE = 8  # pixels, edge of the squares that go missing


def damage(image: Float32, kind: str, strength: float, rng: np.random.Generator) -> Float32:
    """A damaged image; from the same state of ``rng`` damage grows with ``strength`` and is nested.

    Args:
        image: (h, w, 3) float32 in [0, 1], an object on white.
        kind: one of ``KINDS``.
        strength: of blur the sigma in pixels; of noise the standard deviation on the 0-1 scale, before clipping; of
            missing parts the share of the object's pixels that are white, whole squares of them in random order.

    Returns:
        (h, w, 3) float32 in [0, 1].
    """
    if kind == "blur":
        blurred: Float32 = gaussian_filter(image, (strength, strength, 0), mode="nearest")
        return blurred
    if kind == "noise":
        noise = np.float32(strength) * rng.standard_normal(image.shape, np.float32)
        return np.clip(image + noise, np.float32(0), np.float32(1))
    if kind == "missing":
        return np.where(_squares(image, strength, rng)[..., None], np.float32(1), image)
    raise ValueError(f"no damage is called {kind!r}")


def _squares(image: Float32, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(h, w) bool: squares in random order as long as they hold at most ``share`` of the object's pixels."""
    rows, columns = np.arange(image.shape[0]) // _SQUARE, np.arange(image.shape[1]) // _SQUARE
    square = rows[:, None] * (columns[-1] + 1) + columns
    order = rng.permutation(int(square.max()) + 1)
    on_object = image.min(axis=2) < 0.99
    sizes = np.bincount(square[on_object], minlength=len(order))[order]
    return np.isin(square, order[np.cumsum(sizes) <= share * on_object.sum()])
