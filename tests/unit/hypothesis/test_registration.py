"""The registration comes before the results: in a repository made up here, and in the results that are committed."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from vid3d.hypothesis import registration

ROOT = Path(__file__).parents[3]
VERDICTS = ROOT / "docs/results/hypothesis/verdicts.json"


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    done = subprocess.run(["git", "-C", folder, *who, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder, **written):
    """The commit after files were written: ``script`` for the analysis, others by their names."""
    for name, text in written.items():
        path = folder / (registration.ANALYSIS if name == "script" else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "--message", "a")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def history(tmp_path):
    """A repository with a commit before the registration, it, and one after it, and verdicts of the last."""
    git(tmp_path, "init", "--quiet")
    before, since, after = commit(tmp_path, code="a"), commit(tmp_path, script="b"), commit(tmp_path, code="c")
    made = registration.stamp(after)
    verdicts = {
        **made,
        "registration": registration.registered(tmp_path),
        "sha256": {"analysis.py": hashlib.sha256(b"b").hexdigest()},
        "measured_at": {"mini": made, "truth": registration.stamp(since)},
    }
    return tmp_path, verdicts, before


def test_results_after_their_registration_are_in_order(history):
    folder, verdicts, _ = history
    assert registration.complaints(verdicts, folder) == []
    assert verdicts["registration"] == git(folder, "rev-parse", "HEAD~1")


def test_what_does_not_follow_the_registration_is_told(history):
    folder, verdicts, before = history
    early = verdicts | {"measured_at": verdicts["measured_at"] | {"truth": registration.stamp(before)}}
    assert registration.complaints(early, folder) == [
        f"truth was made before commit {verdicts['registration'][:12]}, which changed what is registered."
    ]
    unclean = verdicts | {"measured_at": {"mini": registration.stamp(verdicts["commit"] + "-dirty")}}
    assert registration.complaints(unclean, folder) == ["mini was made with files that were not as committed."]
    edited = verdicts | {"sha256": {"analysis.py": "0"}}
    assert "is not the script that made the verdicts" in registration.complaints(edited, folder)[0]
    lost = verdicts | {"commit": "1" * 40}
    assert "is not in this history" in registration.complaints(lost, folder)[0]
    nowhere = verdicts | registration.stamp(None)
    assert registration.complaints(nowhere, folder) == [
        "The verdicts carry no commit: they were made outside of a repository."
    ]


def test_a_change_of_what_is_registered_between_two_results_is_told(history):
    folder, verdicts, _ = history
    git(folder, "mv", registration.ANALYSIS, "docs")
    commit(folder, script="d")
    changed = verdicts | {"registration": registration.registered(folder)}
    assert any(
        line.startswith("verdicts and 2 more were made before") for line in registration.complaints(changed, folder)
    )


def test_outside_of_a_repository_nothing_is_registered(tmp_path):
    assert registration.registered(tmp_path) is None
    assert registration.stamp(None) == {"commit": None, "clean": None}


def test_the_committed_results_came_after_their_registration():
    if not VERDICTS.is_file():
        pytest.skip(f"{VERDICTS.relative_to(ROOT)}: the experiment was not run")
    if not (ROOT / ".git").exists():
        pytest.skip("this is no repository, so that commits cannot be compared")
    assert registration.complaints(json.loads(VERDICTS.read_text()), ROOT) == []


def test_what_is_registered_is_there():
    missing = [path for path in registration.REGISTERED if not (ROOT / path).exists()]
    assert missing in ([], ["benchmark/hypothesis"])  # which is made by the workflow, and committed before the runs
