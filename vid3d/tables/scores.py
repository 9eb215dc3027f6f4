"""Scores and held-out quality of a report's runs, read from their files and checked row by row."""

import itertools
from pathlib import Path
from typing import Any

import pandas as pd

from vid3d.cameras import EVALUATION_CAMERAS, HELD_OUT_AZIMUTHS, HELD_OUT_ELEVATIONS, HELD_OUT_RAISED_AZIMUTHS
from vid3d.errors import InputError
from vid3d.files import load_rows
from vid3d.measures import protocols
from vid3d.study import layout
from vid3d.study.config import Study

HELD_OUT_CAMERAS = len(HELD_OUT_AZIMUTHS) + len(HELD_OUT_ELEVATIONS) * len(HELD_OUT_RAISED_AZIMUTHS)
CLIP = ["run", "image", "motion", "views"]  # what names a clip
QUALITY = {  # dB; the others unitless
    "psnr": (0.0, float("inf")),
    "ssim": (-1.0, 1.0),
    "iou": (0.0, 1.0),
    "gradient": (0.0, float("inf")),
    "flip": (0.0, 1.0),
}


def collect(study: Study, report: str, root: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of all clips of a report's runs, and quality at held-out cameras of those with ground truth.

    Runs of random weights (``plumbing``) are left out: nothing that follows has their scores.

    Args:
        study: restricted by ``study.only(report)``.
        root: the folder that holds ``results/``.

    Returns:
        Scores, one row per frame and evaluation camera: run, image, motion, views, frame, camera (int64) and
        ``protocols.COSINES`` (float64, in [-1, 1]).  Held-out quality, one row per frame and
        held-out camera: run, image, motion, views, frame, camera, azimuth and elevation (degrees), and ``QUALITY``.

    Raises:
        InputError: names the first missing (run, image, motion, views, frame, camera) or the first bad value.
    """
    scores, held_out = [], []
    for name in study.reports[report].runs:
        run = study.runs[name]
        if run.plumbing:
            continue
        if not run.images:
            raise InputError(f"runs.{name}: has no images; give some with `images` (or `image` for a picture of yours)")
        for clip in layout.conditions(study, name):
            path = root / clip.path(layout.SCORES, study)
            limits = dict.fromkeys(protocols.COSINES, (-1.0, 1.0))
            scores.append(_rows(path, clip, run.used_frames, EVALUATION_CAMERAS, limits))
            if run.ground_truth:
                path = root / clip.path(layout.HELD_OUT, study)
                held_out.append(_rows(path, clip, run.used_frames, HELD_OUT_CAMERAS, QUALITY, "azimuth", "elevation"))
    return (
        _stacked(scores, [*CLIP, "frame", "camera", *protocols.COSINES]),
        _stacked(held_out, [*CLIP, "frame", "camera", "azimuth", "elevation", *QUALITY]),
    )


def _stacked(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _rows(
    path: Path,
    clip: layout.Condition,
    frames: int,
    cameras: int,
    limits: dict[str, tuple[float, float]],
    *others: str,
) -> pd.DataFrame:
    """The rows of one clip's CSV that the study uses, in order of frame and camera, checked, with the run's name."""
    where = f"run {clip.run}, image {clip.image}, motion {clip.motion}, views {clip.views}"
    columns: dict[str, type[int | float]] = {"frame": int, "camera": int} | dict.fromkeys((*others, *limits), float)
    table = pd.DataFrame(load_rows(path, columns, f"{where}, frame 0, camera 0"), columns=list(columns))
    if table.duplicated(["frame", "camera"]).any():
        raise InputError(f"{path}: lists a frame and camera twice; delete it and run again")
    table = table.set_index(["frame", "camera"])
    for frame, camera in itertools.product(range(frames), range(cameras)):
        if (frame, camera) not in table.index:
            raise InputError(f"{path}: missing row: {where}, frame {frame}, camera {camera}; delete it and run again")
    table = table.loc[list(itertools.product(range(frames), range(cameras)))].reset_index()
    for column, (low, high) in limits.items():
        wrong = table[~table[column].between(low - 1e-6, high + 1e-6)]
        if len(wrong):
            at = f"{where}, frame {wrong['frame'].iloc[0]}, camera {wrong['camera'].iloc[0]}"
            raise InputError(
                f"{path}: {column} {wrong[column].iloc[0]} at {at} is out of range; delete it and run again"
            )
    identity: dict[str, Any] = {"run": clip.run, "image": clip.image, "motion": clip.motion, "views": clip.views}
    return table.assign(**identity)[[*identity, "frame", "camera", *others, *limits]]
