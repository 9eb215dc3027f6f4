"""Where a report comes from: command, settings, times, versions, hardware, and the weights by their checksums."""

import hashlib
import os
import platform
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vid3d import journal
from vid3d.machine import hardware
from vid3d.report.timings import gpu_record
from vid3d.study import layout
from vid3d.study.config import Study
from vid3d.study.registry import STAGES
from vid3d.weights.manifest import Manifest, load_manifest

WEIGHTS = "config/weights.yaml"
PINNED, FOUND = "pinned", "of the file here"
_WEIGHT_SUFFIXES = {".safetensors", ".onnx", ".bin"}


@dataclass(frozen=True)
class Stage:
    """A stage's resolved settings; ``shared`` is the run that its files belong to, if that is another one."""

    name: str
    backend: str
    settings: dict[str, Any]
    shared: str


@dataclass(frozen=True)
class RunSettings:
    """All settings of a run."""

    name: str
    title: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Weights:
    """One file of a learned model.

    Attributes:
        used_by: stages and runs.
        sha256: its checksum; nothing where the file is not here.
        known: whether the checksum is pinned in the manifest or was taken of the file.
    """

    file: str
    used_by: str
    size: str
    sha256: str
    known: str


@dataclass(frozen=True)
class Origin:
    """When, where and by which commit of the repository a report's numbers were made.

    Attributes:
        date: YYYY-MM-DD, in UTC.
        commit: with ``-dirty`` where files differed from it; nothing outside of a repository.
        machine: processor and system.
    """

    date: str
    commit: str
    machine: str

    @property
    def exact(self) -> bool:
        """Whether the commit alone says what the code was."""
        return bool(self.commit) and not self.commit.endswith("-dirty")


def origin(report: str, root: Path) -> Origin | None:
    """What the record of a report's tables says; None of tables that were made before there were records.

    Raises:
        InputError: a record that cannot be understood.
    """
    table = layout.tables(report)[0]
    for _, made in journal.records(root, str(Path(table).parent)):
        if table in made.writes:
            return Origin(made.ended[:10], made.commit or "", made.machine)
    return None


def command(study: Study, report: str) -> str:
    """The command that makes this report from the repository's root."""
    names = ("image", "own", "benchmark_dir", "images", "frames", "embedder", "external")
    settings = {name: value for name in names if (value := getattr(study, name))}
    given = [f"{name}={','.join(value) if isinstance(value, tuple) else value}" for name, value in settings.items()]
    words = ["snakemake", "--cores", "all", layout.PAGE.format(report=report)]
    return shlex.join([*words, *(["--config", *given] if given else [])])


def settings(study: Study, report: str) -> tuple[RunSettings, ...]:
    """Every setting in effect of the report's runs, defaults included."""
    names = study.reports[report].runs
    return tuple(RunSettings(name, study.runs[name].title, tuple(_stages(study, name))) for name in names)


def _stages(study: Study, name: str) -> Iterator[Stage]:
    for stage in STAGES:
        given = study.runs[name].spec(stage).model_dump(mode="json")
        shown = {key: "none" if value is None else value for key, value in given.items()}
        backend, owner = str(shown.pop("backend", "none")), study.owner(name, stage)
        yield Stage(stage, backend, shown, "" if owner == name else owner)


def processors(times: Sequence[Path]) -> dict[str, str]:
    """This machine in words, and the GPUs that jobs used.

    Args:
        times: Snakemake's benchmark files, beside which records of GPUs lie.

    Raises:
        InputError: a record of a GPU that is not one.
    """
    found = {
        "system": f"{platform.system()} on {platform.machine()}",
        "processor": journal.processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory": f"{hardware.memory() / 2**30:.0f} GiB",
    }
    devices = dict.fromkeys(record["device"] for path in times if (record := gpu_record(path)))
    return found | ({"GPUs of the jobs": ", ".join(devices)} if devices else {})


def weights(study: Study, report: str, root: Path) -> tuple[Weights, ...]:
    """The files of learned models that the report's runs read, by the stages and runs that read them."""
    manifest = load_manifest(root / WEIGHTS)
    users: dict[str, dict[str, list[str]]] = {}
    for name in study.reports[report].runs:
        run = study.runs[name]
        for stage in STAGES if not run.render.control else ("score",):
            for path in run.spec(stage).checkpoints:
                for file in _files(path, root, manifest):
                    users.setdefault(file, {}).setdefault(stage, []).append(name)
    return tuple(_weights(file, stages, root, manifest) for file, stages in users.items())


def _files(path: str, root: Path, manifest: Manifest) -> list[str]:
    """The files of weights behind a checkpoint: all of a model's folder, or the checkpoint itself."""
    owner = manifest.owner(path)
    if owner is not None:
        return [name for name in manifest.models[owner].paths if Path(name).suffix in _WEIGHT_SUFFIXES]
    if Path(path).name == "model_index.json":
        folder = (root / path).parent
        files = sorted(file for file in folder.rglob("*") if file.suffix in _WEIGHT_SUFFIXES)
        return [file.relative_to(root).as_posix() for file in files] or [path]
    return [path] if Path(path).suffix in _WEIGHT_SUFFIXES else []


def _weights(file: str, stages: dict[str, list[str]], root: Path, manifest: Manifest) -> Weights:
    used_by = "; ".join(f"{stage} of {', '.join(names)}" for stage, names in stages.items())
    owner, path = manifest.owner(file), root / file
    if owner is not None:
        pinned = manifest.models[owner].paths[file]
        return Weights(file, used_by, _size(pinned.size), pinned.sha256, PINNED)
    if not path.is_file():
        return Weights(file, used_by, "", "", "")
    with path.open("rb") as stream:
        checksum = hashlib.file_digest(stream, "sha256").hexdigest()
    return Weights(file, used_by, _size(path.stat().st_size), checksum, FOUND)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
