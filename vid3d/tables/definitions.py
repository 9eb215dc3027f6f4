"""The table of protocols, which varies the definition of CLIP-I alone, and that of replicates, each by itself."""

from typing import Any

import pandas as pd

from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.claims.published import Published
from vid3d.measures import protocol_tables, protocols
from vid3d.study.replicates import Family, families
from vid3d.tables.clip_i import by_condition, per_image
from vid3d.tables.laid_out import Cell, Group, LaidOut, Row, about, cell, condition, grouped, number, text
from vid3d.tables.rows import at, of_condition
from vid3d.tables.table import Column, Measured, Rows, Table

_COMPARABLE = ["benchmark", "embedder", "covers", "frames"]  # what rows share whose scores may be ranked together
_HEADS = {name: Column(short) for name, short in protocols.SHORT.items()} | {"n": Column("n")}


def protocol_table(given: Measured) -> pd.DataFrame:
    """What the definition of the metric alone does to the ranking of runs, conditions and other methods.

    Returns:
        One row per run (or method), condition and protocol: run, kind, method, motion, views, benchmark, embedder,
        images, frames, n (how many images the mean is over), replicates, note, protocol, mean, low, high, rank and of
        (``protocol_tables.comparison``).  Ranked together are rows of the same images, numbers of frames and
        cameras, and embedder.
    """
    all_families, others = families(given.study, given.report), given.others
    wanted = [(family, *condition) for family in all_families for condition in family.run.conditions]
    table = by_condition(1, given, wanted, others)
    table = table[table["kind"] != "published"]
    images = {family.name: family.run.images or () for family in all_families}
    cameras: dict[str, tuple[int, ...]] = dict.fromkeys(images, (EVALUATION_CAMERAS,))
    images |= {other.name: other.images for other in others}
    cameras |= {other.name: other.cameras for other in others}
    covers = {name: f"{','.join(sorted(of))} {cameras[name]}" for name, of in images.items()}
    table = table.assign(covers=table["run"].map(covers))
    keys = ["run", "kind", "method", "motion", "views", "benchmark", "embedder", "images", "frames", "n", "replicates"]
    ranked = protocol_tables.comparison(table[[*keys, "note", "covers", *protocols.NAMES]], _COMPARABLE)
    ends = [
        table[["run", "motion", "views"]].assign(protocol=name, low=table[f"{name}_low"], high=table[f"{name}_high"])
        for name in protocols.NAMES
    ]
    joined = ranked.merge(pd.concat(ends), how="left", on=["run", "motion", "views", "protocol"], validate="1:1")
    return joined[[*keys, "note", "protocol", "mean", "low", "high", "rank", "of"]]


def replicates_table(given: Measured) -> pd.DataFrame:
    """The members of families by themselves; no rows where nothing is replicated.

    Returns:
        One row per replicate and condition: method, run (the replicate's own), row (the family's name, under which the
        other tables show it), motion, views, images, frames, ``protocols.NAMES`` and note.
    """
    measured = per_image(given.scores)
    rows = []
    for family in families(given.study, given.report):
        for member in family.members if len(family.members) > 1 else ():
            alone = Family(member, given.study.runs[member], (member,))
            for motion, views in family.run.conditions:
                means = at(measured, alone, motion, views)[list(protocols.NAMES)].mean()
                row = of_condition(given.study, given.root, alone, motion, views)
                rows.append(row | {"row": family.name} | means.to_dict())
    setting = ["method", "run", "row", "motion", "views", "images", "frames"]
    return pd.DataFrame(rows, columns=[*setting, *protocols.NAMES, "note"])


# --- layout ----------------------------------------------------------------------------------------------------------


def lay_out_protocols(table: pd.DataFrame, published: Published) -> LaidOut:
    """Every condition under each definition of CLIP-I, with its rank among those that may be ranked together."""
    groups = []
    for first, ours in grouped(table):
        rows = []
        for _, rows_here in ours.groupby(["motion", "views"], sort=False, dropna=False):
            by_protocol = {row["protocol"]: row for _, row in rows_here.iterrows()}
            label = "renders" if pd.isna(rows_here.iloc[0]["motion"]) else condition(rows_here.iloc[0])
            rows.append(Row(label, tuple(_ranked(by_protocol.get(name)) for name in protocols.NAMES)))
        groups.append(Group(text(first["method"]), tuple(rows), about(first)))
    return LaidOut(
        caption="What the definition of the metric alone does",
        heads=tuple(protocol.title for protocol in protocols.MATRIX),
        groups=tuple(groups),
        about=(
            "The same renders and embeddings under five references. Ranks count rows of the same images, frames, "
            "cameras and embedder; where a rank moves between columns, the definition moves it."
        ),
    )


def _ranked(row: Any) -> Cell | None:
    if row is None:
        return None
    rank = () if pd.isna(row["rank"]) else (str(int(row["rank"])), str(int(row["of"])))
    return Cell(number(row["mean"]), None, *rank)


def lay_out_replicates(table: pd.DataFrame, published: Published) -> LaidOut:
    """Runs that share a row of the other tables, each by itself."""
    groups = tuple(
        Group(
            f"{text(first['method'])} ({first['run']})",
            tuple(
                Row(condition(row), tuple(cell(row[name]) for name in protocols.NAMES)) for _, row in ours.iterrows()
            ),
            text(first["note"]),
        )
        for first, ours in grouped(table)
    )
    return LaidOut(
        caption="Replicates, each by itself",
        heads=tuple(protocol.title for protocol in protocols.MATRIX),
        groups=groups,
        about="The same study with other noise; the tables above show their means over replicates.",
    )


def _side_by_side(rows: Rows) -> Rows:
    """One row per run or method and condition: under each protocol the mean, and its rank.

    Benchmark and embedder are left out where all rows share them.
    """
    by_setting: dict[tuple[str, ...], dict[str, str]] = {}
    left_out = [name for name in ("benchmark", "embedder") if len({row[name] for row in rows}) == 1]
    left_out += ["protocol", "mean", "low", "high", "rank", "of"]
    for row in rows:
        found = by_setting.setdefault(
            tuple(row[key] for key in ("run", "motion", "views")),
            {column: text for column, text in row.items() if column not in left_out},
        )
        found |= {row["protocol"]: row["mean"], f"{row['protocol']}_rank": row["rank"]}
    names = dict.fromkeys(row["protocol"] for row in rows)
    return [dict.fromkeys([*found, *names], "") | found for found in by_setting.values()]


TABLES = (
    Table(
        name="protocols",
        make=protocol_table,
        lay_out=lay_out_protocols,
        across=frozenset({"rank", "of"}),
        needs=("run", "method", "motion", "views", "protocol", "mean", "low", "high", "rank", "of", "note"),
        columns=_HEADS,
        keys=("protocol",),
        arrange=_side_by_side,
    ),
    Table(
        name="replicates",
        make=replicates_table,
        lay_out=lay_out_replicates,
        needs=("method", "run", "row", "motion", "views", "images", "frames", "note", *protocols.NAMES),
        columns=_HEADS,
    ),
)
