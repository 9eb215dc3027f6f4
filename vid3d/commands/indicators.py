from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vid3d import cameras, files, procedural
from vid3d.errors import InputError
from vid3d.indicators import of_clip, reduced
from vid3d.scene import Cameras, Float32

MOMENTS = 4  # at which views are compared with each other: more say much the same


def run(
    *,
    reference: tuple[Path, Path, Path],
    motion: int,
    views: int,
    renders: Sequence[Path],
    orbit: Sequence[Path] = (),
    generated: int = cameras.GENERATED_VIEWS,
    truth: bool = False,
    embeddings: Path,
    output: Path,
) -> None:
    """Renders, embeddings and, where they are what the renders show, views to the indicators of a clip.

    Beside each stands what the truth itself has, if the image is of a procedural object, which moves as it is told.

    Args:
        reference: the reference image's three files.
        motion: the motion score that the clip was asked for.
        views: how many were fitted.
        renders: a filmstrip for each frame.
        orbit: the generated views of each frame, if the renders show them.
        generated: views in each of these.
        truth: the renders show the true motion of a procedural object, so that what stands still is known.
        embeddings: NPZ with those of the renders.
        output: CSV to write.
    """
    image = files.load_reference(reference)
    if truth and image.procedural is None:
        raise InputError(f"{reference[2]}: not a procedural object, so there is no truth; leave --truth out")
    moments = sorted({round(moment) for moment in np.linspace(0, len(orbit) - 1, MOMENTS)}) if orbit else []
    # reduced one by one: renders of the paper's size take 800 MB
    shown = np.stack([reduced(files.load_filmstrip(path, cameras.EVALUATION_CAMERAS)) for path in renders])
    seen = [reduced(files.load_filmstrip(orbit[moment], generated)) for moment in moments]
    true, own = None, {}
    if image.procedural:
        described, size = procedural.ObjectSpec.from_dict(image.procedural), shown.shape[2]
        true = _truth(described, range(len(shown)), motion, cameras.orbit(cameras.EVALUATION_CAMERAS, size))
        around = _truth(described, moments, motion, cameras.orbit(generated, size)) if moments else None
        own = of_clip(true, around, truth=true).clip
    embedded = files.load_embeddings(embeddings, "renders")["renders"]
    try:
        found = of_clip(shown, np.stack(seen) if seen else None, embedded, true if truth else None)
    except ValueError as error:
        raise InputError(f"{renders[0].parent}: {error}; delete what is incomplete and run again") from None
    item = {"image": image.name, "motion": motion, "views": views}
    files.save_rows(output, [item | row for row in found.rows(own)], files.Provenance("indicators", "{}", item))


def _truth(described: procedural.ObjectSpec, frames: Sequence[int], motion: int, seen_by: Cameras) -> Float32:
    """(frames, cameras, s, s, 3) in [0, 1]: a procedural object at some moments."""
    return np.stack([procedural.render(described, frame, motion, seen_by)[0] for frame in frames])
