"""Decisions on claims: whether scores show that a mean lies in a region, or outside of it, or neither.

A claim says that a mean lies in a region.  It *holds* where that is shown, *fails* where the opposite is shown, and is
*inconclusive* otherwise; a point estimate alone never decides, and fewer images than ``MINIMUM_IMAGES`` are *too few to
decide*.  A claim alone holds exactly if its 95 % interval lies inside the region and fails exactly if it lies outside:
each one-sided test has half the level (ICH E9, 1998, section 5.5), also the two of an equivalence test, for which twice
that is common.  ``p`` is therefore twice the one-sided p value of whichever conclusion is nearer.  Of all claims that a
run can test under one protocol the verdict follows Holm's method, and so does the interval beside it: its level is the
one that Holm's method asks of this claim.  Interval and verdict cannot disagree.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from vid3d.measures.statistics import ROUNDING, Bootstrap, Float64, bootstrap, holm, holm_levels
from vid3d.measures.student import student
from vid3d.randomness import generator

ALPHA = 0.05  # two-sided, after correction
NOT_TESTABLE: Literal["not testable here"] = "not testable here"
TOO_FEW: Literal["too few to decide"] = "too few to decide"
Outcome = Literal["holds", "fails", "inconclusive", "too few to decide", "not testable here"]
# the words for a run that is not at paper scale: it shows a direction, and is no verdict on the paper
IN_SMALL = {"holds": "same direction", "fails": "opposite", "inconclusive": "undecided"}

WORDS = tuple(dict.fromkeys(word for one in get_args(Outcome) for word in (one, IN_SMALL.get(one, one))))  # in order


def worded(outcome: str, at_paper_scale: bool) -> str:
    """An ``Outcome`` as tables and pages say it of a run."""
    return outcome if at_paper_scale else IN_SMALL.get(outcome, outcome)


@dataclass(frozen=True)
class Decision:
    """What the numbers say of one claim; see ``verdicts.Verdict`` for the fields."""

    outcome: Outcome
    statistic: float
    p: float
    corrected: float
    level: float
    student: Outcome
    student_p: float


def decide(means: Sequence[Bootstrap], regions: Sequence[tuple[float, float]]) -> list[Decision]:
    """Whether means are shown to lie in regions, or outside of them, corrected as one family.

    Args:
        means: one per claim.
        regions: (above, below) of each; one may be infinite.
    """
    pairs = list(zip(means, regions, strict=True))
    ours = _corrected([(mean.p_within(*region), mean.p_outside(*region)) for mean, region in pairs])
    theirs = _corrected([student(mean, *region) for mean, region in pairs])
    return [
        Decision(
            outcome,
            mean.statistic(min(region, key=lambda end: abs(mean.estimate - end))),
            p,
            corrected,
            1 - level,
            *by_student[:2],
        )
        for (mean, region), (outcome, p, corrected, level), by_student in zip(pairs, ours, theirs, strict=True)
    ]


def _corrected(tests: Sequence[tuple[float, float]]) -> list[tuple[Outcome, float, float, float]]:
    """Outcome, two-sided p value, the same corrected, and the level asked of it; from p values of in- and outside."""
    p_values = [min(1.0, 2 * min(test)) for test in tests]
    found: list[tuple[Outcome, float, float, float]] = []
    corrections = zip(tests, p_values, holm(p_values), holm_levels(p_values, ALPHA), strict=True)
    for (inside, outside), p, corrected, level in corrections:
        nearer: Outcome = "holds" if inside <= outside else "fails"
        found.append((nearer if p <= level + ROUNDING else "inconclusive", p, float(corrected), float(level)))
    return found


def settled(
    tables: Mapping[str, Float64], regions: Mapping[str, tuple[float, float]], seed: int, resamples: int
) -> tuple[dict[str, Bootstrap], dict[str, Decision]]:
    """Bootstraps and decisions by claim, with more resamples where another draw might decide otherwise."""

    def drawn(name: str, count: int) -> Bootstrap:
        return bootstrap(tables[name], generator(seed, "verdict", name), count)

    means = {name: drawn(name, resamples) for name in tables}
    for more in (10, 100, None):
        decisions = dict(zip(means, decide(list(means.values()), list(regions.values())), strict=True))
        close = [name for name, decision in decisions.items() if _by_chance(decision, means[name])]
        if more is None or not close:
            break
        means |= {name: drawn(name, more * (resamples + 1) - 1) for name in close}
    return means, decisions


def _by_chance(decision: Decision, mean: Bootstrap) -> bool:
    """Whether the corrected p value is within four standard errors, of drawing resamples, of the level."""
    one_sided = decision.p / 2
    error = 0.0 if mean.exact else decision.corrected * math.sqrt((1 - one_sided) / one_sided / mean.resamples)
    return abs(decision.corrected - ALPHA) < 4 * error
