"""Which clips the page lets a reader turn, side by side with what to compare them with, and the files beside them.

Of each run that draws splats: the base condition of each image, each number of views and the largest motion score.
The object in the middle by its score comes first (``vid3d.report.middle``), by every run and whole.  Clips are embedded
until the page's folder would grow beyond a bound; those left out still have their videos.  Beside a clip stand, as
pictures, its reference image and, where the report has a run that draws them, the true images.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.errors import InputError
from vid3d.figures import fitted, tile
from vid3d.files import load_filmstrip, remove_others, to_uint8
from vid3d.report import viewer
from vid3d.report.middle import SCORE, Middle, middle
from vid3d.scene import UInt8
from vid3d.study import figure_list, layout
from vid3d.study.config import Study
from vid3d.tables.scores import CLIP

LIMIT = 16_000_000  # bytes of frames in the page's folder, about; its first clip is there in any case
SHARE = 0.34  # bytes of a frame's script for each of its PLY: SPZ in base64
PLY_LIMIT = 3_000_000  # bytes of zipped PLYs in the page's folder: those of the first clips
TURNTABLE, ARCHIVES = "turntable.mp4", "splats"
STILL = 192  # pixels at most of a picture beside a clip


@dataclass(frozen=True)
class Pair:
    """Two conditions to see side by side: a label, and by subject the keys of the clips."""

    label: str
    keys: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Exploration:
    """One viewer: the clips of one benchmark.

    Attributes:
        shown: for ``viewer/viewer.html``.
        first: the object that it begins with.
        runs: names of the runs whose clips they are.
        pairs: what its buttons compare.
        stamps: what the runs' numbers, and pictures, are not.
        left_out: how many clips of its runs can be seen as videos only.
        true_images: whether the truth can be seen beside clips.
    """

    shown: viewer.Shown
    first: Middle
    runs: tuple[str, ...]
    pairs: tuple[Pair, ...]
    stamps: tuple[str, ...]
    left_out: int
    true_images: bool = False


def write(study: Study, report: str, root: Path, folder: Path, scores: pd.DataFrame) -> tuple[Exploration, ...]:
    """Write viewers' data, pictures to see beside, turntables and zipped PLYs; nothing of random weights.

    Args:
        study: restricted by ``study.only(report)``.
        root: the folder that holds ``results/``.
        folder: the page's.
        scores: those of the report's runs (``vid3d.tables.scores.collect``).

    Raises:
        InputError: splats or pictures that are missing or damaged.
    """
    runs = figure_list.scored(study, report)
    by_clip = dict(list(scores.groupby(CLIP, sort=False))) if len(scores) else {}
    made, archived = [], 0
    for benchmark in dict.fromkeys(run.benchmark for run in runs.values()):
        names = [name for name, run in runs.items() if run.benchmark == benchmark]
        first = middle(study, names[0], scores)
        clips = _within_limit(_in_order(study, names, first.image), study, root)
        called, shown = called_in(study, names), []
        for clip in clips:
            rows = by_clip.get((clip.run, clip.image, clip.motion, clip.views), pd.DataFrame())
            archived += _archive(study, clip, root, folder, archived)
            shown.append(
                _write(study, clip, _label(clip, called[clip.run] if len(names) > 1 else ""), root, folder, rows)
            )
        everything = sum(1 for name in names for _ in layout.conditions(study, name))
        title = "Your image in 3D" if benchmark == "own" else f"Clips of benchmark {benchmark} in 3D"
        stamps = tuple(dict.fromkeys(runs[name].stamp for name in names if runs[name].stamp))
        pairs = tuple(_pairs(study, names, clips))
        sheets = tuple(_sheets(study, report, names, root, folder))
        seen = viewer.Shown(title, tuple(shown), sheets)
        true_images = any(sheet.cameras > 1 for sheet in sheets)
        made.append(Exploration(seen, first, tuple(names), pairs, stamps, everything - len(clips), true_images))
    # what an earlier report showed besides goes
    keys = {shown.key for one in made for shown in one.shown.everything}
    remove_others(folder / viewer.FOLDER, "*/", keys)
    remove_others(folder / ARCHIVES, "*.zip", {f"{key}.zip" for key in keys})
    return tuple(made)


def _in_order(study: Study, names: Sequence[str], first: str) -> list[layout.Condition]:
    """The clips that are worth turning, most wanted first.

    They are all of the ``first`` image, then the base of every other image, then the rest: fewest views first, other
    numbers of views, the largest motion score; image by image, each by every run.
    """
    images = [first, *(image for name in names for image in study.runs[name].images or ())]
    wanted: list[tuple[tuple[int, int], layout.Condition]] = []
    for place, image in enumerate(dict.fromkeys(images)):
        for name in (name for name in names if image in (study.runs[name].images or ())):
            run = study.runs[name]
            motion, views = run.conditions[0]
            conditions = [(motion, views), *((motion, count) for count in sorted(run.view_counts))]
            conditions.append((max(run.motion_scores), views))
            for kind, condition in enumerate(dict.fromkeys(conditions)):
                tier = 0 if place == 0 else 1 + kind
                wanted.append(((tier, place), layout.Condition(name, image, *condition)))
    return [clip for _, clip in sorted(wanted, key=lambda item: item[0])]


def _within_limit(clips: list[layout.Condition], study: Study, root: Path) -> list[layout.Condition]:
    """The first clips that fit; the very first always, so that there is something to turn."""
    chosen: list[layout.Condition] = []
    size = 0.0
    for clip in clips:
        size += sum(SHARE * _size(path) for path in _frames(study, clip, root))
        if chosen and size > LIMIT:
            break
        chosen.append(clip)
    return chosen


def _size(path: Path) -> int:
    if not path.is_file():
        raise InputError(f"{path}: no such splats; run the workflow to make them")
    return path.stat().st_size


def _frames(study: Study, clip: layout.Condition, root: Path) -> tuple[Path, ...]:
    frames = layout.frames(study.runs[clip.run])
    return tuple(root / clip.path(layout.SPLATS, study, frame=frame) for frame in frames)


def key_of(clip: layout.Condition) -> str:
    """The name of a clip in the page's viewer, and of its files."""
    return f"{clip.run}-{clip.image}-motion-{clip.motion}-views-{clip.views}"


