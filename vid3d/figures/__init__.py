"""The figures of a report, files in and files out.

``write`` (command ``vid3d figures``) draws every figure that the report can have, each as SVG and PDF for a paper and
as WebP for a page, plots also as WebP for a page that is read in the dark, and writes ``figures.json`` beside them.
A page reads nothing else: ``listing`` gives the entries (``catalogue.Entry``) in the order of ``figure_list.NAMES``;
those that are absent have no files.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from matplotlib import style

from vid3d.external import scoring
from vid3d.figures import comparison, examples, failures, heatmaps, method, sheet, trends, varied
from vid3d.figures.catalogue import CAPTIONS, Drawn, Entry, describe, left_out, listing
from vid3d.figures.source import Source, azimuth, fitted, tile
from vid3d.files import save_json
from vid3d.study import figure_list, layout
from vid3d.study.config import Study
from vid3d.study.reading import read_yaml

__all__ = [
    "DARK_STYLE",
    "DRAW",
    "STYLE",
    "Drawn",
    "Entry",
    "Source",
    "azimuth",
    "describe",
    "fitted",
    "listing",
    "tile",
    "write",
]

STYLE, DARK_STYLE = "reports/figures.mplstyle", "reports/figures-dark.mplstyle"  # the second laid over the first
DRAW: dict[str, Callable[[Source], Drawn]] = {
    "figure1": method.diagram,
    "figure2": varied.two_cameras,
    "figure3": varied.view_counts,
    "figure4": varied.motion_scores,
    **{f"figure{n}": partial(comparison.compare, place=place) for place, n in enumerate(figure_list.COMPARISONS)},
    "figure9": examples.further,
    "figure10": failures.failures,
    "heatmap": heatmaps.maps,
    "trends": trends.trends,
}


def write(study: Study, report: str, root: Path, others: Sequence[Path] = ()) -> list[Path]:
    """Draw and write the figures of a report, and their list; returns the paths, in the order of ``layout.figures``.

    Args:
        study: restricted by ``study.only(report)``.
        root: the folder that holds ``results/``, ``reports/`` and ``benchmark/``.
        others: scores of other methods' renders (``layout.EXTERNAL_SCORES``), whose renders are compared, too.

    Raises:
        InputError: a picture, score or text that is missing, corrupt or of another shape.
    """
    source = Source(study, report, root, tuple(scoring.collect(study, others, root)))
    texts, absent = read_yaml(root / CAPTIONS), figure_list.absent(study, report)
    entries = []
    for name in figure_list.NAMES:
        number = figure_list.number(name)
        if name in absent:
            entries.append(left_out(name, number, texts[name], absent[name]))
            for path in _paths(name, report).values():  # of an earlier report in this folder
                (root / path).unlink(missing_ok=True)
        else:
            with style.context(root / STYLE):
                drawn = DRAW[name](source)
                entry = _save(describe(name, number, texts[name], drawn), drawn, report, root)
            if dark := entry.files.get("dark"):
                with style.context([root / STYLE, root / DARK_STYLE]):
                    sheet.save_webp(DRAW[name](source).figure, root / layout.REPORT.format(report=report) / dark)
            entries.append(entry)
    save_json(root / layout.FIGURE_LIST.format(report=report), [entry.model_dump() for entry in entries])
    return [root / path for path in layout.figures(study, report)]


def _paths(name: str, report: str) -> dict[str, Path]:
    """Where a figure's formats live, and a plot's picture for the dark, relative to the repository."""
    paths = {suffix: layout.FIGURE.format(report=report, name=name, suffix=suffix) for suffix in layout.FIGURE_FORMATS}
    if name in figure_list.PLOTS:
        paths["dark"] = layout.DARK_PLOT.format(report=report, name=name)
    return {kind: Path(path) for kind, path in paths.items()}


def _save(entry: Entry, drawn: Drawn, report: str, root: Path) -> Entry:
    paths = _paths(entry.name, report)
    formats = {suffix: root / paths[suffix] for suffix in layout.FIGURE_FORMATS}
    width, height = sheet.save(drawn.figure, entry.title, **formats)
    folder = layout.REPORT.format(report=report)
    files = {kind: path.relative_to(folder).as_posix() for kind, path in paths.items()}
    return entry.model_copy(update={"files": files, "width": width, "height": height})
