"""Verdicts on the paper's claims: whether a run's scores show that a claim holds, fails, or neither.

A claim says that a mean lies in a region.  It *holds* where that is shown, *fails* where the opposite is shown, and is
*inconclusive* otherwise; a point estimate alone never decides.  Before correction, a claim holds exactly if the 95 %
interval lies inside the region and fails exactly if it lies outside: each one-sided test has half the level (ICH E9,
1998, section 5.5), also the two of an equivalence test, for which twice that is common.  ``p`` is therefore twice the
one-sided p value of whichever conclusion is nearer.  It is corrected by Holm's method over all claims that the run can
test under one protocol, and the verdict follows the corrected value.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from vid3d.claims.claims import Claim, Term
from vid3d.claims.published import Published
from vid3d.errors import InputError
from vid3d.measures.protocols import MATRIX
from vid3d.measures.statistics import RESAMPLES, Bootstrap, Float64, UntestableError, bootstrap, holm
from vid3d.randomness import generator

ALPHA = 0.05  # two-sided, after correction
PUBLISHED = "published, no interval"
NOT_TESTABLE: Literal["not testable here"] = "not testable here"
Outcome = Literal["holds", "fails", "inconclusive", "not testable here"]


@dataclass(frozen=True)
class Evidence:
    """What one run has to judge claims by.

    Attributes:
        run: its name.
        scores: one row per clip: image, motion, views and a column per protocol, as of ``protocols.per_image``; with
            more seeds than one also ``replicate``, any label.
        cameras: one row per frame and camera, as of ``scores.collect``: image, motion, views, frame, camera, a column
            per kind of cosine, and ``replicate``; None if claims on single cameras are not to be tested.
        obstacles: why the scores may not be compared with published ones (``tables.obstacles``); empty if they may.
        unusable: why the scores are no evidence at all (random weights, a control), or nothing.
    """

    run: str
    scores: pd.DataFrame
    cameras: pd.DataFrame | None = None
    obstacles: tuple[str, ...] = ()
    unusable: str = ""


@dataclass(frozen=True)
class Verdict:
    """One claim judged by one run; the fields are the columns of the table.

    Attributes:
        outcome: the verdict.
        reason: why it is not testable, or nothing.
        estimate, low, high: the sum of means and the ends of its 95 % interval, which is not corrected.
        above, below: the region in which the claim puts the sum.
        statistic: the t statistic at that end of the region which is nearer to the estimate.
        p, corrected: twice the one-sided p value of the nearer conclusion, at most 1; and after Holm's correction.
    """

    claim: str
    run: str
    protocol: str
    outcome: Outcome
    test: str
    reason: str = ""
    images: int = 0
    replicates: int = 0
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    above: float = math.nan
    below: float = math.nan
    statistic: float = math.nan
    p: float = math.nan
    corrected: float = math.nan


@dataclass(frozen=True)
class Decision:
    """What the numbers say of one claim; see ``Verdict`` for the fields."""

    outcome: Outcome
    statistic: float
    p: float
    corrected: float


def decide(means: Sequence[Bootstrap], regions: Sequence[tuple[float, float]]) -> list[Decision]:
    """Whether means are shown to lie in regions, or outside of them, corrected as one family.

    Args:
        means: one per claim.
        regions: (above, below) of each; one may be infinite.
    """
    nearer: list[Outcome] = []
    p_values = []
    for mean, (above, below) in zip(means, regions, strict=True):
        inside, outside = mean.p_within(above, below), mean.p_outside(above, below)
        nearer.append("holds" if inside <= outside else "fails")
        p_values.append(min(1.0, 2 * min(inside, outside)))
    decisions = []
    for mean, region, outcome, p, corrected in zip(means, regions, nearer, p_values, holm(p_values), strict=True):
        statistic = mean.statistic(min(region, key=lambda end: abs(mean.estimate - end)))
        decisions.append(Decision(outcome if corrected <= ALPHA else "inconclusive", statistic, p, float(corrected)))
    return decisions


def judge(
    claims: Sequence[Claim],
    evidence: Evidence,
    published: Published,
    protocol: str,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[Verdict]:
    """The verdict of one run on each claim, in their order.

    Args:
        protocol: one of ``protocols.NAMES``.
        seed: of the bootstrap; the same gives the same verdicts.  Other claims change nothing but the correction.

    Raises:
        InputError: names the run and the image that lacks a score.
    """
    means: dict[str, Bootstrap] = {}
    reasons: dict[str, str] = {}
    for claim in claims:
        try:
            table = contrast(claim, evidence, published, protocol)
            means[claim.id] = bootstrap(table, generator(seed, "verdict", claim.id), resamples)
        except UntestableError as error:
            reasons[claim.id] = str(error)
    regions = {claim.id: claim.region(published) for claim in claims}
    decisions = dict(zip(means, decide(list(means.values()), [regions[name] for name in means]), strict=True))
    verdicts = []
    for claim in claims:
        verdict = Verdict(claim.id, evidence.run, protocol, NOT_TESTABLE, claim.name, reasons.get(claim.id, ""))
        if claim.id in means:
            verdict = _tested(verdict, means[claim.id], regions[claim.id], decisions[claim.id])
        verdicts.append(verdict)
    return verdicts


def _tested(verdict: Verdict, mean: Bootstrap, region: tuple[float, float], decision: Decision) -> Verdict:
    low, high = mean.interval(1 - ALPHA)
    return replace(
        verdict,
        **asdict(decision),
        images=mean.images,
        replicates=mean.replicates,
        estimate=mean.estimate,
        low=low,
        high=high,
        above=region[0],
        below=region[1],
    )


def contrast(claim: Claim, evidence: Evidence, published: Published, protocol: str) -> Float64:
    """The weighted sum of scores that a claim is about, of each image.

    Returns:
        (replicates, images) float64, both in the order of their names.

    Raises:
        UntestableError: says why the run cannot test the claim.
        InputError: names the run and the image that lacks a score, or has two.
    """
    if evidence.unusable:
        raise UntestableError(evidence.unusable)
    if claim.quotes and evidence.obstacles:
        raise UntestableError(f"not comparable with published scores: {'; '.join(evidence.obstacles)}")
    if claim.quotes and protocol != published.metric.protocol:
        raise UntestableError(f"published scores follow protocol {published.metric.protocol}")
    tables = [_scores(term, evidence, protocol) for term in claim.terms]
    total = claim.terms[0].weight * tables[0]
    for term, table in zip(claim.terms[1:], tables[1:], strict=True):
        total = total + term.weight * table
    lacking = total.columns[total.isna().any()]
    if len(lacking):
        raise InputError(
            f"run {evidence.run}: image {lacking[0]} lacks a score of those that {claim.id} compares; run the workflow "
            "to make it"
        )
    return total.to_numpy(np.float64)


def _scores(term: Term, evidence: Evidence, protocol: str) -> pd.DataFrame:
    """The score of one term: replicates as rows, images as columns."""
    table = evidence.scores if term.cameras == "all" else evidence.cameras
    if table is None:
        raise UntestableError("scores of single cameras are not given")
    rows = table[(table["motion"] == term.motion) & (table["views"] == term.views)]
    if rows.empty:
        raise UntestableError(f"the run has no motion {term.motion} with {term.views} views")
    if "replicate" not in rows:
        rows = rows.assign(replicate=0)
    if term.cameras != "all":
        rows = rows[(rows["frame"] > 0) & ((rows["camera"] == 0) == (term.cameras == "reference"))]
        if rows.empty:
            raise UntestableError("clips of one frame, whose camera 0 is the reference itself")
        (cosines,) = (one.cosines for one in MATRIX if one.name == protocol)
        return rows.pivot_table(index="replicate", columns="image", values=cosines, aggfunc="mean")
    twice = rows[rows.duplicated(["replicate", "image"])]
    if len(twice):
        raise InputError(
            f"run {evidence.run}: image {twice['image'].iloc[0]} is there twice under motion {term.motion}, views "
            f"{term.views}; tell replicates apart by a column `replicate`"
        )
    return rows.pivot(index="replicate", columns="image", values=protocol)


def published_verdicts(claims: Sequence[Claim], published: Published) -> list[Verdict]:
    """What the paper's own numbers say of each claim: points, of which no interval was published.

    They are no verdicts in the sense of ``judge``; ``test`` says so.
    """
    verdicts = []
    for claim in claims:
        verdict = Verdict(claim.id, "published", published.metric.protocol, NOT_TESTABLE, PUBLISHED)
        values = [published.value(term.motion, term.views) if term.cameras == "all" else None for term in claim.terms]
        if None in values:
            verdicts.append(replace(verdict, reason="the paper gives no number for it"))
            continue
        estimate = math.fsum(t.weight * v for t, v in zip(claim.terms, values, strict=True) if v is not None)
        above, below = claim.region(published)
        outcome: Outcome = "holds" if above < estimate < below else "fails"
        images = published.benchmark.images
        verdicts.append(
            replace(verdict, outcome=outcome, images=images, replicates=1, estimate=estimate, above=above, below=below)
        )
    return verdicts
