"""What befalls a study on a cluster: the SLURM of tests/slurm, on this machine alone."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.disturbances import LOCKED, Row, Situation
from tests.faults.studies import ONE_IMAGE, Study, lost, wait_for
from tests.slurm.cluster import Cluster, missing, wait_until

PARTITIONS = "partitions: {cpu: {max_runtime: 1440}}\n"
HANGS_ONCE = """#!/bin/sh
[ "$1" = fit ] && mkdir {mark} 2> /dev/null && exec sleep 600
exec {vid3d} "$@"
"""


@dataclass
class OnSlurm(Study):
    """A study whose jobs are SLURM's."""

    more: tuple[str, ...] = ()

    def command(self, *arguments: str) -> list[str]:
        if "--unlock" in arguments:
            return super().command(*arguments)
        return [
            *(sys.executable, "-m", "snakemake", "--profile", "profiles/slurm"),
            *("--configfile", "profiles/slurm/execution.yaml", "tiny.yaml", *ONE_IMAGE),
            # only its waiting is shortened: four seconds to the first look instead of sixty
            *("--slurm-partition-config", "partitions.yaml", "--slurm-init-seconds-before-status-checks", "4"),
            *(*self.more, *arguments),
        ]


@contextmanager
def _cluster() -> Iterator[Cluster]:
    reason = missing()
    if reason is not None:
        raise RuntimeError(reason)
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="vid3d-slurm-")))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def _on(now: Situation, name: str, environment: Mapping[str, str], *more: str) -> OnSlurm:
    study = OnSlurm(now.make(name).workflow, environment=environment, more=more)
    (study.folder / "partitions.yaml").write_text(PARTITIONS)
    return study


def orphaned(now: Situation) -> list[Row]:
    """Snakemake killed while SLURM runs its jobs, which are cancelled, or left to run on beside those of the next."""
    rows = []
    with _cluster() as cluster:
        for cancelled in (True, False):
            study = _on(now, "orphaned", cluster.environment)
            process = study.start()
            running = wait_for(process, lambda: cluster.unfinished("RUNNING") > 0)
            process.kill()
            process.wait()
            left = cluster.unfinished()
            if cancelled:
                found = re.search(r"^SLURM run ID: (\S+)$", study.said(), re.MULTILINE)
                cluster.cancel(f"--name={found[1] if found else ''}")
            refused = study.run() != 0
            says = study.said(LOCKED)
            study.run("--unlock")
            done = study.run("--", *study.targets) == 0
            wait_until(lambda: cluster.unfinished() == 0)
            gone = lost(study, now.undisturbed)
            cure = "`scancel --name=ID`, " if cancelled else ""
            rows.append(
                Row(
                    f"SIGKILL of Snakemake on SLURM; its orphaned jobs {'are cancelled' if cancelled else 'run on'}",
                    1,
                    int(running and left > 0 and refused and done and not gone),
                    gone,
                    says,
                    f"{cure}`snakemake --unlock`, then the same command",
                )
            )
            study.close()
    return rows


def past_its_time(now: Situation) -> list[Row]:
    """A fit that hangs is killed by SLURM at its time limit, and submitted again by Snakemake."""
    with _cluster() as cluster:
        mark, program = cluster.folder / "hung", cluster.folder / "bin/vid3d"
        program.write_text(HANGS_ONCE.format(mark=mark, vid3d=shutil.which("vid3d", path=_tools())))
        program.chmod(0o755)
        study = _on(now, "late", cluster.environment, "--set-resources", "splat_cpu_00_01:runtime=1")
        done = study.run("--", *study.targets) == 0
        states = [job["JobState"] for job in cluster.submitted()]
        says = study.said("(?i)timeout|failed|time limit")
        gone = lost(study, now.undisturbed)
        hung = mark.is_dir() and "TIMEOUT" in states
        study.close()
    return [
        Row(
            "a job past its time on SLURM (a fit that hangs)",
            1,
            int(hung and done and not gone),
            gone,
            says,
            "nothing: it is submitted again, with more time",
        )
    ]


def _tools() -> str:
    return f"{Path(sys.executable).parent}:{os.environ['PATH']}"
