"""Samples of more than eight bits to eight, with white where it belongs.

A container of 16 or 32 bits often holds less: what a camera or a scanner gives has 10, 12 or 14.  Divided by what the
container could hold, such a picture is all but black.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from vid3d.errors import InputError
from vid3d.scene import Float32, UInt8

DEPTHS = (8, 10, 12, 14, 16)  # bits a sample that devices give
DIMMEST = 1 / 8  # of white: where nothing is brighter, no depth is more likely than another
ORIENTATION, PHOTOMETRIC, LARGEST_SAMPLE = 0x0112, 262, 281  # TIFF tags
CURE = "save it with 8 bits a channel"


def eight_bits(path: Path, opened: Image.Image) -> tuple[Image.Image, str]:
    """A picture with eight bits a channel, not yet turned as its EXIF says, and what was assumed for it.

    White is what the container states (TIFF's MaxSampleValue), else the largest sample of the smallest usual depth that
    holds all samples; of floating point also 1.  Nothing is assumed where the depth fills a 16-bit container.

    Args:
        path: of the opened file.
        opened: as Pillow opens it, which keeps the upper byte alone of colours in 16 bits.

    Returns:
        The picture and a phrase, empty if nothing was assumed.

    Raises:
        InputError: samples that are negative, not finite, above 16 bits, or too dim to tell what is white.
    """
    colour = opened.mode in ("RGB", "RGBA", "LA") and any(";16" in str(tile) for tile in getattr(opened, "tile", ()))
    if not colour and opened.mode[0] not in "IF":
        return opened, ""
    samples = _sixteen_bit_colours(path) if colour else np.asarray(opened)[..., None].astype(np.float32)
    tags: Any = getattr(opened, "tag_v2", {})
    colours, alpha = samples[..., :3], samples[..., 3:]
    stated = float(np.max(tags.get(LARGEST_SAMPLE, 0)))
    white, bits = _white(path, colours, stated, floating=opened.mode == "F")
    full = bits == 16 and (colour or opened.mode.startswith("I;16"))
    if colour and full:
        return opened, ""  # the upper bytes are the picture
    opaque = white if alpha.max(initial=0.0) <= white else 65535.0
    levels = np.concatenate([_levels(colours, white), _levels(alpha, opaque)], axis=-1)
    if not colour and tags.get(PHOTOMETRIC) == 0:
        levels = 255 - levels  # zero is white; where Pillow decodes 8 bits it sees to that
    image = Image.fromarray(levels if colour else levels[..., 0])
    if not (colour and opened.format == "TIFF"):  # OpenCV turns TIFFs by itself
        image.getexif()[ORIENTATION] = opened.getexif().get(ORIENTATION, 1)
    if full or white == stated:
        return image, ""
    depth = f"{bits} bits" if bits else "0 to 1"
    return image, f"samples from {colours.min():g} to {colours.max():g} are taken for {depth}, white at {white:g}"


def _levels(samples: Float32, white: float) -> UInt8:
    levels: UInt8 = np.rint(samples * np.float32(255.0 / white)).astype(np.uint8)
    return levels


def _sixteen_bit_colours(path: Path) -> Float32:
    """(h, w, 3 or 4) samples in RGB order."""
    read = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if read is None or read.dtype != np.uint16 or read.ndim != 3:
        raise InputError(f"{path}: its 16 bits a channel cannot be read: {CURE}")
    order = cv2.COLOR_BGRA2RGBA if read.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(read, order), np.float32)


def _white(path: Path, samples: Float32, stated: float, floating: bool) -> tuple[float, int]:
    """The sample that is white, and the depth in bits that was concluded; 0 where none was."""
    low, high = float(samples.min()), float(samples.max())
    if not (np.isfinite([low, high]).all() and low >= 0.0):
        raise InputError(f"{path}: samples from {low:g} to {high:g}, which are no brightness: {CURE}")
    if high <= stated < 65535.0 and stated:
        return stated, 0
    for bits, white in [(0, 1.0)] * floating + [(bits, 2.0**bits - 1.0) for bits in DEPTHS]:
        if high <= white:
            if high < DIMMEST * white:
                break
            return white, bits
    raise InputError(f"{path}: samples from {low:g} to {high:g} do not tell which of them is white: {CURE}")
