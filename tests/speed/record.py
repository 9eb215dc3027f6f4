"""Seconds of one core to a quality: the record table of docs/performance.md, all rows measured in this one run.

    make benchmark          or          python -m tests.speed.record [--prototype FOLDER]

Every method fits the same views of procedural objects with more and more iterations, each time from the start and with
its whole schedule.  Seconds are processor times, start of the process excluded.  Quality is PSNR at the 18 cameras
halfway between the 18 of the orbit; both are means over the objects.  FOLDER holds the prototype's ``cppsplat.py``.
Nothing here asserts anything.
"""

import argparse
import os
import platform
import re
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import yaml

from tests.speed.splatting import build_prototype
from vid3d import procedural
from vid3d.cameras import orbit
from vid3d.measures.metrics import psnr
from vid3d.scene import Float32, Splats, Views
from vid3d.splatting.fit import fit
from vid3d.splatting.native import from_cameras, load, resolve
from vid3d.splatting.rasteriser import render
from vid3d.splatting.recipe import initial_splats, preset

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/performance.md"
BEGIN, END = "<!-- Made by `make benchmark`: begin -->", "<!-- end -->"
TARGETS = (28, 30, 32, 33)  # dB
VIEWS, TIME, MOTION = 18, 3.0, 120
SPLATS = {64: 2000, 128: 5000}  # by size
MOST_OBJECTS = {64: 8, 128: 4}
LADDER = (50, 100, 150, 200, 300, 400, 600, 800, 1000, 1500, 2000, 3000, 4000, 6000)
LONGEST = {"fast": 800, "as-released": 6000, "prototype": 6000}
OBJECTS = (
    *("figure-blue", "frog-green", "windmill-orange", "fish-teal"),
    *("dog-orange", "bird-red", "flower-red", "truck-yellow"),
)

Method = Callable[[Views, int], Splats]  # views and iterations


def rounded(images: Float32) -> Float32:
    """What an 8-bit file keeps."""
    return (np.round(np.clip(images, 0, 1) * 255) / 255).astype(np.float32)


def scenes(size: int, names: Sequence[str]) -> list[tuple[Views, Views]]:
    """Of each object, the views to fit and those held out."""
    objects = procedural.load_objects(yaml.safe_load((ROOT / "benchmark/procedural/objects.yaml").read_text()))
    given, held_out = orbit(VIEWS, size), orbit(2 * VIEWS, size).select(list(range(1, 2 * VIEWS, 2)))

    def seen(name: str, cameras: object) -> Float32:
        return rounded(procedural.render(objects[name], TIME, MOTION, cameras)[0])  # type: ignore[arg-type]

    return [(Views(seen(name, given), given), Views(seen(name, held_out), held_out)) for name in names]


def ours(name: str, size: int) -> Method:
    count = SPLATS[size]
    limit = {"maximum": 2 * count} if name == "as-released" else {}

    def method(views: Views, iterations: int) -> Splats:
        recipe = preset(name, splats=count, iterations=iterations, **limit)  # type: ignore[arg-type]
        return fit(views, recipe, np.random.default_rng(3))[0]

    return method


def prototype(library: str, size: int) -> Method:
    """The prototype from the initial cloud, at the official rates, without densification and penalty on opacity."""
    import cppsplat

    recipe = preset("as-written", splats=SPLATS[size])
    others = (recipe.quaternion_rate, recipe.scale_rate, recipe.colour_rate, recipe.opacity_rate)
    position = recipe.position_rate * recipe.extent

    def method(views: Views, iterations: int) -> Splats:
        start = initial_splats(load("auto"), recipe, np.random.default_rng(3))
        n, cameras = len(start), views.cameras
        work = cppsplat.Work(n, cameras.width, cameras.height, library)
        opacity = 1 / (1 + np.exp(-start.opacity_logits))
        parts = (
            start.positions.T,
            start.quaternions.T,
            start.log_scales.T,
            opacity,
            0.5 + 0.28209479 * start.colours.T,
        )
        work.setp(*parts)
        rates = np.repeat((position, *others[:2], others[2] * 0.28209479, others[3]), (3, 4, 3, 3, 1)).astype(
            np.float32
        )
        rows = from_cameras(cameras)
        logits = cppsplat.pad(start.opacity_logits[None], work.S)[0]
        white, targets = np.ones(3, np.float32), np.ascontiguousarray(views.images.transpose(0, 3, 1, 2))
        fitting = work.L.fit_new(
            n, cameras.width, cameras.height, len(cameras), work.P, logits, rows, targets, rates, 0.0, white
        )
        work.L.fit_steps(fitting, iterations)
        found = np.empty((14, work.S), np.float32)
        work.L.fit_get(fitting, found)
        work.L.fit_free(fitting)
        found = found[:, :n]
        fields = (found[0:3].T, found[3:7].T, found[7:10].T, found[13], (found[10:13].T - 0.5) / 0.28209479)
        return Splats(*(np.ascontiguousarray(field, dtype=np.float32) for field in fields))

    return method