def called_in(study: Study, names: Sequence[str]) -> dict[str, str]:
    """What the page calls runs that stand side by side: their labels, or names where there is none of its own."""
    labels = [study.runs[name].label for name in names]
    return {
        name: label if label and labels.count(label) == 1 else name for name, label in zip(names, labels, strict=True)
    }


def _label(clip: layout.Condition, called: str) -> str:
    condition = f"{clip.views} views, motion {clip.motion}"
    return f"{called}: {condition}" if called else condition


def _splats(study: Study, clip: layout.Condition, label: str, root: Path) -> viewer.SplatClip:
    return viewer.SplatClip(
        key_of(clip), clip.image, label, _frames(study, clip, root), study.runs[clip.run].views.size
    )


def _archive(study: Study, clip: layout.Condition, root: Path, folder: Path, archived: int) -> int:
    """Zip the PLYs of a clip if those so far leave room; returns the bytes.  One that was not zipped is removed."""
    path = folder / ARCHIVES / f"{key_of(clip)}.zip"
    path.unlink(missing_ok=True)
    if archived and archived + sum(map(_size, _frames(study, clip, root))) > PLY_LIMIT:
        return 0
    viewer.write_ply_sequence(_splats(study, clip, "", root), path)
    return path.stat().st_size


def _write(
    study: Study, clip: layout.Condition, label: str, root: Path, folder: Path, scores: pd.DataFrame
) -> viewer.ShownClip:
    """The files of one clip, and what the page must know of it."""
    splats = _splats(study, clip, label, root)
    archive, turntable = (
        folder / path for path in (f"{ARCHIVES}/{splats.key}.zip", f"{viewer.FOLDER}/{splats.key}/{TURNTABLE}")
    )
    viewer.write_turntable(splats, turntable)
    offered = [viewer.download("Turntable (mp4)", turntable, folder)]
    if archive.is_file():
        offered.append(viewer.download("PLY sequence (zip)", archive, folder))
    shown = []
    if len(scores):
        table = scores.pivot(index="frame", columns="camera", values=SCORE)
        shown = [[round(float(score), 4) for score in row] for row in table.to_numpy(float)]
    return viewer.write_clip(splats, folder, offered, shown, splats.frames[0].relative_to(root).parent.as_posix())


