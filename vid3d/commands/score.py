from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vid3d import files
from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.measures import protocols
from vid3d.stages import build
from vid3d.study.specs import EmbedSpec


def run(
    *,
    spec: EmbedSpec,
    reference: tuple[Path, Path, Path],
    motion: int,
    views: int,
    renders: Sequence[Path],
    embeddings: Path,
    scores: Path,
) -> None:
    """Renders and reference to embeddings and unaggregated cosines with each reference.

    Args:
        spec: the embedder.
        reference: the reference image's three files.
        motion: the motion score that the clip was asked for.
        views: how many were fitted.
        renders: a filmstrip for each frame.
        embeddings: NPZ to write.
        scores: CSV to write, one row per frame and camera.
    """
    image = files.load_reference(reference)
    strips = [files.load_filmstrip(path, EVALUATION_CAMERAS) for path in renders]
    embed = build(spec)
    # one call per frame: a matrix product rounds differently in batches of another size, and a frame's score must not
    # depend on how many frames there are
    embedded = np.stack([embed(list(files.to_uint8(strip))) for strip in strips])
    source, foreground = (embed([files.to_uint8(shown)])[0] for shown in (image.image, image.foreground))
    condition = {"image": image.name, "motion": motion, "views": views}
    provenance = files.Provenance("score", spec.argument(), condition)
    files.save_embeddings(embeddings, provenance, renders=embedded, reference=source, foreground=foreground)
    compared = protocols.compare(embedded, source, foreground)
    files.save_rows(scores, [condition | row for row in protocols.rows(compared)], provenance)
