"""What all indicators of images start from: small pictures and their silhouettes.

Indicators are measured on pictures of at most 64 pixels, so that their tolerances in pixels mean the same share of the
image for renders of any size, and a clip of 25 frames of 512 pixels takes seconds.  What is finer than 1/64 of the
image is averaged away first.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from vid3d.scene import Float32, Float64

WORKING_SIZE = 64  # pixels
SMOOTHING = 0.6  # pixels, sigma: below it lies what pixel noise does to a colour
DARKER = 0.1  # than white in its darkest channel, on the 0-1 scale: belongs to the object


def reduced(images: Float32) -> Float32:
    """Images averaged over areas to at most 64 x 64 pixels; smaller ones stay as they are.

    Args:
        images: (..., s, s, 3) in [0, 1].

    Returns:
        (..., min(s, 64), min(s, 64), 3) float32 in [0, 1].

    Raises:
        ValueError: not square RGB images, none of them, or values that are not finite.
    """
    if images.ndim < 4 or images.shape[-1] != 3 or images.shape[-2] != images.shape[-3] or images.size == 0:
        raise ValueError(f"images must be (..., s, s, 3) and not empty, not {images.shape}")
    size = images.shape[-2]
    flat = images.reshape(-1, size, size, 3)
    small = np.empty((len(flat), min(size, WORKING_SIZE), min(size, WORKING_SIZE), 3), np.float32)
    weights = _area_weights(size, small.shape[1])
    for index, image in enumerate(flat):
        small[index] = image if size <= WORKING_SIZE else _resampled(image, weights)
    if not np.isfinite(small).all():
        raise ValueError("an image has values that are not finite")
    return small.reshape(*images.shape[:-3], *small.shape[1:])


def reduced_clip(images: Float32, frames: int = 1, cameras: int = 1) -> Float32:
    """``reduced`` images (frames, cameras, s, s, 3) of at least so many frames and cameras; of others a ValueError."""
    if images.ndim != 5 or len(images) < frames or images.shape[1] < cameras:
        least = f"at least {frames} frames and {cameras} cameras"
        raise ValueError(f"images must be (frames, cameras, s, s, 3) of {least}, not {images.shape}")
    return reduced(images)


def smoothed(images: Float32) -> Float32:
    """Images (..., h, w, 3) after a Gaussian of sigma 0.6 pixels within each."""
    sigma = (0.0,) * (images.ndim - 3) + (SMOOTHING, SMOOTHING, 0.0)
    soft: Float32 = gaussian_filter(images, sigma, mode="nearest")
    return soft


def silhouettes(smooth: Float32) -> NDArray[np.bool_]:
    """Pixels (..., h, w) of the object on white in ``smoothed`` images: the darkest channel is below 0.9.

    Parts of an object as light as that count as background.
    """
    dark: NDArray[np.bool_] = smooth.min(axis=-1) < 1.0 - DARKER
    return dark


def _area_weights(size: int, to: int) -> Float32:
    """(to, size): the share of each old pixel in each new one along one axis; rows sum to 1."""
    edges = np.arange(to + 1) * (size / to)
    old = np.arange(size)
    overlap = np.minimum(edges[1:, None], old + 1.0) - np.maximum(edges[:-1, None], old)
    weights: Float64 = np.maximum(overlap, 0.0) * (to / size)
    return weights.astype(np.float32)


def _resampled(image: Float32, weights: Float32) -> Float32:
    """(s, s, 3) to (t, t, 3) by ``weights`` (t, s) along both axes."""
    rows = np.tensordot(weights, image, axes=(1, 0))
    both: Float32 = np.tensordot(weights, rows, axes=(1, 1)).transpose(1, 0, 2)
    return both
