"""What `make faults` calls a loss is one, and a study whose results cannot be written says so before its first job."""

import os
import subprocess
import sys

import pytest

from tests.faults.disturbances import half_written
from tests.faults.studies import Study, lost
from vid3d.errors import InputError, unwritable


def test_losses_are_seen(finished):
    """What decides about survival: bytes that are missing or others."""
    study = Study(finished)
    whole = study.artefacts()
    assert lost(study, whole) == half_written(study, whole) == 0
    path = "results/tiny/frog-green/motion-120/views-3/scores.csv"
    content = (study.folder / path).read_bytes()
    (study.folder / path).write_bytes(content[:-1])
    assert lost(study, whole) == len(content)
    assert half_written(study, whole) == len(content) - 1
    (study.folder / path).unlink()
    assert lost(study, whole) == len(content)
    assert half_written(study, whole) == 0


@pytest.fixture
def read_only(fresh):
    """A workflow whose results cannot be written, by whoever runs this."""
    place = fresh.folder / "results"
    place.mkdir()
    if os.geteuid() != 0:
        place.chmod(0o555)
        yield fresh
        place.chmod(0o755)
        return
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", place], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"root, and no mounts here: {done.stderr.decode().strip()}")
    yield fresh
    subprocess.run(["umount", place], check=True)


def test_results_that_cannot_be_written_are_refused_before_the_first_job(read_only):
    done = read_only.run()
    assert done.returncode == 2, done.stdout
    assert "vid3d: results: " in done.stdout.splitlines()[-1]
    assert "Traceback" not in done.stdout
    assert unwritable(read_only.folder / "results")
    assert read_only.run("--dry-run").returncode == 0  # what is only read is none of its business


def test_a_download_that_cannot_be_written_is_one_line(read_only):
    output = read_only.folder / "results/a.png"
    words = ["fetch", "--entry", '{"file": "a.png"}', "--folder", str(read_only.folder), "--output", str(output)]
    (read_only.folder / "a.png").write_bytes(b"x")
    command = [sys.executable, "-m", "vid3d.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert str(InputError(done.stderr.removesuffix("\n"))) == done.stderr.removesuffix("\n")
    assert f"{output}: " in done.stderr
