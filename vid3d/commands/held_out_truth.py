import json
from collections.abc import Sequence
from pathlib import Path

from vid3d import cameras, files, procedural
from vid3d.errors import InputError


def run(
    *,
    reference: tuple[Path, Path, Path],
    motion: int,
    size: int,
    frames: Sequence[int],
    output: Sequence[Path],
) -> None:
    """Ground truth of a procedural object at the cameras that no view count trains on.

    Args:
        reference: the reference image's three files.
        motion: the motion score that the clip was asked for.
        size: side of the images in pixels.
        frames: numbers of the frames.
        output: a filmstrip for each.
    """
    image = files.load_reference(reference)
    if image.procedural is None:
        raise InputError(f"{reference[2]}: not a procedural object, so there is no ground truth")
    described = procedural.ObjectSpec.from_dict(image.procedural)
    unseen, _ = cameras.held_out(size)
    for index, path in zip(frames, output, strict=True):
        images, _ = procedural.render(described, index, motion, unseen)
        item = {"image": image.name, "motion": motion, "frame": index}
        files.save_filmstrip(path, images, files.Provenance("held-out-truth", json.dumps({"size": size}), item))
