"""How images differ from the truth: overlap, sharpness, colour, and what the error consists of.

PSNR alone rewards blur: where a model is unsure, the mean of all possibilities is its best answer.  So it never stands
alone here.  Objects stand on white, so that masks can be read from the images.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vid3d.measures.metrics import psnr, ssim
from vid3d.scene import Float32, Float64

SHOWN = 230 / 255  # a pixel whose darkest channel lies below shows the object
SATURATED = 20.0  # CIELAB chroma from which a hue means something
BLOCK = 8  # pixels: the mean of a block is its colour, what differs inside is texture

Mask = NDArray[np.bool_]


def by_camera(images: Float32, truth: Float32, angles: Sequence[tuple[float, float]]) -> Iterator[dict[str, float]]:
    """One row per camera: camera, azimuth, elevation (degrees); psnr, ssim, iou, gradient (energy) and flip.

    Args:
        images: (n, h, w, 3) in [0, 1].
        truth: of the same shape.
        angles: azimuth and elevation of the n cameras.
    """
    found = {
        "psnr": psnr(images, truth),
        "ssim": ssim(images, truth),
        "iou": overlap(images, truth),
        "gradient": np.array([gradient_energy(one[None], true[None]) for one, true in zip(images, truth, strict=True)]),
        "flip": flip(images, truth),
    }
    for camera, (azimuth, elevation) in enumerate(angles):
        values = {name: float(column[camera]) for name, column in found.items()}
        yield {"camera": camera, "azimuth": azimuth, "elevation": elevation} | values


def shown(images: Float32) -> Mask:
    """(..., h, w): where images (..., h, w, 3) in [0, 1] show the object."""
    return np.asarray(images.min(axis=-1) < SHOWN)


def overlap(images: Float32, truth: Float32) -> Float64:
    """Intersection over union of the masks of images and truth (n, h, w, 3), per image."""
    made, wanted = shown(images), shown(truth)
    both = (made & wanted).sum(axis=(1, 2))
    either = np.maximum((made | wanted).sum(axis=(1, 2)), 1)
    return np.asarray(both / either, np.float64)


def gradient_energy(images: Float32, truth: Float32, inside: bool = False) -> float:
    """Sum of the squared differences of neighbouring pixels, over the truth's: below 1 is blur, above noise.

    Args:
        inside: count only neighbours that both lie inside both masks, so not the silhouette, which outweighs texture.
    """
    where = shown(images) & shown(truth) if inside else np.ones(truth.shape[:3], bool)
    made, wanted = (_steps(pictures, where) for pictures in (images, truth))
    return made / max(wanted, 1e-9)


def _steps(images: Float32, where: Mask) -> float:
    down = (images[:, 1:] - images[:, :-1]) ** 2 * (where[:, 1:] & where[:, :-1])[..., None]
    right = (images[:, :, 1:] - images[:, :, :-1]) ** 2 * (where[:, :, 1:] & where[:, :, :-1])[..., None]
    return float(down.sum() + right.sum())


def flip(images: Float32, truth: Float32) -> Float64:
    """Mean of the error map that FLIP (Andersson et al. 2020) draws, per image, at its own 67 pixels per degree: (n,).

    It models what an eye sees in flipping between two images: 0 nothing, 1 black against white.
    """
    import flip_evaluator

    return np.array(
        [flip_evaluator.evaluate(t, i, "LDR", applyMagma=False)[1] for i, t in zip(images, truth, strict=True)]
    )


def colour_difference(images: Float32, truth: Float32) -> float:
    """Median CIEDE2000 over the pixels of the truth's object; 1 is about what an eye can tell, 10 another shade."""
    where = shown(truth)
    return float(np.median(ciede2000(_lab(images)[where], _lab(truth)[where]))) if where.any() else 0.0


def hue_error(images: Float32, truth: Float32) -> float:
    """Mean angle in degrees between the CIELAB hues, over pixels of both objects, SATURATED in truth; or nan."""
    made, wanted = _lab(images), _lab(truth)
    where = shown(images) & shown(truth) & (np.hypot(wanted[..., 1], wanted[..., 2]) > SATURATED)
    if not where.any():
        return float("nan")
    angles = [np.degrees(np.arctan2(lab[where][:, 2], lab[where][:, 1])) for lab in (made, wanted)]
    return float(np.abs((angles[0] - angles[1] + 180.0) % 360.0 - 180.0).mean())


