"""Measures beside CLIP-I on the page: held-out cameras, indicators, and where quality is lost."""

from typing import Any

import pandas as pd

from vid3d.measures.protocols import MATRIX
from vid3d.report.cells import (
    MINUS,
    Cell,
    Group,
    Row,
    TableView,
    about,
    cell,
    condition,
    grouped,
    interval,
    measured,
    text,
)

HELD_OUT = ("method", "run", "motion", "views", "images", "frames", "psnr_level", "ssim_level", "psnr_raised")
INDICATORS = ("method", "run", "motion", "views", "indicator", "worse", "mean", "low", "high", "note")
ATTRIBUTION = ("method", "run", "stage", "place", "similarity", "before", "loss", "note")
SUBSTITUTION = ("method", "run", "protocol", "stage", "loss", "share", "runs", "note")
INDICATOR_WORDS = {  # docs/indicators.md defines them
    "flicker": "Flicker: how far calm pixels overshoot both neighbouring frames.",
    "flicker_beyond_seed": "Flicker of camera 0 beyond that of the seed video.",
    "static_change": "Change from frame to frame where the truth stands still.",
    "frame_consistency": "Cosine of the embeddings of successive frames at one camera.",
    "mass_over_time": "Share of the object that appears or vanishes between frames.",
    "mass_between_views": "Share of a silhouette that the other views rule out.",
    "janus": "Janus: how much more the back resembles the front than the sides do.",
    "janus_embedding": "The same, of embeddings.",
}
PLACES = {"front": "seen from the front", "around": "seen from all around"}


def held_out(table: pd.DataFrame) -> TableView:
    """PSNR and SSIM against ground truth at cameras that were not trained on, one group per run."""
    groups = tuple(
        Group(
            text(first["method"]),
            tuple(Row(condition(row), _quality(row)) for _, row in ours.iterrows()),
            about(first),
        )
        for first, ours in grouped(table)
    )
    return TableView(
        name="held-out",
        caption="Held-out cameras against ground truth",
        heads=("PSNR, level", "SSIM, level", "PSNR, ±20°", "SSIM, ±20°"),
        groups=groups,
        about=(
            "PSNR in dB. Level: 18 cameras halfway between the training views. ±20°: six cameras at each of the "
            f"elevations +20° and {MINUS}20°, where nothing was trained."
        ),
    )


def _quality(row: Any) -> tuple[Cell | None, ...]:
    level, others = measured(row, "psnr_level", 2), {"ssim_level": 4, "psnr_raised": 2, "ssim_raised": 4}
    return (level, *(cell(row[column], digits) for column, digits in others.items()))


def indicators(table: pd.DataFrame) -> TableView:
    """One row per indicator and one column per condition, grouped by run."""
    table = table.assign(condition=[condition(row) for _, row in table.iterrows()])
    heads = tuple(dict.fromkeys(table["condition"]))
    groups: list[Group] = []
    for first, ours in grouped(table):
        rows = []
        for name, values in ours.groupby("indicator", sort=False):
            if values["mean"].notna().any():
                by_condition = {row["condition"]: row for _, row in values.iterrows()}
                cells = tuple(_indicator(by_condition.get(head)) for head in heads)
                said = (
                    ""
                    if groups
                    else f"{INDICATOR_WORDS.get(str(name), '')} {values.iloc[0]['worse'].capitalize()} is worse."
                )
                rows.append(Row(str(name).replace("_", " "), cells, said.strip()))
        if rows:
            groups.append(Group(text(first["method"]), tuple(rows), about(first)))
    return TableView(
        name="indicators",
        caption="Beyond CLIP-I: what independent frames may cost",
        heads=heads,
        groups=tuple(groups),
        about=(
            "CLIP-I compares single images; these ask whether frames and views fit together. Formulas, sources and "
            "planted-fault tests: docs/indicators.md. Right motion moves some of them, too: compare columns "
            "of one motion score."
        ),
    )


def _indicator(row: Any) -> Cell | None:
    return None if row is None else cell(row["mean"], below=interval(row["low"], row["high"]))


def attribution(table: pd.DataFrame) -> TableView:
    """Similarity to the reference stage by stage, and what each stage loses."""
    groups = tuple(
        Group(
            f"{text(first['method'])}: {condition(first)}",
            tuple(_stage(row) for _, row in ours.iterrows()),
            about(first),
        )
        for first, ours in grouped(table)
    )
    return TableView(
        name="attribution",
        caption="Likeness to the reference, stage by stage",
        heads=("cosine with the reference", "loss"),
        groups=groups,
        about=(
            "CLIP cosines of seed frames, generated views and renders with the source image. A loss is a difference to "
            "the stage before, seen from the same place; views from all around differ from the source even if right."
        ),
    )


def _stage(row: Any) -> Row:
    place, before = text(row["place"]), ", ".join(text(row["before"]).split())
    label = f"{row['stage']}, {PLACES.get(place, place)}"
    return Row(
        label,
        (measured(row, "similarity"), measured(row, "loss", sign=True)),
        f"Loss counted from: {before}." if before else "",
    )


def substitution(table: pd.DataFrame) -> TableView:
    """What is lost to each stage, from runs in which ground truth takes its place."""
    titles = {protocol.name: protocol.title for protocol in MATRIX}
    groups = []
    for first, ours in grouped(table):
        for protocol, rows in ours.groupby("protocol", sort=False):
            shown = tuple(_share(row) for _, row in rows.iterrows())
            heading = f"{text(first['method'])}; reference: {titles.get(str(protocol), protocol)}"
            note = about(first.to_dict() | {"replicates": pd.NA})
            groups.append(Group(heading, shown, f"{note} Runs compared: {', '.join(text(first['runs']).split())}."))
    return TableView(
        name="substitution",
        caption="Ground truth in place of a stage",
        heads=("loss of CLIP-I", "share of the whole loss"),
        groups=tuple(groups),
        about="A stage's loss is what the score gains when the stage's output is replaced by the truth.",
    )


def _share(row: Any) -> Row:
    share = "" if pd.isna(row["share"]) else f"{100 * float(row['share']):.0f} %".replace("-", MINUS)
    return Row(text(row["stage"]), (measured(row, "loss", sign=True), Cell(share) if share else None))
