"""What the checks on a GPU are given: views of an object, and the CPU's fit of them.

    python -m tests.gpu.inputs FOLDER        # at the paper's size: some ten minutes of one core, once

They are brought along (``tests/gpu/pack.py``), since a CPU fit of the paper's size costs more than all checks together.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.speed.record import scenes
from vid3d import files
from vid3d.cameras import orbit
from vid3d.measures.metrics import psnr
from vid3d.scene import Cameras, Float32, Splats, Views
from vid3d.splatting.fit import fit
from vid3d.splatting.rasteriser import render
from vid3d.splatting.recipe import OFFICIAL_ITERATIONS, Recipe, preset

FOLDER = Path("build/gpu-inputs")  # where they are made, and looked for
OBJECT, VIEWS = "frog-green", 18
SIZE, SPLATS = 512, 100_000  # the paper's
SEED = 3


@dataclass(frozen=True)
class Inputs:
    """Views of one moment, and the fit that a GPU's is compared with.

    Attributes:
        splats: at the end of the CPU fit by ``recipe``.
        counts: (iterations,) of splats by iteration of that fit.
        quality: its PSNR on the views, dB.
    """

    views: Views
    recipe: Recipe
    splats: Splats
    counts: np.ndarray
    quality: float


def recipe_of(splats: int, iterations: int) -> Recipe:
    """As the released code fits."""
    return preset("as-released", splats=splats, iterations=iterations)


def made(size: int = SIZE, splats: int = SPLATS, iterations: int = OFFICIAL_ITERATIONS) -> Inputs:
    """Fitted here, on one core."""
    [(views, _)] = scenes(size, [OBJECT])
    recipe = recipe_of(splats, iterations)
    fitted, report = fit(views, recipe, np.random.default_rng(SEED))
    return Inputs(views, recipe, fitted, report.counts, quality_of(fitted, views, recipe))


def quality_of(splats: Splats, views: Views, recipe: Recipe) -> float:
    """Mean PSNR of what the C++ rasterizer draws of splats, on the views that they were fitted to; dB."""
    return float(psnr(drawn(splats, views.cameras, recipe), views.images).mean())


def save(inputs: Inputs, folder: Path) -> None:
    """Write them to a folder."""
    provenance = files.Provenance("gpu-inputs", "{}", {"object": OBJECT})
    folder.mkdir(parents=True, exist_ok=True)
    files.save_filmstrip(folder / "views.png", inputs.views.images, provenance)
    files.save_splats(folder / "splats.ply", inputs.splats, provenance)
    told = {"psnr": inputs.quality, "start": inputs.recipe.splats, "counts": inputs.counts.tolist()}
    files.save_json(folder / "fit.json", told)


def load(folder: Path = FOLDER) -> Inputs:
    """Read them from a folder.

    Raises:
        InputError: they are not there.
    """
    told = files.load_json(folder / "fit.json")
    images = files.load_filmstrip(folder / "views.png", VIEWS)
    recipe = recipe_of(told["start"], len(told["counts"]))
    views = Views(images, orbit(VIEWS, images.shape[1]))
    return Inputs(views, recipe, files.load_splats(folder / "splats.ply"), np.array(told["counts"]), told["psnr"])


def evaluation_cameras(size: int) -> Cameras:
    """Ten of an orbit, off the views'."""
    return orbit(20, size).select(list(range(1, 20, 2)))


def drawn(splats: Splats, cameras: Cameras, recipe: Recipe) -> Float32:
    """The C++ rasterizer's images in [0, 1]."""
    return np.clip(render(splats, cameras, recipe.rasterisation), 0.0, 1.0)


if __name__ == "__main__":
    save(made(), Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
