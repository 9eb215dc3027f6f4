"""The claims on the page: what the paper says, what was seen at paper scale, and what this report's runs say."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from vid3d.report.cells import Cell, Group, Row, TableView, interval, number, text

COLUMNS = (
    *("claim", "place", "sentence", "published", "paper_scale", "here", "method", "run", "protocol", "reason"),
    *("published_estimate", "estimate", "low", "high", "above", "below", "statistic", "p", "corrected"),
    *("n", "replicates", "test", "claim_note", "note"),
)
DEFINITIONS = {"source_reference": "paper's definition", "self_reference": "released script's definition"}
OUTCOMES = ("holds", "fails", "inconclusive", "not testable here")  # in the order in which they are counted


@dataclass(frozen=True)
class Mark:
    """One verdict; ``detail`` is why there is none, or the numbers behind it, in a few words."""

    outcome: str
    detail: str = ""


@dataclass(frozen=True)
class Judge:
    """One run under one definition of CLIP-I: a column of the table of claims."""

    run: str
    title: str
    definition: str
    stamp: str
    tally: tuple[tuple[str, int], ...]  # outcomes that occur, and how often


@dataclass(frozen=True)
class ClaimView:
    """One claim: a row of the table.

    Attributes:
        published: what the paper's own numbers say, without an interval.
        scale: what a run at paper scale says, if the report has one.
        here: one mark per judge.
    """

    name: str
    sentence: str
    place: str
    published: Mark
    scale: Mark
    here: tuple[Mark, ...]


@dataclass(frozen=True)
class Claims:
    """All claims and the columns of verdicts; ``evidence`` holds the statistics behind them."""

    judges: tuple[Judge, ...]
    claims: tuple[ClaimView, ...]
    evidence: TableView


def claims(table: pd.DataFrame) -> Claims:
    """``tables/claims.csv`` as the page shows it."""
    judged = table[table["run"].notna()]
    columns = list(dict.fromkeys(zip(judged["run"], judged["protocol"], strict=True)))
    judges = tuple(_judge(judged[_of(judged, *column)], *column) for column in columns)
    views = []
    for name, rows in table.groupby("claim", sort=False):
        first = rows.iloc[0]
        views.append(
            ClaimView(
                name=str(name),
                sentence=text(first["sentence"]),
                place=text(first["place"]),
                published=Mark(text(first["published"]), _published(first)),
                scale=Mark(text(first["paper_scale"])),
                here=tuple(_mark(rows[_of(rows, *column)].iloc[0]) for column in columns),
            )
        )
    return Claims(judges, tuple(views), _evidence(judged))


def region(row: Any) -> str:
    """Where a claim puts its sum of scores."""
    above, below = row["above"], row["below"]
    if pd.isna(above):
        return f"below {number(below)}"
    return f"above {number(above)}" if pd.isna(below) else f"{number(above)} to {number(below)}"


def _of(table: pd.DataFrame, run: str, protocol: str) -> "pd.Series[bool]":
    return (table["run"] == run) & (table["protocol"] == protocol)


def _judge(rows: pd.DataFrame, run: str, protocol: str) -> Judge:
    first, counts = rows.iloc[0], Counter(rows["here"])
    tally = tuple((outcome, counts[outcome]) for outcome in OUTCOMES if counts[outcome])
    return Judge(run, text(first["method"]), DEFINITIONS[protocol], text(first["note"]), tally)


def _published(row: Any) -> str:
    estimate = number(row["published_estimate"])
    return f"{estimate}, where the claim needs {region(row)}" if estimate else ""


def _mark(row: Any) -> Mark:
    estimate = number(row["estimate"])
    if not estimate:
        return Mark(text(row["here"]), text(row["reason"]).partition(":")[0])
    ends = interval(row["low"], row["high"])
    return Mark(text(row["here"]), f"{estimate} ({ends})" if ends else estimate)


def _evidence(judged: pd.DataFrame) -> TableView:
    groups = []
    for (run, protocol), rows in judged.groupby(["run", "protocol"], sort=False):
        first = rows.iloc[0]
        heading = f"{text(first['method'])} ({run}), {DEFINITIONS[str(protocol)]}"
        groups.append(Group(heading, tuple(_statistics(row) for _, row in rows.iterrows()), text(first["note"])))
    return TableView(
        name="claims",
        caption="The statistics behind the verdicts",
        heads=("claimed", "estimate", "t", "p", "p, corrected", "images"),
        groups=tuple(groups),
        about=(
            "Estimates are weighted sums of mean CLIP-I with 95 % intervals, bootstrapped over images. p is twice the "
            "one-sided value of the nearer conclusion; corrected: by Holm's method over the claims of one run under "
            "one definition. A verdict follows the corrected value, never an estimate alone."
        ),
    )


def _statistics(row: Any) -> Row:
    if pd.isna(row["estimate"]):
        return Row(text(row["sentence"]), (None,) * 6, _notes(row["here"], row["reason"], row["claim_note"]))
    images = str(row["n"]) + (f" x {row['replicates']}" if row["replicates"] > 1 else "")
    cells = (
        Cell(region(row)),
        Cell(number(row["estimate"]), interval(row["low"], row["high"])),
        *(Cell(number(row[column], digits)) for column, digits in (("statistic", 2), ("p", 4), ("corrected", 4))),
        Cell(images),
    )
    return Row(text(row["sentence"]), cells, _notes(row["here"], row["test"], row["claim_note"]))


def _notes(*phrases: Any) -> str:
    """The phrases as sentences."""
    texts = [text(phrase) for phrase in phrases]
    return " ".join(f"{shown[0].upper()}{shown[1:].rstrip('.')}." for shown in texts if shown)
