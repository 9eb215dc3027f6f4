"""What this machine has, found out without loading torch into the process."""

import importlib.metadata
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from vid3d.machine.gpus import visible

QUERY = ("nvidia-smi", "--query-gpu=uuid,name,memory.total,driver_version", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class Gpu:
    """A device that jobs may use; ``memory`` in bytes, None of a slice of a GPU."""

    name: str
    memory: int | None
    driver: str


def gpus() -> list[Gpu]:
    """The devices that jobs started from here may use.

    Raises:
        InputError: the driver does not answer.
    """
    identifiers = set(visible().values())
    if not identifiers:
        return []
    listed = subprocess.run(QUERY, capture_output=True, text=True, check=False).stdout
    rows = [[part.strip() for part in line.split(",")] for line in listed.splitlines()]
    known = {row[0]: Gpu(row[1], int(row[2]) * 2**20, row[3]) for row in rows if len(row) == 4 and row[2].isdecimal()}
    return [known.get(identifier, Gpu(identifier, None, "")) for identifier in sorted(identifiers)]


def version(package: str) -> str | None:
    """The version of an installed Python package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def required(package: str, extra: str) -> str:
    """How an extra of this package pins another one, such as ``gsplat==1.5.3``."""
    for line in importlib.metadata.requires("vid3d") or ():
        requirement, _, marker = line.partition(";")
        if requirement.startswith(package) and f'"{extra}"' in marker:
            return requirement.strip()
    return package


def memory() -> int:
    """Main memory in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def disk(path: Path) -> tuple[int, int]:
    """The disk on which ``path`` lies or would lie: its number, and bytes that are free."""
    there = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    return there.stat().st_dev, shutil.disk_usage(there).free
