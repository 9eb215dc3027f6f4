"""No picture turns black because its container could hold more than it does."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from vid3d.errors import InputError
from vid3d.images.photographs import open_photograph

RAMP = np.linspace(0.0, 1.0, 64)[None].repeat(32, axis=0)  # from black to white
COLOURS = np.stack([RAMP, RAMP[:, ::-1], np.full_like(RAMP, 0.25)], axis=-1)
COLOURS[:8, :16] = (1.0, 0.0, 0.0)  # red at the upper left


def tiff(samples: np.ndarray, tags: dict[int, int] | None = None) -> bytes:
    """(h, w) or (h, w, c) samples of any type as an uncompressed TIFF, with further tags."""
    height, width, channels = (*samples.shape, 1)[:3]
    data, kind = samples.tobytes(), {"u": 1, "i": 2, "f": 3}[samples.dtype.kind]
    bits = [8 * samples.dtype.itemsize] * channels
    entries = {256: width, 257: height, 259: 1, 262: 1 if channels == 1 else 2, 273: 8, 277: channels, 278: height}
    entries |= {279: len(data)} | (tags or {})
    offset = 8 + len(data)
    lists = {258: bits, 339: [kind] * channels}
    end = offset + 2 + 12 * (len(entries) + len(lists)) + 4
    fields, tail = [], b""
    for tag in sorted([*entries, *lists]):
        if tag in entries:
            fields.append(struct.pack("<HHII", tag, 4 if tag in (273, 279) else 3, 1, entries[tag]))
        elif channels == 1:
            fields.append(struct.pack("<HHII", tag, 3, 1, lists[tag][0]))
        else:
            fields.append(struct.pack("<HHII", tag, 3, channels, end + len(tail)))
            tail += struct.pack(f"<{channels}H", *lists[tag])
    directory = struct.pack("<H", len(fields)) + b"".join(fields) + bytes(4)
    return b"II*\0" + struct.pack("<I", offset) + data + directory + tail


def _open(folder: Path, samples: np.ndarray, suffix: str, tags: dict[int, int] | None = None) -> np.ndarray:
    path = folder / f"deep{suffix}"
    if suffix == ".tif":
        path.write_bytes(tiff(samples, tags))
    else:
        cv2.imwrite(str(path), samples if samples.ndim == 2 else samples[..., [2, 1, 0, 3][: samples.shape[2]]])
    return open_photograph(path).image


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("picture", [RAMP, COLOURS], ids=["grey", "colours"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_every_depth_in_sixteen_bits_gives_one_picture(tmp_path, capsys, suffix, picture, bits):
    found = _open(tmp_path, np.rint(picture * (2**bits - 1)).astype(np.uint16), suffix)
    expected = picture if picture.ndim == 3 else picture[..., None].repeat(3, axis=-1)
    np.testing.assert_allclose(found, expected, atol=1.1 / 255)
    said = capsys.readouterr().err
    assert said.count("\n") == (bits < 16)
    assert (f"are taken for {bits} bits, white at {2**bits - 1}" in said) == (bits < 16)


@pytest.mark.parametrize("kind", [np.int32, np.uint32, np.int16, np.float32])
@pytest.mark.parametrize("white", [255, 4095])
def test_wider_samples_are_read_like_the_others(tmp_path, capsys, kind, white):
    found = _open(tmp_path, np.rint(RAMP * white).astype(kind), ".tif")
    np.testing.assert_allclose(found[..., 0], RAMP, atol=1.1 / 255)
    assert f"white at {white}" in capsys.readouterr().err


def test_floating_point_up_to_one_is_taken_as_it_is(tmp_path, capsys):
    half = (0.2 + 0.5 * RAMP).astype(np.float32)
    found = _open(tmp_path, half, ".tif")  # not stretched to black and white
    np.testing.assert_allclose(found[..., 0], half, atol=0.6 / 255)
    assert "are taken for 0 to 1" in capsys.readouterr().err


def test_what_the_container_states_is_not_guessed(tmp_path, capsys):
    found = _open(tmp_path, np.rint(RAMP * 900).astype(np.uint16), ".tif", {281: 4095})
    np.testing.assert_allclose(found[..., 0], RAMP * 900 / 4095, atol=0.6 / 255)
    assert capsys.readouterr().err == ""


def test_a_tiff_whose_white_is_zero_is_turned_round(tmp_path):
    found = _open(tmp_path, np.rint(RAMP * 65535).astype(np.uint16), ".tif", {262: 0})
    np.testing.assert_allclose(found[..., 0], 1.0 - RAMP, atol=0.6 / 255)


@pytest.mark.parametrize("depth", [12, 16])
@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_deep_colours_stand_upright(tmp_path, depth, orientation, turns):
    samples = np.rint(COLOURS * (2**depth - 1)).astype(np.uint16)
    found = _open(tmp_path, samples, ".tif", {274: orientation})
    np.testing.assert_allclose(found, np.rot90(COLOURS, turns), atol=1.1 / 255)


def test_transparency_of_deep_colours_is_kept(tmp_path):
    alpha = np.where(RAMP > 0.5, 1.0, 0.0)[..., None]
    for whole in (4095, 65535):  # as deep as the colours, or as the container
        samples = np.concatenate([COLOURS * 4095, alpha * whole], axis=-1)
        found = _open(tmp_path, np.rint(samples).astype(np.uint16), ".png")
        np.testing.assert_allclose(found, COLOURS * alpha + 1.0 - alpha, atol=1.1 / 255)


@pytest.mark.parametrize(
    "samples",
    [RAMP * 3, RAMP * 3.5, RAMP * 0.01, RAMP * 70000, RAMP - 0.5, np.where(RAMP > 0.9, np.nan, RAMP), RAMP * 0],
)
@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_what_cannot_be_decided_is_refused_with_a_cure(tmp_path, samples, kind):
    if kind is np.int32:
        samples = np.rint(np.nan_to_num(samples, nan=-1.0) * (1 if samples.max() > 1 else 3))
    with pytest.raises(InputError, match=r"deep\.tif: samples from .*: save it with 8 bits a channel$"):
        _open(tmp_path, samples.astype(kind), ".tif")
