"""Figure 10: failure cases, chosen by number and not by eye: the images that a measure calls the worst."""

import math
from dataclasses import dataclass

import numpy as np

from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.figures import films
from vid3d.figures.catalogue import Drawn
from vid3d.figures.heatmaps import COSINES
from vid3d.figures.sheet import PAGE
from vid3d.figures.source import Source, azimuth, listed, moments
from vid3d.files import load_rows
from vid3d.indicators import INDICATORS
from vid3d.scene import UInt8
from vid3d.study import figure_list, layout
from vid3d.tables import of_indicators

COLUMNS = 6  # pictures in a row
AROUND = 6  # generated views in a row, front and back among them
DIGITS = 4  # with which values are shown
_LABEL = 1.3
_LOWEST = 2  # images by CLIP-I


@dataclass(frozen=True)
class Case:
    """A clip that was chosen, and what its row shows.

    Attributes:
        criterion: why it was chosen, in words.
        value: of the criterion.
        median: of the same criterion over all images.
        seen: which camera or frame all pictures share, in words.
        pictures: (frame, camera) from left to right.
        views: the cameras are generated views of one frame, not renders.
        truth: the truth's own value, where it is known.
    """

    clip: layout.Condition
    criterion: str
    value: float
    median: float
    seen: str
    pictures: tuple[tuple[int, int], ...]
    views: bool = False
    truth: float = math.nan


def failures(source: Source) -> Drawn:
    """The worst images of the first run whose scores mean something, at its base condition."""
    name = next(iter(figure_list.scored(source.study, source.report)))
    run = source.runs[name]
    cases = [*_by_score(source, name), *_by_indicator(source, name)]
    grid = films.Grid(PAGE, _LABEL, max(len(case.pictures) for case in cases))
    blocks = [
        films.Block(
            source.reference(case.clip, grid.pixels), (_film(source, case, grid),), _heads(case, run.views.count)
        )
        for case in cases
    ]
    sheet = films.draw(blocks, grid, source.stamp(name))
    cited = listed([f"{case.criterion} (“{case.clip.image}”)" for case in cases])
    words = source.words(name) | {
        "none": _none(cases),
        "cases": cited,
        "count": str(len(run.images or ())),
    }
    return Drawn(sheet.figure, words, stamp=run.stamp)


def _by_score(source: Source, name: str) -> list[Case]:
    """The images of the lowest CLIP-I, if below the median or the lowest, each at the camera where it is lowest."""
    rows = source.at_base(source.scores, name)
    means = rows.groupby("image", sort=False)[COSINES].mean().sort_values(kind="stable")
    median = float(means.median())
    cases = []
    for place, (image, value) in enumerate(means.items()):
        if place == 0 or (place < _LOWEST and value < median):
            cameras = rows[rows["image"] == image].groupby("camera")[COSINES].mean()
            camera = int(np.argmin(cameras.to_numpy(float)))  # groups are sorted
            shown = tuple((frame, camera) for frame in moments(source.runs[name].used_frames, COLUMNS))
            words = "lowest CLIP-I" if place == 0 else "next lowest"
            clip = source.base(name, str(image))
            cases.append(Case(clip, words, float(value), median, f"from {azimuth(camera)}", shown))
    return cases


def _by_indicator(source: Source, name: str) -> list[Case]:
    """The image that each indicator calls the worst, beyond the truth's own value on it where that is known.

    None where, as shown, the truth or the median image is as bad.
    """
    rows = source.at_base(of_indicators.collect_indicators(source.study, source.report, source.root), name)
    frames = source.runs[name].used_frames
    cases = []
    for indicator in INDICATORS.values():
        if indicator.worst is None:
            continue
        values = rows[rows["indicator"] == indicator.name].set_index("image")[["value", "truth"]]
        beyond = (values["value"] - values["truth"].fillna(0.0)).dropna()
        # not a number where it is undefined
        if not round(min(beyond.max(), beyond.max() - beyond.median()), DIGITS) > 0:
            continue
        image = str(beyond.idxmax())
        clip, (value, truth) = source.base(name, image), values.loc[image].to_numpy(float)
        if indicator.worst.over == "time":
            camera = _worst_camera(source, clip, indicator.name)
            first = max(0, (frames - COLUMNS) // 2)
            shown = tuple((frame, camera) for frame in range(first, min(frames, first + COLUMNS)))
            seen = f"from {azimuth(camera)}"
        else:
            count = source.runs[name].views.count
            chosen = [count * k // AROUND for k in range(AROUND)]
            shown, seen = tuple((frames // 2, view) for view in chosen), f"views of frame {frames // 2}"
        median, of_views = float(values["value"].median()), indicator.worst.over == "views"
        cases.append(Case(clip, indicator.worst.words, float(value), median, seen, shown, of_views, float(truth)))
    return cases


def _none(cases: list[Case]) -> str:
    """A sentence on the criteria by which no image is a failure; nothing if there is one by each."""
    chosen = {case.criterion for case in cases}
    lacking = [i.worst.words for i in INDICATORS.values() if i.worst and i.worst.words not in chosen]
    return f" None beyond the truth or the other images: {listed(lacking)}." if lacking else ""


def _worst_camera(source: Source, clip: layout.Condition, indicator: str) -> int:
    """Where an indicator is highest; the file was checked when the indicators were collected."""
    path = source.root / clip.path(layout.INDICATORS, source.study)
    values = {
        int(row["camera"]): -1.0 if math.isnan(row["value"]) else row["value"]
        for row in load_rows(path, of_indicators.INDICATOR_COLUMNS)
        if row["indicator"] == indicator and 0 <= row["camera"] < EVALUATION_CAMERAS
    }
    return max(values, key=lambda camera: values[camera], default=0)


def _heads(case: Case, count: int) -> tuple[str, ...]:
    """What stands over the pictures: frames, or of generated views, of which there are ``count``, azimuths."""
    if case.views:
        return tuple(f"{360 * view // count}°" for _, view in case.pictures)
    return tuple(f"frame {frame}" for frame, _ in case.pictures)


def _film(source: Source, case: Case, grid: films.Grid) -> films.Film:
    draw = source.view if case.views else source.render
    pictures: list[UInt8] = [draw(case.clip, frame, camera, grid.pixels) for frame, camera in case.pictures]
    digits = 3 if case.value >= 0.01 else DIGITS
    truth = "" if math.isnan(case.truth) else f", truth {case.truth:.{digits}f}"
    values = f"{case.value:.{digits}f}\n(median {case.median:.{digits}f}{truth})"
    return films.Film(f"{case.clip.image}\n{case.criterion}: {values}\n{case.seen}", tuple(pictures))
