"""Heat maps: where around the object, and when, CLIP-I is lost; the mean over images, and every image."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.figures.catalogue import Drawn
from vid3d.figures.sheet import PAGE, Sheet, grey, wrapped
from vid3d.figures.source import Source, listed
from vid3d.scene import Float64
from vid3d.study import figure_list

COSINES = "source_reference"  # the paper's definition: the source image
_CELL = 8  # pixels that stand for a value: viewers smooth what they enlarge
_LEFT, _APART, _RIGHT = 0.42, 0.3, 0.06  # inches: for the frames' ticks; between mean and images; at the right edge
_MEAN, _MEAN_HEIGHT = 1.3, 0.95  # inches: the map of the mean
_WIDEST, _TALL, _ACROSS, _MOST = 1.1, 0.42, 0.06, 8  # small maps: width at most, height, inches between, in a line
_TITLE, _NAME, _TICKS, _BAR = 0.2, 0.26, 0.42, 0.4  # inches: above a run; above a map; below a run; for colour bars


def maps(source: Source) -> Drawn:
    """A block for each run whose scores mean something, at its base condition, one colour scale for all."""
    runs = figure_list.scored(source.study, source.report)
    tables = {name: _tables(source, name) for name in runs}
    means = {name: np.mean(list(found.values()), axis=0) for name, found in tables.items()}
    of_means = _scale(list(means.values()))
    of_images = _scale([table for found in tables.values() for table in found.values()])
    height = _BAR + sum(_block_height(len(found)) for found in tables.values())
    sheet = Sheet(PAGE, height, source.stamp(*runs))
    top = _BAR
    for name, found in tables.items():
        _block(sheet, top, runs[name].title, found, means[name], of_means, of_images)
        top += _block_height(len(found))
    _bar(sheet, _LEFT, _MEAN, of_means, "CLIP-I, mean")
    _bar(sheet, _LEFT + _MEAN + _APART, 2.0, of_images, "CLIP-I, each image")
    first = next(iter(runs))
    cameras = means[first].mean(axis=0)
    conditions = [f"motion {run.motion_scores[0]}, {run.view_counts[0]} views" for run in runs.values()]
    words = {
        "runs": source.titled(list(runs)),
        "run": runs[first].title,
        "images": listed(sorted({len(found) for found in tables.values()})),
        "frames": listed(sorted({run.used_frames for run in runs.values()})),
        "conditions": listed(list(dict.fromkeys(conditions))),
        "range": f"{of_images.vmin:.2f} to {of_images.vmax:.2f}",
        "mean_range": f"{of_means.vmin:.2f} to {of_means.vmax:.2f}",
        "best": f"{360 * int(cameras.argmax()) // EVALUATION_CAMERAS}°, {cameras.max():.3f}",
        "worst": f"{360 * int(cameras.argmin()) // EVALUATION_CAMERAS}°, {cameras.min():.3f}",
    }
    return Drawn(sheet.figure, words, stamp="; ".join(source.stamps(*runs)))


def _tables(source: Source, name: str) -> dict[str, Float64]:
    """(frames, cameras) of every image of a run at its base condition."""
    return {
        str(image): group.pivot(index="frame", columns="camera", values=COSINES).to_numpy(float)
        for image, group in source.at_base(source.mean_scores, name).groupby("image", sort=False)
    }


def _scale(tables: list[Float64]) -> Normalize:
    """The colours of these values."""
    return Normalize(min(float(table.min()) for table in tables), max(float(table.max()) for table in tables))


def _block_height(images: int) -> float:
    return _TITLE + max(_NAME + _MEAN_HEIGHT, math.ceil(images / _MOST) * (_NAME + _TALL)) + _TICKS


def _block(
    sheet: Sheet,
    top: float,
    title: str,
    tables: dict[str, Float64],
    mean: Float64,
    of_means: Normalize,
    of_images: Normalize,
) -> None:
    """The mean of a run's images at the left, its images at the right."""
    sheet.text(_LEFT, top + _TITLE / 2, wrapped(title, 2 * PAGE)[0], ha="left")
    top += _TITLE
    sheet.text(_LEFT + _MEAN / 2, top + _NAME - 0.07, f"mean of {len(tables)} image{'s' if len(tables) > 1 else ''}")
    axes = sheet.axes(_LEFT, top + _NAME, _MEAN, _MEAN_HEIGHT)
    _map(axes, mean, of_means)
    frames = len(mean)
    axes.set_xticks([0, 90, 180, 270], ["0°", "90°", "180°", "270°"])
    axes.set_yticks([0, frames - 1] if frames > 1 else [0])
    axes.set_xlabel("azimuth", labelpad=1)
    axes.set_ylabel("frame", labelpad=-4)
    across = min(_MOST, len(tables))
    room = PAGE - _LEFT - _MEAN - _APART - _RIGHT
    width = min(_WIDEST, (room - _ACROSS * (across - 1)) / across)
    tall = _MEAN_HEIGHT if len(tables) <= _MOST else _TALL
    for number, (image, table) in enumerate(tables.items()):
        line, place = divmod(number, across)
        left = _LEFT + _MEAN + _APART + place * (width + _ACROSS)
        upper = top + line * (_NAME + tall)
        lines = wrapped(image, width)
        for back, words in enumerate(reversed(lines)):
            sheet.text(left + width / 2, upper + _NAME - 0.07 - 0.11 * back, words)
        small = sheet.axes(left, upper + _NAME, width, tall)
        _map(small, table, of_images)
        small.set(xticks=[], yticks=[])


def _map(axes: Axes, table: Float64, scale: Normalize) -> None:
    """Azimuth to the right, time downwards."""
    frames, cameras = table.shape
    half = 180 / cameras
    enlarged = np.kron(table, np.ones((_CELL, _CELL)))
    extent = (-half, 360 - half, frames - 0.5, -0.5)
    axes.imshow(enlarged, aspect="auto", extent=extent, norm=scale)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=2, width=0.5)


def _bar(sheet: Sheet, left: float, width: float, scale: Normalize, words: str) -> None:
    """A colour bar, and what it counts."""
    sheet.text(left, 0.06, words, ha="left", color=grey())
    axes = sheet.bar(left, 0.13, width, scale, 0.08)
    axes.locator_params(axis="x", nbins=4, prune="both")  # the bars' ends are near each other
