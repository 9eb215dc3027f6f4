"""The table of margins: what verdicts depend on how much is called minor."""

import math
from typing import Any

import pandas as pd

from vid3d.claims.claims import load_claims
from vid3d.claims.decisions import worded
from vid3d.claims.published import Published, load_published
from vid3d.claims.verdicts import judge
from vid3d.tables.clip_i import PROTOCOLS
from vid3d.tables.laid_out import Cell, LaidOut, Row, cell, number, text
from vid3d.tables.of_claims import READS, by_definition, evidence, paper_scale
from vid3d.tables.ranges import embedder_ranges
from vid3d.tables.rows import sentence
from vid3d.tables.table import Measured, Table

STRETCHES = {"half": 0.5, "as_it_is": 1.0, "one_and_a_half": 1.5, "double": 2.0, "threefold": 3.0}
_OF_VERDICT = ["estimate", "low", "high", "holds_from", "fails_below", "holds_to", "fails_above"]
_NUMBERS = ["ceiling", "other", "margin", "share", *_OF_VERDICT]
COLUMNS = ["claim", "sentence", "method", "run", "protocol", *_NUMBERS, *STRETCHES, "n", "replicates", "note"]


def margins_table(given: Measured) -> pd.DataFrame:
    """Verdicts on the claims that have a margin, with other margins (``claims.verdicts``).

    Returns:
        One row per run and protocol that can judge such a claim, and claim.  ``ceiling`` and ``other``: the ends of the
        embedder's range (``tables.ranges``), of which ``share`` is the margin's share, empty where they are not known.
        ``holds_from`` to ``fails_above``: the margins that would turn the verdict, by its own interval.  Then verdicts
        with all margins multiplied by ``STRETCHES``.
    """
    published = load_published(given.root)
    claims = load_claims(given.root, published)
    rows: list[dict[str, Any]] = []
    for family, of_run in evidence(given, published):
        ranges = embedder_ranges(given.study, given.root, family.name)
        at_scale = paper_scale(family.run, published)
        for protocol in sorted(PROTOCOLS, key=lambda name: name != published.metric.protocol):
            by_stretch = {
                name: judge(claims, of_run, published, protocol, stretch=factor) for name, factor in STRETCHES.items()
            }
            span = ranges.get(protocol)
            for claim, *verdicts in zip(claims, *by_stretch.values(), strict=True):
                verdict = verdicts[list(STRETCHES).index("as_it_is")]
                if not claim.slack or math.isnan(verdict.p):
                    continue
                row = {"claim": claim.id, "sentence": " ".join(claim.sentence.split()), "method": family.run.title}
                row |= {"run": family.name, "protocol": protocol, "note": sentence(family.run.stamp)}
                row |= {"n": verdict.images, "replicates": verdict.replicates}
                row |= {name: getattr(verdict, name) for name in _OF_VERDICT} | {"margin": verdict.margin}
                if span is not None and claim.in_units_of_clip_i:
                    row |= {"ceiling": span.ceiling, "other": span.other, "share": verdict.margin / span.span}
                outcomes = (worded(verdict.outcome, at_scale) for verdict in verdicts)
                rows.append(row | dict(zip(STRETCHES, outcomes, strict=True)))
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(("n", "replicates"), "Int64"))


# --- layout ----------------------------------------------------------------------------------------------------------


def lay_out(table: pd.DataFrame, published: Published) -> LaidOut:
    """One group per run and definition of CLIP-I, one row per claim."""
    return LaidOut(
        caption="What the verdicts owe to their margins",
        heads=(
            *("margin", "holds from", "fails below", "holds to", "fails above"),
            *(f"{factor:g} x" for factor in STRETCHES.values()),
        ),
        groups=by_definition(table, _row),
        about=(
            "A margin is the same share of the range of CLIP-I, from the score of the truth down to that of another "
            f"object, as the paper's own of an assumed {published.metric.span:g}. By the interval of its verdict a "
            "claim would hold from one margin on and fail below another, or, where it says that something is larger, "
            "hold up to and fail above one. Then the verdicts with all margins multiplied."
        ),
    )


def _row(row: Any) -> Row:
    share = "" if pd.isna(row["share"]) else f" ({number(100 * row['share'], 1)} %)"
    cells = (
        Cell(number(row["margin"]) + share),
        *(cell(row[name]) for name in ("holds_from", "fails_below", "holds_to", "fails_above")),
        *(Cell(text(row[name])) for name in STRETCHES),
    )
    return Row(text(row["sentence"]), cells)


TABLES = (
    Table(
        name="margins",
        make=margins_table,
        lay_out=lay_out,
        reads=READS,
        needs=tuple(COLUMNS),
        hidden=frozenset({"claim", "ceiling", "other"}),
        keys=("protocol", "claim"),
        interval_of="estimate",
    ),
)
