"""Figure 11: what each arm of docs/hypothesis.md gives over the level of a fault that views have anew in each frame."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vid3d.figures.sheet import PAGE, Sheet, grey, save

TITLE = "Outcomes over the level of a fault"
COLUMNS = {"fault": str, "level": float, "arm": str, "outcome": str, "mean": float, "low": float, "high": float}
OUTCOMES = {  # what is drawn, and what stands at its axis
    "temporal_error": "temporal error",
    "psnr": "PSNR (dB)",
    "error_ratio": "error, independent / arm",
}
ARMS = {"independent": "o", "low-rank": "s", "joint": "^", "warm": "D"}  # markers, in the order of the style's colours
MARGIN = 1.2  # of the ratio, as registered
_LEFT, _APART, _RIGHT = 0.5, 0.5, 0.1  # inches: before, between and after plots
_ABOVE, _HEIGHT, _BELOW = 0.2, 1.2, 0.3
_FOOT = 0.34  # below all plots: what the levels are, and the legend
_ASIDE = 0.035  # of a level, between arms: their intervals would hide each other

Row = dict[str, Any]


def write(rows: Sequence[Row], paths: dict[str, Path], stamp: str, root: Path) -> None:
    """Draw the figure.

    Args:
        rows: of ``COLUMNS``; NaN where there is nothing to draw or no interval.
        paths: by suffix, those of ``layout.FIGURE_FORMATS``.
        stamp: says at the foot what is shown.
        root: the folder that holds ``reports/``.
    """
    with style.context(root / "reports/figures.mplstyle"):
        save(_drawn(rows, stamp), TITLE, **paths)


def _drawn(rows: Sequence[Row], stamp: str) -> Figure:
    faults = list(dict.fromkeys(row["fault"] for row in rows))
    step = _ABOVE + _HEIGHT + _BELOW
    sheet = Sheet(PAGE, len(OUTCOMES) * step + _FOOT, stamp)
    width = (PAGE - _LEFT - _RIGHT - (len(faults) - 1) * _APART) / len(faults)
    for line, (outcome, title) in enumerate(OUTCOMES.items()):
        for column, fault in enumerate(faults):
            axes = sheet.axes(_LEFT + column * (width + _APART), line * step + _ABOVE, width, _HEIGHT)
            own = [row for row in rows if (row["fault"], row["outcome"]) == (fault, outcome)]
            _curves(axes, own)
            _finish(axes, sorted({row["level"] for row in own}), title if column == 0 else "")
            if line == 0:
                axes.set_title(fault)
            if outcome == "error_ratio":
                axes.axhline(1.0, color=grey(), linewidth=0.5)
                axes.axhline(MARGIN, color=grey(), linewidth=0.5, linestyle=":")
    top = len(OUTCOMES) * step
    sheet.text(PAGE / 2, top - 0.06, "level: times the size that mini views show; 0 is the truth", color=grey())
    lines, labels = sheet.figure.axes[1].get_legend_handles_labels()
    foot = 1 - (top + _FOOT) / sheet.height
    sheet.figure.legend(lines, labels, loc="lower center", bbox_to_anchor=(0.5, foot), ncols=len(ARMS), frameon=False)
    return sheet.figure


def _curves(axes: Axes, rows: Sequence[Row]) -> None:
    """A line for each arm through the levels that it was run at, with intervals where there are any."""
    for number, (arm, marker) in enumerate(ARMS.items()):
        own = [row for row in rows if row["arm"] == arm and not math.isnan(row["mean"])]
        places = [row["level"] + (number - 1.5) * _ASIDE for row in own]
        means = [row["mean"] for row in own]
        ends = [[_length(row["mean"] - row["low"]) for row in own], [_length(row["high"] - row["mean"]) for row in own]]
        axes.errorbar(
            places, means, yerr=ends, fmt=f"{marker}-", color=f"C{number}", label=arm,
            markersize=3, linewidth=0.9, elinewidth=0.7, capsize=1.5,
        )  # fmt: skip


def _length(part: float) -> float:
    """Of one half of an interval; 0 where it is not known or has no end."""
    return part if math.isfinite(part) else 0.0


def _finish(axes: Axes, levels: Sequence[float], title: str) -> None:
    axes.set_xticks(levels, [f"{level:g}" for level in levels])
    axes.margins(y=0.15)
    axes.locator_params(axis="y", nbins=4)
    axes.set_ylabel(title, labelpad=2, color=grey())
    axes.tick_params(length=2, width=0.5, pad=2)
    axes.spines[["top", "right"]].set_visible(False)
