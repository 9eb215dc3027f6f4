"""How much longer the jobs of a run of the workflow will take."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SURE = 10.0  # seconds as expected that count beside those that were measured: the first short jobs say little


@dataclass(frozen=True)
class Left:
    """Seconds that are left; ``whole`` says whether the time of every job that is left is known, or only of some."""

    seconds: float
    whole: bool


@dataclass
class Remaining:
    """The jobs that are left, and what those of their kinds have taken so far.

    Args:
        kinds: of every job, by its number.
        expected: seconds of a job of each kind on one core, where known (``vid3d.machine.expected``).
        parallel: how many jobs run at a time.
    """

    kinds: Mapping[int, str]
    expected: Mapping[str, float]
    parallel: int = 1
    _began: dict[int, float] = field(default_factory=dict)
    _ended: set[int] = field(default_factory=set)
    _taken: dict[str, list[float]] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """How many jobs have ended."""
        return len(self._ended)

    def begin(self, job: int, now: float) -> None:
        """A job begins, maybe once more."""
        self._began[job] = now

    def end(self, job: int, now: float) -> None:
        """A job has ended well."""
        if job not in self.kinds or job in self._ended:
            return
        self._ended.add(job)
        if job in self._began:
            self._taken.setdefault(self.kinds[job], []).append(now - self._began[job])

    def left(self, now: float) -> Left:
        """The time until the last job ends: what is left, shared by those that run at a time, or the longest."""
        single, whole = [], True
        scale = self._scale()
        for job, kind in self.kinds.items():
            if job in self._ended:
                continue
            seconds = self._each(kind, scale)
            whole = whole and seconds is not None
            passed = now - self._began[job] if job in self._began else 0.0
            single.append(max((seconds or 0.0) - passed, 0.0))
        if not single:
            return Left(0.0, True)
        return Left(max(sum(single) / max(self.parallel, 1), *single), whole)

    def _scale(self) -> float:
        """How much slower this machine is than the one that expectations were measured on, so far as is known."""
        known = [kind for kind in self._taken if self.expected.get(kind)]
        expected = sum(self.expected[kind] * len(self._taken[kind]) for kind in known)
        taken = sum(sum(self._taken[kind]) for kind in known)
        return (taken + SURE) / (expected + SURE)

    def _each(self, kind: str, scale: float) -> float | None:
        """Seconds of a job of a kind: the mean of those that ended, the expectation counting as one of them."""
        taken = self._taken.get(kind, [])
        if kind in self.expected:
            return (scale * self.expected[kind] + sum(taken)) / (1 + len(taken))
        return sum(taken) / len(taken) if taken else None


def told(left: Left) -> str:
    """The time left in words: ``about 3 min``, ``more than 3 min`` where some of it is not known."""
    seconds = left.seconds
    if not left.whole and seconds < 5:
        return "an unknown time"
    if seconds < 5:
        return "a few seconds"
    if seconds < 95:
        amount = f"{10 * max(round(seconds / 10), 1)} s"
    elif seconds < 95 * 60:
        amount = f"{round(seconds / 60)} min"
    elif seconds < 36 * 3600:
        amount = f"{seconds / 3600:.1f} h"
    else:
        amount = f"{seconds / 86400:.1f} days"
    return f"{'about' if left.whole else 'more than'} {amount}"


def passed(seconds: float) -> str:
    """A time that was measured, in words: ``48 s``, ``4 min 51 s``, ``3 h 20 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
