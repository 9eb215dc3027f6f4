"""Figures 5-8: one image each, by every method that has renders of it, from the front and from the back."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from vid3d.errors import InputError
from vid3d.external import methods, videos
from vid3d.external.scoring import External
from vid3d.figures import films
from vid3d.figures.catalogue import Drawn
from vid3d.figures.sheet import PAGE
from vid3d.figures.source import BACK, FRONT, Source, azimuth, fitted, listed
from vid3d.scene import UInt8

COLUMNS = 6  # moments at most
_LABEL = 1.2


@dataclass(frozen=True)
class Clip:
    """A method's renders of an image at one camera.

    Attributes:
        title: of the method.
        camera: where it stands.
        frames: how many there are.
        picture: (frame, pixels) to the picture of a frame, at most so many pixels wide.
    """

    title: str
    camera: str
    frames: int
    picture: Callable[[int, int], UInt8]


def images(source: Source) -> list[str]:
    """The images of the first run in the order of the comparisons: those that most methods have renders of first."""
    listed_first = source.runs[source.first()].images or ()
    return sorted(listed_first, key=lambda image: -len(_runs(source, image)) - len(_others(source, image)))


def compare(source: Source, place: int) -> Drawn:
    """The image at a place of ``images``."""
    image = images(source)[place]
    runs, others = _runs(source, image), _others(source, image)
    clips = [clip for name in runs for clip in _ours(source, name, image)]
    clips += [clip for other in others for clip in _theirs(source, other, image)]
    columns = min(COLUMNS, max(clip.frames for clip in clips))
    grid = films.Grid(PAGE, _LABEL, columns)
    rows = [films.Film(_label(clips, number), _spread(clip, columns, grid.pixels)) for number, clip in enumerate(clips)]
    reference = source.reference(source.base(runs[0], image), grid.pixels)
    block = films.Block(reference, tuple(rows), tuple(_heads(clips, columns)))
    sheet = films.draw([block], grid, source.stamp(*runs))
    titles = [source.titled_once(name) for name in runs] + [f"“{other.method.title}”" for other in others]
    words = {
        "image": image,
        "methods": listed(titles),
        "count": str(len(titles)),
        "times": _times(clips, columns),
        "cameras": listed(list(dict.fromkeys(clip.camera for clip in clips))),
    }
    further = ("alone",) if len(titles) == 1 else ("elsewhere",) if others else ()
    return Drawn(sheet.figure, words, further, "; ".join(source.stamps(*runs)))


def _runs(source: Source, image: str) -> list[str]:
    """The runs that have renders of an image of the first run's benchmark."""
    benchmark = source.runs[source.first()].benchmark
    return [n for n, run in source.runs.items() if run.benchmark == benchmark and image in (run.images or ())]


def _others(source: Source, image: str) -> list[External]:
    """The same of other methods."""
    benchmark = source.runs[source.first()].benchmark
    return [other for other in source.external if other.method.benchmark == benchmark and image in other.images]


def _ours(source: Source, name: str, image: str) -> list[Clip]:
    run, clip = source.runs[name], source.base(name, image)

    def seen(camera: int) -> Clip:
        return Clip(run.short, azimuth(camera), run.used_frames, lambda k, size: source.render(clip, k, camera, size))

    return [seen(FRONT), seen(BACK)]


def _theirs(source: Source, other: External, image: str) -> list[Clip]:
    """Two cameras of another method: ours where it has them, else its first ones; its cameras are not surely ours."""
    paths = methods.clips(other.name, other.method, source.root)[image]
    wanted = [camera for camera in (FRONT, BACK) if camera in paths]
    wanted = sorted([*wanted, *(camera for camera in sorted(paths) if camera not in wanted)][:2])
    clips = []
    for camera in wanted:
        try:
            frames = videos.load_clip(source.root / paths[camera], other.method.frames)
        except videos.IncompleteError as reason:
            raise InputError(f"{other.name}: {image}: {reason}; score the method again") from None
        clips.append(Clip(other.method.title, f"its camera {camera}", len(frames), partial(_frame, frames)))
    return clips


def _frame(frames: list[UInt8], frame: int, size: int) -> UInt8:
    return fitted(frames[frame], size)


def _spread(clip: Clip, columns: int, size: int) -> tuple[UInt8, ...]:
    """Pictures at evenly spaced moments from the first to the last frame."""
    return tuple(clip.picture(frame, size) for frame in _moments(clip.frames, columns))


def _moments(frames: int, columns: int) -> list[int]:
    return [int(frame) for frame in np.linspace(0, frames - 1, columns).round()]


def _heads(clips: list[Clip], columns: int) -> list[str]:
    """Frame numbers where all clips are equally long, else shares of a clip's time."""
    if len({clip.frames for clip in clips}) == 1:
        return [f"frame {frame}" for frame in _moments(clips[0].frames, columns)]
    return [f"{share:.0f} %" for share in np.linspace(0, 100, columns)]


def _times(clips: list[Clip], columns: int) -> str:
    lengths = sorted({clip.frames for clip in clips})
    if len(lengths) == 1:
        return f"frames {listed(_moments(lengths[0], columns))} of {lengths[0]}"
    return f"evenly spaced moments of clips of {listed(lengths)} frames"


def _label(clips: list[Clip], number: int) -> str:
    """The method beside its first row, and the camera beside every row."""
    clip = clips[number]
    first = number == 0 or clips[number - 1].title != clip.title
    return f"{clip.title}\n{clip.camera}" if first else clip.camera
