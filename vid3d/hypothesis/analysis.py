"""The registered analysis of docs/hypothesis.md: cells in, verdicts and Table 4 out.

Frozen before the runs: its sha256 stands in what it writes.  Contrasts are paired by object; a temporal error enters by
its logarithm, so that a mean difference is a ratio.  Intervals and p values are those of ``measures.statistics``.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vid3d.measures import statistics
from vid3d.measures.statistics import UntestableError, bootstrap, holm
from vid3d.randomness import generator
from vid3d.scene import Float64

Row = dict[str, Any]
Where = dict[str, Any]  # columns of a cell and their values

LEVEL = 0.025  # of each one-sided test
PSNR_MARGIN = 0.5  # dB
RATIO_MARGIN = math.log(1.2)  # of temporal errors: 20 %
CLIP_SHARE = 0.1  # of what 3 instead of 18 views cost
CONVERGED = 4.0  # budget at which conclusions are read
STILL_GAINING = 0.05  # dB from twice to four times the budget
SEEN_BEFORE = ("figure-blue", "frog-orange", "bird-red")  # by a pilot
MOTIONS = (120, 200)  # at which H1 is asked
PLANTED = "planted"  # the input with a jitter of known size
RIVALS = ("joint", "low-rank")  # against which independence is to hold its own
TAKEN_BACK = 0.5  # of what a planted jitter costs in time: what low-rank is to take back
STILL = 0.5  # of independence's motion kept: below it an arm stands still
FAULTS = ("colour", "texture", "recentring")
PREDICTED = ("colour", "texture")  # faults of which H2 says something; recentring is motion
LEVELS = {0.0: "truth", 0.5: "{}-half", 1.0: "{}", 2.0: "{}-twice"}
BASE: Where = {"budget": CONVERGED, "motion": 120, "events": 0, "views": 18}
KEYS = {"input": str, "arm": str, "budget": float, "motion": int, "events": int, "views": int, "replicate": int}
OUTCOMES = (
    *("psnr", "ssim", "flip", "temporal_error", "warped_excess", "gradient_energy", "motion_kept", "flicker"),
    *("clip_source", "clip_self", "bytes_per_second", "seconds"),
)
COLUMNS: dict[str, type[str | int | float]] = {**KEYS, "image": str, **dict.fromkeys(OUTCOMES, float)}  # type: ignore[dict-item]


@dataclass(frozen=True)
class Test:
    """A mean difference over objects against one or two bounds.

    Attributes:
        name: what is compared.
        estimate, low, high: the mean and its 95 % interval; NaN where it cannot be tested.
        above, below: one-sided p values of being above the lower bound and below the upper one.
        beyond_low, beyond_high: of being below the lower bound, and above the upper one.
        objects: behind the mean.
        why: why it cannot be tested; empty if it can.
    """

    name: str
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    above: float = 1.0
    below: float = 1.0
    beyond_low: float = 1.0
    beyond_high: float = 1.0
    objects: int = 0
    why: str = ""

    @property
    def within(self) -> bool:
        """Whether the mean is shown to be between the bounds."""
        return max(self.above, self.below) <= LEVEL

    def plain(self) -> Row:
        """For JSON: null where there is no number."""
        return {
            key: None if isinstance(value, float) and math.isnan(value) else value for key, value in vars(self).items()
        }


class Cells:
    """Rows of all cells, or of some objects only, or (``by_class``) means over the objects of a class."""

    def __init__(self, rows: Iterable[Row], leave_out: Sequence[str] = (), by_class: bool = False) -> None:
        self.rows = [row for row in rows if row["image"] not in leave_out]
        self.by_class = by_class

    def values(self, outcome: str, where: Where) -> dict[str, dict[int, float]]:
        """{object: {replicate: value}} of the cells that ``BASE`` and ``where`` name."""
        wanted = BASE | where
        found: dict[str, dict[int, float]] = {}
        for row in self.rows:
            if all(row[key] == value for key, value in wanted.items()):
                found.setdefault(row["image"], {})[row["replicate"]] = row[outcome]
        return found

    def paired(self, outcome: str, first: Where, second: Where, of: Callable[[float], float] = float) -> Float64:
        """(replicates, objects): differences of what both have; (1, 0) if they share nothing."""
        one, other = self.values(outcome, first), self.values(outcome, second)
        names = [name for name in one if name in other]
        shared = set.intersection(*(set(one[name]) & set(other[name]) for name in names)) if names else set()
        if not shared:
            return np.empty((1, 0))
        table = np.array([[of(one[name][r]) - of(other[name][r]) for name in names] for r in sorted(shared)])
        return self._units(table, names)

    def weighted(self, *terms: tuple[float, str, Where]) -> Float64:
        """(1, objects): sums of weight times outcome over (weight, outcome, cell), for objects that all cells have.

        Of each cell's first replicate.
        """
        found = [(weight, self.values(outcome, where)) for weight, outcome, where in terms]
        names = [name for name in found[0][1] if all(1 in values.get(name, {}) for _, values in found)]
        table = np.array([[sum(weight * values[name][1] for weight, values in found) for name in names]])
        return self._units(table.reshape(1, len(names)), names)

    def _units(self, table: Float64, names: Sequence[str]) -> Float64:
        if not self.by_class or not names:
            return table
        kinds = [name.rpartition("-")[0] for name in names]
        return np.stack([table[:, [k == kind for k in kinds]].mean(axis=1) for kind in dict.fromkeys(kinds)], axis=1)

    def slopes(self, fault: str) -> Float64:
        """(1, objects): of the logarithm of how much less low-rank errs in time, on the fault's level."""
        gains = []
        for given in LEVELS.values():
            where = {"input": given.format(fault)}
            one, other = (self.values("temporal_error", where | {"arm": arm}) for arm in ("independent", "low-rank"))
            gains.append({name: math.log(one[name][1] / other[name][1]) for name in one if 1 in other.get(name, {})})
        names = [name for name in gains[0] if all(name in gain for gain in gains)]
        levels = np.array(list(LEVELS)) - np.mean(list(LEVELS))
        table = np.array([[gain[name] for name in names] for gain in gains]).reshape(len(gains), len(names))
        return self._units((levels @ table / (levels @ levels))[None], names)


