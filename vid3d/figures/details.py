"""Below rows of the same moments: where and when they differ most, enlarged, and the error of each to the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps, rcParams
from matplotlib.colors import Normalize

from vid3d.figures.crop import Square
from vid3d.figures.films import HEAD, Mark
from vid3d.figures.sheet import GAP, Sheet, wrapped
from vid3d.scene import Float64, UInt8

SHARE = 1 / 3  # of the square around the object: the edge of the detail
_LARGEST = 0.85  # inches: edge of a picture at most
_ABOVE, _LINE, _BAR, _TICKS = 0.06, 0.115, 0.07, 0.2  # inches: above the heads; a head's line; the colour bar; below it


@dataclass(frozen=True)
class Shown:
    """One of the rows at the moment where they differ most.

    Attributes:
        label: what tells it from the others.
        picture: (s, s, 3) uint8, all of it.
        truth: the same of what there is to see; None where nobody knows.
    """

    label: str
    picture: UInt8
    truth: UInt8 | None


def most_different(rows: Sequence[Sequence[UInt8]], within: Square) -> Mark:
    """The moment and the square, ``SHARE`` as wide as ``within`` and inside it, where rows of pictures differ most.

    Rows differ in a pixel by the largest less the smallest of their values, the mean over the colours; in a square by
    the mean over its pixels.

    Args:
        rows: pictures of the same moments, (s, s, 3) uint8, all of one size.
    """
    found = [_most_different(pictures, within) for pictures in zip(*rows, strict=True)]
    column = int(np.argmax([difference for difference, _ in found]))
    return Mark(column, found[column][1])


def _most_different(pictures: Sequence[UInt8], within: Square) -> tuple[float, Square]:
    """How much pictures of one moment differ in the square where they differ most, and that square."""
    spread = np.ptp(np.stack(pictures), axis=0).mean(axis=2)
    edge = len(spread)
    side = max(round(SHARE * within.side * edge), 1)
    sums = np.pad(spread.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    means = (sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]) / side**2
    (top, bottom), (left, right) = (
        (round(start * edge), max(round((start + within.side) * edge) - side, round(start * edge)))
        for start in (within.top, within.left)
    )
    inside = means[top : bottom + 1, left : right + 1]
    down, across = np.unravel_index(int(np.argmax(inside)), inside.shape)
    return float(inside[down, across]), Square((left + across) / edge, (top + down) / edge, side / edge)


@dataclass(frozen=True)
class Details:
    """One square of several pictures of a moment, side by side, above the truth and the error where that is known.

    Attributes:
        square: what is shown of all of them.
        label: inches at the left for the names of the lines.
    """

    shown: Sequence[Shown]
    square: Square
    width: float
    label: float

    @property
    def known(self) -> bool:
        """Whether there is a truth to compare with."""
        return all(one.truth is not None for one in self.shown)

    @property
    def side(self) -> float:
        """Edge of a picture in inches."""
        count = len(self.shown)
        return min(_LARGEST, (self.width - self.label - 3 * GAP - GAP * count) / count)

    @property
    def height(self) -> float:
        """Inches that all of it takes."""
        lines = (self.side + GAP) * (3 if self.known else 1)
        return _ABOVE + self._head + lines + (_BAR + _TICKS if self.known else 0.0)

    @property
    def _head(self) -> float:
        return max(HEAD, _LINE * max(len(wrapped(one.label, self.side)) for one in self.shown))

    def errors(self) -> list[Float64]:
        """(s, s) of each: absolute differences to the truth in the square, from 0 to 1, the mean over the colours."""
        pairs = [(one.picture, one.truth) for one in self.shown if one.truth is not None]
        parts = [[self.square.of(picture).astype(float) for picture in pair] for pair in pairs]
        return [np.abs(picture - truth).mean(axis=2) / 255.0 for picture, truth in parts]

    def scale(self) -> Normalize:
        """The colours of the errors, from 0 to the largest of them."""
        return Normalize(0.0, max(float(error.max()) for error in self.errors()) or 1.0)

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw them on a sheet from ``top`` inches on."""
        side, first, top = self.side, 2 * GAP + self.label, top + _ABOVE
        lefts = [first + place * (side + GAP) for place in range(len(self.shown))]
        for left, one in zip(lefts, self.shown, strict=True):
            sheet.text(left + side / 2, top + self._head / 2, "\n".join(wrapped(one.label, side)))
        top += self._head
        scale = self.scale() if self.known else Normalize()
        lines = {"detail": [self.square.of(one.picture) for one in self.shown]}
        if self.known:
            lines["truth"] = [self.square.of(one.truth) for one in self.shown if one.truth is not None]
            colours = colormaps[rcParams["image.cmap"]]
            lines["|error|"] = [colours(scale(error), bytes=True)[..., :3] for error in self.errors()]
        for name, pictures in lines.items():
            sheet.text(GAP + self.label / 2, top + side / 2, name)
            for left, picture in zip(lefts, pictures, strict=True):
                sheet.image(picture, left, top, side)
            top += side + GAP
        if self.known:
            axes = sheet.bar(first, top + GAP, lefts[-1] + side - first, scale, _BAR)
            largest = float(scale.vmax or 0.0)
            axes.set_xticks([0.0, largest], ["0", f"{largest:.2f}"])
            zero, end = axes.get_xticklabels()
            zero.set_horizontalalignment("left")
            end.set_horizontalalignment("right")  # else it may stand beyond the sheet