def climb(method: Method, given: list[tuple[Views, Views]], longest: int) -> Iterator[tuple[int, float, float]]:
    """(iterations, mean seconds, mean PSNR) with more and more iterations, until the last target is reached."""
    for iterations in (n for n in LADDER if n <= longest):
        seconds, quality = [], []
        for views, held_out in given:
            before = time.process_time()
            splats = method(views, iterations)
            seconds.append(time.process_time() - before)
            images = np.clip(render(splats, held_out.cameras), 0, 1)
            quality.append(psnr(images, held_out.images).mean())
        yield iterations, float(np.mean(seconds)), float(np.mean(quality))
        if np.mean(quality) >= TARGETS[-1]:
            return


def row(label: str, rungs: list[tuple[int, float, float]]) -> str:
    """A line of the table: the first rung that reaches each target, and the best one."""
    cells = []
    for target in TARGETS:
        reached = [(seconds, iterations) for iterations, seconds, quality in rungs if quality >= target]
        cells.append(f"{reached[0][0]:.2f} ({reached[0][1]})" if reached else "-")
    iterations, seconds, best = max(rungs, key=lambda rung: rung[2])
    return f"| {label} | {' | '.join(cells)} | {best:.1f} dB in {seconds:.2f} ({iterations}) |"


def machine() -> str:
    """The processor's name, and what the core uses of it."""
    cpu = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", cpu.read_text()) if cpu.exists() else None
    return f"{found[1] if found else platform.processor()}, {os.cpu_count()} cores, instruction set {resolve()}"


def methods(size: int, libraries: dict[str, str]) -> Iterator[tuple[str, str, Method]]:
    """(key, label, method) of each row."""
    for name in ("fast", "as-released"):
        yield name, f"`{name}`", ours(name, size)
    for label, library in libraries.items():
        yield "prototype", label, prototype(library, size)


def main() -> None:
    """Prints each rung, and writes the tables into the document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prototype", type=Path, help="folder with cppsplat.py and cppsplat.cpp")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SPLATS), choices=list(SPLATS))
    parser.add_argument("--objects", type=int, default=len(OBJECTS), help="at most so many objects")
    arguments = parser.parse_args()
    libraries = {}
    if arguments.prototype:
        libraries = {k: v for k, v in build_prototype(arguments.prototype).items() if "AVX2" in k}
    text = [BEGIN, "", f"{machine()}; {VIEWS} views.", ""]
    for size in arguments.sizes:
        names = OBJECTS[: min(arguments.objects, MOST_OBJECTS[size])]
        what = f"{size} px, {SPLATS[size]} splats at the start, mean of {', '.join(names)}:"
        text += [textwrap.fill(what, 120, break_on_hyphens=False), ""]
        head = ["seconds (iterations) to", *(f"{target} dB" for target in TARGETS), "best"]
        text += [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
        given = scenes(size, names)
        for key, label, method in methods(size, libraries):
            rungs = []
            for rung in climb(method, given, LONGEST[key]):
                print(f"{size} px, {label}: {rung[0]} iterations, {rung[1]:.3f} s, {rung[2]:.2f} dB", flush=True)
                rungs.append(rung)
            text.append(row(label, rungs))
        text.append("")
    document = DOCUMENT.read_text()
    before, _, rest = document.partition(BEGIN)
    DOCUMENT.write_text(before + "\n".join([*text, END]) + rest.partition(END)[2])


if __name__ == "__main__":
    main()
