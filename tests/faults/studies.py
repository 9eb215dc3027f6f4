"""A small study that is disturbed, and what it lost: its files beside those of an undisturbed one, byte for byte."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.workflow.conftest import Workflow, copy_workflow

TABLES = ("results/reports/tiny/tables/table1.csv",)  # the job of one makes all
ONE_IMAGE = ("--config", "images=frog-green")
PATIENCE = 1800.0  # seconds; a bound on waiting, not a measurement


@dataclass
class Study:
    """The study in a folder of its own.

    Attributes:
        workflow: its copy of the workflow.
        targets: what Snakemake is asked for.
        environment: what its processes have beside the environment of this one.
        wrapped: words before the command, such as ``faketime``.
    """

    workflow: Workflow
    targets: Sequence[str] = TABLES
    environment: Mapping[str, str] = field(default_factory=dict)
    wrapped: Sequence[str] = ()

    @property
    def folder(self) -> Path:
        return self.workflow.folder

    def command(self, *arguments: str) -> list[str]:
        return [*self.wrapped, *self.workflow.command(*ONE_IMAGE, *arguments)]

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Snakemake in a session of its own; what it and its jobs say is in ``said``."""
        with (self.folder / "said.txt").open("wb") as said:
            return subprocess.Popen(
                self.command(*(arguments or ("--", *self.targets))),
                cwd=self.folder,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # a shell has what it starts in the background ignore SIGINT, and so would this
                preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
            )

    def run(self, *arguments: str) -> int:
        """Snakemake to its end; its exit code."""
        return self.start(*arguments).wait(timeout=PATIENCE)

    def said(self, pattern: str = "") -> str:
        """What was said last: all of it, or the first line that has ``pattern``."""
        text = (self.folder / "said.txt").read_text(encoding="utf-8", errors="replace")
        if not pattern:
            return text
        found = [line.strip() for line in text.splitlines() if re.search(pattern, line)]
        return found[0] if found else ""

    def artefacts(self) -> dict[str, bytes]:
        """All files that the run's jobs made, and the tables; their records say when and how long, and differ."""
        places = [self.folder / "results/tiny", self.folder / "results/reports/tiny/tables"]
        found = [path for place in places for path in sorted(place.rglob("*")) if path.is_file()]
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in found
            if not path.name.startswith(".")
        }

    def close(self) -> None:
        """Delete it."""
        shutil.rmtree(self.folder.parent, ignore_errors=True)


Make = Callable[[str], Study]


def made(place: Path, name: str) -> Study:
    """A new study in a folder below ``place``."""
    folder = place / name / "workflow"
    shutil.rmtree(folder.parent, ignore_errors=True)
    return Study(copy_workflow(folder))


def lost(study: Study, undisturbed: Mapping[str, bytes]) -> int:
    """How many bytes of the undisturbed study are missing or others, file by file."""
    found = study.artefacts()
    return sum(len(content) for path, content in undisturbed.items() if found.get(path) != content)


def processes(session: int) -> list[int]:
    """Those of a session that run ``vid3d``: its jobs."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            of = int((entry / "stat").read_text().rpartition(")")[2].split()[3])
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError, IndexError):
            continue
        if of == session and any(word.endswith(b"/vid3d") for word in words[:2]):
            found.append(int(entry.name))
    return sorted(found)


def wait_for(process: subprocess.Popen[bytes], condition: Callable[[], bool]) -> bool:
    """Whether ``condition`` comes true before the process ends."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if condition():
            return True
        time.sleep(0.05)
    return False


def stop_a_job(session: int, how: signal.Signals, chance: random.Random) -> bool:
    """Send a signal to one of a session's jobs, drawn by lot; whether there was one."""
    running = processes(session)
    if not running:
        return False
    try:
        os.kill(chance.choice(running), how)
    except ProcessLookupError:
        return False
    return True