def tested(name: str, table: Float64, low: float, high: float) -> Test:
    """The test of a mean of differences (replicates, objects) against two bounds, which may be infinite."""
    if table.shape[1] == 0:
        return Test(name, why="its cells are not there")
    try:
        mean = bootstrap(table, generator(0, "hypothesis", name))
    except UntestableError as error:
        return Test(name, float(table.mean()), objects=table.shape[1], why=str(error))
    ends = mean.interval(0.95)
    p = (mean.p_above(low), mean.p_below(high), mean.p_below(low), mean.p_above(high))
    return Test(name, mean.estimate, *ends, *p, objects=mean.images)


def against(cells: Cells, arm: str, where: Where, label: str) -> tuple[Test, Test]:
    """Independence against an arm: PSNR lost (below the lower bound is too much), and the ratio of temporal errors."""
    one, other = where | {"arm": "independent"}, where | {"arm": arm}
    psnr = tested(f"{label}: PSNR, independent - {arm}", cells.paired("psnr", one, other), -PSNR_MARGIN, PSNR_MARGIN)
    errors = cells.paired("temporal_error", one, other, math.log)
    ratio = tested(f"{label}: log temporal error, independent / {arm}", errors, -RATIO_MARGIN, RATIO_MARGIN)
    return psnr, ratio


def independence(cells: Cells, motion: int) -> tuple[str, list[Test]]:
    """H1 at one motion score: supported, refuted, mixed, undecided or not testable."""
    pairs = [against(cells, arm, {"input": "mini", "motion": motion}, f"H1, motion {motion}") for arm in RIVALS]
    psnr, ratio = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    tests = [*psnr, *ratio]
    if any(test.why for test in tests):
        return "not testable", tests
    lost = holm([*(test.beyond_low for test in psnr), *(test.beyond_high for test in ratio)]) <= LEVEL
    kept = [all(test.above <= LEVEL for test in psnr), all(test.below <= LEVEL for test in ratio)]
    worse = [bool(lost[: len(psnr)].any()), bool(lost[len(psnr) :].any())]
    if all(kept):
        return "supported", tests
    if worse[1] and kept[0]:
        return "mixed: fidelity kept, time worse", tests
    if worse[0] and kept[1]:
        return "mixed: time kept, fidelity worse", tests
    return ("refuted" if any(worse) else "undecided"), tests


def suffices(cells: Cells) -> tuple[str, list[Test]]:
    """H1: independence suffices, at both motion scores."""
    verdicts, tests = zip(*(independence(cells, motion) for motion in MOTIONS), strict=True)
    alike = verdicts[0] if verdicts[0] == verdicts[1] else f"motion 120 {verdicts[0]}; motion 200 {verdicts[1]}"
    return alike, [test for some in tests for test in some]


