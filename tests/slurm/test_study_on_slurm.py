"""A small study through profiles/slurm on a real SLURM: the same files as on this machine alone.

The seeds come from a Stable Video Diffusion and the views from a V3D of random weights: both ask for a GPU, and take
the CPU where torch finds none.  SLURM's GPUs are fake, its scheduling and records are real.
"""

import itertools
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cluster import GPUS, Cluster, wait_until

from tests.workflow.conftest import copy_workflow

STUDY = """
report: tiny
execution: {frames_per_job: {views: 1}}  # two jobs for the two GPUs
runs:
  tiny:
    title: Tiny
    stamp: a test of the workflow
    benchmark: procedural
    images: [frog-green]
    reference: {size: 64}
    seed: {backend: svd, processor: auto, size: 64, frames: 2, steps: 2, model: weights/tiny-svd, variant: null}
    views: {backend: v3d, processor: auto, size: 64, steps: 2, model: weights/tiny-svd, cutout: alpha}
    splat: {backend: cpu, splats: 300, iterations: 60}
    render: {backend: cpu, size: 64}
    score: {backend: clip, model: weights/mini-clip/config.json, weights: weights/mini-clip/model.safetensors}
reports:
  tiny: {title: Tiny, runs: [tiny]}
"""
PARTITIONS = """
partitions:
  cpu: {max_runtime: 1440}
  gpu: {max_runtime: 1440, max_gpu: 2}
"""
FRAMES = 2
GPU_JOBS = 1 + FRAMES  # the seed, and the views of each frame
JOBS = GPU_JOBS + 9  # reference, splats, renders, scores, stage embeddings, indicators, tables, figures, page
LIMIT = 900.0  # seconds; a bound on waiting, not a measurement

KINDS = ("splats/*.ply", "splats/*.json", "renders/*.png", "renders/*.mp4", "scores.csv", "tables/*.csv")


@dataclass(frozen=True)
class Finished:
    """The study as SLURM ran it."""

    folder: Path
    jobs: list[dict[str, str]]
    devices: dict[str, str]


def here(*arguments: str) -> list[str]:
    """Snakemake as one starts it without a cluster."""
    return [sys.executable, "-m", "snakemake", "--configfile", "study.yaml", "--cores", "2", *arguments]