def error_shares(images: Float32, truth: Float32) -> dict[str, float]:
    """What the squared error of images (n, h, w, 3) consists of; the shares add up to 1.

    Returns:
        ``silhouette``: what lies outside the common mask.  Inside, in blocks of BLOCK pixels: ``colour``, the error of
        the blocks' means, and ``texture``, all that is left.
    """
    error = (images - truth).astype(np.float64)
    where = (shown(images) & shown(truth)).astype(np.float64)[..., None]
    total = float((error**2).sum())
    inside = _blocks(error**2 * where)
    count = np.maximum(_blocks(where), 1.0)
    colour = float((_blocks(error * where) ** 2 / count).sum())
    whole = max(total, 1e-12)
    return {
        "silhouette": (total - float(inside.sum())) / whole,
        "colour": colour / whole,
        "texture": (float(inside.sum()) - colour) / whole,
    }


def _blocks(values: Float64) -> Float64:
    """Sums over blocks: (n, h, w, c) to (n, h / BLOCK, w / BLOCK, c); h and w are multiples of BLOCK."""
    n, h, w, c = values.shape
    return np.asarray(values.reshape(n, h // BLOCK, BLOCK, w // BLOCK, BLOCK, c).sum(axis=(2, 4)))


def _lab(images: Float32) -> Float64:
    """sRGB (n, h, w, 3) in [0, 1] to CIELAB (white D65)."""
    n, h, w, _ = images.shape
    rgb = np.ascontiguousarray(images, np.float32).reshape(n * h, w, 3)
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab), np.float64).reshape(n, h, w, 3)


def ciede2000(one: Float64, other: Float64) -> Float64:
    """Colour differences of CIELAB colours (n, 3): (n,), with all weights 1 (Sharma, Wu and Dalal 2005)."""
    chroma = np.hypot(one[:, 1], one[:, 2]), np.hypot(other[:, 1], other[:, 2])
    seventh = ((chroma[0] + chroma[1]) / 2.0) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(seventh / (seventh + 25.0**7))  # of a*, which counts more near grey
    a = one[:, 1] * stretch, other[:, 1] * stretch
    c = np.hypot(a[0], one[:, 2]), np.hypot(a[1], other[:, 2])
    h = np.arctan2(one[:, 2], a[0]), np.arctan2(other[:, 2], a[1])
    grey = c[0] * c[1] == 0.0

    turn = (h[1] - h[0] + np.pi) % (2.0 * np.pi) - np.pi
    lightness, colourfulness = other[:, 0] - one[:, 0], c[1] - c[0]
    hue = np.where(grey, 0.0, 2.0 * np.sqrt(c[0] * c[1]) * np.sin(turn / 2.0))

    mean_l, mean_c = (one[:, 0] + other[:, 0]) / 2.0, (c[0] + c[1]) / 2.0
    mean_h = np.where(grey, h[0] + h[1], h[0] + turn / 2.0)
    weight = (
        1.0
        - 0.17 * np.cos(mean_h - np.radians(30.0))
        + 0.24 * np.cos(2.0 * mean_h)
        + 0.32 * np.cos(3.0 * mean_h + np.radians(6.0))
        - 0.20 * np.cos(4.0 * mean_h - np.radians(63.0))
    )
    middle = (mean_l - 50.0) ** 2
    of_l = 1.0 + 0.015 * middle / np.sqrt(20.0 + middle)
    of_c = 1.0 + 0.045 * mean_c
    of_h = 1.0 + 0.015 * mean_c * weight
    from_blue = (np.degrees(mean_h) % 360.0 - 275.0) / 25.0
    seventh = mean_c**7
    rotation = -2.0 * np.sqrt(seventh / (seventh + 25.0**7)) * np.sin(np.radians(60.0) * np.exp(-(from_blue**2)))
    l, c_, h_ = lightness / of_l, colourfulness / of_c, hue / of_h  # noqa: E741
    return np.asarray(np.sqrt(l**2 + c_**2 + h_**2 + rotation * c_ * h_))
