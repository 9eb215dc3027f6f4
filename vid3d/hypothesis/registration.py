"""Whether results follow the registration of docs/hypothesis.md: what git says of the commits that they carry."""

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ANALYSIS = "vid3d/hypothesis/analysis.py"
REGISTERED = (  # what must not change between the registration and the last result
    *("docs/hypothesis.md", "config/hypothesis.yaml", "benchmark/hypothesis"),
    *(ANALYSIS, "vid3d/hypothesis/outcomes.py", "vid3d/hypothesis/choice.py", "vid3d/measures/statistics.py"),
)
_DIRTY = "-dirty"  # of ``journal.commit``


def stamp(commit: str | None) -> dict[str, Any]:
    """What results say of the code that made them.

    Args:
        commit: as ``journal.commit`` has it.

    Returns:
        ``commit``, None where there is no repository, and whether its files were ``clean``: as committed.
    """
    if commit is None:
        return {"commit": None, "clean": None}
    return {"commit": commit.removesuffix(_DIRTY), "clean": not commit.endswith(_DIRTY)}


def registered(root: Path) -> str | None:
    """The commit at which what is registered last changed before the one checked out; None outside a repository."""
    return _git(root, "log", "-1", "--format=%H", "--", *REGISTERED) or None if (root / ".git").exists() else None


def complaints(verdicts: Mapping[str, Any], root: Path) -> list[str]:
    """What speaks against results having been made after their registration, by code that can be looked up.

    Args:
        verdicts: of ``verdicts.json``: ``commit``, ``clean``, ``registration``, ``sha256`` and ``measured_at``, which
            has the stamp of each cell by its name.
        root: a repository that has these commits.

    Returns:
        Sentences; none if nothing does.
    """
    commit, since = verdicts["commit"], verdicts["registration"]
    if not commit or not since:
        return ["The verdicts carry no commit: they were made outside of a repository."]
    found = []
    if _git(root, "merge-base", "--is-ancestor", commit, "HEAD") is None:
        found.append(f"Commit {commit[:12]} of the verdicts is not in this history.")
    script = _git(root, "show", f"{commit}:{ANALYSIS}", raw=True)
    if script is None or hashlib.sha256(script.encode()).hexdigest() != verdicts["sha256"][Path(ANALYSIS).name]:
        found.append(f"{ANALYSIS} of commit {commit[:12]} is not the script that made the verdicts.")
    stamps = {"verdicts": verdicts, **verdicts["measured_at"]}
    unclean = sorted(name for name, made in stamps.items() if not made["clean"])
    early = [name for name, made in stamps.items() if not _follows(root, since, made["commit"])]
    if unclean:
        found.append(f"{_listed(unclean)} made with files that were not as committed.")
    if early:
        found.append(f"{_listed(early)} made before commit {since[:12]}, which changed what is registered.")
    return found


def _listed(names: list[str]) -> str:
    return f"{names[0]} was" if len(names) == 1 else f"{names[0]} and {len(names) - 1} more were"


def _follows(root: Path, first: str, commit: str | None) -> bool:
    """Whether a commit is another one or comes after it."""
    return bool(commit) and _git(root, "merge-base", "--is-ancestor", first, str(commit)) is not None


def _git(root: Path, *words: str, raw: bool = False) -> str | None:
    """What git says; None if it says no, or is not there."""
    try:
        asked = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
    except OSError:
        return None
    if asked.returncode:
        return None
    return asked.stdout if raw else asked.stdout.strip()