def on_slurm(*targets: str) -> list[str]:
    """The documented command; only its waiting is shortened: four seconds to the first look instead of sixty."""
    study = ["--configfile", "profiles/slurm/execution.yaml", "study.yaml"]
    cluster = ["--slurm-partition-config", "partitions.yaml", "--slurm-init-seconds-before-status-checks", "4"]
    return [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", *study, *cluster, *targets]


def run(arguments: list[str], folder: Path, cluster: Cluster) -> None:
    """Run Snakemake to its end, which must be a good one."""
    done = subprocess.run(
        arguments,
        cwd=folder,
        env=cluster.environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def results(folder: Path) -> dict[str, bytes]:
    """Bytes of every splat, render, score and table; their records say when and how long, too."""
    folders = ("results/tiny", "results/reports")
    found = sorted(path for where in folders for kind in KINDS for path in folder.glob(f"{where}/**/{kind}"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study before any job, its models made."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("diffusers")
    from vid3d.weights import tiny

    folder = copy_workflow(tmp_path_factory.mktemp("slurm") / "untouched").folder
    (folder / "study.yaml").write_text(STUDY)
    (folder / "partitions.yaml").write_text(PARTITIONS)
    torch.manual_seed(0)
    tiny.video_model(frames=FRAMES).save_pretrained(folder / "weights/tiny-svd")
    return folder


@pytest.fixture(scope="module")
def local(untouched: Path, cluster: Cluster) -> Path:
    """The study as this machine runs it by itself, with the environment of SLURM's jobs: one thread per job."""
    folder = untouched.with_name("local")
    shutil.copytree(untouched, folder)
    run(here(), folder, cluster)
    return folder


@pytest.fixture(scope="module")
def finished(untouched: Path, cluster: Cluster) -> Finished:
    folder = untouched.with_name("slurm")
    shutil.copytree(untouched, folder)
    run(on_slurm(), folder, cluster)
    return Finished(folder, cluster.submitted(), cluster.devices())


def asks_for_a_gpu(job: dict[str, str]) -> bool:
    return job["Comment"].startswith(("rule_seed", "rule_views"))


def test_the_results_are_those_of_a_local_run(finished, local):
    expected = results(local)
    made = results(finished.folder)
    assert made.keys() == expected.keys()
    different = [name for name in expected if made[name] != expected[name]]
    assert not different
    for suffix, count in {".ply": FRAMES, ".mp4": 10, "table1.csv": 1}.items():
        assert sum(name.endswith(suffix) for name in expected) == count


def test_one_sbatch_per_job_and_none_is_an_array(finished, capsys):
    with capsys.disabled():
        print(
            f"\nSLURM: {len(finished.jobs)} sbatch calls, of which {sum(map(asks_for_a_gpu, finished.jobs))} for a GPU"
        )
    assert len(finished.jobs) == JOBS
    assert {job["JobState"] for job in finished.jobs} == {"COMPLETED"}
    assert not any("ArrayJobId" in job for job in finished.jobs)


def test_the_frames_of_a_clip_are_fitted_in_one_job(finished):
    fits = [job for job in finished.jobs if job["Comment"].startswith("rule_splat")]
    assert len(fits) == 1
    assert len(list(finished.folder.glob("results/**/*.ply"))) == FRAMES


def test_each_gpu_job_had_exactly_one_gpu_and_no_other_job_had_any(finished):
    on_gpu = [job for job in finished.jobs if asks_for_a_gpu(job)]
    assert len(on_gpu) == GPU_JOBS
    for job in finished.jobs:
        granted, device = job["JOB_GRES"], finished.devices[job["JobId"]]
        if job in on_gpu:
            assert granted == "gpu:1", job
            assert job["Partition"] == "gpu", job
            assert device in {str(number) for number in range(GPUS)}, job
        else:
            assert granted == "(null)", job
            assert job["Partition"] == "cpu", job
            assert device == "none", job


def test_a_job_asks_for_the_time_and_memory_of_its_rule(finished):
    seed = next(job for job in finished.jobs if job["Comment"].startswith("rule_seed"))
    assert seed["TimeLimit"] == "01:00:00"
    assert seed["MinMemoryNode"] == "24000M"


def test_gpu_jobs_that_ran_together_had_different_gpus(finished):
    on_gpu = [job for job in finished.jobs if asks_for_a_gpu(job)]
    for one, other in itertools.combinations(on_gpu, 2):
        if one["StartTime"] < other["EndTime"] and other["StartTime"] < one["EndTime"]:
            assert finished.devices[one["JobId"]] != finished.devices[other["JobId"]], (one, other)


@contextmanager
def in_mid_run(arguments: list[str], folder: Path, cluster: Cluster) -> Iterator[subprocess.Popen[bytes]]:
    """Snakemake while a job of it runs; killed at the end if it is still there."""
    log = folder / "stopped.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            env=cluster.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # where the tests run in the background, SIGINT is ignored, and children would inherit that
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    try:
        assert wait_until(lambda: cluster.unfinished("RUNNING") > 0 or process.poll() is not None, LIMIT)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        process.kill()
        process.wait()


def run_id(folder: Path) -> str:
    """What Snakemake called its jobs: the first line that it prints of SLURM."""
    return re.findall(r"^SLURM run ID: (\S+)$", (folder / "stopped.log").read_text(), re.MULTILINE)[0]


def test_a_stopped_study_is_resumed(finished, cluster, tmp_path):
    """Stopped by SIGINT, then by SIGKILL, and resumed as docs/running-on-slurm.md says; here in the splat stage."""
    folder = tmp_path / "workflow"
    shutil.copytree(finished.folder, folder)
    expected = results(folder)
    splats = [path.relative_to(folder) for path in folder.glob("results/tiny/**/splats/*")]
    fits = on_slurm(*(str(path) for path in splats if path.suffix == ".ply"))
    for path in splats:
        (folder / path).unlink()

    with in_mid_run(fits, folder, cluster) as process:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=LIMIT)
    assert wait_until(lambda: cluster.unfinished() == 0), "Snakemake did not cancel its jobs"

    with in_mid_run(fits, folder, cluster) as process:
        process.kill()
        process.wait()
        assert cluster.unfinished() > 0, "somebody cancelled the jobs"
    cluster.cancel(f"--name={run_id(folder)}")
    run(here("--unlock"), folder, cluster)

    assert results(folder) != expected, "the study was not stopped in mid-run"
    run(fits, folder, cluster)
    assert results(folder) == expected
