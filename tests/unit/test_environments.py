"""Every environment of the study pins what the lock pins; the GPU's have a compiler of torch's CUDA."""

import json
import os
import re
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from snakemake.cli import parse_args

from vid3d.cli import parser_of
from vid3d.commands import gsplat_extension
from vid3d.splatting import mark

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?==([^\s;]+)")
TOOLKIT = re.compile(r"cuda-toolkit\[cccl,nvcc,profiler\]==([0-9.]+)")
GPU_IMAGE = ROOT / "envs/gpu.Dockerfile"


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lines) -> dict[str, str]:
    """Versions by canonical package name, of the lines that are pins."""
    return {canonical(match[1]): match[2] for line in lines if (match := PIN.match(line.strip()))}


@pytest.fixture(scope="module")
def lock():
    locked = pins((ROOT / "requirements.lock").read_text().splitlines())
    assert {"torch", "snakemake", "numpy"} <= locked.keys()
    return locked


def pip_section(file: Path) -> list[str]:
    dependencies = yaml.safe_load(file.read_text())["dependencies"]
    (section,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    return section


ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))


def test_both_environments_are_there():
    assert [file.name for file in ENVIRONMENTS] == ["cpu.yaml", "gpu.yaml"]


@pytest.mark.parametrize("file", ENVIRONMENTS, ids=lambda file: file.name)
def test_pins_are_those_of_the_lock(file, lock):
    section = pip_section(file)
    references = [line.split()[1] for line in section if line.startswith("-r ")]
    for reference in references:
        assert (file.parent / reference).resolve() == ROOT / "requirements.lock"
    written = pins(section)
    assert references or written
    different = {name: version for name, version in written.items() if name in lock and lock[name] != version}
    assert not different
    assert written.keys() <= lock.keys()


def test_gsplat_is_the_version_of_the_package(lock):
    wanted = re.search(r'gsplat==([^"]+)"', (ROOT / "pyproject.toml").read_text())
    assert pins(pip_section(ROOT / "envs" / "gpu.yaml"))["gsplat"] == wanted[1] == lock["gsplat"]


def test_what_reads_checkpoints_is_no_older_than_what_was_tested(lock):
    """diffusers below 0.40 drops `dtype`, and so the precision, without an error."""
    texts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["diffusion"]
    allowed = {requirement.name: requirement.specifier for requirement in map(Requirement, texts)}
    for name in ("accelerate", "diffusers", "transformers"):
        major, minor = map(int, lock[name].split(".")[:2])
        assert allowed[name].contains(lock[name])
        assert not allowed[name].contains(f"{major}.{minor - 1}.9"), name


@pytest.mark.parametrize("recipe", ["gpu.yaml", "gpu.Dockerfile"])
def test_the_gpus_environments_have_the_compiler_of_torchs_cuda(recipe, lock):
    assert TOOLKIT.search((ROOT / "envs" / recipe).read_text())[1] == lock["cuda-toolkit"]
    assert lock["cuda-toolkit"].startswith("13.0.")  # as docs and `vid3d doctor` say


def test_the_toolkit_gets_the_names_that_a_linker_asks_for(tmp_path):
    """The conda environment's script, with an environment's Python that has the toolkit, and with one that has not."""
    site = tmp_path / sysconfig.get_path("purelib").strip("/")
    toolkit, told = site / "nvidia/cu13", tmp_path / "told"
    (toolkit / "lib").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin/python"
    python.write_text(f'#!/bin/sh\ncase $1 in -c) echo {site};; *) echo "$@" >> {told};; esac\n')
    python.chmod(0o755)
    environment = os.environ | {"PATH": f"{python.parent}:/usr/bin:/bin", "CONDA_PREFIX": str(tmp_path)}
    command = ["bash", "envs/gpu.post-deploy.sh"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"no nvcc in {toolkit}" in done.stderr
    (toolkit / "bin").mkdir()
    (toolkit / "bin/nvcc").write_text("")
    (toolkit / "bin/nvcc").chmod(0o755)
    (toolkit / "lib/libcudart.so.13").write_text("")
    for _ in range(2):  # an environment is deployed again where it was left half-made
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        assert (toolkit / "lib64/libcudart.so").is_file()
    activation = tmp_path / "etc/conda/activate.d/cuda-home.sh"
    printed = subprocess.run(
        ["sh", "-c", f". {activation}; echo $CUDA_HOME"], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == str(toolkit)
    assert "-m pip install --no-deps --no-build-isolation ." in told.read_text()


def test_the_gpus_container_compiles_when_it_is_built_and_starts_a_run():
    recipe = GPU_IMAGE.read_text().replace("\\\n", " ")
    assert "Never built so far" in recipe
    architectures = mark.named(re.search(r'^ARG ARCHITECTURES="(.+)"', recipe, re.MULTILINE)[1])
    assert all(mark.runs_on(architectures, kind) for kind in ((7, 5), (8, 0), (8, 9), (9, 0), (10, 0), (12, 0)))
    words = re.search(r"vid3d gsplat-extension (.+)", recipe)[1].split()
    given = parser_of("gsplat-extension", gsplat_extension).parse_args(words)
    assert given.unchecked
    assert str(given.output) == "build/gsplat-extension.json"
    entry = json.loads(re.search(r"^ENTRYPOINT (.+)", recipe, re.MULTILINE)[1])
    _, options = parse_args([*entry[1:], "full-one", "--config", "licences=a,b"])
    assert (options.targets, options.resources["gpu"].value) == (["full-one"], 1)


@pytest.mark.parametrize("name", ["Dockerfile", "gpu.Dockerfile"])
def test_the_containers_install_the_lock_for_the_same_python(name):
    recipe = (ROOT / "envs" / name).read_text()
    assert "requirements.lock" in recipe
    image = re.search(r"^FROM python:(\d+\.\d+)", recipe, re.MULTILINE)[1]
    for file in ENVIRONMENTS:
        assert f"python={image}" in yaml.safe_load(file.read_text())["dependencies"]
