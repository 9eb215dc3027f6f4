"""The table of images: what each scores at its run's base condition, and the clip that shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from vid3d.report.explore import Exploration, called_in, key_of
from vid3d.study import figure_list, layout
from vid3d.study.config import Study
from vid3d.tables.laid_out import Cell, cell


@dataclass(frozen=True)
class ImageRow:
    """One image by one run.

    Attributes:
        key: of the clip in the page's viewer; empty where it is not embedded.
        cells: one for each of the table's heads; None where there is no number.
    """

    image: str
    run: str
    key: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class ByImage:
    """The table: its columns of numbers, which lie in [-1, 1] but for dB, and its rows."""

    heads: tuple[str, ...]
    rows: tuple[ImageRow, ...]


def table(
    study: Study, report: str, scores: pd.DataFrame, held_out: pd.DataFrame, explorations: Sequence[Exploration]
) -> ByImage:
    """The images of each run that draws splats, in the report's order; no run of random weights.

    Args:
        study: restricted by ``study.only(report)``.
        scores, held_out: of ``vid3d.tables.scores.collect``.
        explorations: the page's viewers.
    """
    embedded = {clip.key for one in explorations for clip in one.shown.clips}
    kinds = [("source reference", scores, "source_reference", 4), ("self reference", scores, "self_reference", 4)]
    if len(held_out):
        kinds.append(("held-out PSNR", held_out[held_out["elevation"] == 0], "psnr", 2))
    rows, runs = [], figure_list.scored(study, report)
    called = called_in(study, list(runs))
    for name, run in runs.items():
        for image in run.images or ():
            clip = layout.Condition(name, image, *run.conditions[0])
            cells = (cell(_of(rows_of, clip)[column].mean(), digits) for _, rows_of, column, digits in kinds)
            key = key_of(clip)
            rows.append(ImageRow(image, called[name], key if key in embedded else "", tuple(cells)))
    return ByImage(tuple(head for head, *_ in kinds), tuple(rows))


def _of(table: pd.DataFrame, clip: layout.Condition) -> pd.DataFrame:
    """The rows of a clip."""
    same = (table["run"] == clip.run) & (table["image"] == clip.image)
    return table[same & (table["motion"] == clip.motion) & (table["views"] == clip.views)]
