"""Which pixels of a photograph are the object, without any learned model; and the object recentred on white.

Three ways, from the surest to the least sure: the file's own alpha channel; a plain background, recognised by its
colour along the border and removed by growing inwards from there, then refined by GrabCut (Rother et al. 2004,
OpenCV's implementation), which takes off what is left of shadows; and GrabCut alone, started from an ellipse.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from vid3d.errors import InputError
from vid3d.scene import Float32

Bool = NDArray[np.bool_]

PLAIN_SIDE, ELLIPSE_SIDE = 384, 256  # pixels: the longer side at which the mask is sought, by way
EMPTY_SHARE = 0.002  # a foreground below this share of the image counts as empty
PLAIN_SHARE = 0.75  # of the border must agree with one smooth colour for the background to count as plain
PLAIN_TOLERANCE = 0.09  # colour distance (RGB, Euclidean) within which it agrees
CERTAIN_DISTANCE = 0.3  # colour distance from the background beyond which a place off its hue is certainly object
OUTLINE_LEVEL = 0.65  # of the smoothed mask: above one half, so that the outline leaves out mixed pixels
SHADOW_DEPTH = 0.4  # brightness, relative to the background, down to which something may be a shadow on it
SHADOW_SLOPE = 0.02  # brightness change per working pixel up to which something may be a shadow


def cut_out(image: Float32, alpha: Float32 | None = None) -> Float32:
    """Coverage of the foreground.

    Args:
        image: (h, w, 3) float32 in [0, 1].
        alpha: (h, w) float32 in [0, 1], taken as it is; None if the foreground has to be found.

    Returns:
        (h, w) float32 in [0, 1], soft along the outline.

    Raises:
        InputError: nothing stands out.
    """
    if alpha is not None:
        mask = alpha.astype(np.float32)
    else:
        small = _resized(image, PLAIN_SIDE)
        background = _plain_background(small)
        if background is not None:
            found = _from_plain(small, background)
        else:
            found = _from_ellipse(_resized(image, ELLIPSE_SIDE))
        mask = _soften(found, image.shape[:2])
    if float(np.mean(mask > 0.5)) < EMPTY_SHARE:
        raise InputError("no foreground stands out: use an image with one clear object, or a PNG with transparency")
    return mask


def framed(image: Float32, mask: Float32, size: int, border: float) -> tuple[Float32, Float32]:
    """The object in the middle of a square white frame, its longer side filling 1 - ``border`` of the frame.

    Args:
        image: (h, w, 3) float32 in [0, 1].
        mask: (h, w) float32 in [0, 1], coverage; at least one pixel above 0.5.
        size: side of the result in pixels.
        border: share of the frame that the object's longer side leaves free, in [0, 1).

    Returns:
        (size, size, 3) float32 in [0, 1] on white and its coverage (size, size) float32 in [0, 1].
    """
    rows, columns = np.nonzero(mask > 0.5)
    if not len(rows):
        raise ValueError("the mask is empty")
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    side = max(bottom - top, right - left) / (1.0 - border)  # of the source square that becomes the frame, in pixels
    scale = size / side
    # Reduce by area first, so that the final (sub-pixel) placement by bicubic interpolation does not alias.
    premultiplied = np.dstack([image * mask[..., None], mask])
    if scale < 1.0:
        reduced = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        premultiplied = np.asarray(cv2.resize(premultiplied, reduced, interpolation=cv2.INTER_AREA), np.float32)
    factor_x, factor_y = premultiplied.shape[1] / image.shape[1], premultiplied.shape[0] / image.shape[0]
    step = side / size  # source pixels per pixel of the frame
    centres = (np.arange(size) + 0.5) * step - side / 2
    map_x, map_y = np.meshgrid(
        (centres + (left + right) / 2) * factor_x - 0.5, (centres + (top + bottom) / 2) * factor_y - 0.5
    )
    placed = cv2.remap(
        premultiplied,
        map_x.astype(np.float32),
        map_y.astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(0, 0, 0, 0),
    )
    alpha = np.clip(placed[..., 3], 0.0, 1.0)
    foreground = np.clip(placed[..., :3] + (1.0 - alpha[..., None]), 0.0, 1.0)
    return foreground.astype(np.float32), alpha.astype(np.float32)


def _resized(image: Float32, side: int) -> Float32:
    """The image with its longer side at ``side`` pixels; a small one is enlarged, so that all thresholds fit it too."""
    scale = side / max(image.shape[:2])
    shape = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    resized = cv2.resize(image, shape, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC)
    return np.clip(np.asarray(resized, np.float32), 0.0, 1.0)


def _border(height: int, width: int) -> Bool:
    """The outermost 3 % of an image, at least one pixel."""
    band = max(1, round(0.03 * min(height, width)))
    border = np.ones((height, width), dtype=np.bool_)
    border[band:-band, band:-band] = False
    return border


def _smooth_terms(height: int, width: int) -> NDArray[np.float64]:
    """(h * w, 6): the monomials up to order two, enough for a studio background's gradient or vignette."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)


