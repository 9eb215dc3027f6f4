"""Snakemake on a copy of the workflow, so that tests may edit it, with a study of seconds."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from vid3d.checking import archive

ROOT = Path(__file__).parents[2]
WITNESS = Path(__file__).with_name("witness")
PARTS = (
    "Snakefile",
    "rules",
    "config",
    "benchmark",
    "profiles",
    "envs",
    "reports",
    "docs",
    "README.md",
    "CITATION.cff",
)
# not what else may have been fetched or made there
FILES = ("weights/mini-clip", "weights/mini-seed", "weights/mini-views", "tests/data/rembg")

TINY = """
report: tiny
runs:
  tiny:
    title: Tiny
    stamp: a test of the workflow
    benchmark: procedural
    images: [frog-green, windmill-orange]
    motion_scores: [120]
    view_counts: [18, 3]
    reference: {size: 32}
    seed: {backend: procedural, size: 32, frames: 2}
    views: {backend: procedural, size: 32}
    splat: {backend: cpu, splats: 300, iterations: 60}
    render: {backend: cpu, size: 32}
    score: {backend: clip, model: weights/mini-clip/config.json, weights: weights/mini-clip/model.safetensors}
  tiny-refit:
    title: Another fit of the same views
    extends: tiny
    splat: {iterations: 80}
reports:
  tiny: {title: Tiny, runs: [tiny]}
  refit: {title: Refit, runs: [tiny-refit]}
"""


@dataclass(frozen=True)
class Workflow:
    """A copy of the workflow in a folder of its own."""

    folder: Path

    def command(self, *arguments: str) -> list[str]:
        """The Snakemake command line, the tiny study laid over the committed one."""
        return [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "tiny.yaml", *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake to its end; its output is both streams."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=os.environ | self.witnessed,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    @property
    def heard(self) -> Path:
        """Where it is noted what the processes of ``run`` asked of a network; not there if they asked nothing."""
        return self.folder / "heard.txt"

    @property
    def witnessed(self) -> dict[str, str]:
        """The environment in which that is noted (``witness/sitecustomize.py``)."""
        path = os.environ.get("PYTHONPATH")
        return {"PYTHONPATH": f"{WITNESS}:{path}" if path else str(WITNESS), "VID3D_HEARD": str(self.heard)}

    def planned(self, *arguments: str) -> dict[str, int]:
        """Jobs per rule that a dry run plans; it says no more than the table of them."""
        done = self.run("--dry-run", *arguments)
        assert done.returncode == 0, done.stdout
        assert len(done.stdout) < 10_000, done.stdout
        assert not re.search(r"^Job \d", done.stdout, re.MULTILINE), done.stdout
        _, _, stats = done.stdout.partition("Job stats:")
        rows = re.findall(r"^(\S+)\s+(\d+)$", stats.split("\n\n")[0], re.MULTILINE)
        return {rule: int(count) for rule, count in rows if rule != "total"}

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text that must be there in one of the copied files."""
        file = self.folder / path
        text = file.read_text()
        assert old in text, f"{path} lacks {old!r}"
        file.write_text(text.replace(old, new, 1))


def copy_workflow(folder: Path) -> Workflow:
    """The workflow's files (not the package, which is installed) and the tiny study."""
    folder.mkdir(parents=True)
    for part in PARTS + FILES:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part)
        else:
            shutil.copy2(source, folder / part)
    (folder / "tiny.yaml").write_text(TINY)
    return Workflow(folder)


@pytest.fixture
def fresh(tmp_path: Path) -> Workflow:
    """A workflow without results."""
    return copy_workflow(tmp_path / "workflow")


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    workflow = copy_workflow(tmp_path_factory.mktemp("finished") / "workflow")
    done = workflow.run()
    assert done.returncode == 0, done.stdout
    (workflow.folder / "said.txt").write_text(done.stdout)
    return workflow


@pytest.fixture
def finished(_finished: Workflow, tmp_path: Path) -> Workflow:
    """A workflow whose tiny study has run; a copy, times of files and Snakemake's records included."""
    shutil.copytree(_finished.folder, tmp_path / "finished", symlinks=True)
    return Workflow(tmp_path / "finished")


@pytest.fixture(scope="session")
def study(_finished: Workflow) -> Path:
    """The folder of the finished tiny study, which is not to be changed."""
    return _finished.folder


@pytest.fixture(scope="session")
def packed(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of the finished tiny study."""
    file = tmp_path_factory.mktemp("archive") / "tiny.crate.zip"
    assert archive.pack("tiny", study, file, agent="Ada Lovelace") > 100
    return file
