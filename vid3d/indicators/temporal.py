"""Temporal flicker and frame-to-frame consistency per camera: the price of fitting frames independently."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from vid3d.indicators.reduction import reduced_clip, silhouettes, smoothed
from vid3d.scene import Float32, Float64

REACH = 1  # pixels of 1/64 of the image: displacement per frame that is followed
PATCH = 3  # pixels, edge of the square over which a displacement must explain the change
CALM = 0.8  # share of the object's pixels that count: those that change least
STILL = 2.0 / 255.0  # what still changes in the ground truth of a pixel that stands still


def flicker(images: Float32) -> Float64:
    """How far pixels overshoot both neighbouring frames: the mean over the calmest 80 % of the object's pixels.

    For each frame t and pixel x, ``o(x, d) = max(I_t(x) - max(P, N), min(P, N) - I_t(x), 0)``, mean over the channels,
    with ``P = I_{t-1}(x - d)`` and ``N = I_{t+1}(x + d)``; averaged over 3 x 3 pixels, then the least over the
    displacements d of up to one pixel in each direction; then the mean over the lowest 80 % of the values of those
    pixels that show the object in one of the three frames.  A change in one direction, such as an edge passing by or
    light fading, overshoots nothing, and a patch that moves evenly is followed; what goes up and down again is counted.
    The fifth that changes most is left out: limbs in fast motion, and what appears in some frames only.

    Source: ours.  Related: symmetric motion compensation of frame interpolation, and VBench's motion smoothness and
    temporal flickering (Huang et al. 2024, https://arxiv.org/abs/2311.17982).

    Args:
        images: (frames, cameras, s, s, 3) in [0, 1] on white, at least 3 frames.

    Returns:
        (frames - 2, cameras) float64 in [0, 1], intensity; higher is worse; 0 for a clip that never changes.

    Raises:
        ValueError: other shapes, or fewer than 3 frames.
    """
    pictures = reduced_clip(images, frames=3)
    frames, cameras = pictures.shape[:2]
    shown = silhouettes(smoothed(pictures))
    shown = shown[:-2] | shown[1:-1] | shown[2:]
    values = np.zeros((frames - 2, cameras))
    for camera in range(cameras):
        overshoot = _overshoot(pictures[:, camera])
        for frame in range(frames - 2):
            values[frame, camera] = _mean_of_the_calm(overshoot[frame][shown[frame, camera]])
    return values


def static_change(images: Float32, truth: Float32) -> Float64:
    """Mean absolute change from each frame to the next over the object's pixels that stand still in ground truth.

    ``mean |I_{t+1}(x) - I_t(x)|`` over channels and pixels x that show the object in the truth's frame t and whose
    truth changes by at most 2/255 in every channel.

    Source: the temporal flickering of VBench (Huang et al. 2024, https://arxiv.org/abs/2311.17982), which takes the
    mean over all pixels of videos that stand still, restricted to what stands still in a video that does not.

    Args:
        images: (frames, cameras, s, s, 3) in [0, 1] on white, at least 2 frames.
        truth: the same shape: the ground truth of the same moments and cameras.

    Returns:
        (frames - 1, cameras) float64 in [0, 1], intensity; higher is worse; NaN where nothing stands still.

    Raises:
        ValueError: other shapes, or fewer than 2 frames.
    """
    if images.shape != truth.shape:
        raise ValueError(f"images {images.shape} and truth {truth.shape} must have the same shape")
    pictures, true = reduced_clip(images, frames=2), reduced_clip(truth, frames=2)
    still = (np.abs(np.diff(true, axis=0)).max(axis=-1) <= STILL) & silhouettes(smoothed(true))[:-1]
    change = np.abs(np.diff(pictures, axis=0)).mean(axis=-1)
    return _masked_mean(change, still)


def successive_cosines(embeddings: Float32) -> Float64:
    """Frame-to-frame consistency: cosine similarity of the embeddings of successive frames at each camera.

    Source: the frame consistency of Esser et al. 2023 (https://arxiv.org/abs/2302.03011).

    Args:
        embeddings: (frames, cameras, d), of any length above 0, at least 2 frames.

    Returns:
        (frames - 1, cameras) float64 in [-1, 1]; higher is better; 1 for a clip that never changes.

    Raises:
        ValueError: other shapes, fewer than 2 frames, or an embedding that is zero or not finite.
    """
    if embeddings.ndim != 3 or len(embeddings) < 2 or embeddings.size == 0:
        raise ValueError(f"embeddings must be (frames, cameras, d) of at least 2 frames, not {embeddings.shape}")
    lengths = np.linalg.norm(np.asarray(embeddings, np.float64), axis=-1, keepdims=True)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise ValueError("an embedding is zero or not finite")
    unit = embeddings / lengths
    cosines: Float64 = np.clip((unit[1:] * unit[:-1]).sum(axis=-1), -1.0, 1.0)
    return cosines


def _overshoot(pictures: Float32) -> Float32:
    """(frames - 2, h, w): the least overshoot of a patch over the displacements that are followed."""
    height, width = pictures.shape[1:3]
    around = ((0, 0), (REACH, REACH), (REACH, REACH), (0, 0))
    before, now, after = np.pad(pictures[:-2], around, "edge"), pictures[1:-1], np.pad(pictures[2:], around, "edge")
    least = np.full(now.shape[:3], np.inf, np.float32)
    steps = range(2 * REACH + 1)
    for dy, dx in ((dy, dx) for dy in steps for dx in steps):
        to = 2 * REACH - dy, 2 * REACH - dx
        there = before[:, dy : dy + height, dx : dx + width]
        then = after[:, to[0] : to[0] + height, to[1] : to[1] + width]
        beyond = np.maximum(now - np.maximum(there, then), np.minimum(there, then) - now)
        over = np.maximum(beyond, np.float32(0)).mean(axis=-1)
        np.minimum(least, uniform_filter(over, (0, PATCH, PATCH), mode="nearest"), out=least)
    return least


def _mean_of_the_calm(values: Float32) -> float:
    """Mean of the lowest 80 %; 0 for none."""
    count = round(CALM * len(values))
    return float(np.partition(values, count - 1)[:count].mean(dtype=np.float64)) if count else 0.0


def _masked_mean(values: Float32, mask: NDArray[np.bool_]) -> Float64:
    """Mean over the last two axes where ``mask``; NaN where it is nowhere true."""
    counts = mask.sum(axis=(-2, -1))
    sums = np.where(mask, values, 0.0).sum(axis=(-2, -1), dtype=np.float64)
    return np.asarray(np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0))
