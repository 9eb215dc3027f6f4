"""The table of claims: what the paper says, and what this report's runs say of it."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from vid3d.claims.claims import Claim, load_claims
from vid3d.claims.decisions import NOT_TESTABLE, worded
from vid3d.claims.published import Published, load_published
from vid3d.claims.verdicts import Evidence, Verdict, judge, published_verdicts
from vid3d.measures.protocols import SHORT
from vid3d.study import layout
from vid3d.study.config import Run
from vid3d.study.replicates import Family, families, gathered
from vid3d.tables.clip_i import PROTOCOLS, per_image, rendered
from vid3d.tables.laid_out import Cell, Group, LaidOut, Row, cell, number, text, within
from vid3d.tables.ranges import embedder_ranges, true_cosines
from vid3d.tables.rows import obstacles, sentence, sentences
from vid3d.tables.scores import QUALITY
from vid3d.tables.table import Column, Measured, Rows, Table

NOT_RUN = "not run here"
NO_NUMBER = "no number given"
DEFINITIONS = {"source_reference": "paper's definition", "self_reference": "released script's definition"}
_LEAD = ["claim", "place", "sentence", "published", "paper_scale", "here"]
_INTERVALS = ["low", "high", "level", "alone_low", "alone_high"]
_TESTS = ["statistic", "p", "corrected", "student", "student_p", "detectable", "margin"]
_TURNING = ["holds_from", "fails_below", "holds_to", "fails_above"]
_PUBLISHED = ["published_estimate", "published_above", "published_below"]
_EVIDENCE = [*_PUBLISHED, "estimate", *_INTERVALS, "above", "below", *_TESTS, *_TURNING]
_HIDDEN = ["claim", "reason", *_PUBLISHED, "margin", *_TURNING[1:], "level", "alone_low", "alone_high"]
_HIDDEN += ["above", "below", "statistic", "p", "student_p", "test", "claim_note"]
READS = (layout.SCORES, layout.HELD_OUT, layout.STAGE_EMBEDDINGS, layout.EMBEDDINGS)  # of a clip, by `evidence`
COLUMNS = [
    *_LEAD,
    *("method", "run", "protocol", "reason"),
    *_EVIDENCE,
    *("n", "replicates", "test", "claim_note", "note"),
]


def claims_table(given: Measured) -> pd.DataFrame:
    """Verdicts on the paper's claims (``vid3d.claims.verdicts``), under its two definitions of CLIP-I.

    Judged are families that draw splats and vary what the claims are about, or, where none does, all that draw splats.

    Returns:
        One row per claim, family and protocol, or one per claim where nothing can be judged.  ``published``: holds or
        fails by the published numbers, which have no interval.  ``paper_scale``: the verdict of the run at paper scale
        in this report, or "not run here".  ``here``: what the row's own run says, in words for a small one
        (``decisions.worded``), and so in ``student``.  ``low`` and ``high``: the ends
        of the interval that the verdict follows, at ``level``.  The region has empty cells for infinite ends.
    """
    published = load_published(given.root)
    claims = load_claims(given.root, published)
    by_paper = {verdict.claim: verdict for verdict in published_verdicts(claims, published)}
    verdicts = _judged(evidence(given, published), published, claims)
    at_scale = {
        (verdict.claim, verdict.protocol): verdict.outcome
        for family, verdict in reversed(verdicts)
        if paper_scale(family.run, published)
    }
    by_claim: dict[str, list[tuple[Family, Verdict]]] = {}
    for family, verdict in verdicts:
        by_claim.setdefault(verdict.claim, []).append((family, verdict))
    rows = []
    for claim in claims:
        lead = _lead(claim, by_paper[claim.id], published)
        for family, verdict in by_claim.get(claim.id, ()):
            scale = at_scale.get((claim.id, verdict.protocol), NOT_RUN)
            rows.append(lead | {"paper_scale": scale} | _evidence(family, verdict, paper_scale(family.run, published)))
        if claim.id not in by_claim:
            protocol = published.metric.protocol
            rows.append(lead | {"paper_scale": NOT_RUN, "here": NOT_RUN, "protocol": protocol, "test": claim.name})
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(("n", "replicates"), "Int64"))


def paper_scale(run: Run, published: Published) -> bool:
    """Whether a run repeats the paper: its benchmark and embedder in full, and sampled seeds and views."""
    return not obstacles(run, published) and run.seed.learned and run.views.learned


def evidence(given: Measured, published: Published) -> list[tuple[Family, Evidence]]:
    """What every family that may judge has to judge by."""
    study, root = given.study, given.root
    all_families, drawn = families(study, given.report), rendered(study, given.report)
    chosen = [family for family in drawn if len(family.run.conditions) > 1] or drawn
    clips, cameras = gathered(per_image(given.scores), all_families), gathered(given.scores, all_families)
    return [
        (
            family,
            Evidence(
                run=family.name,
                scores=clips[clips["run"] == family.name],
                cameras=cameras[cameras["run"] == family.name],
                truth=true_cosines(study, root, family),
                quality=_quality(family, given.held_out, all_families),
                obstacles=tuple(obstacles(family.run, published)),
                spans={name: found.span for name, found in embedder_ranges(study, root, family.name).items()},
            ),
        )
        for family in chosen
    ]


def _quality(family: Family, held_out: pd.DataFrame, all_families: list[Family]) -> pd.DataFrame | None:
    """PSNR and SSIM of each clip at the held-out cameras of the orbit; None where there is no truth."""
    if held_out.empty or not family.run.ground_truth:
        return None
    ours = gathered(held_out, all_families)
    level = ours[(ours["run"] == family.name) & (ours["elevation"] == 0)]
    return level.groupby(["replicate", "image", "motion", "views"])[list(QUALITY)].mean().reset_index()


def _judged(
    judges: list[tuple[Family, Evidence]], published: Published, claims: tuple[Claim, ...]
) -> list[tuple[Family, Verdict]]:
    """Every judging family's verdicts, the released script's definition of CLIP-I first."""
    found = []
    for family, of_run in judges:
        for protocol in sorted(PROTOCOLS, key=lambda name: name != published.metric.protocol):
            found += [(family, verdict) for verdict in judge(claims, of_run, published, protocol)]
    return found


def _lead(claim: Claim, by_paper: Verdict, published: Published) -> dict[str, Any]:
    """What every row of a claim begins with."""
    return {
        "claim": claim.id,
        "place": claim.place,
        "sentence": " ".join(claim.sentence.split()),
        "published": NO_NUMBER if by_paper.outcome == NOT_TESTABLE else by_paper.outcome,
        "published_estimate": by_paper.estimate,
        **_finite(zip(("published_above", "published_below"), claim.region(published), strict=True)),
        "claim_note": " ".join(claim.note.split()),
    }


def _finite(ends: Iterable[tuple[str, float]]) -> dict[str, float]:
    return {name: end if math.isfinite(end) else math.nan for name, end in ends}


def _evidence(family: Family, verdict: Verdict, at_paper_scale: bool) -> dict[str, Any]:
    """The verdict of one family."""
    return {
        "here": worded(verdict.outcome, at_paper_scale),
        "method": family.run.title,
        "run": family.name,
        "protocol": verdict.protocol,
        "reason": verdict.reason,
        "estimate": verdict.estimate,
        **_finite((("above", verdict.above), ("below", verdict.below))),
        **{name: getattr(verdict, name) for name in (*_INTERVALS, *_TESTS, *_TURNING)},
        "n": verdict.images or None,
        "replicates": verdict.replicates or None,
        "test": verdict.test,
        "student": worded(verdict.student, at_paper_scale),
        "note": sentence(family.run.stamp),
    }


# --- layout ----------------------------------------------------------------------------------------------------------


def region(row: Any, prefix: str = "") -> str:
    """Where a claim puts its sum of scores, from the columns ``above`` and ``below`` after a prefix."""
    above, below = row[f"{prefix}above"], row[f"{prefix}below"]
    if pd.isna(above):
        return f"below {number(below)}"
    return f"above {number(above)}" if pd.isna(below) else f"{number(above)} to {number(below)}"


def lay_out(table: pd.DataFrame, published: Published) -> LaidOut:
    """The statistics behind the verdicts, run by run and definition by definition."""
    return LaidOut(
        caption="The statistics behind the verdicts",
        heads=(
            *("claimed", "estimate", "level", "t", "p", "p, corrected", "by Student's t", "could show", "holds from"),
            "images",
        ),
        groups=by_definition(table[table["run"].notna()], _statistics),
        about=(
            "Estimates are weighted sums of mean CLIP-I with intervals, bootstrapped over images, at the level that "
            "Holm's method asks of the claim among those of one run under one definition: a claim holds where the "
            "interval lies within what is claimed, and fails where it lies outside. p is twice the one-sided value of "
            "the nearer conclusion; by Student's t: the verdict of a second test, corrected alike; could show: how far "
            "from the bound the mean must lie for so many images to show it in four studies of five; holds from: the "
            "margin from which on the claim would hold by this interval."
        ),
    )


def by_definition(table: pd.DataFrame, row: Callable[[Any], Row]) -> tuple[Group, ...]:
    """The rows of a table, a group for each run and definition of CLIP-I."""
    groups = []
    for (run, protocol), rows in table.groupby(["run", "protocol"], sort=False):
        first = rows.iloc[0]
        heading = f"{text(first['method'])} ({run}), {DEFINITIONS[str(protocol)]}"
        groups.append(Group(heading, tuple(row(one) for _, one in rows.iterrows()), text(first["note"])))
    return tuple(groups)


def _statistics(row: Any) -> Row:
    if pd.isna(row["estimate"]):
        return Row(text(row["sentence"]), (None,) * 10, sentences(row["here"], row["reason"], row["claim_note"]))
    images = str(row["n"]) + (f" x {row['replicates']}" if row["replicates"] > 1 else "")
    cells = (
        Cell(region(row)),
        within(row["estimate"], row["low"], row["high"]),
        None if pd.isna(row["level"]) else Cell(f"{number(100 * row['level'], 1)} %"),
        *(cell(row[column], digits) for column, digits in (("statistic", 2), ("p", 4), ("corrected", 4))),
        Cell(text(row["student"])),
        cell(row["detectable"]),
        cell(row["holds_from"]),
        Cell(images),
    )
    return Row(text(row["sentence"]), cells, sentences(row["here"], row["reason"], row["test"], row["claim_note"]))


def _arranged(rows: Rows) -> Rows:
    """Notes say why there is no verdict; whose verdict it is stands there only if there are several runs."""
    several = len({row["run"] for row in rows}) > 1
    return [
        {column: text for column, text in row.items() if column != "method" or several}
        | {"note": " ".join(filter(None, (row["note"], row["reason"] and f"No verdict: {row['reason']}.")))}
        for row in rows
    ]


TABLES = (
    Table(
        name="claims",
        make=claims_table,
        lay_out=lay_out,
        reads=READS,
        needs=tuple(COLUMNS),
        columns={
            "here": Column("This report"),
            "corrected": Column("p, corrected"),
            "student": Column("by Student's t"),
            "detectable": Column("could show"),
            "holds_from": Column("holds from a margin of"),
            "n": Column("n"),
            "protocol": Column(values=SHORT),
        },
        hidden=frozenset(_HIDDEN),
        keys=("protocol", "claim"),
        interval_of="estimate",
        arrange=_arranged,
    ),
)
