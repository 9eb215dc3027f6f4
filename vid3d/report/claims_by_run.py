"""The claims in the summary: a row per claim, with what the paper says, what was seen at paper scale, what runs say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from vid3d.claims.claims import Claim
from vid3d.claims.decisions import WORDS
from vid3d.tables.laid_out import number, text, within
from vid3d.tables.of_claims import DEFINITIONS, region


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
        margin: of a claim that has one, and why it is that large, in words.
    """

    name: str
    sentence: str
    place: str
    published: Mark
    scale: Mark
    here: tuple[Mark, ...]
    margin: str = ""


@dataclass(frozen=True)
class Claims:
    """All claims, and the columns of verdicts."""

    judges: tuple[Judge, ...]
    claims: tuple[ClaimView, ...]


def claims(table: pd.DataFrame, stated: Sequence[Claim]) -> Claims:
    """``tables/claims.csv`` as the page shows it.

    Args:
        stated: the claims themselves, which know the reasons for their margins.
    """
    margins = {claim.id: _margin(claim) for claim in stated if claim.slack}
    judged = table[table["run"].notna()]
    columns = list(dict.fromkeys(zip(judged["run"], judged["protocol"], strict=True)))
    judges = tuple(_judge(judged[_judged_by(judged, *column)], *column) for column in columns)
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
                here=tuple(_mark(rows[_judged_by(rows, *column)].iloc[0]) for column in columns),
                margin=margins.get(str(name), ""),
            )
        )
    return Claims(judges, tuple(views))


def _margin(claim: Claim) -> str:
    reason = " ".join(claim.slack_reason.split())
    return f"Margin {claim.slack:g}: {reason[0].lower()}{reason[1:]}"


def _judged_by(table: pd.DataFrame, run: str, protocol: str) -> "pd.Series[bool]":
    return (table["run"] == run) & (table["protocol"] == protocol)


def _judge(rows: pd.DataFrame, run: str, protocol: str) -> Judge:
    first, counts = rows.iloc[0], Counter(rows["here"])
    tally = tuple((outcome, counts[outcome]) for outcome in WORDS if counts[outcome])
    return Judge(run, text(first["method"]), DEFINITIONS[protocol], text(first["note"]), tally)


def _published(row: Any) -> str:
    estimate = number(row["published_estimate"])
    return f"{estimate}, where the claim needs {region(row, 'published_')}" if estimate else ""


def _mark(row: Any) -> Mark:
    estimate = within(row["estimate"], row["low"], row["high"])
    if estimate is None:
        return Mark(text(row["here"]), text(row["reason"]).partition(":")[0])
    if pd.isna(row["p"]):
        return Mark(text(row["here"]), f"{estimate.text}; {row['reason']}")
    return Mark(text(row["here"]), f"{estimate.text} ({estimate.below})" if estimate.below else estimate.text)
