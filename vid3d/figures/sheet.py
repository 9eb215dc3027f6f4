"""A sheet of paper measured in inches from its upper left corner, with the stamp of what it shows at its foot."""

import io
import textwrap
from pathlib import Path

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from vid3d.files import atomic
from vid3d.scene import UInt8

COLUMN, PAGE = 3.3, 6.9  # inches: the widths of a column and of a page of text
GAP = 0.02
RESOLUTION = 320  # pixels per inch of embedded images at most
SMOOTH = 220  # pixels per inch at least: smaller pictures are enlarged, since viewers of vector files show whole pixels
WEBP_RESOLUTION = 300  # pixels per inch: twice those of a screen that shows an inch as 150 pixels
WEBP_BYTES = 400_000
# inches at the style's font size: a line's height, a character's usual width, what most letters rise above the line
_LINE, _CHARACTER, _ASCENT = 0.115, 0.0525, 0.062


def grey() -> str:
    """The colour of what is less than a figure's own words, in the style that is in use."""
    return to_hex(rcParams["xtick.color"])


class Sheet:
    """A matplotlib figure with room for ``height`` inches, and the stamp's lines below.

    Args:
        width: inches, ``COLUMN`` or ``PAGE``.
        height: inches without the stamp.
        stamp: words that say what is shown and what it is not.

    Attributes:
        room: the height without the stamp.
    """

    def __init__(self, width: float, height: float, stamp: str) -> None:
        lines = wrapped(stamp, width - 2 * GAP)
        self.width, self.room, self.height = width, height, height + 0.06 + _LINE * len(lines)
        self.figure = Figure(figsize=(width, self.height))
        self._canvas = self.figure.add_axes((0, 0, 1, 1))
        self._canvas.set(xlim=(0, width), ylim=(self.height, 0))
        self._canvas.axis("off")
        for number, line in enumerate(lines):
            self.text(width - GAP, height + 0.06 + (number + 0.5) * _LINE, line, ha="right", color=grey())

    def image(self, pixels: UInt8, left: float, top: float, side: float) -> None:
        """A square picture, (s, s, 3), enlarged or reduced to ``SMOOTH`` to ``RESOLUTION`` pixels an inch."""
        least, most = round(side * SMOOTH), round(side * RESOLUTION)
        if not least <= len(pixels) <= most:
            size, by = (least, Image.Resampling.BICUBIC) if len(pixels) < least else (most, Image.Resampling.LANCZOS)
            pixels = np.asarray(Image.fromarray(pixels).resize((size, size), by))
        self._canvas.imshow(pixels, extent=(left, left + side, top + side, top), aspect="auto")

    def frame(self, left: float, top: float, width: float, height: float | None = None, colour: str = "C0") -> None:
        """A thin frame around a picture."""
        height = width if height is None else height
        self._canvas.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=colour, linewidth=0.8))

    def text(self, x: float, y: float, text: str, *, ha: str = "center", color: str | None = None) -> None:
        """Words, vertically centred on a place; those of one line stand on one base line, whatever their letters."""
        if "\n" in text:
            self._canvas.text(x, y, text, ha=ha, va="center", linespacing=1.15, color=color)
        else:
            self._canvas.text(x, y + _ASCENT / 2, text, ha=ha, va="baseline", color=color)

    def arrow(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """A thin arrow from one place to another."""
        line = {"arrowstyle": "-|>,head_width=0.2,head_length=0.4", "linewidth": 0.7, "color": grey()}
        self._canvas.annotate("", end, start, arrowprops=line | {"shrinkA": 0, "shrinkB": 0})

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes of a plot that fill a rectangle; what stands at their ticks lies outside."""
        below = self.height - top - height
        return self.figure.add_axes((left / self.width, below / self.height, width / self.width, height / self.height))

    def bar(self, left: float, top: float, width: float, scale: Normalize, height: float = 0.07) -> Axes:
        """A colour bar, with what its colours count below it; returns its axes."""
        axes = self.axes(left, top, width, height)
        shades = np.linspace(scale.vmin or 0.0, scale.vmax or 0.0, 256)[None]
        axes.imshow(shades, aspect="auto", extent=(shades[0, 0], shades[0, -1], 0, 1), norm=scale)
        axes.set_yticks([])
        axes.tick_params(length=2, width=0.5, pad=1.5)
        axes.spines[:].set_visible(False)
        return axes


def wrapped(text: str, width: float) -> list[str]:
    """A text in lines of about ``width`` inches at most, none of them much shorter than the others."""
    limit = max(4, int(width / _CHARACTER))
    lines = textwrap.wrap(text, limit, break_long_words=False)
    for narrower in range(limit - 1, 3, -1):  # the narrowest that needs no further line
        balanced = textwrap.wrap(text, narrower, break_long_words=False)
        if len(balanced) > len(lines) or any(len(line) > narrower for line in balanced):
            break
        lines = balanced
    return lines


def save(figure: Figure, title: str, svg: Path, pdf: Path, webp: Path) -> tuple[int, int]:
    """Write a figure as SVG and PDF (pictures in both are lossless) and as WebP; returns the WebP's width and height.

    Equal figures give equal bytes: no file holds a date.
    """
    with atomic(svg) as temporary:
        figure.savefig(temporary, format="svg", metadata={"Date": None, "Title": title})
    with atomic(pdf) as temporary:
        figure.savefig(temporary, format="pdf", metadata={"CreationDate": None, "Title": title})
    return save_webp(figure, webp)


def save_webp(figure: Figure, webp: Path) -> tuple[int, int]:
    """Write a figure as WebP alone; returns its width and height."""
    for axes in figure.axes:
        for picture in axes.images:
            pixels = picture.get_array()
            if pixels is not None and pixels.ndim == 3:  # a photograph: whole pixels would be drawn at unequal sizes
                picture.set_interpolation("bicubic")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=WEBP_RESOLUTION)
    drawn = Image.open(stream).convert("RGB")
    with atomic(webp) as temporary:
        temporary.write_bytes(_webp(drawn))
    return drawn.size


def _webp(drawn: Image.Image) -> bytes:
    """The picture in the best quality that is small enough for a page."""
    for quality in (90, 80, 65, 50):
        stream = io.BytesIO()
        drawn.save(stream, format="WEBP", quality=quality)
        if stream.tell() <= WEBP_BYTES:
            break
    return stream.getvalue()
