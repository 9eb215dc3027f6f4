"""CLIP-I on the page: Tables 1-3, the matrix of protocols, and replicates each by itself."""

from typing import Any

import pandas as pd

from vid3d.claims.published import Published
from vid3d.measures.protocols import MATRIX, NAMES
from vid3d.report.cells import Cell, Group, Row, TableView, about, cell, condition, covered, grouped, measured, text

HEADS = {  # of columns, as readers know them; those of the first two have intervals
    "source_reference": "source reference",
    "self_reference": "self reference",
    "published": "published",
    "difference": "difference",
}
COLUMNS = ("method", "run", "kind", "motion", "views", "images", "frames", "n", "replicates", "note", *HEADS)
PROTOCOL_COLUMNS = ("run", "method", "motion", "views", "protocol", "mean", "low", "high", "rank", "of", "note")
REPLICATE_COLUMNS = ("method", "run", "row", "motion", "views", "images", "frames", "note", *NAMES)


def numbered(table: pd.DataFrame, number: int, published: Published) -> TableView:
    """Table 1, 2 or 3: published rows, then ours; a column without any number is left out.

    Table 1 compares runs and groups those that share a note; Tables 2 and 3 have one group per run.
    """
    columns = [column for column in HEADS if table[column].notna().any()]
    groups: dict[tuple[str, str], list[Row]] = {}
    for _, row in table.iterrows():
        cells = tuple(_score(row, column) for column in columns)
        note = text(row["note"])
        label = {1: row["method"], 2: f"{row['views']} views", 3: f"motion {row['motion']}"}[number]
        if not text(row["run"]):
            key, shown = ("Published", ""), Row(label, cells, note)
        elif number == 1:
            key, shown = ("Measured here", note), Row(label, cells, covered(row))
        else:
            key, shown = (text(row["method"]), about(row)), Row(label, cells)
        groups.setdefault(key, []).append(shown)
    theirs = published.tables[number]
    return TableView(
        name=f"table{number}",
        caption=f"Table {number}. {theirs.title}",
        heads=tuple(HEADS[column] for column in columns),
        groups=tuple(Group(heading, tuple(rows), note) for (heading, note), rows in groups.items()),
        about=theirs.note,
    )


def _score(row: Any, column: str) -> Cell | None:
    if f"{column}_low" in row:
        return measured(row, column)
    return cell(row[column], sign=column == "difference")


def protocol_matrix(table: pd.DataFrame) -> TableView:
    """Every condition under each definition of CLIP-I, with its rank among those that may be ranked together."""
    groups = []
    for first, ours in grouped(table):
        rows = []
        for _, rows_here in ours.groupby(["motion", "views"], sort=False, dropna=False):
            by_protocol = {row["protocol"]: row for _, row in rows_here.iterrows()}
            label = "renders" if pd.isna(rows_here.iloc[0]["motion"]) else condition(rows_here.iloc[0])
            rows.append(Row(label, tuple(_ranked(by_protocol.get(name)) for name in NAMES)))
        groups.append(Group(text(first["method"]), tuple(rows), about(first)))
    return TableView(
        name="protocols",
        caption="What the definition of the metric alone does",
        heads=tuple(protocol.title for protocol in MATRIX),
        groups=tuple(groups),
        about=(
            "The same renders and embeddings under five references. Ranks count rows of the same images, frames, "
            "cameras and embedder; where a rank moves between columns, the definition moves it."
        ),
    )


def _ranked(row: Any) -> Cell | None:
    if row is None:
        return None
    rank = "" if pd.isna(row["rank"]) else f"rank {int(row['rank'])} of {int(row['of'])}"
    return cell(row["mean"], below=rank)


def replicates(table: pd.DataFrame) -> TableView:
    """Runs that share a row of the other tables, each by itself."""
    groups = tuple(
        Group(
            f"{text(first['method'])} ({first['run']})",
            tuple(Row(condition(row), tuple(cell(row[name]) for name in NAMES)) for _, row in ours.iterrows()),
            text(first["note"]),
        )
        for first, ours in grouped(table)
    )
    return TableView(
        name="replicates",
        caption="Replicates, each by itself",
        heads=tuple(protocol.title for protocol in MATRIX),
        groups=groups,
        about="The same study with other noise; the tables above show their means over replicates.",
    )
