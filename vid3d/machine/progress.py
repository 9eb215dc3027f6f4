"""What a terminal shows while the workflow runs: what will be done, one line of progress, what failed, and the end.

On a terminal the line is rewritten; anywhere else (a pipe, a cluster's log) lines follow each other at a modest pace.
Snakemake is not known here: ``vid3d.machine.snakemake_logger`` says what happened.
"""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TextIO

from vid3d.machine.remaining import Remaining, passed, told

PACE = 600.0  # seconds after which a line follows though little was done, where lines are not rewritten
STEPS = 10  # lines of a whole run at least, there
LOG_LINES = 40  # of a failed job's log
_BAR = 20  # characters
_ERASE, _RED, _PLAIN = "\r\x1b[2K", "\x1b[31m", "\x1b[0m"


@dataclass(frozen=True)
class Plan:
    """What a run of the workflow is about to do.

    Attributes:
        kinds: of each job, by its number, in the order in which they are listed (``expected.kinds``).
        expected: seconds of a job of each kind, where known.
        pages: the reports' pages among what is made.
        log: the file that holds all that Snakemake says.
    """

    kinds: Mapping[int, str]
    expected: Mapping[str, float]
    pages: Sequence[str] = ()
    log: str = ""


@dataclass(frozen=True)
class End:
    """How it ended: whether every job did well."""

    well: bool


@dataclass(frozen=True)
class Targets:
    """What can be asked for by name."""

    names: Sequence[str]

    def unknown(self, name: str) -> str:
        """What is said of a name or file that nothing makes: the closest names."""
        close = get_close_matches(name, self.names, 3)
        meant = f"did you mean {' or '.join(close)}?" if close else "snakemake --list-target-rules lists all names"
        return f"vid3d: {name}: nothing makes it; {meant}"


@dataclass(frozen=True)
class Failure:
    """A job that failed.

    Attributes:
        job: its number.
        rule: its rule's name.
        reason: what the executor says of it, or nothing.
        logs: its log files.
        outputs: what it was to make.
    """

    job: int
    rule: str
    reason: str = ""
    logs: Sequence[str] = ()
    outputs: Sequence[str] = ()


