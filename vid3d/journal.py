"""The record of every artefact: what a job read and wrote, each file by its checksum, and what the job was.

The command line opens a journal for the time of its command; ``vid3d.files``, where all files are read and written,
notes each of them.  Once the command has ended well, the journal becomes a record: JSON in ``results/records``, one
file for each folder that the job wrote into, below the same folders and named after the first file.  So jobs never
share a record, no process has to run beside them, and a job that is killed leaves none.

A file that has a record is compared with it when it is read: what was damaged or replaced goes no further.
"""

import hashlib
import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vid3d import __version__
from vid3d.errors import InputError, refusal

RESULTS = "results/"  # what a study makes, and so has a record
RECORDS = "results/records"


@dataclass(frozen=True)
class Made:
    """The record of a job, for the files of one folder.

    Attributes:
        command: the subcommand of ``vid3d``.
        options: those that are no paths; a Spec as plain data.
        commit: of the package, with ``-dirty`` where its files differ from it; None where it is in no repository.
        machine: processor and system.
        ended: when, in UTC.
        seconds: that the command took, without the start of Python.
        reads, writes: path, relative to the study's folder where it is below it, to sha256.
    """

    command: str
    options: dict[str, Any]
    vid3d: str
    commit: str | None
    machine: str
    ended: str
    seconds: float
    reads: dict[str, str]
    writes: dict[str, str]


@dataclass
class _Journal:
    """What the open job has read and written so far."""

    root: Path
    reads: dict[str, str] = field(default_factory=dict)
    writes: dict[str, str] = field(default_factory=dict)
    known: dict[str, list[Made]] = field(default_factory=dict)  # records, by folder
    parts: "list[_Journal]" = field(default_factory=list)

    def folders(self) -> dict[str, dict[str, str]]:
        """What was written below ``results/``, by folder."""
        found: dict[str, dict[str, str]] = {}
        for name, checksum in sorted(self.writes.items()):
            if name.startswith(RESULTS):
                found.setdefault(os.path.dirname(name), {})[name] = checksum
        return found

    def named(self, path: Path) -> str:
        """A path as records have it."""
        whole, root = Path(os.path.abspath(path)), Path(os.path.abspath(self.root))
        return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else whole.as_posix()

    def written(self, name: str) -> dict[str, str]:
        """{checksum: command} of a file, by all records of its folder."""
        folder = os.path.dirname(name)
        if folder not in self.known:
            self.known[folder] = [made for _, made in records(self.root, folder)]
        return {made.writes[name]: made.command for made in self.known[folder] if name in made.writes}


_OPEN: ContextVar[_Journal | None] = ContextVar("journal", default=None)  # for the time of `kept`, in its thread alone


@contextmanager
def kept(command: str, options: Mapping[str, Any], root: Path) -> Iterator[None]:
    """Note what is read and written in the block; if it ends well, records of it are written.

    Args:
        command: the subcommand.
        options: its options that are no paths, as plain data.
        root: the folder that holds ``results/``.
    """
    journal, started = _Journal(root), time.monotonic()
    token = _OPEN.set(journal)
    try:
        yield
    finally:
        _OPEN.reset(token)
    written = [(one.reads, *item) for one in (journal, *journal.parts) for item in one.folders().items()]
    made_at = commit() if written else None
    ended, seconds = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", round(time.monotonic() - started, 3)
    for reads, folder, writes in written:
        made = Made(
            command=command,
            options=dict(options),
            vid3d=__version__,
            commit=made_at,
            machine=f"{processor()}, {platform.system()} on {platform.machine()}",
            ended=ended,
            seconds=seconds,
            reads=dict(sorted(reads.items())),
            writes=writes,
        )
        _save(root / RECORDS / os.path.relpath(folder, RESULTS) / f"{Path(next(iter(writes))).name}.json", made)


@contextmanager
def part() -> Iterator[None]:
    """A clip of a job of several: what is written in the block was made of what was read in it, or before all parts."""
    whole = _OPEN.get()
    if whole is None:
        yield
        return
    one = _Journal(whole.root, dict(whole.reads), known=whole.known)
    token = _OPEN.set(one)
    try:
        yield
    finally:
        _OPEN.reset(token)
    whole.parts.append(one)


def read(path: Path) -> Path:
    """Note that a file is read, and return its path.

    Raises:
        InputError: it has a record, and is another one now.
    """
    journal = _OPEN.get()
    if journal is None or not path.is_file():
        return path
    name = journal.named(path)
    if name not in journal.reads and name not in journal.writes:
        checksum = sha256(path)
        if name.startswith(RESULTS) and (written := journal.written(name)) and checksum not in written:
            raise InputError(f"{path}: {changed(name, next(iter(written.values())))}")
        journal.reads[name] = checksum
    return path


def wrote(path: Path, content: Path) -> None:
    """Note that a file is written: under the name ``path``, what ``content`` holds now."""
    journal = _OPEN.get()
    if journal is not None:
        journal.writes[journal.named(path)] = sha256(content)


def sha256(path: Path) -> str:
    """The checksum of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def changed(name: str, command: str) -> str:
    """What is said of a file that is not as its job wrote it, and how it is made anew."""
    return f"is not as vid3d {command} wrote it (another checksum than its record's); {anew(name)}"


def anew(name: str) -> str:
    """The command that makes a file anew."""
    return f"make it anew: snakemake --cores all --force {name}"


def records(root: Path, folder: str = RESULTS) -> Iterator[tuple[Path, Made]]:
    """The records of the files in a folder below ``results/``, and where they stand; of all files for ``results/``.

    Raises:
        InputError: a record that cannot be understood.
    """
    place = root / RECORDS / os.path.relpath(folder, RESULTS)
    for path in sorted(place.rglob("*.json") if folder == RESULTS else place.glob("*.json")):
        if path.name.startswith("."):
            continue  # of a job that was killed while it wrote
        try:
            yield path, load(path)
        except FileNotFoundError:
            continue  # replaced meanwhile


def load(path: Path, shown: Path | None = None) -> Made:
    """One record; ``shown`` is what errors call it.

    Raises:
        InputError: it cannot be understood.
        FileNotFoundError: it is not there.
    """
    try:
        made = Made(**json.loads(path.read_text(encoding="utf-8")))
        if isinstance(made.reads, dict) and isinstance(made.writes, dict) and made.writes:
            return made
    except FileNotFoundError:
        raise
    except (OSError, ValueError, TypeError, RecursionError):
        pass
    raise InputError(f"{shown or path}: is not a record of a job; delete it, and what it was of is unrecorded")


def processor() -> str:
    """The processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def commit() -> str | None:
    """The commit checked out where the package is, as ``Made.commit``; None where it is in no repository.

    The index is not refreshed, since jobs ask at the same time.
    """
    root = Path(__file__).parents[1]
    if not (root / ".git").exists():
        return None
    words = ["git", "--no-optional-locks", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        asked = subprocess.run([*words, "--exclude=*"], capture_output=True, text=True, check=False)
    except OSError:  # no git here
        return None
    return asked.stdout.strip() or None


def _save(path: Path, made: Made) -> None:
    """Write a record, all or nothing.

    Raises:
        InputError: the system refuses to write it, as on a full disk.
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(asdict(made), indent=0, sort_keys=True, default=str), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise InputError(refusal(error, path) or f"{path}: cannot be written ({error}); run again") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
