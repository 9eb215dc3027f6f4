"""Where and how long a study ran: versions of packages, times from Snakemake's benchmark files, and the use of GPUs."""

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from vid3d.errors import InputError
from vid3d.files import load_json
from vid3d.machine import hardware
from vid3d.study.config import Study
from vid3d.study.registry import STAGES

PACKAGES = (
    *("vid3d", "numpy", "scipy", "pandas", "matplotlib", "pillow", "jinja2", "pydantic", "snakemake"),
    *("torch", "open_clip_torch", "opencv-python-headless", "av", "diffusers", "transformers", "gsplat"),
)


# of the workflow's jobs, those without a Spec of their own: by the stage after which they come
_AFTER = {"views": ("held-out-truth",), "score": ("stage-embeddings", "indicators", "held-out")}


def benchmark_files(study: Study, folder: Path) -> list[Path]:
    """Snakemake's benchmark files of a restricted study's jobs, in the order of the stages.

    What was not run lately has none; the folder is read for the report's times only and decides nothing.
    """
    found = []
    for stage in STAGES:
        owners = dict.fromkeys(study.owner(run, stage) for run in study.runs)
        for name in (stage, *_AFTER.get(stage, ())):
            found += [path for owner in owners for path in sorted((folder / name / owner).rglob("*.tsv"))]
    return found


def stage_times(paths: Sequence[Path]) -> pd.DataFrame:
    """Wall time and memory per stage from Snakemake's benchmark files, ``benchmarks/{stage}/...tsv``.

    Returns:
        One row per stage, in the order of ``paths``: stage, jobs, total, mean and longest (seconds), memory (MB, the
        largest resident set of a job; NaN where no job lived long enough to be measured), gpu_seconds (in which jobs
        held a GPU, summed) and gpu_memory (MiB, the largest peak), both from ``...-gpu.json`` beside a benchmark file
        and NaN where no job used a GPU.

    Raises:
        InputError: a file that does not hold Snakemake's columns, or a record of a GPU that is not one.
    """
    rows = []
    for path in paths:
        folders = path.parts[:-1]
        stage = folders[folders.index("benchmarks") + 1] if "benchmarks" in folders[:-1] else path.parent.name
        try:
            table = pd.read_csv(path, sep="\t", na_values="-")
            row = {"stage": stage, "s": float(table["s"].sum()), "memory": table["max_rss"].max()}
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{path}: not a benchmark file of Snakemake ({error}); delete it and run again") from None
        rows.append(row | gpu_record(path))
    jobs = pd.DataFrame(rows, columns=["stage", "s", "memory", "gpu_seconds", "peak_memory_mib"])
    grouped = jobs.groupby("stage", sort=False)
    summary = grouped["s"].agg(jobs="size", total="sum", mean="mean", longest="max")
    table = summary.assign(
        memory=grouped["memory"].max(),
        gpu_seconds=grouped["gpu_seconds"].sum(min_count=1),
        gpu_memory=grouped["peak_memory_mib"].max(),
    )
    return pd.DataFrame(table.reset_index())


def gpu_record(benchmark: Path) -> dict[str, Any]:
    """What the job of a benchmark file used of its GPU: device, gpu_seconds, peak_memory_mib; nothing without one.

    Raises:
        InputError: a record that is not one.
    """
    path = benchmark.with_name(f"{benchmark.stem}-gpu.json")
    if not path.is_file() or not path.stat().st_size:  # Snakemake leaves an empty one where the job wrote none
        return {}
    record = load_json(path)
    try:
        used = {key: float(record[key]) for key in ("gpu_seconds", "peak_memory_mib")}
        return {"device": str(record["device"])} | used
    except (TypeError, KeyError, ValueError):
        raise InputError(f"{path}: not a record of a GPU's use; delete it and run again") from None


def versions() -> dict[str, str]:
    """Versions of the packages in the environment that wrote the report; absent ones are left out."""
    found = {package: version for package in PACKAGES if (version := hardware.version(package)) is not None}
    return {"Python": platform.python_version()} | found