def _sheets(study: Study, report: str, names: Sequence[str], root: Path, folder: Path) -> Iterator[viewer.ShownSheet]:
    """The reference image of each image, and the true images where a run of the report draws them."""
    first = {image: name for name in reversed(names) for image in study.runs[name].images or ()}
    for image, name in first.items():
        clip = layout.Condition(name, image, *study.runs[name].conditions[0])
        reference = tile(root / clip.path(layout.FOREGROUND, study), 0, 1, 2 * STILL)
        key = f"reference-{study.runs[name].benchmark}-{image}"
        yield viewer.write_sheet(key, image, "the reference image", [[reference]], folder)
    for name in study.reports[report].runs:
        run = study.runs[name]
        if run.render.backend != "truth" or run.benchmark != study.runs[names[0]].benchmark:
            continue
        for image in (image for image in run.images or () if image in first):
            clip = layout.Condition(name, image, *run.conditions[0])
            strips = [root / clip.path(layout.RENDERS, study, frame=frame) for frame in layout.frames(run)]
            pictures = [[fitted(picture, STILL) for picture in _pictures(strip)] for strip in strips]
            label = f"the true images, motion {clip.motion}"
            yield viewer.write_sheet(f"true-{name}-{image}", image, label, pictures, folder)


def _pictures(strip: Path) -> list[UInt8]:
    return [to_uint8(picture) for picture in load_filmstrip(strip, EVALUATION_CAMERAS)]


def _pairs(study: Study, names: Sequence[str], clips: Sequence[layout.Condition]) -> Iterator[Pair]:
    """What the runs vary, and the first run beside each of the others."""
    called = called_in(study, names)
    for name in names:
        run = study.runs[name]
        motion, views = run.conditions[0]
        largest = max(run.motion_scores)
        prefix = f"{called[name]}: " if len(names) > 1 else ""
        for count in sorted(run.view_counts):
            if count != views:
                keys = _both(clips, (name, motion, views), (name, motion, count))
                if keys:
                    yield Pair(f"{prefix}{views} and {count} views", keys)
        if largest != motion:
            label = f"{prefix}motion {motion} and {largest}"
            keys = _both(clips, (name, motion, views), (name, largest, views))
            if keys:
                yield Pair(label, keys)
    first = names[0]
    for other in names[1:]:
        ours, theirs = (study.runs[name].conditions[0] for name in (first, other))
        keys = _both(clips, (first, *ours), (other, *theirs))
        if keys:
            yield Pair(f"{called[first]} and {called[other]}", keys)


def _both(
    clips: Sequence[layout.Condition], left: tuple[str, int, int], right: tuple[str, int, int]
) -> dict[str, tuple[str, str]]:
    """By image, the keys of the clips at two (run, motion, views)."""
    by_condition = {(clip.image, clip.run, clip.motion, clip.views): key_of(clip) for clip in clips}
    images = dict.fromkeys(clip.image for clip in clips)
    return {
        image: (by_condition[image, *left], by_condition[image, *right])
        for image in images
        if (image, *left) in by_condition and (image, *right) in by_condition
    }
