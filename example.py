"""Vid3D on a page: one image -> a moving 3D scene -> its CLIP-I.   python example.py [RUN [FOLDER]]

The functions and settings that `snakemake` uses, without files between them, on three moments of RUN's first image.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from vid3d import cameras, files, randomness
from vid3d.images.reference import make_reference
from vid3d.measures import metrics
from vid3d.scene import Float32, Views
from vid3d.stages import build
from vid3d.study.benchmark import load_benchmark
from vid3d.study.parsing import load_study

FRAMES = 3  # the paper: all 25


def through_a_file(images: Float32) -> Float32:
    """Images as the next stage finds them in a file: of 8 bits."""
    return files.to_uint8(images).astype(np.float32) / np.float32(255)


def example(run_name: str = "quick", folder: Path = Path()) -> tuple[float, float]:
    """Both definitions of CLIP-I; a picture and a PLY for each moment lie in ``folder`` then."""
    run = load_study(["config/study.yaml"], {}, Path()).runs[run_name]
    name, motion, views = run.images[0], run.motion_scores[0], run.view_counts[0]  # at the paper's 120 and 18

    # 0  the reference image, cut out on white
    reference = make_reference(name, load_benchmark(run.benchmark, None, Path())[name], run.reference)

    # 1  a video model animates it (paper, section 3.1)
    clip = build(run.seed)(reference, motion, randomness.generator(run.seed.seed, "seed", name))
    clip = replace(clip, images=through_a_file(clip.images))

    # 2  a multi-view model turns each frame into views on an orbit (3.2)
    look_around, orbits = build(run.views), []
    for k in range(FRAMES):
        made = look_around(clip.frame(k, motion, reference), randomness.generator(run.views.seed, "views", name, k))
        orbits.append(Views(through_a_file(made.images), made.cameras))

    # 3  Gaussians are fitted to each frame, independently of all others: the paper's claim (3.3)
    used = cameras.view_indices(run.views.count, views)
    moments = [Views(orbit.images[used], orbit.cameras.select(used)) for orbit in orbits]
    fitted = build(run.splat)(moments, [randomness.generator(run.splat.seed, "splat", name, k) for k in range(FRAMES)])

    # 4  ten cameras on an orbit look at them
    draw, around = build(run.render), cameras.orbit(cameras.EVALUATION_CAMERAS, run.render.size)
    renders = [files.to_uint8(draw(splats, around, reference)) for splats, _ in fitted]

    # 5  CLIP compares what they see with the reference: the source image (4.1), or the first render (released code)
    embed = build(run.score)
    embedded = np.stack([embed(list(images)) for images in renders])
    by_source = metrics.overall_mean(metrics.cosines(embedded, embed([files.to_uint8(reference.image)])[0]))
    by_itself = metrics.self_reference(metrics.cosines(embedded, embedded[0, 0]))

    files.save_picture(folder / "vid3d.png", np.concatenate([np.concatenate(list(row), axis=1) for row in renders]))
    for k, (splats, _) in enumerate(fitted):
        provenance = files.Provenance("splat", run.splat.argument(), {"image": name, "frame": k})
        files.save_splats(folder / f"vid3d-{k}.ply", splats, provenance)
    print(f"{name}: CLIP-I {by_source:.4f} against the source image, {by_itself:.4f} against the first render")
    return by_source, by_itself


if __name__ == "__main__":
    example(*sys.argv[1:2], *map(Path, sys.argv[2:3]))
