"""Images damaged on purpose: what a score of image quality must notice."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from vid3d.scene import Float32

KINDS = ("blur", "noise", "compression", "floaters", "missing")
FLOATERS = 64  # the most
_SQUARE = 8  # pixels, edge of the squares that go missing


def damage(image: Float32, kind: str, strength: float, rng: np.random.Generator) -> Float32:
    """A damaged image; from the same state of ``rng`` damage grows with ``strength`` and is nested.

    Args:
        image: (h, w, 3) float32 in [0, 1], an object on white.
        kind: one of ``KINDS``.
        strength: of blur the sigma in pixels; of noise the standard deviation on the 0-1 scale, before clipping; of
            compression what JPEG's quality lacks to 100, and 0 leaves the image alone; of floaters their number, at
            most FLOATERS: translucent Gaussians in colours of the object, as fits leave them where views disagree; of
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
    if kind == "compression":
        return _compressed(image, round(100 - strength)) if strength > 0 else image
    if kind == "floaters":
        return _with_floaters(image, round(strength), rng)
    if kind == "missing":
        return np.where(_squares(image, strength, rng)[..., None], np.float32(1), image)
    raise ValueError(f"no damage is called {kind!r}")


def _compressed(image: Float32, quality: int) -> Float32:
    pixels = np.round(image[..., ::-1] * 255).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.float32)
    return np.asarray(decoded[..., ::-1] / np.float32(255))


def _with_floaters(image: Float32, count: int, rng: np.random.Generator) -> Float32:
    """The image with the first ``count`` of FLOATERS Gaussians laid over it: near the object, thin or round."""
    h, w, _ = image.shape
    rows, columns = np.nonzero(image.min(axis=2) < 0.99)
    if not len(rows):
        return image
    places, shades = (rng.integers(0, len(rows), FLOATERS) for _ in range(2))
    shift = rng.normal(0, min(h, w) / 12, (FLOATERS, 2))
    sigmas, angles = rng.uniform(0.5, min(h, w) / 20, (FLOATERS, 2)), rng.uniform(0, np.pi, FLOATERS)
    opacity = rng.uniform(0.3, 0.9, FLOATERS)
    y, x = np.mgrid[:h, :w].astype(np.float32)
    drawn = image
    for k in range(count):
        dy, dx = y - (rows[places[k]] + shift[k, 0]), x - (columns[places[k]] + shift[k, 1])
        along = dx * np.cos(angles[k]) + dy * np.sin(angles[k])
        across = dy * np.cos(angles[k]) - dx * np.sin(angles[k])
        power = (along / sigmas[k, 0]) ** 2 + (across / sigmas[k, 1]) ** 2
        alpha = (opacity[k] * np.exp(-0.5 * power))[..., None].astype(np.float32)
        drawn = drawn + alpha * (image[rows[shades[k]], columns[shades[k]]] - drawn)
    return drawn


def _squares(image: Float32, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(h, w) bool: squares in random order as long as they hold at most ``share`` of the object's pixels."""
    rows, columns = np.arange(image.shape[0]) // _SQUARE, np.arange(image.shape[1]) // _SQUARE
    square = rows[:, None] * (columns[-1] + 1) + columns
    order = rng.permutation(int(square.max()) + 1)
    on_object = image.min(axis=2) < 0.99
    sizes = np.bincount(square[on_object], minlength=len(order))[order]
    return np.isin(square, order[np.cumsum(sizes) <= share * on_object.sum()])
