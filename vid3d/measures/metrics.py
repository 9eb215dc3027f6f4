"""Scores as pure functions of stored embeddings and images.

CLIP-I is the mean cosine similarity of CLIP image embeddings between renders and a reference, on the 0-1 scale.  What
the reference is, and whether it counts itself, is the protocol; the paper's text and the released script disagree.
``vid3d.measures.protocols`` has all combinations with their formulas; the means from which they are made are here.
PSNR and SSIM compare renders with ground truth.
"""

import numpy as np

from vid3d.scene import Float32, Float64

SSIM_RADIUS = 5  # pixels: an 11 x 11 window
SSIM_SIGMA = 1.5  # pixels
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2  # (K1 L)^2, (K2 L)^2 of Wang et al. 2004 with data range L = 1


def cosines(embeddings: Float32, reference: Float32) -> Float64:
    """Cosine similarity of each embedding with one reference.

    Args:
        embeddings: (..., d), of any length above 0.
        reference: (d,), of any length above 0.

    Returns:
        (...) float64 in [-1, 1].

    Raises:
        ValueError: shapes that do not fit, or an embedding that is zero or not finite.
    """
    a, b = np.asarray(embeddings, np.float64), np.asarray(reference, np.float64)
    if b.ndim != 1 or a.shape[-1:] != b.shape:
        raise ValueError(f"embeddings {a.shape} and reference {b.shape} must share their last axis")
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise ValueError("an embedding is zero or not finite")
    similarity: Float64 = np.clip(a @ b / lengths, -1.0, 1.0)
    return similarity


def overall_mean(similarity: Float64) -> float:
    """The mean over all renders, each counted once: CLIP-I as the paper defines it, with cosines to the source image.

    Args:
        similarity: (frames, cameras) cosines with any reference.
    """
    return float(_table(similarity).mean())


def self_reference_per_camera(similarity: Float64) -> Float64:
    """The released script's score of each camera: the mean of its F cosines and the reference's own 1.

    Args:
        similarity: (frames, cameras) cosines of the renders with the render of frame 0 at camera 0.

    Returns:
        (cameras,) float64.
    """
    table = _table(similarity)
    per_camera: Float64 = (1.0 + table.sum(axis=0)) / (len(table) + 1)
    return per_camera


def self_reference(similarity: Float64) -> float:
    """CLIP-I as the released script computes it: the mean of ``self_reference_per_camera`` over the cameras."""
    return float(self_reference_per_camera(similarity).mean())


def self_reference_left_out(similarity: Float64) -> float:
    """The mean over all renders but the reference, that of frame 0 at camera 0.

    Args:
        similarity: (frames, cameras) cosines of the renders with the render at [0, 0].

    Raises:
        ValueError: there is no other render.
    """
    table = _table(similarity)
    if table.size < 2:
        raise ValueError("a single render leaves none to compare with itself")
    return float((table.sum() - table[0, 0]) / (table.size - 1))


def _table(similarity: Float64) -> Float64:
    table = np.asarray(similarity, np.float64)
    if table.ndim != 2 or table.size == 0:
        raise ValueError(f"cosines must be (frames, cameras) and not empty, not {table.shape}")
    return table


def psnr(images: Float32, truth: Float32) -> Float64:
    """Peak signal-to-noise ratio of each image in dB, over all pixels and channels; infinite for equal images.

    Args:
        images: (n, h, w, 3) float32 in [0, 1].
        truth: the same shape.

    Returns:
        (n,) float64.
    """
    a, b = _pair(images, truth)
    error = np.square(a - b).mean(axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        decibels: Float64 = -10.0 * np.log10(error)
    return decibels


def ssim(images: Float32, truth: Float32) -> Float64:
    """Structural similarity of each image (Wang et al. 2004), averaged over the channels.

    11 x 11 Gaussian window of sigma 1.5, covariances weighted by the window without sample correction, and the mean
    over those positions only at which the whole window lies within the image.  This is what scikit-image computes
    with ``gaussian_weights=True, use_sample_covariance=False, data_range=1``.  (The loss of the splat fit pads with
    zeros instead and counts every pixel, as the released code does; the two numbers differ.)

    Args:
        images: (n, h, w, 3) float32 in [0, 1], h and w at least 11.
        truth: the same shape.

    Returns:
        (n,) float64, at most 1.
    """
    from scipy.ndimage import gaussian_filter  # a fifth of a second, which scores of embeddings do without

    a, b = _pair(images, truth)
    if min(a.shape[1:3]) < 2 * SSIM_RADIUS + 1:
        raise ValueError(f"images of {a.shape[1:3]} pixels are smaller than the window")

    def mean(x: Float64) -> Float64:
        filtered: Float64 = gaussian_filter(x, (0, SSIM_SIGMA, SSIM_SIGMA, 0), radius=(0, SSIM_RADIUS, SSIM_RADIUS, 0))
        return filtered[:, SSIM_RADIUS:-SSIM_RADIUS, SSIM_RADIUS:-SSIM_RADIUS]

    mean_a, mean_b = mean(a), mean(b)
    variance_a, variance_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + SSIM_C1) / (mean_a**2 + mean_b**2 + SSIM_C1)
    structure = (2 * covariance + SSIM_C2) / (variance_a + variance_b + SSIM_C2)
    similarity: Float64 = (luminance * structure).mean(axis=(1, 2, 3))
    return similarity


def _pair(images: Float32, truth: Float32) -> tuple[Float64, Float64]:
    if images.shape != truth.shape or images.ndim != 4:
        raise ValueError(f"images {images.shape} and truth {truth.shape} must both be (n, h, w, 3)")
    return np.asarray(images, np.float64), np.asarray(truth, np.float64)
