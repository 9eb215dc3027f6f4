"""What `vid3d status` counts is what the rules make, and what it reads of Snakemake is what Snakemake writes."""

import os
import signal
import subprocess
import sys
import time

import pytest

from vid3d.machine import interrupted, status
from vid3d.study import layout
from vid3d.study.parsing import load_study

PATIENCE = 120.0  # seconds; a bound on waiting, not a measurement
SLOW = "rule all:\n    output: 'results/one', 'results/other'\n    shell: 'sleep 600'\n"


def test_a_finished_study_is_complete_and_counts_all_that_its_jobs_made(study):
    of = load_study([study / "config/study.yaml", study / "tiny.yaml"], {}, study)
    present = status.Present(study)
    counts = status.counted(of, ["tiny"], present)
    first, *_ = status.lines(counts, of, present, interrupted.noted(study), "")
    assert first.split() == ["complete", "tiny"]
    needed = {path for files in layout.needed(of, "tiny").values() for path in files}
    made = {str(path.relative_to(study)) for path in study.glob("results/tiny/**/*") if path.is_file()}
    beside = {path for path in made if path.endswith(("-fit.json", "scores.json", "held-out.json", "indicators.json"))}
    embedded = {path for path in made if path.endswith("views-3/embeddings.npz")}  # read at the base condition alone
    assert made - beside - embedded == needed


@pytest.fixture
def killed(tmp_path):
    """A folder in which Snakemake was killed while its one job ran."""
    (tmp_path / "Snakefile").write_text(SLOW)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--quiet", "all"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True)
    end = time.monotonic() + PATIENCE
    while not interrupted.noted(tmp_path).begun and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return tmp_path


def test_a_killed_snakemake_leaves_its_lock_and_the_marks_of_what_it_was_making(killed):
    both = frozenset({"results/one", "results/other"})
    assert interrupted.noted(killed) == interrupted.Noted(locked=True, wanted=both, begun=both)
    subprocess.run([sys.executable, "-m", "snakemake", "--cores", "1", "--unlock"], cwd=killed, check=True)
    assert interrupted.noted(killed) == interrupted.Noted(locked=False, wanted=frozenset(), begun=both)
