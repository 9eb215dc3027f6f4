"""Which pixels of a picture may be its background: smooth in colour, and reached from the border.

A plain background is one smooth colour along the border.  A smooth one may change its colour as it likes, from wall to
floor or towards a spot of light, as long as it does so without an edge; from what is reached its colours are continued
behind the object, and what has the colour, or is a shadow on it, is reached too.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vid3d.scene import Float32

Bool = NDArray[np.bool_]

PLAIN_SHARE = 0.75  # of the border must agree with one smooth colour for the background to count as plain
PLAIN_TOLERANCE = 0.09  # colour distance (RGB, Euclidean) within which it agrees
FIRST_TOLERANCE, TOLERANCE = 0.06, 0.04  # the same where growth follows, and to colours continued from close by
SMOOTH_SHARE = 0.7  # of the border must be without edges for the background to count as smooth
SMOOTH_SLOPE = 0.006  # colour change per pixel up to which there is no edge
STRANGE = 0.25  # colour distance from a plain background beyond which the object itself crosses the border there
GAP = 3  # pixels: growth passes no narrower gap between edges
SHADOW_DEPTH = 0.4  # brightness, relative to the background, down to which something may be a shadow on it
SHADOW_SLOPE = 0.02  # colour change per pixel up to which something may be a shadow


class Likeness(NamedTuple):
    """How pixels compare with a background: colour distance, that beside brightness, and whether one is a shadow."""

    distance: Float32
    tint: Float32
    shadow: Bool


def border(height: int, width: int) -> Bool:
    """The outermost 3 % of an image, at least one pixel."""
    band = max(1, round(0.03 * min(height, width)))
    outermost = np.ones((height, width), dtype=np.bool_)
    outermost[band:-band, band:-band] = False
    return outermost


def slope(image: Float32, sigma: float) -> Float32:
    """(h, w): colour change per pixel, the root mean square over the channels, of the picture blurred by ``sigma``."""
    blurred = cv2.GaussianBlur(image, (0, 0), sigma)
    squares = sum(cv2.Sobel(blurred, cv2.CV_32F, 1 - axis, axis, scale=1 / 8) ** 2 for axis in (0, 1))
    return np.asarray(np.sqrt(np.mean(squares, axis=2)), np.float32)


def plain(image: Float32) -> Float32 | None:
    """The background as one smooth colour (h, w, 3), fitted to the border; None if it is not plain.

    The tolerance narrows from round to round, so that what crosses the border drops out of the fit.
    """
    height, width = image.shape[:2]
    terms, colours = _smooth_terms(height, width), image.reshape(-1, 3).astype(np.float64)
    outermost = border(height, width).ravel()
    fitted = np.tile(np.median(colours[outermost], axis=0), (len(colours), 1))
    for tolerance in (0.35, 0.2, 0.12, PLAIN_TOLERANCE, PLAIN_TOLERANCE):
        used = outermost & (np.linalg.norm(colours - fitted, axis=1) < tolerance)
        if used.sum() < 0.3 * outermost.sum():
            return None
        coefficients = np.linalg.lstsq(terms[used], colours[used], rcond=None)[0]
        fitted = terms @ coefficients
    agreeing = np.linalg.norm(colours - fitted, axis=1)[outermost] < PLAIN_TOLERANCE
    if float(np.mean(agreeing)) < PLAIN_SHARE:
        return None
    return fitted.reshape(height, width, 3).astype(np.float32)


def _smooth_terms(height: int, width: int) -> NDArray[np.float64]:
    """(h * w, 6): the monomials up to order two, enough for a studio background's gradient or vignette."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)


def compared(image: Float32, background: Float32) -> Likeness:
    """Each pixel with its background.  A shadow has the background's hue, is darker, and has no detail."""
    smooth = cv2.GaussianBlur(image, (0, 0), 0.8)
    brightness = (smooth * background).sum(axis=2) / np.maximum((background * background).sum(axis=2), 1e-6)
    tint = np.linalg.norm(smooth - brightness[..., None] * background, axis=2)
    shadow = (brightness > SHADOW_DEPTH) & (brightness < 1.0) & (tint < 0.05) & (slope(image, 1.0) < SHADOW_SLOPE)
    return Likeness(np.asarray(np.linalg.norm(smooth - background, axis=2)), np.asarray(tint), shadow)


def grown(image: Float32, start: Float32 | None) -> tuple[Bool, Likeness] | None:
    """What a smooth background covers, and how all pixels compare with it; None if it is neither smooth nor plain.

    Args:
        image: (h, w, 3) float32 in [0, 1].
        start: the plain background, if it is plain.
    """
    outermost, change = border(*image.shape[:2]), slope(image, 1.5)
    smooth = float(np.mean(change[outermost] < SMOOTH_SLOPE)) > SMOOTH_SHARE
    if start is None and not smooth:
        return None
    covered = (change < SMOOTH_SLOPE) & smooth
    if start is not None:
        distance = compared(image, start).distance
        covered &= ~(outermost & (distance > STRANGE))
        covered = connected_to_border(connected_to_border(covered, GAP) | (distance < FIRST_TOLERANCE))
    else:
        covered = connected_to_border(covered, GAP)
    for _ in range(2):
        likeness = compared(image, _continued(image, covered))
        covered |= connected_to_border(covered | likeness.shadow, GAP)
        covered = connected_to_border(covered | (likeness.distance < TOLERANCE))
    return covered, likeness


def connected_to_border(candidates: Bool, gap: int = 1) -> Bool:
    """The 4-connected components of ``candidates`` that touch the image's border, through gaps of ``gap`` pixels."""
    square = np.ones((gap, gap), np.uint8)
    framed = cv2.copyMakeBorder(candidates.astype(np.uint8), gap, gap, gap, gap, cv2.BORDER_CONSTANT, value=1)
    _, labels = cv2.connectedComponents(cv2.erode(framed, square), connectivity=4)
    reached = cv2.dilate((labels == labels[0, 0]).astype(np.uint8), square)
    return np.asarray(reached[gap:-gap, gap:-gap] > 0) & candidates


def _continued(image: Float32, known: Bool) -> Float32:
    """Known colours, and where there are none the mean of those near by, as near as there are some."""
    inner = cv2.erode(known.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)  # without mixed pixels
    filled, missing = image.copy(), inner == 0
    for sigma in (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0):
        weight = cv2.GaussianBlur(inner, (0, 0), sigma)
        near = missing & (weight > 0.05)
        filled[near] = (cv2.GaussianBlur(image * inner[..., None], (0, 0), sigma)[near].T / weight[near]).T
        missing &= ~near
    for sigma in (16.0, 8.0, 4.0):
        filled = np.where(inner[..., None] > 0, image, cv2.GaussianBlur(filled, (0, 0), sigma))
    return np.asarray(cv2.GaussianBlur(filled, (0, 0), 2.0), np.float32)
