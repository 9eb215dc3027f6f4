"""Tables 1-3, from the unaggregated scores of a report's runs.

Table 1 also has other methods whose renders were scored (``vid3d.external``).  A study of fewer images or frames than
there are says so in every row.  A difference to a published number is formed only where benchmark, images, frames and
embedder are the paper's, and only under the protocol that made the published number.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd

from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.claims.published import Published, load_published
from vid3d.external import scoring
from vid3d.measures import protocol_tables, protocols
from vid3d.measures.intervals import Mean, mean_of
from vid3d.study.config import Study
from vid3d.study.replicates import Family, families, gathered
from vid3d.tables.laid_out import Cell, Group, LaidOut, Row, about, cell, covered, measured, text
from vid3d.tables.rows import at, embedder, obstacles, of_benchmark, of_condition, sentence
from vid3d.tables.scores import CLIP
from vid3d.tables.table import Column, Measured, Table

PROTOCOLS = ("source_reference", "self_reference")  # of the paper's text and of its script; protocols.NAMES are all
_SETTING = ["benchmark", "embedder", "motion", "views", "images", "frames", "n", "replicates"]
_ENDS = [f"{name}_{end}" for name in protocols.NAMES for end in ("low", "high")]

_HEADS = {  # of columns on the page, as readers know them; those of ``PROTOCOLS`` have intervals
    "published": "published",
    "self_reference": "self reference",
    "source_reference": "source reference",
    "difference": "difference",
}

Condition = tuple[Family, int, int]  # whose motion score and view count


def per_image(scores: pd.DataFrame) -> pd.DataFrame:
    """CLIP-I of every clip under each protocol: run, image, motion, views, and ``protocols.NAMES``."""
    return protocol_tables.per_image(scores, CLIP)


def table1(given: Measured) -> pd.DataFrame:
    """Table 1: the published methods, then each run (controls too) at its base condition, then other methods."""
    wanted = [(family, *family.run.conditions[0]) for family in families(given.study, given.report)]
    return _paper_ends(by_condition(1, given, wanted, given.others))


def table2(given: Measured) -> pd.DataFrame:
    """Table 2: view counts at the base motion score, of the runs that vary them; controls draw no views."""
    wanted = [
        (family, family.run.motion_scores[0], views)
        for family in rendered(given.study, given.report)
        for views in sorted(family.run.view_counts)
        if len(family.run.view_counts) > 1
    ]
    return _paper_ends(by_condition(2, given, wanted))


def table3(given: Measured) -> pd.DataFrame:
    """Table 3: motion scores at the base view count, of the runs that vary them; controls do not move."""
    wanted = [
        (family, motion, family.run.view_counts[0])
        for family in rendered(given.study, given.report)
        for motion in sorted(family.run.motion_scores)
        if len(family.run.motion_scores) > 1
    ]
    return _paper_ends(by_condition(3, given, wanted))


def rendered(study: Study, report: str) -> list[Family]:
    """The families that draw splats."""
    return [family for family in families(study, report) if not family.run.render.control]


def _paper_ends(table: pd.DataFrame) -> pd.DataFrame:
    """Without the intervals of definitions that are not the paper's; the table of protocols has all."""
    return table.drop(columns=[end for end in _ENDS if end.rsplit("_", 1)[0] not in PROTOCOLS])


def by_condition(
    number: int, given: Measured, wanted: Sequence[Condition], others: Sequence[scoring.External] = ()
) -> pd.DataFrame:
    """The published rows of one of Tables 1-3, then one row per wanted condition, then other methods."""
    published = load_published(given.root)
    rows: list[dict[str, Any]] = [
        {
            "method": row.method,
            "kind": "published",
            "benchmark": published.benchmark.name,
            "embedder": published.metric.embedder,
            "motion": row.motion,
            "views": row.views,
            "images": of_benchmark(published.benchmark.name, published.benchmark.images, published.benchmark.images),
            "n": published.benchmark.images,
            "published": row.value,
            "note": "Probably quoted from an earlier paper." if row.quoted else "",
        }
        for row in published.tables[number].rows
    ]
    clips = gathered(per_image(given.scores), families(given.study, given.report))
    rows += [_our_row(given, published, condition, clips) for condition in wanted]
    rows += [_their_row(other) for other in others]
    values = [column for name in protocols.NAMES for column in (name, f"{name}_low", f"{name}_high")]
    columns = ["method", "run", "kind", *_SETTING, *values, "published", "difference", "note"]
    whole = dict.fromkeys(("motion", "views", "n", "replicates"), "Int64")
    return pd.DataFrame(rows, columns=columns).astype(whole | {"published": float, "difference": float})


def _means(rows: pd.DataFrame) -> dict[str, Mean]:
    """The mean under each protocol."""
    return {name: mean_of(rows, name) for name in protocols.NAMES}


def _cells(means: dict[str, Mean]) -> dict[str, Any]:
    """The cells of means under each protocol; n and replicates are those of any, since a clip has all or none."""
    found = max(means.values(), key=lambda mean: mean.images)
    cells: dict[str, Any] = {"n": found.images, "replicates": found.replicates}
    for name, mean in means.items():
        cells |= mean.columns(name)
    return cells


