"""One square around an object in many pictures: cells of a figure show it as large as they can, all of them alike."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from vid3d.scene import UInt8

_WHITE = 235  # what is darker than this in any channel belongs to the object: faint halos of splats do not
_MARGIN = 0.03  # of the picture's edge, on each side


@dataclass(frozen=True)
class Square:
    """A part of a square picture; all three in shares of its edge, from the upper left corner."""

    left: float = 0.0
    top: float = 0.0
    side: float = 1.0

    def of(self, picture: UInt8) -> UInt8:
        """This part of a picture, (s, s, 3), at least a pixel wide."""
        edge = len(picture)
        side = min(max(round(self.side * edge), 1), edge)
        left, top = (min(round(start * edge), edge - side) for start in (self.left, self.top))
        return picture[top : top + side, left : left + side]

    def inside(self, other: "Square") -> tuple[float, float, float]:
        """Left, top and side of this square in shares of another one's edge, from its upper left corner."""
        return (self.left - other.left) / other.side, (self.top - other.top) / other.side, self.side / other.side


def around(pictures: Iterable[UInt8]) -> Square:
    """The smallest square, with a margin, that holds what is not white in any of the pictures; all if nothing is.

    Args:
        pictures: (s, s, 3) uint8 on white, each of a size of its own.
    """
    first, last = np.ones(2), np.zeros(2)  # shares of the edge: down, across
    for picture in pictures:
        dark = np.any(picture < _WHITE, axis=2)
        for axis in (0, 1):
            found = np.flatnonzero(np.any(dark, axis=1 - axis))
            if len(found):
                first[axis] = min(first[axis], found[0] / len(picture))
                last[axis] = max(last[axis], (found[-1] + 1) / len(picture))
    if (last <= first).any():
        return Square()
    side = float(min((last - first).max() + 2 * _MARGIN, 1.0))
    top, left = (float(np.clip((first[axis] + last[axis] - side) / 2, 0.0, 1.0 - side)) for axis in (0, 1))
    return Square(left, top, side)
