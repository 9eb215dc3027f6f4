from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from vid3d import files, randomness
from vid3d.errors import InputError
from vid3d.scene import SeedFrame
from vid3d.stages import build
from vid3d.study.specs.views import V3dViews, ViewsSpec


def run(
    *,
    spec: ViewsSpec,
    reference: tuple[Path, Path, Path],
    motion: Sequence[int],
    frames: Sequence[int],
    seed: Sequence[Path],
    output: Sequence[Path],
    clip: Sequence[Path] = (),
) -> None:
    """Seed frames to orbit filmstrips.

    Args:
        spec: the backend and its settings.
        reference: the reference image's three files.
        motion: the motion score that was asked for, of each clip.
        frames: numbers of the frames, the same of each clip.
        seed: the frames, clip by clip.
        output: a filmstrip for each.
        clip: all seed frames, clip by clip, if the Spec needs them.
    """
    if not len(frames) * len(motion) == len(seed) == len(output):
        raise InputError("--frames, --seed and --output must name equally many items of each clip of --motion")
    image = files.load_reference(reference)
    shown: list[SeedFrame] = []
    parts = (files.by_clip(seed, len(motion), "--seed"), files.by_clip(clip, len(motion), "--clip"))
    for score, paths, whole in zip(motion, *parts, strict=True):
        loaded = [SeedFrame(*files.load_image(path), n, score, image) for n, path in zip(frames, paths, strict=True)]
        shown += _prepared(spec, loaded, paths, whole) if isinstance(spec, V3dViews) else loaded
    generate = build(spec)
    for frame, path in zip(shown, output, strict=True):
        made = generate(frame, randomness.generator(spec.seed, "views", image.name, spec.drawn_for(frame.index)))
        item = {"image": image.name, "motion": frame.motion, "frame": frame.index}
        files.save_filmstrip(path, made.images, files.Provenance("views", spec.argument(), item))


def _prepared(
    spec: V3dViews, frames: Sequence[SeedFrame], seed: Sequence[Path], clip: Sequence[Path]
) -> list[SeedFrame]:
    """The frames as V3D is shown them; made before its model is loaded, so that one without an object fails early."""
    from vid3d.images import preparation  # OpenCV, which other backends do without

    cut_out = preparation.without_model
    if spec.cutout == "rembg":
        cut_out = import_module("vid3d.backends.cutout_u2net").build(spec)
    pixels = [{path: files.load_pixels(path) for path in paths} for paths in (seed, clip)]
    images = preparation.prepare(pixels[0], spec, cut_out, pixels[1])
    return [replace(frame, image=image, alpha=None) for frame, image in zip(frames, images, strict=True)]