def dose_response(cells: Cells) -> tuple[str, list[Test]]:
    """H2: the gain of low-rank in time grows with colour and texture jitter, and is within the margin at none."""
    slopes = [tested(f"H2: slope of the gain on {fault}", cells.slopes(fault), 0.0, 0.0) for fault in FAULTS]
    zero = against(cells, "low-rank", {"input": "truth"}, "H2, no jitter")[1]
    tests = [*slopes, zero]
    if any(test.why for test in tests):
        return "not testable", tests
    predicted = [FAULTS.index(fault) for fault in PREDICTED]
    grows = holm([slopes[k].above for k in predicted]) <= LEVEL
    falls = holm([slopes[k].below for k in predicted]) <= LEVEL
    if grows.all() and zero.within:
        return "supported", tests
    if falls.any():
        return "refuted", tests
    return ("grows, but not from zero" if grows.all() else "undecided"), tests


def flexibility(cells: Cells) -> tuple[str, list[Test]]:
    """H3: with events, independence beats low-rank by more than the margin; decided on the truth."""
    tests = []
    for given in ("truth", "mini"):
        one, other = ({"input": given, "events": 1, "arm": arm} for arm in ("independent", "low-rank"))
        gain = cells.paired("psnr", one, other)
        tests.append(tested(f"H3, {given}: PSNR, independent - low-rank", gain, PSNR_MARGIN, PSNR_MARGIN))
    if tests[0].why:
        return "not testable", tests
    if tests[0].above <= LEVEL:
        return "supported", tests
    return ("refuted" if tests[0].below <= LEVEL else "undecided"), tests


def blindness(cells: Cells, outcome: str = "clip_source") -> tuple[str, list[Test]]:
    """H4: CLIP-I differs by less than a tenth of what 3 views cost, while temporal errors differ by more than 20 %."""
    one, other = ({"input": "mini", "arm": arm} for arm in ("independent", "low-rank"))
    cost = cells.paired(outcome, one, one | {"views": 3})
    yardstick = tested(f"H4: {outcome}, 18 views - 3 views", cost, 0.0, 0.0)
    margin = CLIP_SHARE * abs(yardstick.estimate) if yardstick.objects else math.nan
    errors = cells.paired("temporal_error", one, other, math.log)
    time = tested("H4: log temporal error, independent / low-rank", errors, -RATIO_MARGIN, RATIO_MARGIN)
    if math.isnan(margin) or time.why:
        return "not testable", [yardstick, time]
    clip = tested(f"H4: {outcome}, independent - low-rank", cells.paired(outcome, one, other), -margin, margin)
    tests = [yardstick, clip, time]
    if min(time.beyond_low, time.beyond_high) > LEVEL:
        return "not testable: the arms are not shown to differ in time", tests
    if clip.within:
        return "supported", tests
    return ("refuted" if min(clip.beyond_low, clip.beyond_high) <= LEVEL else "undecided"), tests


HYPOTHESES: dict[str, Callable[[Cells], tuple[str, list[Test]]]] = {
    "H1": suffices,
    "H2": dose_response,
    "H3": flexibility,
    "H4": blindness,
}


def controls(cells: Cells) -> list[Row]:
    """Whether the outcomes see what they are to see: a test each, with its ``control`` and whether it is ``shown``.

    - negative: without jitter, warm, joint and low-rank are within the bounds of independence in both outcomes.
    - positive: of what a planted jitter costs independence in temporal error, low-rank takes back at least
      ``TAKEN_BACK``; and it does cost something.
    - frozen: an arm that shows one moment for all flickers less than independence, and keeps less than ``STILL`` of its
      motion.
    """
    found = [
        {"control": "negative", **test.plain(), "shown": test.within}
        for arm in ("warm", *RIVALS)
        for test in against(cells, arm, {"input": "truth"}, "negative control, no jitter")
    ]

    def above(control: str, what: str, *terms: tuple[float, str, Where]) -> None:
        test = tested(f"{control} control: {what}", cells.weighted(*terms), 0.0, math.inf)
        found.append({"control": control, **test.plain(), "shown": test.above <= LEVEL})

    def error(weight: float, given: str, arm: str) -> tuple[float, str, Where]:
        return weight, "temporal_error", {"input": given, "arm": arm}

    def cost(weight: float, arm: str) -> tuple[tuple[float, str, Where], ...]:
        return error(weight, PLANTED, arm), error(-weight, "truth", arm)

    above("positive", "temporal error that a planted jitter costs independence", *cost(1.0, "independent"))
    taken = f"{TAKEN_BACK:g} of that - what it costs low-rank"
    above("positive", taken, *cost(1.0 - TAKEN_BACK, "independent"), *cost(-1.0, "low-rank"))
    still, moving = ({"input": "truth", "arm": arm} for arm in ("frozen", "independent"))
    above("frozen", "flicker, independent - frozen", (1.0, "flicker", moving), (-1.0, "flicker", still))
    kept = ((STILL, "motion_kept", moving), (-1.0, "motion_kept", still))
    above("frozen", f"{STILL:g} of the motion that independent keeps - what frozen keeps", *kept)
    return found


