"""How fast the CPU splatting is, beside its torch twin and, if given, a prototype, all measured in this one run.

    python -m tests.speed.splatting [--prototype FOLDER] [--large]

Times are processor times of one thread, the smallest of several repetitions, so that other processes on the machine
disturb them little.  A step is one iteration of the fit: render one view, loss, gradients, Adam.  FOLDER holds a
``cppsplat.py`` that builds and loads the prototype with GCC.  Nothing here asserts anything.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tests.unit.splatting import twin
from vid3d import files
from vid3d.cameras import orbit
from vid3d.scene import Cameras, Splats, Views
from vid3d.splatting.native import Rasterisation, from_cameras, from_splats, load
from vid3d.splatting.rasteriser import Drawn, render

SMALL, LARGE = [(64, 2000), (128, 5000)], [(256, 20_000), (512, 100_000)]


def scene(count: int) -> Splats:
    """Splats that cover the picture several times over, whatever their number, as a fit's do."""
    rng = np.random.default_rng(0)
    log_scale = np.log(0.35 * count ** (-1 / 3))
    return Splats(
        positions=rng.normal(0, 0.3, (count, 3)).astype(np.float32),
        quaternions=rng.normal(0, 1, (count, 4)).astype(np.float32),
        log_scales=rng.normal(log_scale, 0.3, (count, 3)).astype(np.float32),
        opacity_logits=rng.normal(0, 1, count).astype(np.float32),
        colours=rng.normal(0, 1, (count, 3)).astype(np.float32),
    )


def milliseconds(call: Callable[[], object], calls: int, repetitions: int) -> float:
    """Processor time per call."""
    best = np.inf
    for _ in range(repetitions):
        start = time.process_time()
        for _ in range(calls):
            call()
        best = min(best, (time.process_time() - start) / calls)
    return 1e3 * best


