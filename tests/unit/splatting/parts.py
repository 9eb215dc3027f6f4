"""Parts of the C++ core that have no Python face, since only a fit uses them: compiled here from the same headers."""

import subprocess
import tempfile
from ctypes import CDLL, POINTER, Structure, byref, c_double, c_float, c_int, c_long
from functools import cache
from pathlib import Path

import numpy as np

CORE = Path(__file__).parents[3] / "vid3d/splatting/core"
FLAGS = {"avx2": ["-mavx2"], "portable": []}
Array = np.ndarray


class DensityRules(Structure):
    """``DensityRules`` of ``densification.hpp``."""

    _fields_ = [
        *((name, c_float) for name in ("gradient_threshold", "clone_below", "minimum_opacity", "maximum_scale")),
        ("maximum_count", c_int),
    ]


@cache
def library(instruction_set: str) -> CDLL:
    """The parts for one instruction set, compiled once per run of the tests."""
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder, "parts.so")
        source = Path(__file__).with_suffix(".cpp")
        options = [
            "-std=c++20",
            "-O1",
            "-ffp-contract=off",
            "-fPIC",
            "-shared",
            "-Wl,-Bsymbolic",
            f"-I{CORE}",
            *FLAGS[instruction_set],
        ]
        subprocess.run(["c++", *options, str(source), "-o", str(built)], check=True)
        parts = CDLL(str(built))
    parts.image_loss.restype = c_double
    parts.vectors_of_a_view.restype = parts.allocations_of_steps.restype = c_long
    return parts


def floats(array: Array) -> object:
    """A C pointer to a float32 array, which must outlive the call."""
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    return array.ctypes.data_as(POINTER(c_float))


def image_loss(
    image: Array, target: Array, ssim_weight: float, l1_weight: float, instruction_set: str
) -> tuple[float, Array]:
    """The image part of the loss of (3, h, w) images, and its gradient with respect to ``image``."""
    gradient = np.empty_like(image)
    _, height, width = image.shape
    weights = c_float(ssim_weight), c_float(l1_weight)
    arrays = [floats(array) for array in (image, target, gradient)]
    return library(instruction_set).image_loss(*arrays, width, height, *weights), gradient


def projection(splats: Array, camera: Array, width: int, height: int, instruction_set: str) -> tuple[Array, Array]:
    """(5, n) centre u, v in pixels and conic a, b, c of (14, n) splats as a (16,) camera sees them.

    And (n, 4) int32, the pixels x0, x1, y0, y1 that they are drawn on: none, 0, where they are left out.
    """
    count = splats.shape[1]
    planes, boxes = np.empty((5, count), np.float32), np.empty((count, 4), np.int32)
    pixels = boxes.ctypes.data_as(POINTER(c_int))
    library(instruction_set).projection(floats(splats), count, floats(camera), width, height, floats(planes), pixels)
    return planes, boxes


def projection_gradients(
    splats: Array, camera: Array, width: int, height: int, given: Array, instruction_set: str
) -> Array:
    """(14, n) gradients, given (5, n) dL/d(u, v, entries 00, 01 = 10 and 11 of the image-plane covariance)."""
    gradients, count = np.empty_like(splats), splats.shape[1]
    arrays = floats(given), floats(gradients)
    library(instruction_set).projection_gradients(floats(splats), count, floats(camera), width, height, *arrays)
    return gradients


def vectors_of_a_view(splats: Array, camera: Array, width: int, height: int, instruction_set: str) -> int:
    """How many vectors of pixels compositing (14, n) splats for a (16,) camera evaluates at most."""
    parts = library(instruction_set)
    return int(parts.vectors_of_a_view(floats(splats), splats.shape[1], floats(camera), width, height))


def allocations_of_steps(
    splats: Array, cameras: Array, targets: Array, rate: float, steps: int, counted: int, instruction_set: str
) -> int:
    """How often the last ``counted`` of ``steps`` steps of a fit allocate memory."""
    views, _, height, width = targets.shape
    given = floats(splats), splats.shape[1], floats(cameras), floats(targets), views, width, height
    return int(library(instruction_set).allocations_of_steps(*given, c_float(rate), steps, counted))


class Densification:
    """One densification of (14, n) splats with (n,) mean gradients from outside.

    Attributes:
        clones, splits: how many splats are cloned and split.
    """

    def __init__(self, splats: Array, mean_gradients: Array, rules: DensityRules, instruction_set: str) -> None:
        self._library = library(instruction_set)
        self._kept_alive = splats, mean_gradients
        self._count = splats.shape[1]
        self._given = floats(splats), self._count, floats(mean_gradients), byref(rules)
        numbers = (c_int * 2)()
        self._library.plan(*self._given, numbers)
        self.clones, self.splits = numbers

    def apply(self, normals: Array) -> Array:
        """(14, m) splats from (2 splits, 3) standard normal numbers."""
        assert normals.shape == (2 * self.splits, 3)
        after = np.empty(14 * (self._count + self.clones + self.splits), np.float32)
        count = self._library.densify(*self._given, floats(normals), floats(after))
        return after[: 14 * count].reshape(14, count)