@dataclass
class Screen:
    """Where lines are written, with one line at the end that may be rewritten.

    Args:
        live: whether it is a terminal that can rewrite its last line.
        coloured: whether failures are red.
    """

    stream: TextIO
    live: bool = False
    coloured: bool = False
    _shown: str = ""

    def say(self, text: str, alarm: bool = False) -> None:
        """Write lines that stay."""
        with self.aside():
            self.stream.write(f"{_RED}{text}{_PLAIN}\n" if alarm and self.coloured else f"{text}\n")

    def show(self, line: str) -> None:
        """Rewrite the last line; it is cut to the terminal's width, since a line that wraps cannot be rewritten."""
        if not self.live:
            return
        width = shutil.get_terminal_size().columns - 1
        self._shown = line if len(line) <= width else line[: width - 3] + "..."
        self.stream.write(_ERASE + self._shown)
        self.stream.flush()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The last line is out of the way while something else writes to the stream."""
        if self._shown:
            self.stream.write(_ERASE)
            self.stream.flush()
        try:
            yield
        finally:
            self.stream.write(self._shown)
            self.stream.flush()

    def clear(self) -> None:
        """Take the last line away."""
        if self._shown:
            self._shown = ""
            self.stream.write(_ERASE)
            self.stream.flush()


@dataclass
class Progress:
    """What happened so far; every method tells of one more thing.

    Args:
        clock: seconds, of any beginning.
        wall: the time of day as lines show it.
    """

    screen: Screen
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], str] = lambda: time.strftime("%H:%M:%S")
    parallel: int = 1
    plan: Plan = field(default_factory=lambda: Plan({}, {}))
    _remaining: Remaining = field(default_factory=lambda: Remaining({}, {}))
    _doing: dict[int, str] = field(default_factory=dict)
    _failed: dict[int, str] = field(default_factory=dict)
    _began: float = 0.0
    _told_at: float = 0.0
    _told: int = 0  # jobs that were done when the last line was written

    def begin(self, plan: Plan) -> None:
        """Say what will be done and about how long it takes."""
        self.plan = plan
        self._remaining = Remaining(plan.kinds, plan.expected, self.parallel)
        self._began = self._told_at = self.clock()
        time_left = told(self._remaining.left(self._began))
        stages = Counter(kind.partition("/")[0] for kind in plan.kinds.values())
        self.screen.say(f"vid3d: {_counted(len(plan.kinds), 'job')}, {time_left}, {self.parallel} at a time")
        self.screen.say(f"  jobs  {', '.join(f'{stage} {count}' for stage, count in stages.items())}")
        for page in plan.pages:
            self.screen.say(f"  page  {page}")
        if plan.log:
            self.screen.say(f"  log   {plan.log}")
        self._show()

    def started(self, job: int, what: str) -> None:
        """A job begins; ``what`` says in words what it does."""
        self._remaining.begin(job, self.clock())
        self._doing[job] = what
        self._failed.pop(job, None)
        self._show()

    def finished(self, job: int) -> None:
        """A job has ended well."""
        self._remaining.end(job, self.clock())
        self._doing.pop(job, None)
        self._failed.pop(job, None)
        self._show()
        self._tell()

    def failed(self, failure: Failure) -> None:
        """A job failed: what it was, what its log says, and what it was to make."""
        what = self._doing.pop(failure.job, failure.rule)
        self._failed[failure.job] = what
        lines = [*failure.reason.splitlines(), *(line for log in failure.logs for line in _said(log))]
        self.screen.say(f"failed: {what} (rule {failure.rule})", alarm=True)
        for line in lines:
            self.screen.say(f"  | {line}")
        if failure.logs:
            self.screen.say(f"  log    {', '.join(failure.logs)}")
        if failure.outputs:
            self.screen.say(f"  makes  {failure.outputs[0]}{' ...' if len(failure.outputs) > 1 else ''}")
        self._show()

    def end(self, end: End) -> None:
        """Say how it ended, and where what was made stands."""
        self.screen.clear()
        total, time_taken = len(self.plan.kinds), passed(self.clock() - self._began)
        if end.well:
            self.screen.say(f"done: {_counted(total, 'job')} in {time_taken}")
            for page in self.plan.pages:
                self.screen.say(f"  page  {Path(page).absolute().as_uri()}")
                self.screen.say(f"  next  vid3d result --report {Path(page).parent.name}")
        else:
            done, failed = self._remaining.done, ", ".join(self._failed.values())
            self.screen.say(f"stopped: {done} of {_counted(total, 'job')} done in {time_taken}", alarm=True)
            if failed:
                self.screen.say(f"  failed  {failed}; what was said of it stands above")
            self.screen.say("  next    the same command again goes on where it stopped")
        if self.plan.log:
            self.screen.say(f"  log   {self.plan.log}" if end.well else f"  log     {self.plan.log}")

    def _show(self) -> None:
        """The line that is rewritten."""
        if self.plan.kinds:
            latest = next(reversed(self._doing.values()), "")
            share = self._remaining.done / len(self.plan.kinds)
            bar = "#" * int(share * _BAR)
            self.screen.show(f"[{bar:.<{_BAR}}] {self._state()}{latest and f': {latest}'}")

    def _tell(self) -> None:
        """A line of its own where none is rewritten: at every tenth of the jobs, and when long nothing was said."""
        done, total = self._remaining.done, len(self.plan.kinds)
        if self.screen.live or not total or done == total:
            return
        step = done * STEPS // total > self._told * STEPS // total
        if step or self.clock() - self._told_at >= PACE:
            self._told, self._told_at = done, self.clock()
            self.screen.say(f"{self.wall()}  {self._state()}")

    def _state(self) -> str:
        done, total = self._remaining.done, len(self.plan.kinds)
        failed = f", {len(self._failed)} failed" if self._failed else ""
        return f"{done} of {_counted(total, 'job')}{failed}, {told(self._remaining.left(self.clock()))} left"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _said(log: str) -> list[str]:
    """The last lines of a job's log; of one that is not there or no text, that."""
    try:
        lines = Path(log).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return [f"{log} was not written"]
    except (OSError, UnicodeDecodeError):
        return [f"{log} is no text that can be read"]
    if len(lines) <= LOG_LINES:
        return lines
    return [f"... {len(lines) - LOG_LINES} lines more in {log}", *lines[-LOG_LINES:]]
