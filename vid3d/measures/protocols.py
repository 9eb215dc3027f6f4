"""The protocol matrix: what CLIP-I is compared with, and whether the reference counts itself.

Every protocol is a mean of cosines that ``scores.csv`` holds unaggregated, so that all of them come from the same
renders and embeddings.  With F frames, C cameras and S the mean of an image's F C cosines with the reference:

======================== ================================================ ==================================
protocol                 reference                                        an image's score
======================== ================================================ ==================================
source_reference         the source image (the paper's definition)        S
foreground_reference     the source, cut out, recentred, on white         S
self_reference           render of frame 0 at camera 0; it is counted     (1 + F S) / (F + 1)
                         once more in each camera's mean (the released
                         script; 26 values for 25 frames)
self_reference_once      the same render, counted as one of the F C       S
self_reference_left_out  the same render, left out altogether             (F C S - 1) / (F C - 1)
======================== ================================================ ==================================

A score of several images is the mean of theirs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vid3d.measures import metrics
from vid3d.scene import Float32, Float64

COSINES = ("source_reference", "foreground_reference", "self_reference")  # columns of scores.csv


@dataclass(frozen=True)
class Protocol:
    """One way of making a clip's cosines a score.

    Attributes:
        name: as it heads the columns of tables.
        title: a few words for a reader.
        short: fewer, over a column of a printed table.
        cosines: the column of scores.csv that holds the cosines with its reference.
        mean: (frames, cameras) cosines, the reference's own at [0, 0] where it is a render, to the score.
    """

    name: str
    title: str
    short: str
    cosines: str
    mean: Callable[[Float64], float]


MATRIX = (
    Protocol("source_reference", "source image", "Source image", "source_reference", metrics.overall_mean),
    Protocol(
        "foreground_reference",
        "preprocessed source",
        "Preprocessed source",
        "foreground_reference",
        metrics.overall_mean,
    ),
    Protocol(
        "self_reference",
        "first render, counted again (released)",
        "First render, released",
        "self_reference",
        metrics.self_reference,
    ),
    Protocol(
        "self_reference_once",
        "first render, counted once",
        "First render, once",
        "self_reference",
        metrics.overall_mean,
    ),
    Protocol(
        "self_reference_left_out",
        "first render, left out",
        "First render, left out",
        "self_reference",
        metrics.self_reference_left_out,
    ),
)
NAMES = tuple(protocol.name for protocol in MATRIX)
SHORT = {protocol.name: protocol.short for protocol in MATRIX}


def compare(
    renders: Float32, source: Float32 | None, foreground: Float32 | None, first: bool = True
) -> dict[str, Float64]:
    """The cosines from which all protocols come.

    Args:
        renders: (frames, cameras, d) embeddings.
        source: (d,) embedding of the source image, None without one.
        foreground: (d,) embedding of the preprocessed source, None without one.
        first: whether the render at [0, 0] is that of camera 0.

    Returns:
        (frames, cameras) float64 by column of ``COSINES``, NaN without the reference.
    """
    references = (source, foreground, renders[0, 0] if first else None)
    nothing = np.full(renders.shape[:2], np.nan)
    return {
        column: nothing if reference is None else metrics.cosines(renders, reference)
        for column, reference in zip(COSINES, references, strict=True)
    }


def rows(compared: Mapping[str, Float64], cameras: Sequence[int] | None = None) -> Iterator[dict[str, Any]]:
    """One row per frame and camera: frame, camera and the columns of ``compare``.

    Args:
        compared: (frames, cameras) float64 by column.
        cameras: their numbers; None counts them from 0.
    """
    frames, count = next(iter(compared.values())).shape
    for frame in range(frames):
        for index, camera in enumerate(range(count) if cameras is None else cameras):
            yield {"frame": frame, "camera": camera} | {
                column: table[frame, index] for column, table in compared.items()
            }


def evaluate(cosines: Mapping[str, Float64]) -> dict[str, float]:
    """An image's score under each protocol; NaN where the cosines with its reference are not there.

    Args:
        cosines: (frames, cameras) float64 by column of ``COSINES``, all NaN where there is no such reference.
    """
    scores = {}
    for protocol in MATRIX:
        table = cosines[protocol.cosines]
        scores[protocol.name] = float("nan") if np.isnan(table).all() else protocol.mean(table)
    return scores
