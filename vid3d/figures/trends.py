"""Trends of Tables 2 and 3: CLIP-I over the number of views and over the motion score, the paper's apart from ours.

Published marks have axes of their own, above ours, so that nobody reads a difference between levels that come from
different embedders and images.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from vid3d.claims.published import Published, load_published
from vid3d.figures.catalogue import Drawn
from vid3d.figures.sheet import COLUMN, Sheet, grey, wrapped
from vid3d.figures.source import Source, listed
from vid3d.measures import protocol_tables, protocols
from vid3d.measures.intervals import MINIMUM_IMAGES
from vid3d.study import figure_list
from vid3d.study.config import Run
from vid3d.tables.laid_out import MINUS

_LEFT, _APART, _RIGHT = 0.46, 0.46, 0.08  # inches: for the ticks of the left plots, of the right ones, at the right
_PUBLISHED, _OURS, _TICKS = 0.75, 1.05, 0.42  # heights in inches; below plots, for ticks and what they count
_LINE = 0.125  # of a heading
_SHORT = {"views": "number of views", "motion": "motion score"}
_SETTING = {"views": "view_counts", "motion": "motion_scores"}
_TABLE = {"views": 2, "motion": 3}


def trends(source: Source) -> Drawn:
    """One row of plots for the paper, one for each run that varies anything."""
    published = load_published(source.root)
    runs = {name: run for name, run in figure_list.scored(source.study, source.report).items() if _varied(run)}
    factors = [factor for factor in _SHORT if any(factor in _varied(run) for run in runs.values())]
    protocol = next(p for p in protocols.MATRIX if p.name == published.metric.protocol)
    means = protocol_tables.per_image(source.mean_scores, ["run", "image", "motion", "views"])
    ticks = {factor: _values(factor, published, runs) for factor in factors}
    headings = {name: wrapped(_heading(run), COLUMN - 0.1) for name, run in runs.items()}
    paper = f"CLIP-I, published: {published.metric.embedder}, {published.benchmark.images} photographs"
    above = wrapped(paper, COLUMN - 0.1)
    height = _LINE * len(above) + _PUBLISHED + _TICKS
    height += sum(_LINE * len(lines) + _OURS + _TICKS for lines in headings.values())
    sheet = Sheet(COLUMN, height, source.stamp(*runs))
    top = _row(sheet, 0.02, above, factors, _PUBLISHED)
    for axes, factor in zip(sheet.figure.axes[1:], factors, strict=True):
        rows = published.tables[_TABLE[factor]].rows
        points = [(getattr(row, factor), row.value) for row in rows if getattr(row, factor) is not None]
        places = [ticks[factor].index(value) for value, _ in points]
        axes.plot(places, [value for _, value in points], "D", color="C1", markersize=3.5)
        _finish(axes, factor, ticks[factor])
    for name, lines in headings.items():
        before = len(sheet.figure.axes)
        top = _row(sheet, top, lines, [f for f in factors if f in _varied(runs[name])], _OURS)
        for axes, factor in zip(sheet.figure.axes[before:], _varied(runs[name]), strict=True):
            _ours(axes, _table(means, name, runs[name], factor, protocol.name), ticks[factor])
            _finish(axes, factor, ticks[factor])
    words = {
        "runs": source.titled(list(runs)),
        "images": listed(sorted({len(run.images or ()) for run in runs.values()})),
        "factors": listed([_SHORT[factor] for factor in factors]),
        "protocol": protocol.title,
        "published_embedder": published.metric.embedder,
        "published_images": str(published.benchmark.images),
        "changes": _changes(means, runs, protocol.name),
    }
    return Drawn(sheet.figure, words, stamp="; ".join(source.stamps(*runs)))


def _varied(run: Run) -> list[str]:
    """What of ``_SHORT`` a run varies."""
    return [factor for factor, setting in _SETTING.items() if len(getattr(run, setting)) > 1]


def _values(factor: str, published: Published, runs: dict[str, Run]) -> list[int]:
    """The values on an axis: the paper's and those of all runs."""
    rows = published.tables[_TABLE[factor]].rows
    values = {getattr(row, factor) for row in rows} - {None}
    return sorted(values.union(*(getattr(run, _SETTING[factor]) for run in runs.values())))


def _heading(run: Run) -> str:
    images = len(run.images or ())
    return f"CLIP-I, measured here: {run.title}, {images} image{'s' if images > 1 else ''}"


def _row(sheet: Sheet, top: float, heading: Sequence[str], factors: Sequence[str], height: float) -> float:
    """A heading and axes below it, one for each factor; returns where the next row begins."""
    for line in heading:
        sheet.text(0.04, top + _LINE / 2, line, ha="left")
        top += _LINE
    width = (COLUMN - _LEFT - _APART - _RIGHT) / 2
    for place in range(len(factors)):
        sheet.axes(_LEFT + place * (width + _APART), top + 0.05, width, height - 0.05)
    return top + height + _TICKS


def _table(means: pd.DataFrame, name: str, run: Run, factor: str, protocol: str) -> pd.DataFrame:
    """Scores of a run's images (rows) over the values of a factor (columns), the other one at its base."""
    other = "motion" if factor == "views" else "views"
    base = getattr(run, _SETTING[other])[0]
    rows = means[(means["run"] == name) & (means[other] == base)]
    table: pd.DataFrame = rows.pivot(index="image", columns=factor, values=protocol)
    return table


def _ours(axes: Axes, table: pd.DataFrame, values: list[int]) -> None:
    """Each image as a thin line, with dots where so few have no interval anywhere; their mean as a thick one."""
    places = [values.index(int(value)) for value in table.columns]
    dots = "." if len(table) < MINIMUM_IMAGES else ""
    for image in table.to_numpy(float):
        axes.plot(places, image, color="0.65", linewidth=0.6, marker=dots, markersize=3)
    axes.plot(places, table.to_numpy(float).mean(axis=0), "o-", color="C0", linewidth=1.5, markersize=3)


def _finish(axes: Axes, factor: str, values: list[int]) -> None:
    axes.set_xticks(range(len(values)), [str(value) for value in values])
    axes.set_xlim(-0.35, len(values) - 0.65)
    axes.margins(y=0.18)
    axes.locator_params(axis="y", nbins=4)
    axes.set_xlabel(_SHORT[factor], labelpad=1, color=grey())
    axes.tick_params(length=2, width=0.5, pad=2)
    axes.spines[["top", "right"]].set_visible(False)


def _changes(means: pd.DataFrame, runs: dict[str, Run], protocol: str) -> str:
    """How the mean of the first run changes from end to end of each factor, in words."""
    name, run = next(iter(runs.items()))
    parts = []
    for factor in _varied(run):
        mean = _table(means, name, run, factor, protocol).mean()
        low, high = int(mean.index.min()), int(mean.index.max())
        words = f"{low} to {high} views" if factor == "views" else f"motion {low} to {high}"
        parts.append(f"{np.round(mean[high] - mean[low], 4):+.4f} from {words}".replace("-", MINUS))
    return listed(parts)
