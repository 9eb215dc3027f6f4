"""Which clips the page lets a reader turn, side by side with what to compare them with, and the files beside them.

Of each run that draws splats, image by image: the base condition, the fewest views and the largest motion score.  Clips
are embedded until the page's folder would grow beyond a bound; those left out still have their videos.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vid3d.errors import InputError
from vid3d.files import remove_others
from vid3d.report import viewer
from vid3d.study import figure_list, layout
from vid3d.study.config import Study

LIMIT = 16_000_000  # bytes of frames in the page's folder, about; the first image's clips are there in any case
SHARE = 0.34  # bytes of a frame's script for each of its PLY: SPZ in base64
TURNTABLE = "turntable.mp4"


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
        pairs: what its buttons compare.
        stamps: what the runs' numbers, and pictures, are not.
        left_out: how many clips of its runs can be seen as videos only.
    """

    shown: viewer.Shown
    pairs: tuple[Pair, ...]
    stamps: tuple[str, ...]
    left_out: int


def write(study: Study, report: str, root: Path, folder: Path) -> tuple[Exploration, ...]:
    """Write viewers' data, turntables and, beside the report's folder, zipped PLYs; nothing of random weights.

    Raises:
        InputError: splats that are missing or damaged.
    """
    runs = figure_list.scored(study, report)
    made = []
    for benchmark in dict.fromkeys(run.benchmark for run in runs.values()):
        names = [name for name, run in runs.items() if run.benchmark == benchmark]
        clips = _within_limit(list(_units(study, names)), study, root)
        shown = [_write(study, clip, _label(clip, len(names) > 1), report, root, folder) for clip in clips]
        everything = sum(1 for name in names for _ in layout.conditions(study, name))
        title = "Your image in 3D" if benchmark == "own" else f"Clips of benchmark {benchmark} in 3D"
        stamps = tuple(dict.fromkeys(runs[name].stamp for name in names if runs[name].stamp))
        pairs = tuple(_pairs(study, names, clips))
        made.append(Exploration(viewer.Shown(title, tuple(shown)), pairs, stamps, everything - len(clips)))
    keys = {clip.key for one in made for clip in one.shown.clips}  # what an earlier report showed besides goes
    remove_others(folder / viewer.FOLDER, "*/", keys)
    archives = (root / layout.SPLAT_ARCHIVE.format(report=report, clip="")).parent
    remove_others(archives, "*.zip", {f"{key}.zip" for key in keys})
    return tuple(made)


def _worth_turning(study: Study, run: str, image: str) -> list[layout.Condition]:
    """The conditions of an image that are worth turning: base, fewest views, largest motion score."""
    motion, views = study.runs[run].conditions[0]
    fewest, largest = min(study.runs[run].view_counts), max(study.runs[run].motion_scores)
    wanted = [(motion, views), (motion, fewest), (largest, views)]
    return [layout.Condition(run, image, *condition) for condition in dict.fromkeys(wanted)]


def _units(study: Study, names: Sequence[str]) -> Iterator[list[layout.Condition]]:
    """The clips of each image of each run, every run's first image before any second one."""
    most = max(len(study.runs[name].images or ()) for name in names)
    for place in range(most):
        for name in names:
            yield from (
                _worth_turning(study, name, image) for image in (study.runs[name].images or ())[place : place + 1]
            )


def _within_limit(units: list[list[layout.Condition]], study: Study, root: Path) -> list[layout.Condition]:
    """The clips of the first units that fit; the very first always, so that there is something to turn."""
    chosen: list[layout.Condition] = []
    size = 0.0
    for unit in units:
        size += sum(SHARE * _size(path) for clip in unit for path in _frames(study, clip, root))
        if chosen and size > LIMIT:
            break
        chosen += unit
    return chosen


def _size(path: Path) -> int:
    if not path.is_file():
        raise InputError(f"{path}: no such splats; run the workflow to make them")
    return path.stat().st_size


def _frames(study: Study, clip: layout.Condition, root: Path) -> tuple[Path, ...]:
    frames = layout.frames(study.runs[clip.run])
    return tuple(root / clip.path(layout.SPLATS, study, frame=frame) for frame in frames)


def _key(clip: layout.Condition) -> str:
    return f"{clip.run}-{clip.image}-motion-{clip.motion}-views-{clip.views}"


def _label(clip: layout.Condition, named: bool) -> str:
    condition = f"{clip.views} views, motion {clip.motion}"
    return f"{clip.run}: {condition}" if named else condition


def _write(study: Study, clip: layout.Condition, label: str, report: str, root: Path, folder: Path) -> viewer.ShownClip:
    """The files of one clip, and what the page must know of it."""
    size = study.runs[clip.run].views.size
    splats = viewer.SplatClip(_key(clip), clip.image, label, _frames(study, clip, root), size)
    archive = root / layout.SPLAT_ARCHIVE.format(report=report, clip=splats.key)
    turntable = folder / viewer.FOLDER / splats.key / TURNTABLE
    viewer.write_ply_sequence(splats, archive)
    viewer.write_turntable(splats, turntable)
    offered = [
        viewer.download("Turntable (mp4)", turntable, folder),
        viewer.download("PLY sequence (zip)", archive, folder),
    ]
    return viewer.write_clip(splats, folder, offered)


def _pairs(study: Study, names: Sequence[str], clips: Sequence[layout.Condition]) -> Iterator[Pair]:
    """What the runs vary, and the first run beside each of the others."""
    for name in names:
        run = study.runs[name]
        motion, views = run.conditions[0]
        fewest, largest = min(run.view_counts), max(run.motion_scores)
        prefix = f"{name}: " if len(names) > 1 else ""
        if fewest != views:
            yield Pair(
                f"{prefix}{views} and {fewest} views", _both(clips, (name, motion, views), (name, motion, fewest))
            )
        if largest != motion:
            label = f"{prefix}motion {motion} and {largest}"
            yield Pair(label, _both(clips, (name, motion, views), (name, largest, views)))
    first = names[0]
    for other in names[1:]:
        ours, theirs = (study.runs[name].conditions[0] for name in (first, other))
        keys = _both(clips, (first, *ours), (other, *theirs))
        if keys:
            yield Pair(f"{first} and {other}", keys)


def _both(
    clips: Sequence[layout.Condition], left: tuple[str, int, int], right: tuple[str, int, int]
) -> dict[str, tuple[str, str]]:
    """By image, the keys of the clips at two (run, motion, views)."""
    by_condition = {(clip.image, clip.run, clip.motion, clip.views): _key(clip) for clip in clips}
    images = dict.fromkeys(clip.image for clip in clips)
    return {
        image: (by_condition[image, *left], by_condition[image, *right])
        for image in images
        if (image, *left) in by_condition and (image, *right) in by_condition
    }
