"""What can befall a study, each as a function that lets it happen and says what was lost.

Every disturbance is given a maker of small studies, the artefacts of an undisturbed one, a source of chance and how
often it is to happen; it returns rows of the matrix.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.faults.studies import Make, Study, lost, processes, stop_a_job, wait_for
from tests.workflow.test_verify import KINDS, flipped

UNLOCK = "`snakemake --unlock`, then the same command"
AGAIN = "the same command"
LOCKED = "Directory cannot be locked"
SKEWED = "has older modification time"


@dataclass(frozen=True)
class Row:
    """A line of the matrix.

    Attributes:
        fault: what happened.
        tried, survived: how often it did, and how often what was made in the end is that of an undisturbed study.
        lost: bytes that differ from the undisturbed study's.
        says: what a user is told.
        cure: what was done then.
    """

    fault: str
    tried: int
    survived: int
    lost: int
    says: str
    cure: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Situation:
    """Where a disturbance takes place.

    Attributes:
        make: makes a study in a folder of that name.
        undisturbed: the artefacts of an undisturbed one.
        seconds: that the undisturbed one took.
        chance: of the disturbance alone.
        times: how often.
    """

    make: Make
    undisturbed: Mapping[str, bytes]
    seconds: float
    chance: random.Random
    times: int


Disturbance = Callable[[Situation], list[Row]]


def _stopped(
    now: Situation,
    times: int,
    fault: str,
    halt: Callable[[subprocess.Popen[bytes]], None],
    unlocking: bool,
    pattern: str,
) -> Row:
    """Studies that are stopped at ``times`` random moments, again and again until they are done."""
    tried = survived = gone = 0
    says = ""
    while tried < times:
        study, disturbed, ended = now.make("stopped"), 0, False
        while not ended:
            process = study.start()
            end = time.monotonic() + now.chance.uniform(0.0, now.seconds)
            if tried < times and wait_for(process, lambda end=end: time.monotonic() >= end):
                halt(process)
                tried, disturbed = tried + 1, disturbed + 1
                said = study.said(pattern)
                if unlocking:
                    if not says and study.run() != 0:  # what one is told who does not know of the lock
                        says = study.said(pattern)
                    study.run("--unlock")
                says = says or said
            else:
                ended = process.wait() == 0 or not disturbed
        missing = lost(study, now.undisturbed)
        gone, survived = gone + missing, survived + (disturbed if not missing else 0)
        study.close()
    return Row(fault, tried, survived, gone, says, UNLOCK if unlocking else AGAIN)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def snakemake_killed(now: Situation) -> list[Row]:
    """SIGKILL of Snakemake, whose jobs run on, and of both, as at a loss of power."""

    def alone(process: subprocess.Popen[bytes]) -> None:
        _end(process)
        time.sleep(1.0)

    def all_of_it(process: subprocess.Popen[bytes]) -> None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    return [
        _stopped(now, half(now.times), "SIGKILL of Snakemake; its jobs run on", alone, True, LOCKED),
        _stopped(
            now,
            half(now.times),
            "SIGKILL of Snakemake and all its jobs, as at a loss of power",
            all_of_it,
            True,
            LOCKED,
        ),
    ]


def half(times: int) -> int:
    """Half as often, and once at least."""
    return -(-times // 2)


def fifth(times: int) -> int:
    """A fifth as often, and once at least."""
    return -(-times // 5)


def _job_stopped(now: Situation, times: int, how: signal.Signals) -> list[Row]:
    def halt(process: subprocess.Popen[bytes]) -> None:
        wait_for(process, lambda: stop_a_job(process.pid, how, now.chance))
        process.wait()

    return [_stopped(now, times, f"{how.name} of a job", halt, False, r"Error in rule|Error executing")]


def job_killed(now: Situation) -> list[Row]:
    """SIGKILL of one of the jobs, as by a system without memory."""
    return _job_stopped(now, now.times, signal.SIGKILL)


def job_terminated(now: Situation) -> list[Row]:
    """SIGTERM of one of the jobs."""
    return _job_stopped(now, fifth(now.times), signal.SIGTERM)


def snakemake_terminated(now: Situation) -> list[Row]:
    """SIGTERM of Snakemake, and SIGKILL if it has not ended after half a minute, as docs/resuming.md says."""

    def halt(process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        _end(process)

    return [_stopped(now, fifth(now.times), "SIGTERM of Snakemake", halt, True, LOCKED)]


# --- disks -----------------------------------------------------------------------------------------------------------


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)


def _unmount(place: Path) -> None:
    subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)


def half_written(study: Study, undisturbed: Mapping[str, bytes]) -> int:
    """How many bytes stand under a final name without being the file."""
    return sum(
        len(content) for path, content in study.artefacts().items() if undisturbed.get(path) not in (content, None)
    )


def disk_full(now: Situation) -> list[Row]:
    """``results/`` on a disk that is too small, then on a larger one."""
    whole = sum(map(len, now.undisturbed.values()))
    tried = survived = gone = 0
    says = ""
    for _ in range(fifth(now.times)):
        study = now.make("full")
        place = study.folder / "results"
        place.mkdir(exist_ok=True)
        room = round(whole * now.chance.uniform(0.1, 1.0))
        _mount("-t", "tmpfs", "-o", f"size={room}", "tmpfs", str(place))
        try:
            failed = study.run() != 0
            says = study.said(r"^vid3d: .*space") or says
            clean = "Traceback" not in study.said() and half_written(study, now.undisturbed) == 0
            _mount("-o", "remount,size=200m", str(place))
            done = study.run() == 0
            missing = lost(study, now.undisturbed)
        finally:
            _unmount(place)
        tried, gone = tried + 1, gone + missing
        survived += failed and clean and done and not missing
        study.close()
    return [
        Row("disk full (`results/` on a tmpfs that is too small)", tried, survived, gone, says, f"room, then {AGAIN}")
    ]


def read_only(now: Situation) -> list[Row]:
    """``results/`` that cannot be written, then can."""
    study = now.make("read-only")
    place = study.folder / "results"
    place.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", "ro", "tmpfs", str(place))
    try:
        failed = study.run() != 0
        says = study.said(r"^vid3d: .*read-only") or study.said("(?i)read-only")
        clean = not study.artefacts()
        _mount("-o", "remount,rw", str(place))
        done = study.run() == 0
        missing = lost(study, now.undisturbed)
    finally:
        _unmount(place)
    study.close()
    return [
        Row(
            "results on a read-only mount",
            1,
            int(failed and clean and done and not missing),
            missing,
            says,
            f"mounted writable, then {AGAIN}",
        )
    ]


# --- others ----------------------------------------------------------------------------------------------------------


def two_at_once(now: Situation) -> list[Row]:
    """A second Snakemake in the folder of one that runs."""
    tried = survived = gone = 0
    says = ""
    for _ in range(fifth(now.times)):
        study = now.make("two")
        first = study.start()
        wait_for(first, lambda study=study: any((study.folder / ".snakemake/locks").glob("*.lock")))
        wait_for(first, lambda session=first.pid: bool(processes(session)))
        second = Study(study.workflow)
        mine = (study.folder / "said.txt").rename(study.folder / "first.txt")
        refused = second.run() != 0
        says = second.said(LOCKED) or says
        done = first.wait() == 0
        missing = lost(study, now.undisturbed)
        tried, gone = tried + 1, gone + missing
        survived += refused and done and not missing and mine.is_file()
        study.close()
    return [Row("two studies at once in one folder", tried, survived, gone, says, "nothing: the first goes on")]


def clock_back(now: Situation) -> list[Row]:
    """Snakemake killed in mid-run, then a clock that is two hours behind, then the right one."""
    if shutil.which("faketime") is None:
        raise RuntimeError("no faketime; on Debian: apt-get install faketime")
    tried = survived = gone = 0
    says = ""
    for _ in range(fifth(now.times)):
        study = now.make("clock")
        process = study.start()
        wait_for(process, lambda study=study: any(study.folder.glob("results/tiny/*/*/*/splats/*.ply")))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        study.run("--unlock")
        behind = Study(
            study.workflow,
            wrapped=("faketime", "-f", "-2h"),
            environment={"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"},
        )
        # Snakemake refuses what a job makes with a time before its inputs', and says so
        told = behind.run() == 0 or bool(behind.said(SKEWED))
        says = behind.said(SKEWED).partition(". This could")[0] or behind.said("(?i)error") or says
        done = study.run() == 0
        missing = lost(study, now.undisturbed)
        tried, gone = tried + 1, gone + missing
        survived += told and done and not missing
        study.close()
    return [
        Row(
            "a clock that jumps two hours back in mid-run",
            tried,
            survived,
            gone,
            says or "nothing",
            "the clock set right, then the same command",
        )
    ]


def bits_flipped(now: Situation) -> list[Row]:
    """One bit of an artefact of every kind: found by ``vid3d verify``, made anew by the commands that it names."""
    study = now.make("flipped")
    study.targets = ("results/reports/tiny/index.html",)
    if study.run() != 0:
        raise RuntimeError(study.said())
    before = study.artefacts()
    told: dict[str, str] = {}
    for kind, path in KINDS.items():
        file = study.folder / path
        content, times = file.read_bytes(), file.stat()
        for changed in (flipped(content), content):
            file.write_bytes(changed)
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
            if changed != content:
                lines = _vid3d(study, "verify", "--report", "tiny").splitlines()
                told[kind] = next((line for line in lines if line.startswith(f"{path}: ")), "")
    for path in KINDS.values():  # all at once, since each command starts Snakemake
        file = study.folder / path
        times = file.stat()
        file.write_bytes(flipped(file.read_bytes()))
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    study.run("--force", "--", *KINDS.values())  # the commands that are named, as one
    after = study.artefacts()
    again = _vid3d(study, "verify", "--report", "tiny")
    rows = []
    for kind, path in KINDS.items():
        # figures and the page, which say when they were made, are no part of the comparison
        same = after.get(path) == before.get(path) and f"{path}: " not in again
        rows.append(
            Row(
                f"one flipped bit: {kind} (`{Path(path).name}`)",
                1,
                int("make it anew: " in told[kind] and same),
                0 if same else len(before.get(path, b"")),
                told[kind].partition("; make it anew")[0],
                "the command that the message names",
            )
        )
    study.close()
    return rows


def _vid3d(study: Study, *words: str) -> str:
    """What ``vid3d`` says, run in the study's folder."""
    done = subprocess.run(
        [sys.executable, "-m", "vid3d.cli", *words], cwd=study.folder, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def downloads_cut(now: Situation) -> list[Row]:
    """Downloads that break off after a random number of bytes, and go on at the next attempt."""
    import json

    import local_hub

    tried = survived = gone = 0
    says = ""
    content = now.chance.randbytes(200_000)
    import hashlib

    sha256 = hashlib.sha256(content).hexdigest()
    folder = Path(tempfile.mkdtemp(prefix="vid3d-faults-"))
    with local_hub.serve({"a.png": content}) as hub:
        for number in range(now.times):
            output = folder / str(number) / "a.png"
            entry = json.dumps({"file": "a.png", "url": f"{hub.address}/plain/a.png", "sha256": sha256})
            command = [sys.executable, "-m", "vid3d.cli", "fetch", "--entry", entry, "--output", str(output)]
            hub.cuts[:] = [now.chance.randrange(0, 8_000) for _ in range(8)]  # the client itself tries again
            first = subprocess.run(command, capture_output=True, text=True, check=False)
            clean = first.returncode in (0, 2) and (first.returncode == 0) == output.exists()
            if first.returncode:
                says = first.stderr.strip().splitlines()[-1].replace(hub.address, "http://...")
            hub.cuts.clear()
            again = subprocess.run(command, capture_output=True, text=True, check=False)
            whole = again.returncode == 0 and output.read_bytes() == content
            tried, gone = tried + 1, gone + (0 if whole else len(content))
            survived += clean and whole and "Traceback" not in first.stderr
    shutil.rmtree(folder)
    return [Row("a download that breaks off", tried, survived, gone, says, AGAIN)]


def files_cut(now: Situation) -> list[Row]:
    """A file of every kind that stages read, cut at a random place: the stage that reads it stops."""
    readers = {  # kind: what reads it
        "foreground": "results/tiny/frog-green/motion-120/seed/frame-00.png",
        "seed": "results/tiny/frog-green/motion-120/orbit/frame-00.png",
        "views": "results/tiny/frog-green/motion-120/views-3/splats/frame-00.ply",
        "splats": "results/tiny/frog-green/motion-120/views-3/renders/frame-00.png",
        "render": "results/tiny/frog-green/motion-120/views-3/scores.csv",
        "scores": "results/reports/tiny/tables/table1.csv",
    }
    study = now.make("cut")
    if study.run() != 0:
        raise RuntimeError(study.said())
    tried = survived = gone = 0
    says = ""
    for kind, target in readers.items():
        file = study.folder / KINDS[kind]
        content, times = file.read_bytes(), file.stat()
        file.write_bytes(content[: now.chance.randrange(len(content))])
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        stopped = study.run("--force", "--", target) != 0
        line = study.said(rf"vid3d: {KINDS[kind]}: is not as").removeprefix("| ")
        healed = study.run("--force", "--", KINDS[kind]) == 0 and file.read_bytes() == content
        whole = study.run() == 0
        missing = lost(study, now.undisturbed)
        tried, gone = tried + 1, gone + missing
        survived += bool(stopped and line and healed and whole and not missing)
        says = line or says
    study.close()
    return [
        Row(
            "a file cut short, of each kind that a stage reads",
            tried,
            survived,
            gone,
            says,
            "the command that the message names",
        )
    ]
