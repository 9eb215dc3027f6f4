"""A hundred generated files of each kind are read or refused in one line, in bounded memory (`make fuzz`: 10,000)."""

import warnings

import pytest

from tests.fuzz import core, reading
from tests.fuzz.targets import TARGETS

COUNT = 100
SLOW = {"YAML of manifests": 30, "YAML of studies": 60}  # a parser in Python


@pytest.mark.parametrize("kind", TARGETS)
def test_files_are_read_or_refused(kind, tmp_path):
    wanted = SLOW.get(kind, COUNT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcomes = reading.run(kind, wanted, 0, tmp_path)
    assert outcomes.total() >= wanted
    assert outcomes["refused"]


def test_the_core_takes_any_finite_numbers():
    outcomes = core.run(60, 0)
    assert outcomes.total() >= 60
    assert outcomes["read"] > 30


def test_the_bound_holds(tmp_path, monkeypatch):
    """A reader that takes more memory than its kind may fails."""
    wasteful = reading.Target(".txt", TARGETS["CSV"].drawn, lambda path: bytearray(path.stat().st_size << 30), 64)
    monkeypatch.setitem(reading.TARGETS, "wasteful", wasteful)
    with pytest.raises(MemoryError):
        reading.run("wasteful", 5, 0, tmp_path)
