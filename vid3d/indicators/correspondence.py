"""Which pixels of one picture occur in another one nearby: the primitive of two indicators.

A pixel is *unmatched* if no pixel of the other picture within a small distance has its colour.  Asked in both
directions this is a bidirectional similarity (Simakov, Caspi, Shechtman, Irani 2008, "Summarizing visual data using
bidirectional similarity", https://www.wisdom.weizmann.ac.il/~vision/VisualSummary.html) with patches of one pixel that
may move a little only.  It needs no optical flow: what moves by less than the distance is matched, what appears from
nowhere is not.
"""

import numpy as np
from numpy.typing import NDArray

from vid3d.scene import Float32


def unmatched(
    pictures: Float32, others: Float32, where: NDArray[np.bool_], radius: float, tolerance: float
) -> NDArray[np.bool_]:
    """Pixels of each picture whose colour the other picture has nowhere within ``radius``.

    Args:
        pictures: (n, h, w, 3) in [0, 1].
        others: the same shape, one for each picture; white beyond its borders.
        where: (n, h, w), the pixels that are asked about.
        radius: pixels, at least 0.
        tolerance: colours are the same if no channel differs by more, on the 0-1 scale.

    Returns:
        (n, h, w) bool, False off ``where``.
    """
    height, width = pictures.shape[1:3]
    reach = int(radius)
    wide = np.pad(others, ((0, 0), (reach, reach), (reach, reach), (0, 0)), constant_values=1.0)
    # Most pixels find their colour where they are, so only the rest is searched for around.
    found = where & (_difference(pictures, others) > tolerance)
    n, row, column = np.nonzero(found)
    wanted = pictures[n, row, column]
    alone = np.ones(len(n), np.bool_)
    grid = range(-reach, reach + 1)
    for dy, dx in ((dy, dx) for dy in grid for dx in grid if 0 < dy * dy + dx * dx <= radius * radius):
        rest = np.flatnonzero(alone)
        there = wide[n[rest], row[rest] + dy + reach, column[rest] + dx + reach]
        alone[rest] = _difference(wanted[rest], there) > tolerance
    result = np.zeros((len(pictures), height, width), np.bool_)
    result[n[alone], row[alone], column[alone]] = True
    return result


def _difference(a: Float32, b: Float32) -> Float32:
    """(...) the largest difference of a channel of colours (..., 3)."""
    red, green, blue = np.moveaxis(np.abs(a - b), -1, 0)
    largest: Float32 = np.maximum(np.maximum(red, green), blue)  # several times faster than a maximum over three values
    return largest
