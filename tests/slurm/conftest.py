"""A SLURM for a module of tests, where this machine can run one."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster, missing


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A running SLURM, stopped at the end whatever happens; skips with the reason where there can be none."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    # not below pytest's folders: the paths of its sockets must be short
    running = Cluster(Path(tempfile.mkdtemp(prefix="vid3d-slurm-")))
    try:
        running.start()
        yield running
    finally:
        running.stop()
