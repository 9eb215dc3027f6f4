"""Snakemake stopped in mid-run: the documented way to resume gives the results of an undisturbed run."""

import signal
import subprocess
import time
from contextlib import suppress
from functools import partial

import pytest

PATIENCE = 120.0  # seconds; a bound on waiting, not a measurement


def results(folder):
    """Bytes of every splat and score."""
    found = sorted([*folder.glob("results/**/*.ply"), *folder.glob("results/**/scores.csv")])
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def wait_until(condition) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_resuming_after_a_signal(fresh, finished, kind):
    process = subprocess.Popen(
        fresh.command(),
        cwd=fresh.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # a shell has what it starts in the background ignore SIGINT, and so would this
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert wait_until(lambda: any(fresh.folder.glob("results/tiny/*/*/*/splats/*.ply"))), "no splat appeared"
        process.send_signal(kind)
        with suppress(subprocess.TimeoutExpired):  # Snakemake may hang: docs/resuming.md says to kill it then
            process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
    expected = results(finished.folder)
    assert results(fresh.folder).keys() < expected.keys(), "the study was not stopped in mid-run"

    unlocked = fresh.run("--unlock")
    assert unlocked.returncode == 0, unlocked.stdout
    resumed = fresh.run()
    assert resumed.returncode == 0, resumed.stdout
    assert results(fresh.folder) == expected
