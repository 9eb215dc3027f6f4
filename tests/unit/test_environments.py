"""Every environment of the study pins what the lock pins."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;]+)")


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


def test_the_container_installs_the_lock_for_the_same_python():
    recipe = (ROOT / "envs" / "Dockerfile").read_text()
    assert "requirements.lock" in recipe
    image = re.search(r"^FROM python:(\d+\.\d+)", recipe, re.MULTILINE)[1]
    for file in ENVIRONMENTS:
        assert f"python={image}" in yaml.safe_load(file.read_text())["dependencies"]
