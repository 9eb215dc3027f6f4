from collections.abc import Sequence
from pathlib import Path

from vid3d import files, journal, randomness
from vid3d.errors import InputError
from vid3d.stages import build
from vid3d.study.specs.seed import SeedSpec


def run(*, spec: SeedSpec, reference: tuple[Path, Path, Path], motion: Sequence[int], output: Sequence[Path]) -> None:
    """Reference to seed videos.

    Args:
        spec: the backend and its settings.
        reference: the reference image's three files.
        motion: the motion score asked for, of each clip.
        output: a PNG for each frame, clip by clip.
    """
    image = files.load_reference(reference)
    clips = list(zip(motion, files.by_clip(output, len(motion), "--output"), strict=True))
    generate = build(spec)
    for score, paths in clips:
        with journal.part():
            clip = generate(image, score, randomness.generator(spec.seed, "seed", image.name))
            if len(clip.images) != len(paths):
                raise InputError(f"--output: the clip has {len(clip.images)} frames, but {len(paths)} are named")
            item = {"image": image.name, "motion": score}
            files.save_clip(paths, clip, files.Provenance("seed", spec.argument(), item))
