"""Anyone's clips to frames: an mp4, or a folder of PNGs, opened with care."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from vid3d.errors import InputError
from vid3d.files import load_image, to_uint8
from vid3d.scene import UInt8

FRAME = re.compile(r"frame-(\d{2,4})\.png")
MAXIMUM_FRAMES = 500
MAXIMUM_PIXELS = 16_000_000  # of one frame


class IncompleteError(Exception):
    """A clip that lacks a frame; the message says which."""


def load_clip(path: Path, frames: int | None = None) -> list[UInt8]:
    """The frames of a clip in order, each (h, w, 3) uint8, RGB, on white where there is transparency.

    Args:
        path: a video (its first video stream), or a folder of frame-00.png, frame-01.png, ...
        frames: how many there must be; None for as many as there are.

    Raises:
        IncompleteError: fewer frames than ``frames``, a gap in their numbers, or no file or folder at all.
        InputError: names the file: not readable, another kind of file, too many or too large frames.
    """
    if not path.exists():
        raise IncompleteError(f"{path} is missing")
    images = _pictures(path, frames) if path.is_dir() else _video(path)
    if frames is not None and len(images) < frames:
        raise IncompleteError(f"{path} lacks frame {len(images)}")
    return images if frames is None else images[:frames]


def _pictures(folder: Path, frames: int | None) -> list[UInt8]:
    numbered: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        matched = FRAME.fullmatch(path.name)
        if matched:
            numbered[int(matched[1])] = path
        elif not path.name.startswith("."):
            raise InputError(f"{path}: is no frame; name frames frame-00.png, frame-01.png, ... or move the file away")
    count = max(numbered, default=0) + 1 if frames is None else frames
    if count > MAXIMUM_FRAMES:
        raise InputError(
            f"{folder}: {count} frames, more than {MAXIMUM_FRAMES}; number them from 0 and shorten the clip"
        )
    for number in range(count):
        if number not in numbered:
            raise IncompleteError(f"{folder} lacks frame {number}")
    return [to_uint8(load_image(numbered[number])[0]) for number in range(count)]


def _video(path: Path) -> list[UInt8]:
    import av

    images: list[UInt8] = []
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise InputError(f"{path}: holds no video; give an mp4 or a folder of PNGs")
            for frame in container.decode(container.streams.video[0]):
                _check_size(path, frame, len(images))
                images.append(np.ascontiguousarray(frame.to_ndarray(format="rgb24")))
    except (av.FFmpegError, OSError, ValueError) as error:
        why = " ".join(str(error).split())
        raise InputError(f"{path}: not readable as a video ({why}); replace the file") from None
    if not images:
        raise InputError(f"{path}: a video without frames; replace the file")
    return images


def _check_size(path: Path, frame: Any, before: int) -> None:
    if frame.width * frame.height > MAXIMUM_PIXELS:
        raise InputError(f"{path}: frames of {frame.width} x {frame.height} pixels; scale the video down")
    if before >= MAXIMUM_FRAMES:
        raise InputError(f"{path}: more than {MAXIMUM_FRAMES} frames; shorten the video")
