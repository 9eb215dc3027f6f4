from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vid3d import files, procedural
from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.errors import InputError
from vid3d.indicators import of_clip, reduced


def run(
    *,
    reference: tuple[Path, Path, Path],
    motion: int,
    views: int,
    renders: Sequence[Path],
    seed: Sequence[Path] = (),
    truth: bool = False,
    embeddings: Path,
    output: Path,
) -> None:
    """Renders, embeddings and, where it is what they show, the seed to the indicators of a clip.

    Args:
        reference: the reference image's three files.
        motion: the motion score that the clip was asked for.
        views: how many were fitted.
        renders: a filmstrip for each frame.
        seed: the same frames, if the renders show it.
        truth: compare with the truth of a procedural object.
        embeddings: NPZ with those of the renders.
        output: CSV to write.
    """
    image = files.load_reference(reference)
    if truth and image.procedural is None:
        raise InputError(f"{reference[2]}: not a procedural object, so there is no truth; leave --truth out")
    shown, size = [], 0
    for path in renders:  # reduced one by one: renders of the paper's size take 800 MB
        images = files.load_filmstrip(path, EVALUATION_CAMERAS)
        shown.append(reduced(images))
        size = images.shape[1]
    frames = [reduced(files.load_image(path)[0][None])[0] for path in seed]
    moments = procedural.truth(image.procedural, len(shown), motion, size) if truth and image.procedural else ()
    true = [reduced(moment) for moment in moments]
    embedded = files.load_embeddings(embeddings, "renders")["renders"]
    try:
        found = of_clip(
            np.stack(shown), np.stack(frames) if frames else None, embedded, np.stack(true) if true else None
        )
    except ValueError as error:
        raise InputError(f"{renders[0].parent}: {error}; delete what is incomplete and run again") from None
    item = {"image": image.name, "motion": motion, "views": views}
    files.save_rows(output, [item | row for row in found.rows()], files.Provenance("indicators", "{}", item))
