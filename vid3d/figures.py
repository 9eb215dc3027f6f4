"""Figures 2, 3 and 4: filmstrips of the renders over time, at the width of one column, as SVG.

Figure 2 shows two images at two cameras, Figure 3 one image at each view count, Figure 4 one image at each motion
score.  The run that a figure shows is the first of the report that draws splats and varies what the figure is about; if
none does, the figure has the one row that there is, and its caption says so.
"""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from vid3d import layout
from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.config import Study, read_yaml
from vid3d.errors import InputError
from vid3d.files import atomic, load_image, to_uint8
from vid3d.scene import UInt8

NUMBERS = (2, 3, 4)
FRONT, SIDE, BACK = 0, 3, 5  # evaluation cameras, at azimuths 0, 108 and 180 degrees
COLUMNS = 6  # moments at most
RESOLUTION = 320  # pixels per inch of embedded images at most
STYLE, CAPTIONS = "reports/figures.mplstyle", "reports/captions.yaml"
# inches; a figure of few moments has larger tiles
_LARGEST = 0.8
_WIDTH, _GAP, _LABEL, _HEAD, _FOOT, _LINE = 3.45, 0.02, 0.4, 0.15, 0.06, 0.085


@dataclass(frozen=True)
class Strip:
    """One row of a figure: a clip seen by one camera, and what tells it from the other rows."""

    clip: layout.Condition
    camera: int
    label: str


@dataclass(frozen=True)
class Plan:
    """What a figure shows.

    Attributes:
        groups: rows that share an image, and so the reference beside them.
        frames: frame number of each column.
        values: what the rows compare, in words; alone: nothing is compared, for want of a run that varies it.
    """

    run: str
    groups: tuple[tuple[Strip, ...], ...]
    frames: tuple[int, ...]
    values: str
    alone: bool


# --- planning --------------------------------------------------------------------------------------------------------


def plan(number: int, study: Study, report: str) -> Plan:
    """What Figure ``number`` shows of a report.

    Raises:
        InputError: no run of the report draws splats, or the chosen one has no images.
    """
    vary = {2: "images", 3: "view_counts", 4: "motion_scores"}[number]
    names = [name for name in study.reports[report].runs if not study.runs[name].render.control]
    if not names:
        raise InputError(f"reports.{report}.runs: only controls, which figures cannot show; name another run")
    varied = [name for name in names if len(getattr(study.runs[name], vary) or ()) > 1]
    name = (varied or names)[0]
    run = study.runs[name]
    if not run.images:
        raise InputError(f"runs.{name}: has no images; give some with `images` (or `image` for a picture of yours)")
    motion, views = run.conditions[0]
    first = run.images[0]
    if number == 2:
        groups = tuple(
            tuple(
                Strip(layout.Condition(name, image, motion, views), camera, azimuth(camera)) for camera in (FRONT, SIDE)
            )
            for image in run.images[:2]
        )
        values = f"{views} views, motion {motion}"
    elif number == 3:
        counts = sorted(run.view_counts)
        # few views cost little where they stand; the back is where three of them leave the widest gap
        rows = tuple(Strip(layout.Condition(name, first, motion, n), BACK, f"{n} views") for n in counts)
        groups, values = (rows,), f"{_list(counts)} views"
    else:
        scores = sorted(run.motion_scores)
        rows = tuple(Strip(layout.Condition(name, first, m, views), FRONT, f"motion {m}") for m in scores)
        groups, values = (rows,), f"motion {_list(scores)}"
    return Plan(name, groups, moments(run.used_frames), values, alone=not varied)


def moments(frames: int) -> tuple[int, ...]:
    """Frame numbers of at most ``COLUMNS`` columns, first and last frame included, evenly spaced."""
    return tuple(int(frame) for frame in np.unique(np.linspace(0, frames - 1, min(COLUMNS, frames)).round()))


def azimuth(camera: int) -> str:
    """Where an evaluation camera stands."""
    return f"{360 * camera // EVALUATION_CAMERAS}°"


def _list(items: Sequence[object]) -> str:
    """The items as words: a, b and c."""
    *others, last = map(str, items)
    return f"{', '.join(others)} and {last}" if others else last


def title(number: int, root: Path) -> str:
    """The title of a figure."""
    return str(_captions(number, root)["title"])


def caption(number: int, study: Study, report: str, root: Path) -> str:
    """The caption of a figure, which says what is shown and what could not be compared."""
    planned = plan(number, study, report)
    strips = [strip for group in planned.groups for strip in group]
    cameras = sorted({strip.camera for strip in strips})
    words = {
        "run": study.runs[planned.run].title,
        "images": _list([f"“{group[0].clip.image}”" for group in planned.groups]),
        "cameras": ("the camera at " if len(cameras) == 1 else "the cameras at ")
        + _list([azimuth(c) for c in cameras]),
        "times": f"frames {_list(planned.frames)} of {study.runs[planned.run].used_frames}",
        "values": planned.values,
    }
    texts = _captions(number, root)
    parts = [texts["caption"], texts["alone"] if planned.alone else ""]
    return " ".join(part.format(**words).strip() for part in parts if part)


