from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vid3d import cameras, files, journal, procedural
from vid3d.errors import InputError
from vid3d.indicators import Indicators, of_clip, reduced
from vid3d.scene import Cameras, Float32, Reference

MOMENTS = 4  # at which views are compared with each other: more say much the same


def run(
    *,
    reference: tuple[Path, Path, Path],
    motion: Sequence[int],
    views: Sequence[int],
    renders: Sequence[Path],
    orbit: Sequence[Path] = (),
    generated: int = cameras.GENERATED_VIEWS,
    truth: bool = False,
    embeddings: Sequence[Path],
    output: Sequence[Path],
) -> None:
    """Renders, embeddings and, where they are what the renders show, views to the indicators of clips of an image.

    Beside each stands what the truth itself has, if the image is of a procedural object, which moves as it is told.

    Args:
        reference: the reference image's three files.
        motion: the motion score that was asked for, of each clip.
        views: how many were fitted, of each clip.
        renders: a filmstrip for each frame, clip by clip.
        orbit: the generated views of the same frames, clip by clip, if the renders show them.
        generated: views in each of these.
        truth: the renders show the true motion of a procedural object, so that what stands still is known.
        embeddings: NPZ with those of the renders, of each clip.
        output: CSV to write for each clip.
    """
    if not len(motion) == len(views) == len(embeddings) == len(output):
        raise InputError("--motion, --views, --embeddings and --output must name equally many clips")
    image = files.load_reference(reference)
    if truth and image.procedural is None:
        raise InputError(f"{reference[2]}: not a procedural object, so there is no truth; leave --truth out")
    clips = zip(
        files.by_clip(renders, len(motion), "--renders"), files.by_clip(orbit, len(motion), "--orbit"), strict=True
    )
    for score, count, (strips, seen), embedding, rows in zip(motion, views, clips, embeddings, output, strict=True):
        with journal.part():
            found, own = _of_clip(image, score, strips, (seen, generated), truth, embedding)
            item = {"image": image.name, "motion": score, "views": count}
            files.save_rows(rows, [item | row for row in found.rows(own)], files.Provenance("indicators", "{}", item))


def _of_clip(
    image: Reference,
    motion: int,
    renders: Sequence[Path],
    orbit: tuple[Sequence[Path], int],
    truth: bool,
    embeddings: Path,
) -> tuple[Indicators, dict[str, float]]:
    """The indicators of one clip, and the truth's own; of ``orbit``, the paths and the number of views in each."""
    views, generated = orbit
    moments = sorted({round(moment) for moment in np.linspace(0, len(views) - 1, MOMENTS)}) if views else []
    # reduced one by one: renders of the paper's size take 800 MB
    shown = np.stack([reduced(files.load_filmstrip(path, cameras.EVALUATION_CAMERAS)) for path in renders])
    seen = [reduced(files.load_filmstrip(views[moment], generated)) for moment in moments]
    true, own = None, {}
    if image.procedural:
        described, size = procedural.ObjectSpec.from_dict(image.procedural), shown.shape[2]
        true = _truth(described, range(len(shown)), motion, cameras.orbit(cameras.EVALUATION_CAMERAS, size))
        around = _truth(described, moments, motion, cameras.orbit(generated, size)) if moments else None
        own = of_clip(true, around, truth=true).clip
    embedded = files.load_embeddings(embeddings, "renders")["renders"]
    try:
        return of_clip(shown, np.stack(seen) if seen else None, embedded, true if truth else None), own
    except ValueError as error:
        raise InputError(f"{renders[0].parent}: {error}; delete what is incomplete and run again") from None


def _truth(described: procedural.ObjectSpec, frames: Sequence[int], motion: int, seen_by: Cameras) -> Float32:
    """(frames, cameras, s, s, 3) in [0, 1]: a procedural object at some moments."""
    return np.stack([procedural.render(described, frame, motion, seen_by)[0] for frame in frames])
