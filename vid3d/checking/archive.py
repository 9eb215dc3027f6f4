"""A report as one file, and back: every file with its record, none that is not as its record says.

The file is a ZIP that says of itself what it is (``crate.py``).
"""

import calendar
import json
import os
import shutil
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from vid3d import journal
from vid3d.checking import crate, verdict
from vid3d.checking.files import Records, examine
from vid3d.errors import InputError
from vid3d.files import atomic

REPORTS = ("results/reports/", "results/records/reports/")  # are in an archive to be read, and made anew elsewhere
YEARS = (1980, 2107)  # that the date of a ZIP's member can have
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def pack(report: str, root: Path, archive: Path, agent: str = "") -> int:
    """Write a report, what it is made of and the records of it as a Workflow Run RO-Crate.

    Args:
        report: its name.
        root: the folder of the Snakefile, which holds ``results/``.
        archive: the file.
        agent: who ran the workflow; left out if empty.

    Returns:
        How many files of ``results/`` it holds besides records.

    Raises:
        InputError: a file is not as it was made, or has no record.
    """
    records = Records(root)
    study = verdict.study_of(report, records)
    examined = examine(study, report, records)
    if wrong := [*examined.findings, *examined.unrecorded]:
        raise InputError(f"{wrong[0]}: is not as a record says; vid3d verify --report {report} names all such files")
    paths, study = examined.paths, study.only(report)
    told = json.dumps(crate.metadata(report, study, records, paths, agent), indent=1) + "\n"
    made = [
        place.relative_to(root).as_posix()
        for place, made in journal.records(root)
        if not made.writes.keys().isdisjoint(paths)
    ]
    with atomic(archive) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as stream:
        for name, text in ((crate.METADATA, told), (crate.SETTINGS, crate.settings(study))):
            stream.writestr(_member(name, time.time()), text)
        for path in [crate.WORKFLOW, *crate.beside(root), *made, *paths]:
            member = _member(path, (root / path).stat().st_mtime)
            with (root / path).open("rb") as content, stream.open(member, "w", force_zip64=True) as out:
                shutil.copyfileobj(content, out)
    return len(paths)


def unpack(archive: Path, root: Path) -> tuple[int, int]:
    """Put the files of an archive where they were, with their dates, by which Snakemake knows what is done.

    The report itself is left out: it is made anew from them.

    Returns:
        How many files were written, and how many were there already.

    Raises:
        InputError: no archive, a file with a name that is no path below ``results/`` or that is not as its record says,
            or a file that is there with another content, which is not overwritten.
    """
    known: dict[str, set[str]] = {}
    written = there = 0
    with _opened(archive) as stream:
        for member in sorted(_restored(stream, archive), key=lambda member: not _is_record(member.filename)):
            name, target = member.filename, root / member.filename
            if target.is_file() and not _is_record(name):
                if journal.sha256(target) not in known.get(name, ()):
                    raise InputError(f"{target}: is there, and is another file than the archive's; move it away")
                there += 1
                continue
            with atomic(target) as temporary:
                with temporary.open("wb") as out, _read(stream, member, archive) as content:
                    shutil.copyfileobj(content, out)
                    then = calendar.timegm((*member.date_time, 0, 0, 0))
                if _is_record(name):
                    for path, checksum in journal.load(temporary, target).writes.items():
                        known.setdefault(path, set()).add(checksum)
                elif journal.sha256(temporary) not in known.get(name, ()):
                    raise InputError(f"{archive}: {name} is not as its record says; get the archive again")
            os.utime(target, (then, then))
            written += not _is_record(name)
    return written, there


def date(seconds: float) -> tuple[int, int, int, int, int, int]:
    """A file's date as a ZIP has it, in UTC; it keeps even seconds, so that what was older is no younger."""
    first, last = YEARS
    year, month, day, hour, minute, second = time.gmtime(seconds)[:6]
    if year < first:
        return (first, 1, 1, 0, 0, 0)
    return (year, month, day, hour, minute, second) if year <= last else (last, 12, 31, 23, 59, 58)


def _member(path: str, seconds: float) -> zipfile.ZipInfo:
    """An entry of the archive that all may read once it is unzipped."""
    member = zipfile.ZipInfo(path, date(seconds))
    member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return member


def _is_record(name: str) -> bool:
    return name.startswith(f"{journal.RECORDS}/")


@contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    try:
        stream = zipfile.ZipFile(archive)
    except (OSError, *UNREADABLE) as error:
        raise InputError(f"{archive}: cannot be read as an archive ({error}); get it again") from None
    with stream:
        yield stream


def _restored(stream: zipfile.ZipFile, archive: Path) -> list[zipfile.ZipInfo]:
    """The members that are restored: files below ``results/`` that are none of a report."""
    found = []
    for member in stream.infolist():
        path = PurePosixPath(member.filename)
        odd = path.is_absolute() or ".." in path.parts or path.as_posix() != member.filename.rstrip("/")
        if odd:
            raise InputError(f"{archive}: {member.filename!r} is no path of an archive; nothing is read of it")
        if member.filename.startswith(journal.RESULTS) and not member.filename.startswith(REPORTS):
            found += [] if member.is_dir() else [member]
    if not found:
        raise InputError(f"{archive}: holds no results; give a file of vid3d archive")
    return found


@contextmanager
def _read(stream: zipfile.ZipFile, member: zipfile.ZipInfo, archive: Path) -> Iterator[IO[bytes]]:
    def damaged(error: Exception) -> InputError:
        return InputError(f"{archive}: {member.filename} is damaged ({error}); get the archive again")

    try:
        content = stream.open(member)
    except (OSError, *UNREADABLE) as error:  # the former where it is said to lie before the file's beginning
        raise damaged(error) from None
    with content:
        try:
            yield content
        except UNREADABLE as error:
            raise damaged(error) from None
