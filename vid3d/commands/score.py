from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vid3d import files, journal
from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.errors import InputError
from vid3d.measures import protocols
from vid3d.stages import build
from vid3d.study.specs.score import EmbedSpec


def run(
    *,
    spec: EmbedSpec,
    reference: tuple[Path, Path, Path],
    motion: Sequence[int],
    views: Sequence[int],
    renders: Sequence[Path],
    embeddings: Sequence[Path],
    scores: Sequence[Path],
) -> None:
    """Renders and reference of clips of an image to embeddings and unaggregated cosines with each reference.

    Args:
        spec: the embedder.
        reference: the reference image's three files.
        motion: the motion score that was asked for, of each clip.
        views: how many were fitted, of each clip.
        renders: a filmstrip for each frame, clip by clip.
        embeddings: NPZ to write for each clip.
        scores: CSV to write for each clip, one row per frame and camera.
    """
    if not len(motion) == len(views) == len(embeddings) == len(scores):
        raise InputError("--motion, --views, --embeddings and --scores must name equally many clips")
    image = files.load_reference(reference)
    clips = files.by_clip(renders, len(motion), "--renders")
    embed = build(spec)
    source, foreground = (embed([files.to_uint8(shown)])[0] for shown in (image.image, image.foreground))
    for score, count, paths, embedding, rows in zip(motion, views, clips, embeddings, scores, strict=True):
        with journal.part():
            # one call per frame: a matrix product rounds differently in batches of another size, and a frame's score
            # must not depend on how many frames there are
            strips = (files.load_filmstrip(path, EVALUATION_CAMERAS) for path in paths)
            embedded = np.stack([embed(list(files.to_uint8(strip))) for strip in strips])
            condition = {"image": image.name, "motion": score, "views": count}
            provenance = files.Provenance("score", spec.argument(), condition)
            files.save_embeddings(embedding, provenance, renders=embedded, reference=source, foreground=foreground)
            compared = protocols.compare(embedded, source, foreground)
            files.save_rows(rows, [condition | row for row in protocols.rows(compared)], provenance)
