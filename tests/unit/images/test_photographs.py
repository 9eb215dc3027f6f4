"""Whatever file a user brings is opened as it is meant, or refused in one line."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vid3d.errors import InputError
from vid3d.images import photographs, reference
from vid3d.images.foreground import Cut
from vid3d.images.photographs import make_reference, open_photograph
from vid3d.study import benchmark
from vid3d.study.specs.reference import ReferenceSpec
from vid3d.study.validation import parsed

RED, GREEN, BLUE = (200, 30, 40), (20, 180, 60), (30, 60, 220)


def quarters(width: int = 60, height: int = 40) -> np.ndarray:
    """White with a red upper left, green upper right and blue lower left quarter."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[: height // 2, : width // 2] = RED
    pixels[: height // 2, width // 2 :] = GREEN
    pixels[height // 2 :, : width // 2] = BLUE
    return pixels


def assert_quarters(image: np.ndarray, tolerance: float) -> None:
    height, width = image.shape[:2]
    for row, column, colour in ((0.25, 0.25, RED), (0.25, 0.75, GREEN), (0.75, 0.25, BLUE), (0.75, 0.75, (255,) * 3)):
        found = image[int(row * height), int(column * width)]
        np.testing.assert_allclose(found, np.array(colour) / 255.0, atol=tolerance)


@pytest.mark.parametrize(
    ("orientation", "undo"),
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (6, Image.Transpose.ROTATE_90),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_exif_rotation(tmp_path: Path, orientation: int, undo: Image.Transpose | None) -> None:
    stored = Image.fromarray(quarters())
    if undo is not None:
        stored = stored.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "photo.jpg", quality=95, subsampling=0, exif=exif)
    opened = open_photograph(tmp_path / "photo.jpg")
    assert opened.image.shape == (40, 60, 3)
    assert opened.alpha is None
    assert_quarters(opened.image, 0.03)


def test_palette(tmp_path: Path) -> None:
    Image.fromarray(quarters()).quantize(8).save(tmp_path / "p.png")
    opened = open_photograph(tmp_path / "p.png")
    assert opened.alpha is None
    assert_quarters(opened.image, 0.02)


def test_palette_with_transparency(tmp_path: Path) -> None:
    paletted = Image.fromarray(quarters()).quantize(8)
    white = int(np.asarray(paletted)[-1, -1])
    paletted.save(tmp_path / "p.png", transparency=white)
    opened = open_photograph(tmp_path / "p.png")
    assert opened.alpha is not None
    assert opened.alpha[30, 45] == 0.0
    assert opened.alpha[10, 10] == 1.0
    assert_quarters(opened.image, 0.02)


def test_cmyk(tmp_path: Path) -> None:
    Image.fromarray(quarters()).convert("CMYK").save(tmp_path / "c.jpg", quality=95)
    assert_quarters(open_photograph(tmp_path / "c.jpg").image, 0.05)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16"])
def test_greyscale_in_one_eight_and_sixteen_bits(tmp_path: Path, mode: str) -> None:
    levels = np.repeat(np.array([0, 255] if mode == "1" else [0, 80, 255]), 20)[None].repeat(30, axis=0)
    if mode == "I;16":
        image = Image.fromarray((levels * 257).astype(np.uint16))
    else:
        image = Image.fromarray(levels.astype(np.uint8)).convert(mode)
    image.save(tmp_path / "grey.png")
    opened = open_photograph(tmp_path / "grey.png")
    assert opened.alpha is None  # that of LA is opaque
    expected = np.repeat(levels[..., None] / 255.0, 3, axis=2)
    np.testing.assert_allclose(opened.image, expected, atol=1e-6)


def test_transparency_is_composited_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((32, 48, 4), np.uint8)
    pixels[8:24, 12:36] = (*RED, 255)
    pixels[8:24, 30:36, 3] = 128
    Image.fromarray(pixels).save(tmp_path / "rgba.png")
    opened = open_photograph(tmp_path / "rgba.png")
    np.testing.assert_allclose(opened.image[0, 0], 1.0)
    np.testing.assert_allclose(opened.image[16, 20], np.array(RED) / 255, atol=1e-6)
    half = 128 / 255
    np.testing.assert_allclose(opened.image[16, 33], np.array(RED) / 255 * half + 1 - half, atol=1e-6)
    np.testing.assert_allclose(opened.alpha, pixels[..., 3] / 255, atol=1e-6)


def test_an_opaque_alpha_channel_does_not_count(tmp_path: Path) -> None:
    Image.fromarray(quarters()).convert("RGBA").save(tmp_path / "opaque.png")
    assert open_photograph(tmp_path / "opaque.png").alpha is None


def test_large_photographs_are_reduced(tmp_path: Path) -> None:
    Image.fromarray(quarters(3000, 2000)).save(tmp_path / "large.png")
    opened = open_photograph(tmp_path / "large.png")
    assert opened.image.shape == (683, 1024, 3)
    assert_quarters(opened.image, 0.01)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 10)) + chunk(b"IEND", b"")


