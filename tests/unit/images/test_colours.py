"""What a file says of its colours is done: a red of another space is the red that it means."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from vid3d.images.photographs import open_photograph

P3 = ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841))  # XYZ of its primaries, for D50
SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
WHITE = (0.9642, 1.0, 0.8249)
GAMMA = 2.2
PIXELS = np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)


def profile(space: bytes, primaries: tuple[tuple[float, float, float], ...] = (), gamma: float = GAMMA) -> bytes:
    """An ICC profile of three primaries and a gamma, or (space ``GRAY``) of a gamma alone."""

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = {b"wtpt": xyz(WHITE)} | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC") if primaries else (b"kTRC",), curve)
    tags |= dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(xyz, primaries), strict=False))
    table, data, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content
    size = start + len(data)
    head = struct.pack(">I4xI", size, 0x02400000) + b"mntr" + space + b"XYZ " + bytes(12) + b"acsp" + bytes(28)
    illuminant = struct.pack(">3i", *(round(value * 65536) for value in WHITE))
    return (head + illuminant).ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def encoded(light: np.ndarray) -> np.ndarray:
    """sRGB's encoding of linear light."""
    light = np.clip(light, 0.0, 1.0)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def meant(pixels: np.ndarray, primaries: tuple[tuple[float, float, float], ...]) -> np.ndarray:
    """Colours of a profile in sRGB, by the definition."""
    light = (pixels / 255.0) ** GAMMA
    return encoded(light @ np.array(primaries) @ np.linalg.inv(np.array(SRGB)))


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_a_profile_is_converted_to_srgb(tmp_path: Path, suffix: str) -> None:
    lossless = {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(PIXELS).save(tmp_path / f"p.{suffix}", icc_profile=profile(b"RGB ", P3), **lossless)
    found = open_photograph(tmp_path / f"p.{suffix}").image
    dark = (PIXELS < 24).any(axis=-1)  # where eight bits of a gamma say little
    np.testing.assert_allclose(found[~dark], meant(PIXELS, P3)[~dark], atol=4 / 255)
    assert np.abs(found - PIXELS / 255.0).max() > 0.1


def test_transparency_and_palettes_survive_a_profile(tmp_path: Path) -> None:
    alpha = np.zeros((32, 48, 1), np.uint8)
    alpha[8:24] = 255
    icc = profile(b"RGB ", P3)
    Image.fromarray(np.concatenate([PIXELS, alpha], axis=-1)).save(tmp_path / "a.png", icc_profile=icc)
    opened = open_photograph(tmp_path / "a.png")
    np.testing.assert_array_equal(opened.alpha, alpha[..., 0] / np.float32(255))
    Image.fromarray(PIXELS).save(tmp_path / "b.png", icc_profile=icc)
    np.testing.assert_array_equal(opened.image[8:24], open_photograph(tmp_path / "b.png").image[8:24])
    paletted = Image.fromarray(PIXELS).quantize(16)
    paletted.save(tmp_path / "p.png", icc_profile=icc)
    paletted.convert("RGB").save(tmp_path / "q.png", icc_profile=icc)
    np.testing.assert_array_equal(*(open_photograph(tmp_path / name).image for name in ("p.png", "q.png")))


def test_a_grey_profile_is_converted(tmp_path: Path) -> None:
    grey = np.maximum(PIXELS[..., 0], 24)
    Image.fromarray(grey).save(tmp_path / "g.png", icc_profile=profile(b"GRAY", gamma=1.0))
    expected = encoded(grey / 255.0)[..., None].repeat(3, axis=-1)
    np.testing.assert_allclose(open_photograph(tmp_path / "g.png").image, expected, atol=3 / 255)


def test_srgb_by_any_hand_changes_no_pixel(tmp_path: Path) -> None:
    for icc in (None, ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()):
        Image.fromarray(PIXELS).save(tmp_path / "s.png", icc_profile=icc)
        np.testing.assert_array_equal(open_photograph(tmp_path / "s.png").image, PIXELS / np.float32(255))


@pytest.mark.parametrize(
    ("icc", "why"), [(b"no profile", "cannot be used"), (profile(b"GRAY"), "is for GRAY, not for")]
)
def test_a_profile_that_does_not_fit_is_left_aside_and_said(tmp_path: Path, capsys, icc: bytes, why: str) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "p.png", icc_profile=icc)
    np.testing.assert_array_equal(open_photograph(tmp_path / "p.png").image, PIXELS / np.float32(255))
    said = capsys.readouterr().err
    assert why in said
    assert said.count("\n") == 1


def test_a_gamma_of_a_png_is_applied_unless_it_is_srgbs(tmp_path: Path) -> None:
    for gamma, expected in ((1.0, encoded(PIXELS / 255.0)), (0.45455, PIXELS / 255.0)):
        chunks = PngImagePlugin.PngInfo()
        chunks.add(b"gAMA", struct.pack(">I", round(gamma * 100000)))
        Image.fromarray(PIXELS).save(tmp_path / "g.png", pnginfo=chunks)
        np.testing.assert_allclose(open_photograph(tmp_path / "g.png").image, expected, atol=0.6 / 255)


def test_a_cameras_adobe_rgb_without_a_profile_is_converted(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 1
    exif.get_ifd(0x8769)[0xA001] = 0xFFFF
    Image.fromarray(PIXELS).save(tmp_path / "plain.png", exif=exif)  # uncalibrated alone says nothing
    np.testing.assert_array_equal(open_photograph(tmp_path / "plain.png").image, PIXELS / np.float32(255))
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    green = np.full((32, 32, 3), (60, 200, 60), np.uint8)
    Image.fromarray(green).save(tmp_path / "adobe.png", exif=exif)
    found = open_photograph(tmp_path / "adobe.png").image[0, 0] * 255
    assert found[0] < 5  # outside sRGB: the red is cut off
    np.testing.assert_allclose(found[1:], (200, 45), atol=8)
