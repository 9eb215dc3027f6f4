"""Colours to sRGB by what a file says of them: an ICC profile, a PNG's gamma, a camera's mark for Adobe RGB."""

import io
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from vid3d.scene import Float64

SAME = 2  # levels: a profile that moves no colour by more is sRGB, written by another hand
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}  # of Pillow, by the profile's colour space
FITTING = {"RGB": ("1", "L", "LA", "P", "PA", "RGBA", "YCbCr"), "L": ("1", "LA")}  # other modes it is for, too
SRGB_GAMMA = 1 / 2.2
ADOBE_GAMMA = 2 + 51 / 256
ADOBE_TO_SRGB = np.array([[1.39836, -0.39836, 0.0], [0.0, 1.0, 0.0], [0.0, -0.04293, 1.04293]])  # of linear colours
EXIF, INTEROPERABILITY, COLOUR_SPACE, INDEX = 0x8769, 0xA005, 0xA001, 1
UNCALIBRATED, ADOBE = 0xFFFF, "R03"


def to_srgb(image: Image.Image, info: Mapping[Any, Any], exif: Image.Exif) -> tuple[Image.Image, str]:
    """A picture in sRGB, with its transparency.

    Args:
        image: eight bits a channel, of any mode of Pillow's.
        info: what the file says beside its pixels, as Pillow reads it: ``icc_profile``, ``gamma``, ``srgb``.
        exif: likewise.

    Returns:
        RGBA, and a phrase that says why the profile was left aside; empty if it was not.
    """
    profile = info.get("icc_profile")
    if profile or image.mode == "LAB":
        return _by_profile(image, profile)
    rgba = image.convert("RGBA")
    if _adobe(exif):
        return _by_numbers(rgba, lambda colours: np.power(colours, ADOBE_GAMMA) @ ADOBE_TO_SRGB.T), ""
    gamma = float(info.get("gamma") or SRGB_GAMMA)
    if "srgb" not in info and abs(gamma / SRGB_GAMMA - 1.0) > 0.02:
        return _by_numbers(rgba, lambda colours: np.power(colours, 1.0 / gamma)), ""
    return rgba, ""


def _by_profile(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, str]:
    if "A" in image.mode or image.mode == "P" or "transparency" in image.info:
        alpha = image.convert("RGBA").getchannel("A")
    else:
        alpha = Image.new("L", image.size, 255)
    try:
        read = io.BytesIO(profile) if profile else ImageCms.createProfile("LAB")
        source = ImageCms.ImageCmsProfile(read)
        space = source.profile.xcolor_space.strip()
        mode = MODES.get(space, space)
        if image.mode == mode or image.mode in FITTING.get(mode, ()):
            converted = _converted(image, source, mode)
            converted.putalpha(alpha)
            return converted, ""
        why = f"is for {space}, not for these pixels"
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        why = f"cannot be used ({' '.join(str(error).split())})"
    return image.convert("RGBA"), f"its colour profile {why}; colours are taken as sRGB"


def _converted(image: Image.Image, source: Any, mode: str) -> Image.Image:
    colours = image if image.mode == mode else image.convert("RGBA").convert(mode)
    transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    if mode in ("RGB", "L"):
        levels = np.arange(0, 256, 17).astype(np.uint8)
        probe = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(64, 64, 3)
        tried = Image.fromarray(probe if mode == "RGB" else np.ascontiguousarray(probe[..., 0]))
        moved = np.asarray(transform.apply(tried), np.int16) - np.asarray(tried.convert("RGB"))
        if np.abs(moved).max() <= SAME:
            return colours.convert("RGB")
    return transform.apply(colours)


def _adobe(exif: Image.Exif) -> bool:
    """Whether a camera says Adobe RGB as cameras do (DCF 2.0): uncalibrated, of interoperability R03."""
    try:
        uncalibrated = exif.get_ifd(EXIF).get(COLOUR_SPACE) == UNCALIBRATED
        return uncalibrated and exif.get_ifd(INTEROPERABILITY).get(INDEX) == ADOBE
    except (struct.error, SyntaxError, LookupError, TypeError, ValueError):  # what Pillow raises on damaged EXIF
        return False


def _by_numbers(rgba: Image.Image, linear: Any) -> Image.Image:
    """``linear`` turns colours (h, w, 3) in [0, 1] into linear ones of sRGB's primaries."""
    pixels = np.array(rgba)
    light: Float64 = np.clip(linear(pixels[..., :3].astype(np.float64) / 255.0), 0.0, 1.0)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(light, 1 / 2.4) - 0.055)
    pixels[..., :3] = np.rint(encoded * 255.0)
    return Image.fromarray(pixels)
