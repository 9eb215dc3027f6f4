"""Anyone's image file to a reference: opened with care, cut out, recentred.

Everything that a file can bring along is settled here and in ``depths`` and ``colours`` (EXIF rotation, palettes, CMYK,
colour profiles, 16 bits, transparency, size), so that what follows sees float32 sRGB and, if the file had a meaningful
one, an alpha channel.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from vid3d import journal
from vid3d.errors import InputError
from vid3d.images.colours import to_srgb
from vid3d.images.depths import eight_bits
from vid3d.images.foreground import cut_out, framed
from vid3d.scene import Float32, Reference

MINIMUM_SIDE = 16  # pixels; below it there is nothing to recognise
MAXIMUM_PIXELS = 64_000_000  # decoded, such an image takes about 1 GiB on the way to float32
WORKING_SIDE = 1024  # pixels; larger photographs are reduced to it, the benchmark's own images are at most this large
TRANSPARENT_SHARE = 0.005  # an alpha channel counts if at least this share of the pixels is mostly transparent


@dataclass(frozen=True)
class Photograph:
    """A decoded image file.

    Attributes:
        image: (h, w, 3) float32 in [0, 1], sRGB; composited on white where there is alpha.
        alpha: (h, w) float32 in [0, 1], or None if the file has none or an (almost) opaque one.
    """

    image: Float32
    alpha: Float32 | None


def _check_size(path: Path, width: int, height: int) -> None:
    found = f"{path}: the image is {width} x {height} pixels"
    if min(width, height) < MINIMUM_SIDE:
        raise InputError(f"{found}, too small: use one of at least {MINIMUM_SIDE} x {MINIMUM_SIDE}")
    if width * height > MAXIMUM_PIXELS:
        raise InputError(f"{found}, more than {MAXIMUM_PIXELS // 1_000_000} million: scale it down")
    if max(width, height) > WORKING_SIDE:
        shorter = min(width, height) * WORKING_SIDE / max(width, height)
        if round(shorter) < MINIMUM_SIDE:
            raise InputError(
                f"{found}, too long for its breadth: at {WORKING_SIDE} pixels, as images are used here, {shorter:.0f}"
                f" are left of the other side, and {MINIMUM_SIDE} are needed; crop it"
            )


def open_photograph(path: Path) -> Photograph:
    """Decode an image file, and say on stderr in a line each what had to be assumed.

    Args:
        path: any format that Pillow reads; of an animation the first frame.

    Raises:
        InputError: missing, unreadable, corrupt, smaller than 16 pixels on a side, also once it is reduced, above 64
            million pixels (found from the header, before anything is decoded), or of samples whose white is not known.
    """
    try:
        with Image.open(journal.read(path)) as opened:
            _check_size(path, *opened.size)
            levels, assumed = eight_bits(path, opened)
            rgba, left_aside = to_srgb(ImageOps.exif_transpose(levels), opened.info, opened.getexif())
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such image: check the path") from error
    except Image.DecompressionBombError as error:
        limit = MAXIMUM_PIXELS // 1_000_000
        raise InputError(f"{path}: the image has more than {limit} million pixels: scale it down") from error
    except UnidentifiedImageError as error:
        raise InputError(f"{path}: not an image that can be read: convert it to PNG or JPEG") from error
    except (OSError, SyntaxError, ValueError, IndexError) as error:  # what Pillow's decoders raise on damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: the image is damaged ({reason}): replace the file") from error
    for note in filter(None, (assumed, left_aside)):
        print(f"{path}: note: {note}", file=sys.stderr)
    rgba.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    pixels = np.asarray(rgba, dtype=np.float32) / np.float32(255.0)
    alpha = np.ascontiguousarray(pixels[..., 3])
    colours = np.ascontiguousarray(pixels[..., :3])
    if np.mean(alpha < 0.5) < TRANSPARENT_SHARE:
        return Photograph(colours, None)
    return Photograph(colours * alpha[..., None] + (np.float32(1.0) - alpha[..., None]), alpha)


def make_reference(path: Path, name: str, caption: str, size: int, border: float) -> Reference:
    """Open a photograph, cut its foreground out and frame it (``vid3d.images.foreground.framed``).

    A cut-out that is doubtful says so on stderr, too.

    Raises:
        InputError: as ``open_photograph``, or if no foreground is found.
    """
    photograph = open_photograph(path)
    try:
        cut = cut_out(photograph.image, photograph.alpha)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if cut.doubt:
        print(f"{path}: note: {cut.doubt}", file=sys.stderr)
    foreground, alpha = framed(photograph.image, cut.mask, size, border)
    return Reference(name, caption, photograph.image, foreground, alpha, doubt=cut.doubt)
