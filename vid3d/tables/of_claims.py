"""The table of claims: what the paper says, and what this report's runs say of it."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from vid3d.claims.claims import Claim, load_claims
from vid3d.claims.published import Published, load_published
from vid3d.claims.verdicts import NOT_TESTABLE, Evidence, Verdict, judge, published_verdicts
from vid3d.study.config import Run, Study
from vid3d.study.replicates import Family, families, gathered
from vid3d.tables.clip_i import PROTOCOLS, per_image, rendered
from vid3d.tables.rows import obstacles, sentence

NOT_RUN = "not run here"
NO_NUMBER = "no number given"
_LEAD = ["claim", "place", "sentence", "published", "paper_scale", "here"]
_EVIDENCE = ["published_estimate", "estimate", "low", "high", "above", "below", "statistic", "p", "corrected"]
COLUMNS = [
    *_LEAD,
    *("method", "run", "protocol", "reason"),
    *_EVIDENCE,
    *("n", "replicates", "test", "claim_note", "note"),
]


def claims_table(study: Study, report: str, root: Path, scores: pd.DataFrame) -> pd.DataFrame:
    """Verdicts on the paper's claims (``vid3d.claims.verdicts``), under its two definitions of CLIP-I.

    Judged are families that draw splats and vary what the claims are about, or, where none does, all that draw splats.

    Returns:
        One row per claim, family and protocol, or one per claim where nothing can be judged.  ``published``: holds or
        fails by the published numbers, which have no interval.  ``paper_scale``: the verdict of the run at paper scale
        in this report, or "not run here".  ``here``: the verdict of the row's own run.  The region and the interval
        have empty cells for infinite ends.
    """
    published = load_published(root)
    claims = load_claims(root, published)
    said = {verdict.claim: verdict for verdict in published_verdicts(claims, published)}
    verdicts = _judged(study, report, scores, published, claims)
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
        lead = _lead(claim, said[claim.id], published)
        for family, verdict in by_claim.get(claim.id, ()):
            scale = at_scale.get((claim.id, verdict.protocol), NOT_RUN)
            rows.append(lead | {"paper_scale": scale} | _evidence(family, verdict))
        if claim.id not in by_claim:
            protocol = published.metric.protocol
            rows.append(lead | {"paper_scale": NOT_RUN, "here": NOT_RUN, "protocol": protocol, "test": claim.name})
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(("n", "replicates"), "Int64"))


def paper_scale(run: Run, published: Published) -> bool:
    """Whether a run repeats the paper: its benchmark and embedder in full, and sampled seeds and views."""
    return not obstacles(run, published) and run.seed.learned and run.views.learned


def _judged(
    study: Study, report: str, scores: pd.DataFrame, published: Published, claims: tuple[Claim, ...]
) -> list[tuple[Family, Verdict]]:
    """Every judged family's verdicts, the released script's definition of CLIP-I first."""
    kin = families(study, report)
    drawn = rendered(study, report)
    chosen = [family for family in drawn if len(family.run.conditions) > 1] or drawn
    clips, cameras = gathered(per_image(scores), kin), gathered(scores, kin)
    found = []
    for family in chosen:
        evidence = Evidence(
            run=family.name,
            scores=clips[clips["run"] == family.name],
            cameras=cameras[cameras["run"] == family.name],
            obstacles=tuple(obstacles(family.run, published)),
        )
        for protocol in sorted(PROTOCOLS, key=lambda name: name != published.metric.protocol):
            found += [(family, verdict) for verdict in judge(claims, evidence, published, protocol)]
    return found


def _lead(claim: Claim, said: Verdict, published: Published) -> dict[str, Any]:
    """What every row of a claim begins with."""
    return {
        "claim": claim.id,
        "place": claim.place,
        "sentence": " ".join(claim.sentence.split()),
        "published": NO_NUMBER if said.outcome == NOT_TESTABLE else said.outcome,
        "published_estimate": said.estimate,
        **_finite(zip(("above", "below"), claim.region(published), strict=True)),
        "claim_note": " ".join(claim.note.split()),
    }


def _finite(ends: Iterable[tuple[str, float]]) -> dict[str, float]:
    return {name: end if math.isfinite(end) else math.nan for name, end in ends}


def _evidence(family: Family, verdict: Verdict) -> dict[str, Any]:
    """The verdict of one family."""
    return {
        "here": verdict.outcome,
        "method": family.run.title,
        "run": family.name,
        "protocol": verdict.protocol,
        "reason": verdict.reason,
        "estimate": verdict.estimate,
        **_finite((("low", verdict.low), ("high", verdict.high))),
        "statistic": verdict.statistic,
        "p": verdict.p,
        "corrected": verdict.corrected,
        "n": verdict.images or None,
        "replicates": verdict.replicates or None,
        "test": verdict.test,
        "note": sentence(family.run.stamp),
    }
