"""Verdicts of a run on the paper's claims, from its scores; how they are decided: ``vid3d.claims.decisions``."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd

from vid3d.claims.claims import Claim, Superiority, Term, Untested
from vid3d.claims.decisions import ALPHA, NOT_TESTABLE, TOO_FEW, Decision, Outcome, settled
from vid3d.claims.published import Published
from vid3d.errors import InputError
from vid3d.measures.protocols import MATRIX
from vid3d.measures.statistics import RESAMPLES, Bootstrap, Float64, TooFewError, UntestableError, testable
from vid3d.measures.student import detectable

PUBLISHED = "published, no interval"
NO_SPAN = "nothing says how far CLIP-I can fall by this embedder, a share of which the margin is"


@dataclass(frozen=True)
class Evidence:
    """What one run has to judge claims by.

    Attributes:
        run: its name.
        scores: one row per clip: image, motion, views and a column per protocol, as of ``protocols.per_image``; with
            more seeds than one also ``replicate``, any label.
        cameras: one row per frame and camera, as of ``scores.collect``: image, motion, views, frame, camera, a column
            per kind of cosine, and ``replicate``; None if claims on single cameras are not to be tested.
        truth: the same of the true images in place of renders; None where no truth is known.
        quality: one row per clip, as ``scores``, with columns psnr and ssim; None where the seed has no truth.
        obstacles: why the scores may not be compared with published ones (``tables.obstacles``); empty if they may.
        spans: how far the score can fall by the run's embedder on its images (``tables.ranges``), by protocol; empty
            where that is not known.
        unusable: why the scores are no evidence at all (random weights, a control), or nothing.
    """

    run: str
    scores: pd.DataFrame
    cameras: pd.DataFrame | None = None
    truth: pd.DataFrame | None = None
    quality: pd.DataFrame | None = None
    obstacles: tuple[str, ...] = ()
    spans: Mapping[str, float] = field(default_factory=dict)
    unusable: str = ""


@dataclass(frozen=True)
class Verdict:
    """One claim judged by one run; the fields are the columns of the table.

    Attributes:
        outcome: the verdict.
        reason: why there is no verdict, or nothing.
        estimate: the sum of means.
        low, high: the ends of its interval of confidence ``level``, which Holm's method asks of this claim; moved to
            the limit of what is possible where they would be beyond it.
        alone_low, alone_high: the ends of its 95 % interval, for a reader who asks about this claim only.
        above, below: the region in which the claim puts the sum.
        statistic: the t statistic at that end of the region which is nearer to the estimate.
        p, corrected: twice the one-sided p value of the nearer conclusion, at most 1; and after Holm's correction.
        student, student_p: the verdict by Student's t in place of the bootstrap, corrected alike, and its p.
        margin: of the claim in the run's scores, 0 without one.
        holds_from, fails_below: the margin from which on the claim would hold by this interval, and that below which it
            would fail; 0 if any would do or none; NaN of a claim that needs no margin to be lenient.
        holds_to, fails_above: the same of a claim that something is larger than the margin.
        detectable: how far from the end of the region a mean must be for so many images, which vary as these do, to
            show it with a probability of 80 % (``statistics.detectable``, at the claim's level).
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
    level: float = math.nan
    alone_low: float = math.nan
    alone_high: float = math.nan
    above: float = math.nan
    below: float = math.nan
    statistic: float = math.nan
    p: float = math.nan
    corrected: float = math.nan
    student: str = ""
    student_p: float = math.nan
    detectable: float = math.nan
    margin: float = math.nan
    holds_from: float = math.nan
    fails_below: float = math.nan
    holds_to: float = math.nan
    fails_above: float = math.nan


def judge(
    claims: Sequence[Claim],
    evidence: Evidence,
    published: Published,
    protocol: str,
    seed: int = 0,
    resamples: int = RESAMPLES,
    stretch: float = 1.0,
) -> list[Verdict]:
    """The verdict of one run on each claim, in their order.

    Args:
        protocol: one of ``protocols.NAMES``.
        seed: of the bootstrap, where not all resamples can be listed; the same gives the same verdicts.  Other claims
            change nothing but the correction.
        resamples: how many are drawn; up to a hundred times as many where chance would decide.
        stretch: by which all margins are multiplied, to see what depends on them.

    Raises:
        InputError: names the run and the image that lacks a score.
    """
    scale = margin_scale(evidence, published, protocol)
    scales = {claim.id: stretch * (scale or 1.0 if claim.in_units_of_clip_i else 1.0) for claim in claims}
    regions = {claim.id: claim.region(published, scales[claim.id]) for claim in claims}
    tables: dict[str, Float64] = {}
    verdicts = {claim.id: Verdict(claim.id, evidence.run, protocol, NOT_TESTABLE, claim.name) for claim in claims}
    for claim in claims:
        try:
            table = contrast(claim, evidence, published, protocol)
            if claim.slack and scale is None and claim.in_units_of_clip_i:
                raise UntestableError(NO_SPAN)
            tables[claim.id] = testable(table)
        except TooFewError as error:
            verdicts[claim.id] = _too_few(verdicts[claim.id], table, regions[claim.id], str(error))
        except UntestableError as error:
            verdicts[claim.id] = replace(verdicts[claim.id], reason=str(error))
    asked = {name: regions[name] for name in tables}
    means, decisions = settled(tables, asked, seed, resamples)
    for claim in claims:
        if claim.id in means:
            tested = _tested(verdicts[claim.id], means[claim.id], regions[claim.id], decisions[claim.id])
            verdicts[claim.id] = _margins(_possible(tested, claim.largest), claim, scales[claim.id])
    return list(verdicts.values())


def margin_scale(evidence: Evidence, published: Published, protocol: str) -> float | None:
    """By how much a run's scores can fall where the paper's can by 1; None where that is not known."""
    if not evidence.obstacles:
        return 1.0
    span = evidence.spans.get(protocol)
    return None if span is None else span / published.metric.span


def _margins(verdict: Verdict, claim: Claim, scale: float) -> Verdict:
    """The verdict with its margin, and those that would turn it."""
    if not claim.slack:
        return replace(verdict, margin=0.0)
    margin = scale * claim.slack
    if isinstance(claim, Superiority):  # the opposite of non-inferiority: a larger margin makes it harder to hold
        return replace(verdict, margin=margin, holds_to=max(verdict.low, 0.0), fails_above=max(verdict.high, 0.0))
    above, below = verdict.above + margin, verdict.below - margin  # without any margin
    holds_from = max(above - verdict.low, verdict.high - below, 0.0)
    fails_below = max(above - verdict.high, verdict.low - below, 0.0)
    return replace(verdict, margin=margin, holds_from=holds_from, fails_below=fails_below)


def _too_few(verdict: Verdict, table: Float64, region: tuple[float, float], reason: str) -> Verdict:
    """The verdict with its estimate and, in place of an interval, what each image has."""
    replicates, images = table.shape
    each = " ".join(f"{value:+.4f}" for value in np.sort(table.mean(axis=0)))
    about = {"images": images, "replicates": replicates, "above": region[0], "below": region[1]}
    return replace(verdict, outcome=TOO_FEW, reason=f"{reason}; each has {each}", estimate=float(table.mean()), **about)


def _tested(verdict: Verdict, mean: Bootstrap, region: tuple[float, float], decision: Decision) -> Verdict:
    (low, high), (alone_low, alone_high) = mean.interval(decision.level), mean.interval(1 - ALPHA)
    return replace(
        verdict,
        **asdict(decision),
        images=mean.images,
        replicates=mean.replicates,
        estimate=mean.estimate,
        low=low,
        high=high,
        alone_low=alone_low,
        alone_high=alone_high,
        above=region[0],
        below=region[1],
        detectable=detectable(mean.error, mean.images, 1 - decision.level),
    )


def _possible(verdict: Verdict, largest: float) -> Verdict:
    """The verdict with the ends of its intervals within what a sum of cosines can be."""
    ends = {name: getattr(verdict, name) for name in ("low", "high", "alone_low", "alone_high")}
    return replace(verdict, **{name: min(max(end, -largest), largest) for name, end in ends.items()})


def contrast(claim: Claim, evidence: Evidence, published: Published, protocol: str) -> Float64:
    """The weighted sum of scores that a claim is about, of each image.

    Returns:
        (replicates, images) float64, both in the order of their names.

    Raises:
        UntestableError: says why the run cannot test the claim.
        InputError: names the run and the image that lacks a score, or has two.
    """
    if isinstance(claim, Untested):
        raise UntestableError(claim.reason.rstrip("."))
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
    table = _given(term, evidence)
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
    values = protocol if term.measure == "clip-i" else term.measure
    return rows.pivot(index="replicate", columns="image", values=values)


def _given(term: Term, evidence: Evidence) -> pd.DataFrame:
    """The table that holds a term's scores."""
    if term.measure != "clip-i":
        table, lacking = evidence.quality, "the seed is sampled, so that its frames have no truth to compare with"
    elif term.of == "truth":
        table, lacking = evidence.truth, "no truth is known of these images"
    elif term.cameras != "all":
        table, lacking = evidence.cameras, "scores of single cameras are not given"
    else:
        table, lacking = evidence.scores, ""
    if table is None:
        raise UntestableError(lacking)
    return table


def published_verdicts(claims: Sequence[Claim], published: Published) -> list[Verdict]:
    """What the paper's own numbers say of each claim: points, of which no interval was published.

    They are no verdicts in the sense of ``judge``; ``test`` says so.
    """
    verdicts = []
    for claim in claims:
        verdict = Verdict(claim.id, "published", published.metric.protocol, NOT_TESTABLE, PUBLISHED)
        if isinstance(claim, Untested):
            verdicts.append(replace(verdict, reason=claim.reason.rstrip(".")))
            continue
        values = [published.value(term.motion, term.views) if term.of_clips else None for term in claim.terms]
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
