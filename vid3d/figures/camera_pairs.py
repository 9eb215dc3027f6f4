"""Front camera against another one: a plot per indicator, a line per image."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import style
from matplotlib.figure import Figure

from vid3d.external.pairs import Contrast
from vid3d.figures.sheet import PAGE, Sheet, save
from vid3d.study import layout

_COLUMNS = 3
_LEFT, _APART, _RIGHT = 0.48, 0.5, 0.1  # inches: before, between and after plots
_ABOVE, _HEIGHT, _BELOW = 0.22, 1.15, 0.25  # of a plot: its title, itself, its ticks
_LEGEND = 0.2


def write(contrasts: Sequence[Contrast], stem: Path, stamp: str, root: Path) -> list[Path]:
    """Draw pairs of cameras.

    Args:
        contrasts: a plot each.
        stem: the path of the files without their suffixes.
        stamp: says at the foot what is shown.
        root: the folder that holds ``reports/``.

    Returns:
        The paths, in the order of ``layout.FIGURE_FORMATS``.
    """
    paths = {suffix: stem.with_suffix(f".{suffix}") for suffix in layout.FIGURE_FORMATS}
    with style.context(root / "reports/figures.mplstyle"):
        save(_drawn(contrasts, stamp), "Front camera and side camera", **paths)
    return list(paths.values())


def _drawn(contrasts: Sequence[Contrast], stamp: str) -> Figure:
    rows = -(-len(contrasts) // _COLUMNS)
    step = _ABOVE + _HEIGHT + _BELOW
    sheet = Sheet(PAGE, rows * step + _LEGEND, stamp)
    width = (PAGE - _LEFT - _RIGHT - (_COLUMNS - 1) * _APART) / _COLUMNS
    for place, contrast in enumerate(contrasts):
        row, column = divmod(place, _COLUMNS)
        axes = sheet.axes(_LEFT + column * (width + _APART), row * step + _ABOVE, width, _HEIGHT)
        for number, pair in enumerate(contrast.pairs):
            label, values = f"{pair.image}, camera {pair.camera}", (pair.front, pair.side)
            colour, marker = f"C{number % 4}", "osD^"[number // 4 % 4]
            axes.plot((0, 1), values, color=colour, marker=marker, markersize=3, linewidth=0.9, label=label)
        axes.set(title=contrast.title, xlim=(-0.25, 1.25))
        axes.set_xticks((0, 1), ("front camera", "side camera"))
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
    foot = 1 - (rows * step + _LEGEND) / sheet.height
    lines, labels = sheet.figure.axes[1].get_legend_handles_labels()
    sheet.figure.legend(lines, labels, loc="lower center", bbox_to_anchor=(0.5, foot), ncols=len(labels), frameon=False)
    return sheet.figure
