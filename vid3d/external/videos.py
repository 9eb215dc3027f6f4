"""Anyone's clips to frames: a video, or a folder of PNGs, opened with care.

What a video says beside its pixels is done: frames are turned and mirrored as players show them, put on white where
they are transparent, made of square pixels, and their range and colour matrix are those that the file states (where it
states none, limited range and BT.601, as FFmpeg assumes).  Times do not count: frames are taken one by one, each once.
"""

import re
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from vid3d import journal
from vid3d.errors import InputError
from vid3d.files import load_image, to_uint8
from vid3d.scene import UInt8

FRAME = re.compile(r"frame-(\d{2,4})\.png")
MAXIMUM_FRAMES = 500
MAXIMUM_PIXELS = 16_000_000  # of one frame
MAXIMUM_TOTAL = 400_000_000  # pixels of all frames, which are held at once: 1.2 GB
MAXIMUM_ASPECT = 4  # of one pixel, either way; anything beyond is a damaged header
HIGH_DYNAMIC_RANGE = (16, 18)  # transfer functions PQ and HLG, which need a tone mapping that nobody has agreed on
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}  # FFmpeg's own ones drop the transparency of these


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
    images: list[UInt8] = []
    for number in range(count):
        images.append(to_uint8(load_image(numbered[number])[0]))
        _check_total(folder, images)
    return images


def _video(path: Path) -> list[UInt8]:
    import av

    images: list[UInt8] = []
    times: list[int] = []
    try:
        with av.open(str(journal.read(path))) as container:
            if not container.streams.video:
                raise InputError(f"{path}: holds no video; give a video or a folder of PNGs")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise InputError(f"{path}: its video is in a form that is not known here; save it as H.264 in MP4")
            aspect = stream.sample_aspect_ratio or Fraction(1)
            for frame in _decoded(container, stream):
                _check(path, frame, aspect, len(images))
                images.append(_shown(path, frame, aspect))
                _check_total(path, images)
                times.append(frame.pts or 0)
    except (av.FFmpegError, OSError, ValueError) as error:
        why = " ".join(str(error).split())
        raise InputError(f"{path}: not readable as a video ({why}); replace the file") from None
    if not images:
        raise InputError(f"{path}: a video without frames; replace the file")
    steps = np.diff(times)
    if len(steps) and steps.max() > 1.5 * np.median(steps):
        print(
            f"{path}: note: its frames are not evenly spaced in time; they are taken one by one, each once",
            file=sys.stderr,
        )
    return images


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    """The frames of a video stream, with their transparency where the stream says that it has some."""
    import av

    decoder = ALPHA_DECODERS.get(stream.codec_context.name)
    if decoder is None or stream.metadata.get("alpha_mode") != "1":
        yield from container.decode(stream)
        return
    codec: Any = av.CodecContext.create(decoder, "r")
    for packet in container.demux(stream):
        yield from codec.decode(packet if packet.size else None)


def _check(path: Path, frame: Any, aspect: Fraction, before: int) -> None:
    if not Fraction(1, MAXIMUM_ASPECT) <= aspect <= MAXIMUM_ASPECT:
        raise InputError(f"{path}: its pixels are {aspect} times as wide as high; save it with square pixels")
    width, height = _square(frame, aspect)
    if width * height > MAXIMUM_PIXELS:
        raise InputError(f"{path}: frames of {width} x {height} pixels; scale the video down")
    if frame.color_trc in HIGH_DYNAMIC_RANGE:
        raise InputError(f"{path}: a video of high dynamic range (PQ or HLG); save it in standard range (BT.709)")
    if before >= MAXIMUM_FRAMES:
        raise InputError(f"{path}: more than {MAXIMUM_FRAMES} frames; shorten the video")


def _check_total(path: Path, images: list[UInt8]) -> None:
    if sum(image.shape[0] * image.shape[1] for image in images) > MAXIMUM_TOTAL:
        raise InputError(
            f"{path}: more than {MAXIMUM_TOTAL // 1_000_000} million pixels in all frames; shorten it or scale it down"
        )


def _square(frame: Any, aspect: Fraction) -> tuple[int, int]:
    """Width and height of a frame of square pixels; the shorter side of its pixels is the one that is stretched."""
    return round(frame.width * max(aspect, 1)), round(frame.height * max(1 / aspect, 1))


def _shown(path: Path, frame: Any, aspect: Fraction) -> UInt8:
    """(h, w, 3) uint8, RGB, as a player shows the frame on a white page."""
    size = {}
    if aspect != 1:
        size = dict(zip(("width", "height"), _square(frame, aspect), strict=True)) | {"interpolation": "BICUBIC"}
    if any(component.is_alpha for component in frame.format.components) or frame.format.name == "pal8":
        rgba = frame.to_ndarray(format="rgba", **size)
        alpha = rgba[..., 3:].astype(np.float32) / np.float32(255)
        pixels = to_uint8(rgba[..., :3].astype(np.float32) / np.float32(255) * alpha + (np.float32(1) - alpha))
    else:
        pixels = frame.to_ndarray(format="rgb24", **size)
    return np.ascontiguousarray(_upright(path, frame, pixels))


def _upright(path: Path, frame: Any, pixels: UInt8) -> UInt8:
    """A picture (h, w, c) turned, to (w, h, c), and mirrored as its container's display matrix says, if it has one.

    Of its nine numbers four count: x' = a x + c y, y' = b x + d y.
    """
    found = frame.side_data.get("DISPLAYMATRIX")
    if found is None:
        return pixels
    a, b, _, c, d, *_ = np.frombuffer(bytes(found), "<i4", 9).tolist()
    if a and d and not b and not c:
        return pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    if b and c and not a and not d:
        return pixels.transpose(1, 0, 2)[:: -1 if b < 0 else 1, :: -1 if c < 0 else 1]
    raise InputError(f"{path}: is turned by an angle that is no multiple of 90 degrees; save it upright")