def damaged_jpeg(folder: Path) -> bytes:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(folder / "whole.jpg")
    return (folder / "whole.jpg").read_bytes()[:900]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda _: png_header(1, 1), "1 x 1 pixels, too small"),
        (lambda _: png_header(20000, 20000), "scale it down"),
        (lambda _: png_header(10000, 7000), "scale it down"),
        (lambda _: png_header(64, 64), "damaged"),
        (damaged_jpeg, "damaged"),
        (lambda _: b"not an image", "not an image"),
        (lambda _: b"", "not an image"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_bad_files_are_refused_in_one_line(tmp_path: Path, content, says: str) -> None:
    path = tmp_path / "bad.png"
    path.write_bytes(content(tmp_path))
    with pytest.raises(InputError, match=says) as caught:
        open_photograph(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.jpg: no such image"):
        open_photograph(tmp_path / "absent.jpg")


def test_an_empty_foreground_names_the_file(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "white").save(tmp_path / "white.png")
    with pytest.raises(InputError, match=r"white\.png: no foreground") as caught:
        make_reference(tmp_path / "white.png", "white", "nothing", 64, 0.3)
    assert "\n" not in str(caught.value)


def test_a_doubtful_cut_out_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.full((64, 64, 4), (*RED, 255), np.uint8)
    pixels[:, :, 3] = np.where(np.hypot(*(np.mgrid[:64, :64] - 31.5)) < 20, 255, 0)
    Image.fromarray(pixels).save(tmp_path / "alpha.png")
    assert make_reference(tmp_path / "alpha.png", "a", "", 64, 0.3).doubt == ""
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(photographs, "cut_out", lambda image, alpha: Cut(alpha, "half of it is floor"))
    assert make_reference(tmp_path / "alpha.png", "a", "", 64, 0.3).doubt == "half of it is floor"
    assert capsys.readouterr().err == f"{tmp_path / 'alpha.png'}: note: half of it is floor\n"


def test_what_is_too_long_for_its_breadth_is_refused_with_its_own_size(tmp_path: Path) -> None:
    Image.new("RGB", (4000, 40), "red").save(tmp_path / "wide.png")
    with pytest.raises(InputError, match=r"wide\.png: the image is 4000 x 40 pixels, too long .* crop it$"):
        open_photograph(tmp_path / "wide.png")


def test_the_reference_of_a_benchmarks_image(tmp_path: Path) -> None:
    pixels = np.full((64, 64, 3), 255, np.uint8)
    pixels[20:44, 20:44] = (200, 30, 30)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    spec = ReferenceSpec(size=32, border=0.5)
    photograph = reference.make_reference(
        "a", benchmark.Photograph(file="a.png", caption="b"), spec, tmp_path / "a.png"
    )
    expected = make_reference(tmp_path / "a.png", "a", "b", 32, 0.5)
    assert (photograph.caption, photograph.foreground.shape) == ("b", (32, 32, 3))
    np.testing.assert_array_equal(photograph.foreground, expected.foreground)
    described = '{"kind": "procedural", "object": {"kind": "frog", "colour": "green", "second": "purple"}}'
    entry = parsed(described, benchmark.BenchmarkImage, "--entry")
    assert reference.make_reference("frog", entry, spec).procedural["kind"] == "frog"
    with pytest.raises(InputError, match=r"a.png.*--source"):
        reference.make_reference("a", benchmark.Photograph(file="a.png"), spec)
    with pytest.raises(InputError, match="--entry"):
        parsed('{"kind": "drawing"}', benchmark.BenchmarkImage, "--entry")


def test_reference_of_a_photograph(tmp_path: Path) -> None:
    pixels = np.full((90, 120, 3), 250, np.uint8)
    pixels[20:70, 15:40] = RED
    Image.fromarray(pixels).save(tmp_path / "box.png")
    made = make_reference(tmp_path / "box.png", "box", "a red box", 80, 0.3)
    assert (made.name, made.caption, made.procedural) == ("box", "a red box", None)
    assert made.image.shape == (90, 120, 3)
    assert made.foreground.shape == (80, 80, 3)
    assert made.alpha.sum(axis=0).max() == pytest.approx(0.7 * 80, abs=2.0)
    np.testing.assert_allclose(made.foreground[40, 40], np.array(RED) / 255, atol=0.02)
    np.testing.assert_allclose(made.foreground[0, 0], 1.0)