def ours(instruction_set: str, splats: Splats, views: Views) -> tuple[float, float, float]:
    """Milliseconds of one render, of one render with its gradients, and of one step."""
    one = views.cameras.select([0])
    gradient = np.ones((one.height, one.width, 3), np.float32)
    calls = max(1, 20_000 // len(splats))
    forward = milliseconds(lambda: render(splats, one, instruction_set=instruction_set), calls, 7)  # type: ignore[arg-type]
    both = milliseconds(
        lambda: Drawn(splats, one, instruction_set=instruction_set).backward(gradient),  # type: ignore[arg-type]
        calls,
        7,
    )
    steps = 10 * calls
    start = from_splats(splats)
    targets = np.ascontiguousarray(views.images.transpose(0, 3, 1, 2))
    order = (np.arange(steps) * 7 % len(views.cameras)).astype(np.int32)
    rates, losses = np.full((steps, 5), 1e-6, np.float32), np.empty(steps, np.float32)
    core = load(instruction_set)  # type: ignore[arg-type]
    trainer = core.Trainer(start, from_cameras(views.cameras), targets, Rasterisation(), 1.0, 0.0, 0.1, 0.999)
    return forward, both, milliseconds(lambda: trainer.run(order, rates, losses), 1, 4) / steps


def torch_twin(splats: Splats, views: Views) -> tuple[float, float, float]:
    """The same of the float64 twin with torch's convolution and Adam."""
    p = twin.parameters(splats)
    target = torch.tensor(views.images[0], dtype=torch.float64)
    adam = torch.optim.Adam(list(p.values()), lr=1e-6, eps=1e-15)

    def step() -> None:
        adam.zero_grad()
        loss = 1 - twin.ssim(twin.render_one(p, views.cameras, 0), target)
        (loss + 0.1 * torch.sigmoid(p["opacity_logits"]).mean()).backward()
        adam.step()

    def backward() -> None:
        twin.render_one(p, views.cameras, 0).sum().backward()

    with torch.no_grad():
        forward = milliseconds(lambda: twin.render_one(p, views.cameras, 0), 1, 2)
    return forward, milliseconds(backward, 1, 2), milliseconds(step, 1, 2)


def prototype(library: str, splats: Splats, views: Views) -> tuple[float, float, float]:
    """The same of the prototype's C library (``cppsplat.py``)."""
    import cppsplat

    n, cameras = len(splats), views.cameras
    work = cppsplat.Work(n, cameras.width, cameras.height, library)
    vectors = np.stack([cppsplat.camvec(v, cameras.intrinsics) for v in cameras.world_to_camera])
    opacity = 1 / (1 + np.exp(-splats.opacity_logits))
    rgb = 0.5 + 0.28209479 * splats.colours
    parts = (splats.positions.T, splats.quaternions.T, splats.log_scales.T)
    work.setp(*parts, opacity, rgb.T)
    white, gradient = np.ones(3, np.float32), np.ones((3, cameras.height, cameras.width), np.float32)
    calls = max(1, 20_000 // n)
    forward = milliseconds(lambda: work.fwd(vectors[0], white), calls, 7)
    backward = milliseconds(lambda: work.bwd(gradient), calls, 7)
    targets = np.ascontiguousarray(views.images.transpose(0, 3, 1, 2))
    logits = cppsplat.pad(splats.opacity_logits[None], work.S)[0]
    rates = np.full(14, 1e-6, np.float32)
    handle = work.L.fit_new(
        n, cameras.width, cameras.height, len(cameras), work.P, logits, vectors, targets, rates, 0.1, white
    )
    steps = 10 * calls
    return forward, forward + backward, milliseconds(lambda: work.L.fit_steps(handle, steps), 1, 4) / steps


def build_prototype(folder: Path) -> dict[str, str]:
    """Compiles the prototype (in a copy of its folder) with 64-pixel tiles; label to library."""
    copy = Path(tempfile.mkdtemp())
    for file in folder.iterdir():
        if file.suffix in (".cpp", ".py", ".h"):
            (copy / file.name).write_bytes(file.read_bytes())
    sys.path.insert(0, str(copy))
    import cppsplat

    cppsplat.build("v3", "-march=x86-64-v3", 8, 64)
    cppsplat.build("native", "-march=native", 16, 64)
    return {"prototype, AVX2": "v3", "prototype, 16 lanes": "native"}


def command(size: int, count: int, iterations: int) -> None:
    """Wall-clock and processor time of the whole ``vid3d fit`` command, start of the process included."""
    cameras = orbit(18, size)
    images = np.clip(render(scene(count), cameras), 0, 1)
    with tempfile.TemporaryDirectory() as folder:
        strip, ply = Path(folder, "frame-00.png"), Path(folder, "frame-00.ply")
        files.save_filmstrip(strip, images, files.Provenance("views", "{}"))
        for preset_name in ("as-written", "as-released"):
            spec = f'{{"backend": "cpu", "preset": "{preset_name}", "splats": {count}, "iterations": {iterations}'
            spec += f', "maximum": {2 * count}}}'
            given = ["--spec", spec, "--image", "x", "--frames", "0", "--orbit", strip, "--output", ply]
            start, before = time.perf_counter(), os.times()
            subprocess.run([Path(sys.executable).with_name("vid3d"), "fit", *map(str, given)], check=True)
            wall, after = time.perf_counter() - start, os.times()
            cpu = after.children_user + after.children_system - before.children_user - before.children_system
            what = f"vid3d fit, {size} px, {count} splats, {iterations} steps, {preset_name}"
            print(f"{what}: {wall:.2f} s, of it {cpu:.2f} s processor time")


def views_of(splats: Splats, cameras: Cameras) -> Views:
    """Targets: the same splats, slightly larger, so that gradients are neither zero nor wild."""
    larger = replace(splats, log_scales=splats.log_scales + np.float32(0.2))
    return Views(np.clip(render(larger, cameras), 0, 1), cameras)


def main() -> None:
    """Prints one table per size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prototype", type=Path, help="folder with cppsplat.py and cppsplat.cpp")
    parser.add_argument("--large", action="store_true", help="also 256 px and 512 px")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    libraries = build_prototype(arguments.prototype) if arguments.prototype else {}
    for size, count in SMALL + (LARGE if arguments.large else []):
        splats, cameras = scene(count), orbit(18, size)
        views = views_of(splats, cameras)
        rows = {}
        if load("portable").supports_avx2():
            rows["ours, AVX2"] = ours("avx2", splats, views)
        rows["ours, portable"] = ours("portable", splats, views)
        for label, library in libraries.items():
            rows[label] = prototype(library, splats, views)
        if (size, count) == SMALL[0]:
            rows["torch twin, float64"] = torch_twin(splats, views)
        reference = next(iter(rows.values()))[2]
        print(f"\n{size} px, {count} splats: ms of CPU time    forward   + gradients        step   step, ratio")
        for label, times in rows.items():
            print(
                f"  {label:<42}" + "".join(f"{t:>10.3f}  " for t in times) + f"{times[2] / reference:>10.2f}",
                flush=True,
            )
    print()
    command(64, 2000, 500)


if __name__ == "__main__":
    main()
