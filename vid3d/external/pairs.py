"""Front camera against another one: what a method's videos of one image say at camera 0 and at the camera beside it.

Camera 0 sees what the seed video shows; every other camera sees what was generated.  Pairs are of the same image, so
what differs between images drops out; what differs because another side of an object moves otherwise does not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vid3d.errors import InputError
from vid3d.external import methods, scoring
from vid3d.files import load_rows
from vid3d.indicators import STEADINESS, of_video
from vid3d.measures import metrics
from vid3d.randomness import generator
from vid3d.study.specs.score import ClipEmbed

CLIP_I = {"source_reference": "CLIP-I, source reference", "self_reference": "CLIP-I, self reference"}
"""Titles of the two definitions of CLIP-I: the paper's, and the released script's.  Of these more is better."""


def steadiness(
    name: str, method: methods.Method, root: Path
) -> tuple[list[dict[str, Any]], dict[str, scoring.Extent], list[scoring.LeftOut]]:
    """The indicators of each camera of each image of a method, by itself.

    The random orders of frames are those of the image, the same for all of its cameras.

    Args:
        root: the folder that holds ``benchmark/`` and what the method's clips name.

    Returns:
        One row per image, camera and name of ``indicators.STEADINESS``: image, camera, indicator and value; the images
        that they cover; and those that lack something.

    Raises:
        InputError: a file that is damaged or of another kind, no image that is complete, or clips that are too short,
            too small or not square.
    """
    rows: list[dict[str, Any]] = []
    covered: dict[str, scoring.Extent] = {}
    left_out = []
    for image, clips in scoring.footage(name, method, root):
        if isinstance(clips, scoring.LeftOut):
            left_out.append(clips)
            continue
        covered[image] = scoring.Extent(frames=len(next(iter(clips.values()))), cameras=tuple(clips))
        for camera, frames in clips.items():
            try:
                pictures = np.stack(frames).astype(np.float32) / np.float32(255)
                found = of_video(pictures, generator(0, "shuffled", image))
            except ValueError as error:
                raise InputError(f"{name}: {image}, camera {camera}: {error}; replace the clip") from None
            rows += [{"image": image, "camera": camera, "indicator": k, "value": v} for k, v in found.items()]
    return rows, covered, left_out


def load(path: Path) -> list[dict[str, Any]]:
    """The rows of ``steadiness`` from a file.

    Raises:
        InputError: a file that is missing or not understood.
    """
    rows = load_rows(path, {"image": str, "camera": int, "indicator": str, "value": float})
    for row in rows:
        if row["indicator"] not in STEADINESS:
            raise InputError(f"{path}: unknown indicator {row['indicator']!r}; delete it and run again")
    return rows


def clip_i(path: Path) -> tuple[list[dict[str, Any]], ClipEmbed]:
    """CLIP-I of each camera by both definitions, from a method's scores, in rows like those of ``steadiness``.

    An image's score under either definition is the mean over its cameras.

    Returns:
        The rows, and the embedder.

    Raises:
        InputError: names the file and the first row that is missing or out of range.
    """
    _, spec, scores = scoring.load(path)
    rows = []
    for name in CLIP_I:
        for image, group in scores.groupby("image", sort=False):
            table = group.pivot(index="frame", columns="camera", values=name)
            cosines = table.to_numpy(float)
            released = name == "self_reference"
            values = metrics.self_reference_per_camera(cosines) if released else cosines.mean(axis=0)
            for camera, value in zip(table.columns, values, strict=True):
                rows.append({"image": image, "camera": int(camera), "indicator": name, "value": float(value)})
    return rows, spec


@dataclass(frozen=True)
class Pair:
    """Camera 0 beside another camera of the same image.

    Attributes:
        camera: the other one.
        front: camera 0's value.
        side: the other one's.
    """

    indicator: str
    image: str
    camera: int
    front: float
    side: float

    @property
    def ratio(self) -> float:
        """Side over front; NaN where the front has 0."""
        return self.side / self.front if self.front else math.nan


@dataclass(frozen=True)
class Contrast:
    """One indicator over all pairs.

    Attributes:
        title: the indicator's, for readers.
        higher: in how many pairs the side camera has more.
        ratio: geometric mean of side over front; NaN where a pair has no positive one.
    """

    indicator: str
    title: str
    pairs: tuple[Pair, ...]
    higher: int
    ratio: float


def contrasts(rows: Sequence[dict[str, Any]]) -> list[Contrast]:
    """Camera 0 beside each other camera of the same image, by indicator.

    Args:
        rows: image, camera, indicator and value, as ``steadiness`` and ``clip_i`` give them.

    Raises:
        InputError: no image has camera 0 and another one.
    """
    titles = {name: kind.title for name, kind in STEADINESS.items()} | CLIP_I
    values = {(str(row["indicator"]), str(row["image"]), int(row["camera"])): float(row["value"]) for row in rows}
    found: dict[str, list[Pair]] = {}
    for (name, image, camera), side in values.items():
        front = values.get((name, image, 0))
        if camera and front is not None:
            found.setdefault(name, []).append(Pair(name, image, camera, front, side))
    if not found:
        raise InputError("no image has camera 0 and another camera; pairs need both")
    return [
        Contrast(
            indicator=name,
            title=titles[name],
            pairs=tuple(pairs),
            higher=sum(pair.side > pair.front for pair in pairs),
            ratio=_geometric_mean([pair.ratio for pair in pairs]),
        )
        for name, pairs in found.items()
    ]


def _geometric_mean(ratios: list[float]) -> float:
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if all(ratio > 0 for ratio in ratios) else math.nan
