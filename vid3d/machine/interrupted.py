"""What Snakemake notes in its folder while it runs, and leaves there if it is killed: its lock and unfinished files."""

from base64 import urlsafe_b64decode
from dataclasses import dataclass
from pathlib import Path

FOLDER = ".snakemake"


@dataclass(frozen=True)
class Noted:
    """What is noted.

    Attributes:
        locked: whether a Snakemake runs in the folder, or was killed there: which of both is not noted.
        wanted: what it set out to make.
        begun: what its jobs were making, by the marks that they take away when they end.
    """

    locked: bool
    wanted: frozenset[str]
    begun: frozenset[str]


def noted(root: Path) -> Noted:
    """What Snakemake notes below ``root``, the folder that it runs in; nothing where it never ran."""
    locks = list((root / FOLDER / "locks").glob("*.lock"))
    wanted = [_lines(lock) for lock in locks if lock.name.endswith(".output.lock")]
    marks = root / FOLDER / "incomplete"
    begun = [_marked(mark.relative_to(marks)) for mark in marks.rglob("*") if mark.is_file()]
    return Noted(bool(locks), frozenset().union(*wanted), frozenset(filter(None, begun)))


def _lines(lock: Path) -> list[str]:
    try:
        return lock.read_text(encoding="utf-8").split("\n")[:-1]
    except FileNotFoundError:  # it has ended meanwhile
        return []


def _marked(mark: Path) -> str:
    """The path that a mark is of: its name in base64, cut into folders that begin with @ where it is long."""
    try:
        return urlsafe_b64decode("".join(part.removeprefix("@") for part in mark.parts)).decode("utf-8")
    except ValueError:  # something else that lies there
        return ""
