"""A report's results as one file, and back: every file with its record, none that is not as its record says."""

import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from vid3d import journal
from vid3d.checking import verdict
from vid3d.errors import InputError
from vid3d.files import atomic
from vid3d.study import layout


def pack(report: str, root: Path, archive: Path) -> int:
    """Write what a report's tables, figures and page are made of, and the records of it, as a tar file.

    The report itself is left out: it is made anew from what the archive holds.

    Returns:
        How many files it holds besides records.

    Raises:
        InputError: a file is not as it was made, or has no record.
    """
    verified = verdict.verify(report, root, None, 0.0)
    if wrong := [*verified.files.findings, *verified.files.unrecorded]:
        raise InputError(f"{wrong[0]}: is not as a record says; vid3d verify --report {report} names all such files")
    own = layout.REPORT.format(report=report)
    paths = [path for path in verified.files.paths if not path.startswith((f"{own}/", f"{own}.splats/"))]
    records = [
        place.relative_to(root).as_posix()
        for place, made in journal.records(root)
        if not made.writes.keys().isdisjoint(paths)
    ]
    with atomic(archive) as temporary, tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as stream:
        for path in [*records, *paths]:  # records first, so that files can be compared as they come
            member = stream.gettarinfo(root / path, path)
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            with (root / path).open("rb") as content:
                stream.addfile(member, content)
    return len(paths)


def unpack(archive: Path, root: Path) -> tuple[int, int]:
    """Put the files of an archive where they were, with their dates, by which Snakemake knows what is done.

    Returns:
        How many files were written, and how many were there already.

    Raises:
        InputError: no archive, a member that is no file of ``results/`` or not as its record says, or a file that is
            there with another content, which is not overwritten.
    """
    known: dict[str, set[str]] = {}
    written = there = 0
    for stream, member in _members(archive):
        content = stream.extractfile(member)
        assert content is not None  # a regular file
        target = root / member.name
        if target.is_file() and not _is_record(member.name):
            if journal.sha256(target) not in known.get(member.name, ()):
                raise InputError(f"{target}: is there, and is another file than the archive's; move it away")
            there += 1
            continue
        with atomic(target) as temporary:
            with temporary.open("wb") as out:
                _copy(archive, content, out)
            if _is_record(member.name):
                for path, checksum in journal.load(temporary, target).writes.items():
                    known.setdefault(path, set()).add(checksum)
            elif journal.sha256(temporary) not in known.get(member.name, ()):
                raise InputError(f"{archive}: {member.name} is not as its record says; get the archive again")
        os.utime(target, (member.mtime, member.mtime))
        written += not _is_record(member.name)
    return written, there


def _copy(archive: Path, content: IO[bytes], out: IO[bytes]) -> None:
    try:
        shutil.copyfileobj(content, out)
    except tarfile.TarError as error:
        raise InputError(f"{archive}: is cut short ({error}); get it again") from None


def _is_record(name: str) -> bool:
    return name.startswith(f"{journal.RECORDS}/")


def _members(archive: Path) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """The members of an archive, each a regular file below ``results/``."""
    try:
        with tarfile.open(archive, "r:") as stream:
            for member in stream:
                path = PurePosixPath(member.name)
                odd = path.is_absolute() or ".." in path.parts or path.as_posix() != member.name
                if odd or not member.isreg() or not member.name.startswith(journal.RESULTS):
                    raise InputError(f"{archive}: {member.name!r} is no file of results/; nothing more is read of it")
                yield stream, member
    except (OSError, tarfile.TarError, EOFError) as error:
        raise InputError(f"{archive}: cannot be read as an archive ({error}); get it again") from None
