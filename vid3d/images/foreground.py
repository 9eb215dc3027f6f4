"""Which pixels of a photograph are the object, without any learned model; and the object recentred on white.

Four ways, from the surest to the least sure: the file's own alpha channel; a smooth background, grown inwards from the
border; a plain one, recognised by its colour there; and GrabCut (Rother et al. 2004, OpenCV's implementation), started
from an ellipse.  GrabCut also refines what the others leave, and takes off what is left of shadows.  Of several cuts
the one is taken whose outline lies on edges of the picture, and a cut of which this cannot be said is called doubtful.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vid3d.errors import InputError
from vid3d.images import backgrounds
from vid3d.images.backgrounds import Bool, Likeness
from vid3d.scene import Float32

PLAIN_SIDE, ELLIPSE_SIDE = 384, 256  # pixels: the longer side at which the mask is sought, by way
EMPTY_SHARE = 0.002  # a foreground below this share of the image counts as empty
CERTAIN_DISTANCE = 0.3  # colour distance from the background beyond which a place off its hue is certainly object
OUTLINE_LEVEL = 0.65  # of the smoothed mask: above one half, so that the outline leaves out mixed pixels
EDGE = 0.0145  # colour change per working pixel that an outline has somewhere within two pixels of it
SURE = 0.9  # of the outline must lie on edges
ALIKE = 0.02  # difference up to which two cuts are equally sure
STARTS = 0.75, 0.55, 0.95  # half the axes of the ellipse, relative to half the image's sides
AGREEMENT = 0.9  # intersection over union that the cuts from all these starts have with the first
CURE = "a PNG with alpha settles it"


@dataclass(frozen=True)
class Cut:
    """What is taken for the object.

    Attributes:
        mask: (h, w) float32 in [0, 1], coverage of the foreground, soft along the outline.
        doubt: why it may be wrong, and the cure; empty if nothing speaks against it.
    """

    mask: Float32
    doubt: str = ""


def cut_out(image: Float32, alpha: Float32 | None = None) -> Cut:
    """The foreground, and how sure it is.

    Args:
        image: (h, w, 3) float32 in [0, 1].
        alpha: (h, w) float32 in [0, 1], taken as it is; None if the foreground has to be found.

    Raises:
        InputError: nothing stands out.
    """
    cut = _found(image) if alpha is None else Cut(alpha.astype(np.float32))
    if float(np.mean(cut.mask > 0.5)) < EMPTY_SHARE:
        raise InputError("no foreground stands out: use an image with one clear object, or a PNG with transparency")
    return cut


def _found(image: Float32) -> Cut:
    """The surest cut of the ways that the background allows."""
    small, reduced = _resized(image, PLAIN_SIDE), _resized(image, ELLIPSE_SIDE)
    start = backgrounds.plain(small)
    sure, mask, agreement = -1.0, np.zeros(small.shape[:2], np.bool_), 1.0
    for covered, likeness in _covered(small, start):
        found = _refined(small, covered, likeness)
        if found.any() and _sureness(small, found) > sure + ALIKE:  # the earlier way where two are alike
            sure, mask = _sureness(small, found), found
    if start is None or (mask.any() and sure < SURE):
        found, agreed = _from_ellipses(reduced)
        if found.any() and _sureness(reduced, found) > sure + ALIKE:
            sure, mask, agreement = _sureness(reduced, found), found, agreed
    doubt = ""
    if sure < SURE:
        doubt = f"only {100 * max(0.0, sure):.0f} % of its outline lie on edges of the picture"
    elif agreement < AGREEMENT:
        doubt = "the background is not plain, and other places to start from give another outline"
    return Cut(_soften(mask, image.shape[:2]), doubt and f"the cut-out is doubtful: {doubt}; {CURE}")


def _covered(image: Float32, start: Float32 | None) -> Iterator[tuple[Bool, Likeness]]:
    """What the background covers, as smooth and as plain, and how all pixels compare with it."""
    smooth = backgrounds.grown(image, start)
    if smooth is not None:
        yield smooth
    if start is not None:
        likeness = backgrounds.compared(image, start)
        alike = likeness.distance < backgrounds.PLAIN_TOLERANCE
        yield backgrounds.connected_to_border(alike | likeness.shadow), likeness


def _sureness(image: Float32, mask: Bool) -> float:
    """The share of the outline that lies on edges, less the share of the image's border that the mask covers."""
    square = np.ones((3, 3), np.uint8)
    outline = mask & (cv2.erode(mask.astype(np.uint8), square, borderValue=1) == 0)
    rim = np.ones_like(mask)
    rim[1:-1, 1:-1] = False
    outline &= ~rim
    if not outline.any():
        return 0.0
    edges = cv2.dilate(backgrounds.slope(image, 1.0), np.ones((5, 5), np.uint8)) > EDGE
    return float(np.mean(edges[outline]) - np.mean(mask[rim]))


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


def _refined(image: Float32, covered: Bool, likeness: Likeness) -> Bool:
    """What the background does not cover, refined.

    Enclosed areas go too, if they are of exactly the background's colour (the view through a bicycle's frame).
    """
    close = likeness.distance < 0.35 * backgrounds.PLAIN_TOLERANCE
    through = cv2.morphologyEx(close.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5)))
    rest = _tidy(~covered & (through == 0))
    if not rest.any():
        return rest
    labels = np.where(rest, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    labels[rest & (likeness.distance > CERTAIN_DISTANCE) & (likeness.tint > 0.1)] = cv2.GC_FGD
    return _tidy(_grabcut(image, labels, 3))


def _from_ellipses(image: Float32) -> tuple[Bool, float]:
    """GrabCut from an ellipse in the middle within a border, and its least agreement with that from other ellipses."""
    height, width = image.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    cuts = []
    for start in STARTS:
        labels = np.full((height, width), cv2.GC_PR_BGD, dtype=np.uint8)
        labels[np.hypot(x, y) < start] = cv2.GC_PR_FGD
        labels[backgrounds.border(height, width)] = cv2.GC_BGD
        cuts.append(_tidy(_grabcut(image, labels, 8)))
    first, *others = cuts
    return first, min(float((first & cut).sum() / max(1, (first | cut).sum())) for cut in others)


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