def _plain_background(image: Float32) -> Float32 | None:
    """The background as a smooth colour (h, w, 3), fitted to the border; None if it is not plain.

    The tolerance narrows from round to round, so that what crosses the border drops out of the fit.
    """
    height, width = image.shape[:2]
    terms, colours = _smooth_terms(height, width), image.reshape(-1, 3).astype(np.float64)
    border = _border(height, width).ravel()
    fitted = np.tile(np.median(colours[border], axis=0), (len(colours), 1))
    for tolerance in (0.35, 0.2, 0.12, PLAIN_TOLERANCE, PLAIN_TOLERANCE):
        used = border & (np.linalg.norm(colours - fitted, axis=1) < tolerance)
        if used.sum() < 0.3 * border.sum():
            return None
        coefficients = np.linalg.lstsq(terms[used], colours[used], rcond=None)[0]
        fitted = terms @ coefficients
    agreeing = np.linalg.norm(colours - fitted, axis=1)[border] < PLAIN_TOLERANCE
    if float(np.mean(agreeing)) < PLAIN_SHARE:
        return None
    return fitted.reshape(height, width, 3).astype(np.float32)


def _from_plain(image: Float32, background: Float32) -> Bool:
    """What the background and the soft shadows on it, growing inwards from the border, do not reach, refined.

    A shadow is a place of the background's hue, darker than it, and without detail.  Enclosed areas go too, if they
    are of exactly the background's colour (the view through a bicycle's frame).
    """
    smooth = cv2.GaussianBlur(image, (0, 0), 0.8)
    distance = np.linalg.norm(smooth - background, axis=2)
    brightness = (smooth * background).sum(axis=2) / np.maximum((background * background).sum(axis=2), 1e-6)
    tint = np.linalg.norm(smooth - brightness[..., None] * background, axis=2)
    grey = cv2.GaussianBlur(image.mean(axis=2), (0, 0), 1.0)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=1 / 8))
    shadow = (brightness > SHADOW_DEPTH) & (brightness < 1.0) & (tint < 0.05) & (slope < SHADOW_SLOPE)
    reached = _connected_to_border((distance < PLAIN_TOLERANCE) | shadow)
    through = cv2.morphologyEx((distance < 0.35 * PLAIN_TOLERANCE).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5)))
    rest = _tidy(~reached & (through == 0))
    if not rest.any():
        return rest
    labels = np.where(rest, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    labels[rest & (distance > CERTAIN_DISTANCE) & (tint > 0.1)] = cv2.GC_FGD
    return _tidy(_grabcut(image, labels, 3))


def _connected_to_border(candidates: Bool) -> Bool:
    """The 4-connected components of ``candidates`` that touch the image's border."""
    _, labels = cv2.connectedComponents(candidates.astype(np.uint8), connectivity=4)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return np.isin(labels, np.setdiff1d(np.unique(edge), [0]))


def _from_ellipse(image: Float32) -> Bool:
    """GrabCut from an ellipse in the middle (probable foreground) within a border (certain background)."""
    height, width = image.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    radius = np.hypot(x, y)
    labels = np.full((height, width), cv2.GC_PR_BGD, dtype=np.uint8)
    labels[radius < 0.75] = cv2.GC_PR_FGD
    labels[_border(height, width)] = cv2.GC_BGD
    return _tidy(_grabcut(image, labels, 8))


def _grabcut(image: Float32, labels: NDArray[np.uint8], iterations: int) -> Bool:
    """The foreground after so many rounds of GrabCut from an initial labelling (which is overwritten)."""
    cv2.setRNGSeed(0)  # its k-means start; the only random step, so that the same image always gives the same cut
    eight_bits = np.rint(image * 255.0).astype(np.uint8)
    no_rectangle = (0, 0, 0, 0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(eight_bits, labels, no_rectangle, models[0], models[1], iterations, cv2.GC_INIT_WITH_MASK)
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _tidy(mask: Bool) -> Bool:
    """Without specks and pinholes: parts under a twelfth of the largest go, holes under a hundredth are filled."""
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    if count < 2:
        return np.zeros_like(mask)
    areas = statistics[1:, cv2.CC_STAT_AREA]
    kept = np.isin(labels, 1 + np.flatnonzero(areas >= areas.max() / 12))
    _, holes, statistics, _ = cv2.connectedComponentsWithStats((~kept).astype(np.uint8), connectivity=4)
    small = np.flatnonzero(statistics[:, cv2.CC_STAT_AREA] < areas.max() / 100)
    return kept | np.isin(holes, np.setdiff1d(small, [0]))


def _soften(mask: Bool, shape: tuple[int, int]) -> Float32:
    """The mask at the full size (height, width), its staircase turned into a soft outline."""
    height, width = shape
    blurred = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.0)
    method = cv2.INTER_AREA if height < len(mask) else cv2.INTER_CUBIC
    outline = np.clip((blurred - OUTLINE_LEVEL) * 2.0 + 0.5, 0.0, 1.0)
    return np.clip(np.asarray(cv2.resize(outline, (width, height), interpolation=method), np.float32), 0.0, 1.0)
