"""Films on a sheet: rows of pictures from left to right over time, in blocks that share a reference image."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib import rcParams

from vid3d.figures import crop
from vid3d.figures.sheet import GAP, RESOLUTION, Sheet, wrapped
from vid3d.scene import UInt8

HEAD = 0.17  # inches above the first row, for what stands over the columns
_BETWEEN = 0.08  # inches between blocks
SMALLEST = 0.5  # of a picture's edge: of cropped ones, about
_FEW = 3  # rows, beside whose middle the reference stands; of more beside the first


@dataclass(frozen=True)
class Film:
    """One row: what tells it from the others, and its pictures, (s, s, 3) uint8."""

    label: str
    pictures: tuple[UInt8, ...]


@dataclass(frozen=True)
class Mark:
    """A part of all pictures of a column, to be framed."""

    column: int
    square: crop.Square


@dataclass(frozen=True)
class Block:
    """Rows of one image, its reference beside them, what stands over their columns, and what is framed in them."""

    reference: UInt8
    films: tuple[Film, ...]
    heads: tuple[str, ...]
    mark: Mark | None = None

    @property
    def square(self) -> crop.Square:
        """Around the object in all of its pictures."""
        return crop.around([self.reference, *(picture for film in self.films for picture in film.pictures)])


@dataclass(frozen=True)
class Grid:
    """Where pictures stand on a sheet of films.

    Attributes:
        width: of the sheet, inches.
        label: inches for the rows' labels.
        columns: pictures in a row, without the reference.
        largest: edge of a picture at most, inches.
    """

    width: float
    label: float
    columns: int
    largest: float = 0.85

    @property
    def side(self) -> float:
        """Edge of a picture in inches."""
        return min(self.largest, (self.width - self.label - 4 * GAP - GAP * self.columns) / (self.columns + 1))

    @property
    def pixels(self) -> int:
        """Edge at most of a picture before it is cropped."""
        return round(self.side * RESOLUTION / SMALLEST)


def draw(blocks: Sequence[Block], grid: Grid, stamp: str, below: float = 0.0) -> Sheet:
    """Blocks below each other, the pictures of each cropped to one square around its object.

    Heads that are those of the block before are not repeated.

    Args:
        below: inches that stay free between the last block and the stamp.
    """
    side, step = grid.side, grid.side + GAP
    heads = [place == 0 or block.heads != blocks[place - 1].heads for place, block in enumerate(blocks)]
    rows = sum(len(block.films) for block in blocks)
    sheet = Sheet(grid.width, HEAD * sum(heads) + rows * step + (len(blocks) - 1) * _BETWEEN + below, stamp)
    first = 2 * GAP + side + grid.label
    sheet.text(GAP + side / 2, HEAD / 2, "reference")
    top = 0.0
    for block, headed in zip(blocks, heads, strict=True):
        for column, head in enumerate(block.heads if headed else ()):
            sheet.text(first + column * step + side / 2, top + HEAD / 2, head)
        top += HEAD * headed
        beside = top + (len(block.films) * step - GAP - side) / 2 if len(block.films) <= _FEW else top
        square = block.square
        sheet.image(square.of(block.reference), GAP, beside, side)
        sheet.frame(GAP, beside, side)
        for film in block.films:
            lines = [line for part in film.label.split("\n") for line in wrapped(part, grid.label - 0.06)]
            sheet.text(first - GAP - grid.label / 2, top + side / 2, "\n".join(lines))
            for column, picture in enumerate(film.pictures):
                sheet.image(square.of(picture), first + column * step, top, side)
                if block.mark and block.mark.column == column:
                    left, upper, edge = (side * share for share in block.mark.square.inside(square))
                    sheet.frame(first + column * step + left, top + upper, edge, colour=rcParams["text.color"])
            top += step
        top += _BETWEEN
    return sheet
