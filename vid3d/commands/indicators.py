from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from vid3d import cameras, files, journal, procedural
from vid3d.errors import InputError
from vid3d.indicators import Indicators, of_clip, reduced
from vid3d.scene import Cameras, Float32

MOMENTS = 4  # at which views are compared with each other: more say much the same
# motion, frames, moments, size -> the truth's images and its own indicators
Own = Callable[[int, int, tuple[int, ...], int], tuple[Float32 | None, dict[str, float]]]


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
    shown, seen = files.by_clip(renders, len(motion), "--renders"), files.by_clip(orbit, len(motion), "--orbit")
    clips = zip(motion, views, shown, seen, embeddings, output, strict=True)
    known = lru_cache(maxsize=1)(partial(_own, image.procedural, generated))  # of one motion score at a time
    for score, count, strips, around, embedding, rows in sorted(clips, key=lambda clip: clip[0]):
        with journal.part():
            found, own = _of_clip(score, strips, (around, generated), (known, truth), embedding)
            item = {"image": image.name, "motion": score, "views": count}
            files.save_rows(rows, [item | row for row in found.rows(own)], files.Provenance("indicators", "{}", item))


def _of_clip(
    motion: int,
    renders: Sequence[Path],
    orbit: tuple[Sequence[Path], int],
    truth: tuple[Own, bool],
    embeddings: Path,
) -> tuple[Indicators, dict[str, float]]:
    """The indicators of one clip, and the truth's own.

    Args:
        motion: the motion score that was asked for.
        renders: a filmstrip for each frame.
        orbit: the paths of views and the number of views in each.
        truth: what tells the truth's images and indicators, and whether the renders show its motion.
        embeddings: NPZ with those of the renders.
    """
    views, generated = orbit
    moments = sorted({round(moment) for moment in np.linspace(0, len(views) - 1, MOMENTS)}) if views else []
    # reduced one by one: renders of the paper's size take 800 MB
    shown = np.stack([reduced(files.load_filmstrip(path, cameras.EVALUATION_CAMERAS)) for path in renders])
    seen = [reduced(files.load_filmstrip(views[moment], generated)) for moment in moments]
    true, own = truth[0](motion, len(shown), tuple(moments), shown.shape[2])
    embedded = files.load_embeddings(embeddings, "renders")["renders"]
    try:
        return of_clip(shown, np.stack(seen) if seen else None, embedded, true if truth[1] else None), own
    except ValueError as error:
        raise InputError(f"{renders[0].parent}: {error}; delete what is incomplete and run again") from None


def _own(
    described: dict[str, Any] | None, generated: int, motion: int, frames: int, moments: tuple[int, ...], size: int
) -> tuple[Float32 | None, dict[str, float]]:
    """What the evaluation cameras see of a procedural object, and its own indicators; nothing of a photograph."""
    if described is None:
        return None, {}
    spec = procedural.ObjectSpec.from_dict(described)
    true = _truth(spec, range(frames), motion, cameras.orbit(cameras.EVALUATION_CAMERAS, size))
    around = _truth(spec, moments, motion, cameras.orbit(generated, size)) if moments else None
    return true, of_clip(true, around, truth=true).clip


def _truth(described: procedural.ObjectSpec, frames: Sequence[int], motion: int, seen_by: Cameras) -> Float32:
    """(frames, cameras, s, s, 3) in [0, 1]: a procedural object at some moments."""
    return np.stack([procedural.render(described, frame, motion, seen_by)[0] for frame in frames])
