"""Where and how long a study ran: versions of packages, and times from Snakemake's benchmark files."""

import importlib.metadata
import platform
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from vid3d.errors import InputError

PACKAGES = (
    *("vid3d", "numpy", "scipy", "pandas", "matplotlib", "pillow", "jinja2", "pydantic", "snakemake"),
    *("torch", "open_clip_torch", "opencv-python-headless", "av", "diffusers", "transformers", "gsplat"),
)


def stage_times(paths: Sequence[Path]) -> pd.DataFrame:
    """Wall time and memory per stage from Snakemake's benchmark files, ``benchmarks/{stage}/...tsv``.

    Returns:
        One row per stage, in the order of ``paths``: stage, jobs, total, mean and longest (seconds), memory (MB, the
        largest resident set of a job; NaN where no job lived long enough to be measured).

    Raises:
        InputError: a file that does not hold Snakemake's columns.
    """
    rows = []
    for path in paths:
        folders = path.parts[:-1]
        stage = folders[folders.index("benchmarks") + 1] if "benchmarks" in folders[:-1] else path.parent.name
        try:
            table = pd.read_csv(path, sep="\t", na_values="-")
            rows.append({"stage": stage, "s": float(table["s"].sum()), "memory": table["max_rss"].max()})
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{path}: not a benchmark file of Snakemake ({error}); delete it and run again") from None
    jobs = pd.DataFrame(rows, columns=["stage", "s", "memory"])
    grouped = jobs.groupby("stage", sort=False)
    summary = grouped["s"].agg(jobs="size", total="sum", mean="mean", longest="max")
    table = summary.assign(memory=grouped["memory"].max()).reset_index()
    return pd.DataFrame(table)


def versions() -> dict[str, str]:
    """Versions of the packages in the environment that wrote the report; absent ones are left out."""
    found = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
