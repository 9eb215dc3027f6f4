"""What a report's tables come to in a sentence, by a rule that reads verdicts and intervals.

An estimate without an interval says nothing here, nor does one whose interval leaves the question open.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from vid3d.claims.decisions import IN_SMALL

DEFINITION = "source_reference"  # the paper's
_WHOSE = {DEFINITION: "the paper's", "self_reference": "the released script's"}
_NAMES = {
    "seed": "the seed video",
    "views": "the generated views",
    "seed and views": "the seed video and the generated views",
    "splats": "splats fitted frame by frame",
}
_HELD = ("holds", IN_SMALL["holds"])
_FAILED = ("fails", IN_SMALL["fails"])
_COUNTED = {  # outcome: of one claim, and of several
    "holds": ("holds", "hold"),
    "fails": ("fails", "fail"),
    IN_SMALL["holds"]: ("goes in the claimed direction", "go in the claimed direction"),
    IN_SMALL["fails"]: ("in the opposite one", "in the opposite one"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        headline: it in a clause, without its numbers.
        detail: the numbers behind it, or what it is about; maybe nothing.
        table: the table that it follows from, one of ``table_list.NAMES``.
        stamp: what the numbers are not, as the runs behind it are stamped; nothing without a stamp.
    """

    headline: str
    detail: str
    table: str
    stamp: str = ""

    @property
    def sentence(self) -> str:
        """All of it."""
        return f"{self.headline}: {self.detail}." if self.detail else f"{self.headline}."


def findings(claims: pd.DataFrame, substitution: pd.DataFrame) -> tuple[Finding, ...]:
    """What a report found, the most telling first; at least one, which may be that nothing was decided.

    1. The stage that loses most, where ground truth replaced stages: that whose whole interval lies above 0 and above
       the intervals of all others, by the paper's definition of CLIP-I.
    2. Claims on which the two definitions of CLIP-I give opposite verdicts.
    3. How many claims hold and fail, or in small go in the claimed direction and in the opposite one, by the paper's
       definition, or by the script's where that alone decides any.

    Args:
        claims: ``tables/claims.csv``.
        substitution: ``tables/substitution.csv``, maybe without rows.
    """
    found = (*_loss(substitution), *_turned(claims), *_decided(claims))
    return found or (Finding(*_undecided(claims), "claims", _stamp(claims)),)


def _loss(table: pd.DataFrame) -> Iterator[Finding]:
    """Where most is lost, of the first run that shows it."""
    for _, rows in table[table["protocol"] == DEFINITION].groupby("run", sort=False):
        rows = rows[rows[["loss_low", "loss_high"]].notna().all(axis=1)].sort_values("loss_low", ascending=False)
        if len(rows) < 2:
            continue
        most, others = rows.iloc[0], rows.iloc[1:]
        if most["loss_low"] <= max(0.0, others["loss_high"].max()):
            continue
        less = " or ".join(_name(row) for _, row in others.iterrows())
        rest = ", ".join(f"{_interval(row)} in {_name(row)}" for _, row in others.iterrows())
        headline = f"Most is lost in {_name(most)}, not in {less}"
        yield Finding(headline, f"of CLIP-I {_interval(most)} there, {rest}", "substitution", _stamp(rows))
        return


def _turned(table: pd.DataFrame) -> Iterator[Finding]:
    """Claims that hold by one definition and fail by the other, of the first run that has any."""
    judged = table[table["here"].isin((*_HELD, *_FAILED))]
    for _, rows in judged.groupby("run", sort=False):
        opposite = [of_one for _, of_one in rows.groupby("claim", sort=False) if of_one["here"].nunique() == 2]
        if not opposite:
            continue
        one, count = opposite[0], len(opposite)
        by_definition = dict(zip(one["protocol"], one["here"], strict=True))
        said = ", ".join(f"{by_definition[protocol]} by {whose}" for protocol, whose in _WHOSE.items())
        said = f"“{one['sentence'].iloc[0].rstrip('.')}”: {said}"
        headline = f"{count} claim{'s turn' if count > 1 else ' turns'} around with the definition of CLIP-I"
        yield Finding(headline, said, "claims", _stamp(rows))
        return


def _decided(table: pd.DataFrame) -> Iterator[Finding]:
    """How many claims are decided, of the first run that decides any, by the first definition that does."""
    for protocol, whose in _WHOSE.items():
        for _, rows in table[table["protocol"] == protocol].groupby("run", sort=False):
            counts = Counter(rows["here"])
            if not any(counts[word] for word in _COUNTED):
                continue
            counted = " and ".join(
                f"{counts[outcome]} {words[counts[outcome] > 1]}"
                for outcome, words in _COUNTED.items()
                if counts[outcome]
            )
            failed = rows["here"].isin(_FAILED)
            telling = rows[failed if failed.any() else rows["here"].isin(_HELD)].iloc[0]
            shown = f"{telling['estimate']:+.3f} ({telling['low']:+.3f} to {telling['high']:+.3f})"
            headline = f"Of {len(rows)} claims {counted} here by {whose} definition of CLIP-I"
            headline += "" if protocol == DEFINITION else f", none by {_WHOSE[DEFINITION]}"
            detail = f"“{str(telling['sentence']).rstrip('.')}”: {telling['here']}, {shown}"
            yield Finding(headline, detail, "claims", _stamp(rows))
            return


def _undecided(table: pd.DataFrame) -> tuple[str, str]:
    """That there is nothing to say, and why."""
    judged = table[table["run"].notna()]
    if judged.empty:
        return "No run of this report can judge the paper's claims", ""
    (outcome, _), *_ = Counter(judged["here"]).most_common(1)
    images = judged["n"].max()
    by = "" if pd.isna(images) else f" by {int(images)} image{'s' if images > 1 else ''}"
    return f"None of the paper's {table['claim'].nunique()} claims is decided{by}", f"most are {outcome}"


def _name(row: Any) -> str:
    return _NAMES.get(str(row["stage"]), str(row["stage"]))


def _interval(row: Any) -> str:
    return f"{row['loss']:.3f} ({row['loss_low']:.3f} to {row['loss_high']:.3f})"


def _stamp(rows: pd.DataFrame) -> str:
    """What the first row's run is stamped with, without a full stop."""
    notes = [str(note).rstrip(".") for note in rows["note"] if pd.notna(note)]
    return notes[0] if notes else ""