def convergence(cells: Cells) -> list[Row]:
    """What each arm gains from twice to four times the budget, on the objects that have both."""
    found = []
    for given in ("truth", "mini"):
        for arm in ("independent", "warm", *RIVALS):
            where = {"input": given, "arm": arm}
            gains = cells.paired("psnr", where, where | {"budget": CONVERGED / 2})
            gain = float(gains.mean()) if gains.size else None
            converged = None if gain is None else gain < STILL_GAINING
            found.append({"input": given, "arm": arm, "gain_db": gain, "converged": converged})
    return found


def analysed(rows: Sequence[Row]) -> dict[str, Any]:
    """Verdicts, the tests behind them, sensitivity, controls, and which script did it."""
    cells = Cells(rows)
    views = {
        "all objects": cells,
        "without the pilot's objects": Cells(rows, SEEN_BEFORE),
        "classes instead of objects": Cells(rows, by_class=True),
    }
    decided = {name: decide(cells) for name, decide in HYPOTHESES.items()}
    return {
        "verdicts": {name: verdict for name, (verdict, _) in decided.items()},
        "H1 by motion": {str(motion): independence(cells, motion)[0] for motion in MOTIONS},
        "H4 by the released definition": blindness(cells, "clip_self")[0],
        "sensitivity": {
            name: {key: decide(some)[0] for key, decide in HYPOTHESES.items()} for name, some in views.items()
        },
        "tests": [test.plain() for _, tests in decided.values() for test in tests],
        "controls": controls(cells),
        "convergence": convergence(cells),
        "sha256": {Path(str(file)).name: _sha256(file) for file in (__file__, statistics.__file__)},
    }


def table4(rows: Sequence[Row]) -> list[Row]:
    """A row for each cell: means of all outcomes over replicates and objects, and differences from independence."""
    cells, found = Cells(rows), []
    keys = [key for key in KEYS if key != "replicate"]
    for values in dict.fromkeys(tuple(row[key] for key in keys) for row in rows):
        where = dict(zip(keys, values, strict=True))
        own = [row for row in rows if all(row[key] == where[key] for key in keys)]
        line: Row = where | {"objects": len({row["image"] for row in own})}
        line |= {outcome: _mean([row[outcome] for row in own]) for outcome in OUTCOMES}
        base = where | {"arm": "independent"}
        for name, outcome, of in (("psnr_gain", "psnr", float), ("log_error_ratio", "temporal_error", math.log)):
            table = cells.paired(outcome, where, base, of) if where != base else np.empty((1, 0))
            test = tested(f"Table 4: {name} of {values}", table, -math.inf, math.inf)
            line |= {name: test.estimate, f"{name}_low": test.low, f"{name}_high": test.high}
        found.append(line)
    return found


def figure11(rows: Sequence[Row]) -> list[Row]:
    """What each arm gives at each level of each fault, with 95 % intervals: of temporal errors geometric means.

    Returns:
        ``fault``, ``level``, ``arm``, ``outcome``, ``mean``, ``low``, ``high`` and ``objects``; outcome ``error_ratio``
        is independent's temporal error over the arm's, by pairs.  NaN of what was not run or has no interval.
    """
    cells, found, others = Cells(rows), [], ("warm", *RIVALS)
    for fault in FAULTS:
        for level, given in LEVELS.items():
            for arm in ("independent", *others):
                where = {"input": given.format(fault), "arm": arm}
                base, other = where | {"arm": "independent"}, where | {"arm": arm if arm in others else ""}
                measured = {
                    "temporal_error": _logarithm(cells.weighted((1.0, "temporal_error", where))),
                    "psnr": cells.weighted((1.0, "psnr", where)),
                    "error_ratio": cells.paired("temporal_error", base, other, math.log),
                }
                for outcome, table in measured.items():
                    test = tested(f"Figure 11: {outcome}, {where}", table, -math.inf, math.inf)
                    scale = float if outcome == "psnr" else math.exp
                    ends = {"mean": test.estimate, "low": test.low, "high": test.high}
                    found.append(
                        {"fault": fault, "level": level, "arm": arm, "outcome": outcome, "objects": table.shape[1]}
                        | {name: scale(value) for name, value in ends.items()}
                    )
    return found


def _logarithm(table: Float64) -> Float64:
    return np.asarray(np.log(table))


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _sha256(file: str | None) -> str:
    return hashlib.sha256(Path(str(file)).read_bytes()).hexdigest()