def _our_row(given: Measured, published: Published, condition: Condition, clips: pd.DataFrame) -> dict[str, Any]:
    """One family's row under one condition, with the published value only where comparable."""
    family, motion, views = condition
    row, ours = of_condition(given.study, given.root, *condition), _means(at(clips, *condition))
    reasons = obstacles(family.run, published)
    value = None if reasons else published.value(motion, views)
    against = sentence(f"not comparable with published values: {'; '.join(reasons)}") if reasons else ""
    return {
        **row,
        "benchmark": family.run.benchmark,
        "embedder": embedder(family.run.score),
        **_cells(ours),
        "published": value,
        "difference": None if value is None else ours[published.metric.protocol].estimate - value,
        "note": f"{row['note']} {against}".strip(),
    }


def _their_row(other: scoring.External) -> dict[str, Any]:
    """One other method's row; its name stands where runs have theirs."""
    left_out = "; ".join(f"{left.image} ({left.lacks})" for left in other.covered.left_out)
    cameras = " or ".join(map(str, other.cameras))
    notes = [
        f"Renders made elsewhere, scored here by {embedder(other.spec)}",
        "" if other.cameras == (EVALUATION_CAMERAS,) else f"cameras per image: {cameras}, not {EVALUATION_CAMERAS}",
        other.method.note,
        *other.covered.notes,
        f"not counted: {left_out}" if left_out else "",
    ]
    # a mean of some of the images only would stand beside means of all
    whole = {name: other.scores[name].notna().all() for name in protocols.NAMES}
    scores = other.scores.assign(**{name: float("nan") for name, there in whole.items() if not there})
    return {
        "method": other.method.title,
        "run": other.name,
        "kind": "external",
        "benchmark": other.method.benchmark,
        "embedder": embedder(other.spec),
        "images": of_benchmark(other.method.benchmark, len(other.images), other.covered.of),
        "frames": " or ".join(map(str, other.frames)) + (" frame" if other.frames == (1,) else " frames"),
        **_cells(_means(scores)),
        "note": " ".join(sentence(" ".join(note.split())) for note in notes if note),
    }


# --- layout ----------------------------------------------------------------------------------------------------------


def lay_out(table: pd.DataFrame, published: Published, number: int) -> LaidOut:
    """Table 1, 2 or 3: each of our rows beside the published value of its condition, then what is published alone.

    A published value stands in our row also where the two may not be compared, as the row's note then says: the CSV
    file has it only where they may.  Table 1 compares runs and groups those that share a note; Tables 2 and 3 have one
    group per run.  A column without any number is left out.
    """
    ours = table["run"].notna()
    theirs = {_condition(row): row["published"] for _, row in table[~ours].iterrows()}
    found = table.assign(published=[_beside(row, theirs) for _, row in table.iterrows()])
    measured_at = {_condition(row) for _, row in found[ours & found["published"].notna()].iterrows()}
    alone = [not text(row["run"]) and _condition(row) not in measured_at for _, row in found.iterrows()]
    columns = [column for column in _HEADS if found[column].notna().any()]
    groups: dict[tuple[str, str], list[Row]] = {}
    for _, row in pd.concat([found[ours], found[alone]]).iterrows():
        cells = tuple(_score(row, column) for column in columns)
        note = text(row["note"])
        label = {1: row["method"], 2: f"{row['views']} views", 3: f"motion {row['motion']}"}[number]
        if not text(row["run"]):
            key, shown = ("Published, with nothing of ours beside", ""), Row(label, cells, note)
        elif number == 1:
            key, shown = ("Measured here", note), Row(label, cells, covered(row))
        else:
            key, shown = (text(row["method"]), about(row)), Row(label, cells)
        groups.setdefault(key, []).append(shown)
    theirs_words = published.tables[number]
    return LaidOut(
        caption=f"Table {number}. {theirs_words.title}",
        heads=tuple(_HEADS[column] for column in columns),
        groups=tuple(Group(heading, tuple(rows), note) for (heading, note), rows in groups.items()),
        about=theirs_words.note,
    )


def _condition(row: Any) -> tuple[str, str]:
    return text(row["motion"]), text(row["views"])


def _beside(row: Any, theirs: dict[tuple[str, str], float]) -> float:
    """The published value of a row's condition; a control and another method's renders have none."""
    if row["kind"] == "published":
        return float(row["published"])
    return theirs.get(_condition(row), math.nan) if row["kind"] == "run" else math.nan


def _score(row: Any, column: str) -> Cell | None:
    return measured(row, column) if column in PROTOCOLS else cell(row[column], sign=column == "difference")


def _table(number: int, make: Callable[[Measured], pd.DataFrame]) -> Table:
    return Table(
        name=f"table{number}",
        make=make,
        lay_out=partial(lay_out, number=number),
        needs=("method", "run", "kind", "motion", "views", "images", "frames", "n", "replicates", "note", *_HEADS),
        columns={name: Column(short) for name, short in protocols.SHORT.items()}
        | {"n": Column("n"), "difference": Column(signed=True)},
        hidden=frozenset({"benchmark", "embedder"}),  # notes say where they are not the paper's
    )


TABLES = (_table(1, table1), _table(2, table2), _table(3, table3))
