from collections.abc import Sequence
from pathlib import Path

from vid3d import files, randomness
from vid3d.errors import InputError
from vid3d.stages import build
from vid3d.study.specs import SeedSpec


def run(*, spec: SeedSpec, reference: tuple[Path, Path, Path], motion: int, output: Sequence[Path]) -> None:
    """Reference to seed video.

    Args:
        spec: the backend and its settings.
        reference: the reference image's three files.
        motion: the motion score asked for.
        output: a PNG for each frame of the clip.
    """
    image = files.load_reference(reference)
    clip = build(spec)(image, motion, randomness.generator(spec.seed, "seed", image.name))
    if len(clip.images) != len(output):
        raise InputError(f"--output: the clip has {len(clip.images)} frames, but {len(output)} are named")
    item = {"image": image.name, "motion": motion}
    files.save_clip(output, clip, files.Provenance("seed", spec.argument(), item))
