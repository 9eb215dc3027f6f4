"""Everything that the checks need on a node with a GPU and without internet, in one folder to be copied there.

    python -m tests.gpu.pack FOLDER --node LIST [--python 3.12]

LIST is what the node says to `python -m pip list --format=freeze`.  Wheels are fetched of what the node lacks, or has
in a version that pyproject.toml does not allow; torch and its CUDA libraries are not among them and must be there, as
must nvcc.  FOLDER then holds the source, the wheels, the inputs (``tests/gpu/inputs.py``, made first if they are not
here) and ``run.sh``, which needs nothing else.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.gpu import inputs
from vid3d.errors import InputError

ROOT = Path(__file__).parents[2]
MOST = 60_000_000  # bytes
SOURCES = (
    *("vid3d", "tests", "benchmark", "config", "reports"),
    *("pyproject.toml", "CMakeLists.txt", "README.md", "LICENSE", "requirements.lock"),
)
LEFT_OUT = re.compile(r"tests/(browser|slurm|workflow)/|tests/gpu/test_pack|reports/(page|viewer)/")
# what the checks import, and what builds the C++ core
ROOTS = (
    *("accelerate", "diffusers", "gsplat", "numpy", "onnxruntime", "open-clip-torch", "opencv-python-headless"),
    *("pandas", "pillow", "pydantic", "pytest", "pyyaml", "safetensors", "scipy", "transformers", "huggingface-hub"),
    *("cmake", "nanobind", "ninja", "scikit-build-core", "tqdm"),
)
OF_THE_NODE = re.compile(r"(torch|torchvision|triton|nvidia-.*|cuda-.*)")
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in (34, 31, 28, 27, 24, 17)] + ["manylinux2014_x86_64"]
RUN = """#!/bin/sh
# The checks on this node: ./run.sh, or ./run.sh -m "not gpu" for those that need no GPU.
set -eu
cd "$(dirname "$0")"
here=$PWD
rm -rf site
python3 -m pip install --quiet --no-index --no-deps --no-compile --target site wheels/*.whl
export PYTHONPATH="$here/site" PATH="$here/site/bin:$PATH"
cd source
python3 -m pip install --quiet --no-index --no-deps --no-build-isolation --upgrade --target ../site .
cp ../site/vid3d/splatting/_*.so vid3d/splatting/
mkdir -p build
ln -sfn ../../inputs build/gpu-inputs
if [ "$#" -eq 0 ]; then set -- -m gpu; fi
exec python3 -m pytest -s -p no:cacheprovider "$@" tests/gpu
"""


def pack(folder: Path, node: Path, python: str) -> None:
    """Write the folder.

    Raises:
        InputError: it exists, the node's list cannot be read, a wheel cannot be had, or it all takes too much.
    """
    if folder.exists():
        raise InputError(f"{folder} is there already: name a new folder")
    lacking = lacks(installed(node))
    if not (inputs.FOLDER / "fit.json").is_file():
        print("making the inputs: some ten minutes of one core", flush=True)
        inputs.save(inputs.made(), inputs.FOLDER)
    shutil.copytree(inputs.FOLDER, folder / "inputs")
    source(folder / "source")
    wheels(folder / "wheels", lacking, python)
    script = folder / "run.sh"
    script.write_text(RUN)
    script.chmod(0o755)
    total(folder)


def installed(node: Path) -> dict[str, str]:
    """Versions by package, as the node lists them.

    Raises:
        InputError: the file is not there, or no such list.
    """
    try:
        lines = node.read_text().splitlines()
    except OSError as error:
        raise InputError(
            f"--node: {node}: {error.strerror}; `python -m pip list --format=freeze` on the node"
        ) from None
    found = {canonicalize_name(name): number for name, _, number in (line.partition("==") for line in lines) if number}
    if "torch" not in found:
        raise InputError(f"--node: {node} names no torch==VERSION, which the node must have")
    return found


def lacks(there: dict[str, str]) -> list[str]:
    """NAME==VERSION of this environment's packages that the checks need and the node lacks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = [*project["dependencies"], *(text for extra in project["optional-dependencies"].values() for text in extra)]
    allowed = {canonicalize_name(found.name): found.specifier for found in map(Requirement, texts)}

    def serves(name: str) -> bool:
        return name in there and (name not in allowed or allowed[name].contains(there[name], prereleases=True))

    return [f"{name}=={version(name)}" for name in needed(ROOTS) if not serves(name)]


def needed(roots: Iterable[str]) -> list[str]:
    """The roots and all that they need here, but for torch and what it needs; sorted."""
    pending, found = [canonicalize_name(root) for root in roots], set()
    while pending:
        name = pending.pop()
        if name in found or OF_THE_NODE.fullmatch(name):
            continue
        found.add(name)
        wanted = [Requirement(text) for text in requires(name) or ()]
        pending += [canonicalize_name(w.name) for w in wanted if w.marker is None or w.marker.evaluate({"extra": ""})]
    return sorted(found)


def source(folder: Path) -> None:
    """The files under version control that the checks and the package's build read, and which commit they are."""
    listed = subprocess.run(["git", "ls-files", "-z", *SOURCES], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if not LEFT_OUT.match(name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    commit = ["git", "describe", "--always", "--dirty"]
    (folder / "SOURCE").write_text(subprocess.run(commit, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def wheels(folder: Path, names: list[str], python: str) -> None:
    """Fetch them by pip for the node's Python.

    Raises:
        InputError: one of them has no wheel.
    """
    folder.mkdir()
    for name in names:
        place = [word for platform in PLATFORMS for word in ("--platform", platform)]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--python-version", python, "--implementation", "cp", *place, "--dest", str(folder), name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = [line for line in done.stderr.splitlines() if line.startswith("ERROR")][-1:]
            raise InputError(f"{name}: no wheel for Python {python} ({''.join(reason)}); install it on the node")


def total(folder: Path) -> None:
    """Say what the folder takes.

    Raises:
        InputError: more than the most.
    """
    sizes = {file.relative_to(folder): file.stat().st_size for file in folder.rglob("*") if file.is_file()}
    largest = ", ".join(
        f"{name.name} {size / 1e6:.1f}" for name, size in sorted(sizes.items(), key=lambda x: -x[1])[:6]
    )
    said = f"{folder}: {sum(sizes.values()) / 1e6:.1f} MB in {len(sizes)} files; the largest, in MB: {largest}"
    if sum(sizes.values()) > MOST:
        raise InputError(f"{said}; at most {MOST / 1e6:.0f}: install the largest wheels on the node first")
    print(said)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--node", type=Path, required=True, help="what `pip list --format=freeze` says there")
    parser.add_argument("--python", default="3.12", help="the node's, such as 3.12")
    given = parser.parse_args()
    try:
        pack(given.folder, given.node, given.python)
    except InputError as error:
        print(f"pack: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
