"""The twelve checks run on a GPU under marker ``gpu``, and as far as it goes on a CPU, where they are checked.

`make test-gpu` writes what was found on the GPU to docs/results/gpu/CARD.json.
"""

import re
import subprocess
from pathlib import Path

import pytest
import torch

from tests.gpu import inputs, places
from tests.gpu.record import Record
from vid3d import files
from vid3d.splatting import mark
from vid3d.splatting.torch import kernels
from vid3d.study import layout


@pytest.fixture(scope="session", params=[pytest.param("cuda", marks=pytest.mark.gpu), "cpu"])
def place(request):
    """A GPU, where there is one and the tests were asked to use it; and a CPU."""
    if request.param == "cpu":
        return places.on_cpu()
    if request.config.getoption("markexpr") != "gpu":
        pytest.skip("hides the machine's GPUs, if there are any: `make test-gpu` on a machine with one")
    if not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device here")
    return places.on_gpu()


@pytest.fixture(scope="session")
def record(place, tmp_path_factory):
    """What is found on a place, written when all its checks are done."""
    found = Record(_machine(place))
    yield found
    name = re.sub(r"[^A-Za-z0-9]+", "-", found.told["device"])
    folder = Path("docs/results/gpu") if place.cuda else tmp_path_factory.mktemp("gpu")
    files.save_json(folder / f"{name}.json", found.contents())
    print(f"\nwritten: {folder / f'{name}.json'}")


@pytest.fixture(scope="session")
def little():
    """Views and the CPU's fit, small ones."""
    return inputs.made(size=48, splats=200, iterations=60)


@pytest.fixture(scope="session")
def given(place, request):
    """Views and the CPU's fit: those brought along, or small ones."""
    return inputs.load() if place.whole else request.getfixturevalue("little")


@pytest.fixture
def drawing_place(place):
    """The place, its rasterizer ready to draw."""
    if place.cuda:
        kernels.load(Path(layout.GSPLAT_EXTENSION), kernels.capabilities())
    return place


def _machine(place):
    """Which device, versions and source it was."""
    brought = Path("SOURCE")  # beside the source in a packed folder
    described = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    source = (brought.read_text() if brought.is_file() else described.stdout).strip() or "unknown"
    found = {"device": "cpu", "versions": mark.versions(torch.version.cuda), "source": source}
    if place.cuda:
        driver = ("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
        said = subprocess.run(driver, capture_output=True, text=True, check=False).stdout.split()
        found |= {"device": torch.cuda.get_device_name(), "driver": said[0] if said else "unknown"}
    return found