def _captions(number: int, root: Path) -> dict[str, str]:
    texts: dict[str, str] = read_yaml(root / CAPTIONS)[f"figure{number}"]
    return texts


# --- drawing ---------------------------------------------------------------------------------------------------------


def figure2(study: Study, report: str, root: Path) -> Path:
    """Two images at two cameras over time."""
    return _write(2, study, report, root)


def figure3(study: Study, report: str, root: Path) -> Path:
    """One image at each view count over time."""
    return _write(3, study, report, root)


def figure4(study: Study, report: str, root: Path) -> Path:
    """One image at each motion score over time."""
    return _write(4, study, report, root)


def write(study: Study, report: str, root: Path) -> list[Path]:
    """Write ``figures/figure{2,3,4}.svg`` of a report; returns their paths.

    Args:
        study: restricted by ``study.only(report)``.
        root: the folder that holds ``results/`` and ``reports/``.

    Raises:
        InputError: a filmstrip or reference that is missing, corrupt or of another shape.
    """
    return [figure2(study, report, root), figure3(study, report, root), figure4(study, report, root)]


def tile(path: Path, index: int, count: int, size: int) -> UInt8:
    """One of ``count`` square images side by side in a PNG, (s, s, 3) uint8 on white, at most ``size`` pixels wide."""
    image, _ = load_image(path)
    height, width = image.shape[:2]
    if width != count * height:
        raise InputError(f"{path}: {width} x {height} pixels are not {count} square images side by side; run it again")
    cut = Image.fromarray(to_uint8(image[:, index * height : (index + 1) * height]))
    return np.asarray(cut.resize((size, size), Image.Resampling.LANCZOS) if height > size else cut)


def _write(number: int, study: Study, report: str, root: Path) -> Path:
    planned = plan(number, study, report)
    path = root / layout.FIGURE.format(report=report, number=number)
    with style.context(root / STYLE):
        figure = _draw(planned, study, root)
        with atomic(path) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None, "Title": title(number, root)})
    return path


def _draw(planned: Plan, study: Study, root: Path) -> Figure:
    """Rows of tiles: the group's reference, the row's label, then one tile per moment; the stamp below."""
    run = study.runs[planned.run]
    rows = sum(len(group) for group in planned.groups)
    tiles = len(planned.frames) + 1  # in a row, the reference included
    side = min(_LARGEST, (_WIDTH - _LABEL - _GAP * (tiles + 1)) / tiles)
    pixels = round(side * RESOLUTION)
    stamp = _lines(f"run {planned.run}" + (f" · {run.stamp}" if run.stamp else ""))
    height = _HEAD + rows * (side + _GAP) + (len(planned.groups) - 1) * 3 * _GAP + _FOOT + _LINE * len(stamp)
    figure = Figure(figsize=(_WIDTH, height))
    canvas = figure.add_axes((0, 0, 1, 1))
    canvas.set(xlim=(0, _WIDTH), ylim=(height, 0))  # inches from the upper left corner
    canvas.axis("off")

    def place(image: UInt8, left: float, top: float) -> None:
        canvas.imshow(image, extent=(left, left + side, top + side, top), aspect="auto")

    columns = [_GAP + side + _LABEL + i * (side + _GAP) for i in range(len(planned.frames))]
    canvas.text(_GAP + side / 2, _HEAD - 0.05, "reference", ha="center")
    for left, frame in zip(columns, planned.frames, strict=True):
        canvas.text(left + side / 2, _HEAD - 0.05, f"frame {frame}", ha="center")
    top = _HEAD
    for group in planned.groups:
        middle = top + (len(group) * (side + _GAP) - _GAP - side) / 2
        reference = group[0].clip.path(layout.FOREGROUND, study, "reference")
        place(tile(root / reference, 0, 1, pixels), _GAP, middle)
        canvas.add_patch(Rectangle((_GAP, middle), side, side, fill=False, edgecolor="C0", linewidth=0.8))
        for strip in group:
            at = (_GAP + side + _LABEL / 2, top + side / 2)
            canvas.text(*at, strip.label.replace(" ", "\n"), ha="center", va="center")
            for left, frame in zip(columns, planned.frames, strict=True):
                renders = strip.clip.path(layout.RENDERS, study, "render", frame=layout.two(frame))
                place(tile(root / renders, strip.camera, EVALUATION_CAMERAS, pixels), left, top)
            top += side + _GAP
        top += 3 * _GAP
    for number, line in enumerate(reversed(stamp)):
        canvas.text(_WIDTH - _GAP, height - 0.03 - number * _LINE, line, ha="right", fontsize=5, color="#595959")
    return figure


def _lines(text: str, width: int = 96) -> list[str]:
    """A text in as few lines of at most about ``width`` characters as it needs, of about one length."""
    return textwrap.wrap(text, math.ceil(len(text) / math.ceil(len(text) / width)) + 6)
