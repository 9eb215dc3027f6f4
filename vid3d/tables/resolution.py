"""What a study of the paper's size can tell apart: its published differences beside the spread over images.

The paper gives means of 24 images under one seed and no spread.  A difference of two of them is shown only if the
differences within images vary little enough; how little follows from the published numbers alone.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vid3d.claims.published import Published, PublishedRow, load_published
from vid3d.measures.student import critical, detectable
from vid3d.study.replicates import Family, families, gathered
from vid3d.tables.clip_i import per_image, rendered
from vid3d.tables.laid_out import Cell, Group, LaidOut, Row, cell, text
from vid3d.tables.rows import at, sentence
from vid3d.tables.table import Column, Measured, Table

LEVEL, POWER = 0.05, 0.8
_TABLES = {2: "views", 3: "motion"}  # the paper's, and what their rows differ in
_OURS = ["method", "run", "spread", "n", "resolved", "note"]
COLUMNS = ["place", "difference", "change", "images", "shown_below", "found_below"]


@dataclass(frozen=True)
class _Difference:
    place: str
    first: PublishedRow
    second: PublishedRow
    words: str

    @property
    def value(self) -> float:
        return self.first.value - self.second.value


def resolution_table(given: Measured) -> pd.DataFrame:
    """The differences of the paper's Tables 2 and 3, and which of them so many images under one seed can show.

    Returns:
        One row per difference and family of runs that has both conditions, or one per difference.  ``shown_below``: the
        largest standard deviation over images, of the differences within images, at which the published one is
        significant (two-sided t test, 5 %, uncorrected); ``found_below``: at which four of five such studies find it.
        ``spread``: that standard deviation in a run, of one seed, under the published protocol, of ``n`` images;
        ``resolved``: yes (below ``found_below``), by luck, or no (above ``shown_below``).  They are about the paper as
        far as the run's images and embedder vary as the paper's do.
    """
    published = load_published(given.root)
    clips = gathered(per_image(given.scores), families(given.study, given.report))
    rows: list[dict[str, Any]] = []
    for difference, lead in zip(_differences(published), of_published(published), strict=True):
        ours = [
            lead | _of_family(family, spread, lead["shown_below"], lead["found_below"])
            for family in rendered(given.study, given.report)
            if len(spread := _within(clips, family, difference, published.metric.protocol))
        ]
        rows += ours or [lead]
    return pd.DataFrame(rows, columns=[*COLUMNS, *_OURS]).astype({"n": "Int64"})


def of_published(published: Published) -> list[dict[str, Any]]:
    """What the published numbers alone say: the first ``COLUMNS`` of each difference (``resolution_table``)."""
    images = published.benchmark.images
    rows: list[dict[str, Any]] = []
    for difference in _differences(published):
        size = abs(difference.value) * math.sqrt(images)
        row = {"place": difference.place, "difference": difference.words, "change": difference.value, "images": images}
        row["shown_below"] = size / critical(images, LEVEL)
        rows.append(row | {"found_below": size / detectable(1.0, images, LEVEL, POWER)})
    return rows


def _differences(published: Published) -> list[_Difference]:
    """Between any two rows of a table, the first of which has more views or less motion."""
    found = []
    for number, factor in _TABLES.items():
        rows = sorted(published.tables[number].rows, key=lambda row: getattr(row, factor), reverse=factor == "views")
        for index, first in enumerate(rows):
            for second in rows[index + 1 :]:
                values = f"{getattr(first, factor)} less {getattr(second, factor)}"
                words = f"{values} views" if factor == "views" else f"motion {values}"
                found.append(_Difference(published.tables[number].place, first, second, words))
    return found


def _within(clips: pd.DataFrame, family: Family, difference: _Difference, protocol: str) -> np.ndarray:
    """The differences within images, (replicates, images); empty where the family lacks a condition."""
    of = []
    for row in (difference.first, difference.second):
        here = at(clips, family, row.motion or 0, row.views or 0)
        of.append(here.pivot(index="replicate", columns="image", values=protocol))
    return (of[0] - of[1]).to_numpy(float) if len(of[0]) and len(of[1]) else np.empty((0, 0))


def _of_family(family: Family, within: np.ndarray, shown: float, found: float) -> dict[str, Any]:
    """What a run says of the spread: that of one seed, the root of the mean variance over its replicates."""
    images = within.shape[1]
    spread = float(np.sqrt(within.var(axis=1, ddof=1).mean())) if images > 1 else math.nan
    resolved = "" if math.isnan(spread) else "yes" if spread <= found else "by luck" if spread <= shown else "no"
    about = {"method": family.run.title, "run": family.name, "note": sentence(family.run.stamp)}
    return about | {"spread": spread, "n": images, "resolved": resolved}


# --- layout ----------------------------------------------------------------------------------------------------------


def lay_out(table: pd.DataFrame, published: Published) -> LaidOut:
    """The published differences, and the spread in each run."""
    groups = []
    for _, ours in table.groupby("run", sort=False, dropna=False):
        rows = [Row(f"{row['place']}: {row['difference']}", _cells(row)) for _, row in ours.iterrows()]
        first = ours.iloc[0]
        groups.append(Group(text(first["method"]), tuple(rows), text(first["note"])))
    benchmark = published.benchmark
    return LaidOut(
        caption="What a study of the paper's size can tell apart",
        heads=("published", "shown below", "found below", "spread here", "resolved"),
        groups=tuple(groups),
        about=(
            f"Differences of published means of {benchmark.images} images under one seed, of which no spread is known. "
            "Each is significant by itself (t test, 5 %) only if the standard deviation over images of the differences "
            "within them is below the first bound, and is found by four of five such studies below the second. Spread "
            "here: that standard deviation for one seed in this report's run, whose images and embedder may vary "
            "otherwise than the paper's."
        ),
    )


def _cells(row: Any) -> tuple[Cell | None, ...]:
    resolved = text(row["resolved"])
    return (
        cell(row["change"], sign=True),
        *(cell(row[column]) for column in ("shown_below", "found_below", "spread")),
        Cell(resolved) if resolved else None,
    )


TABLES = (
    Table(
        name="resolution",
        make=resolution_table,
        lay_out=lay_out,
        needs=(*COLUMNS, *_OURS),
        columns={"change": Column("published", signed=True), "n": Column("n"), "spread": Column("spread here")},
        keys=("place", "difference"),
    ),
)
