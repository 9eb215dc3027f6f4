"""What a video says beside its pixels is done: rotation, transparency, range and matrix, pixel aspect, times."""

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from vid3d.errors import InputError
from vid3d.external.videos import load_clip

SIDE = 64
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 160, 0), (30, 30, 220), (255, 255, 255)
LOSSLESS = {"libx264": {"qp": "0"}, "libvpx-vp9": {"crf": "4", "b": "0"}}


def quarters():
    """Red, green (above), blue and white (below), each a quarter."""
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[: SIDE // 2, : SIDE // 2], pixels[: SIDE // 2, SIDE // 2 :] = RED, GREEN
    pixels[SIDE // 2 :, : SIDE // 2], pixels[SIDE // 2 :, SIDE // 2 :] = BLUE, WHITE
    return pixels


def write(path, frames, codec="libx264", form="yuv444p", prepare=lambda stream: None):
    """A video of frames, (h, w, 3) or (h, w, 4) uint8 or av.VideoFrame."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, form
        stream.options = LOSSLESS.get(codec, {})
        prepare(stream)
        for frame in frames:
            if isinstance(frame, np.ndarray):
                frame = av.VideoFrame.from_ndarray(frame, format="rgba" if frame.shape[2] == 4 else "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def corners(image):
    """The colours in the middle of the four quarters, by rows."""
    height, width = image.shape[:2]
    return [image[row, column].tolist() for row in (height // 4, -height // 4) for column in (width // 4, -width // 4)]


def assert_corners(image, expected, tolerance=6):
    np.testing.assert_allclose(corners(image), expected, atol=tolerance)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        pytest.param(None, (RED, GREEN, BLUE, WHITE), id="upright"),
        pytest.param((0, 1, -1, 0), (BLUE, RED, WHITE, GREEN), id="a-quarter-clockwise"),  # as telephones write
        pytest.param((-1, 0, 0, -1), (WHITE, BLUE, GREEN, RED), id="upside-down"),
        pytest.param((0, -1, 1, 0), (GREEN, WHITE, RED, BLUE), id="a-quarter-counter-clockwise"),
        pytest.param((-1, 0, 0, 1), (GREEN, RED, WHITE, BLUE), id="mirrored"),
    ],
)
def test_a_turned_video_comes_out_upright(tmp_path, matrix, expected):
    def turn(stream):
        if matrix is not None:
            a, b, c, d = (value << 16 for value in matrix)
            stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])

    clip = load_clip(write(tmp_path / "v.mp4", [quarters()] * 2, prepare=turn))
    assert len(clip) == 2
    assert_corners(clip[0], expected)


def test_a_video_turned_by_an_odd_angle_is_refused(tmp_path):
    path = write(tmp_path / "v.mp4", [quarters()], prepare=lambda stream: stream.set_display_rotation(30))
    with pytest.raises(InputError, match=r"v\.mp4: is turned by an angle that is no multiple of 90 degrees; save it"):
        load_clip(path)


@pytest.mark.parametrize(
    ("name", "codec", "form"),
    [
        ("v.mov", "prores_ks", "yuva444p10le"),
        ("v.mov", "png", "rgba"),
        ("v.mkv", "ffv1", "yuva420p"),
        ("v.webm", "libvpx-vp9", "yuva420p"),
    ],
)
def test_a_transparent_video_stands_on_white(tmp_path, name, codec, form):
    pixels = np.dstack([quarters(), np.full((SIDE, SIDE), 255, np.uint8)])
    pixels[SIDE // 2 :] = (0, 0, 0, 0)
    pixels[: SIDE // 2, SIDE // 2 :, 3] = 128
    clip = load_clip(write(tmp_path / name, [pixels] * 2, codec, form))
    half = np.array(GREEN) * 128 / 255 + 127
    assert len(clip) == 2
    assert_corners(clip[1], (RED, half, WHITE, WHITE), 8)


def test_a_gif_is_transparent_and_its_frames_are_taken_one_by_one(tmp_path, capsys):
    frames = [np.dstack([quarters(), np.full((SIDE, SIDE), 255, np.uint8)]) for _ in range(4)]
    for number, frame in enumerate(frames):
        frame[SIDE // 2 :] = (0, 0, 0, 0)
        frame[:8, : 8 * (number + 1)] = (255, 255, 0, 255)
    first, *rest = [Image.fromarray(frame) for frame in frames]
    path = tmp_path / "uneven.gif"
    first.save(path, save_all=True, append_images=rest, duration=[100, 100, 600, 100], disposal=2)
    clip = load_clip(path)
    assert [int((frame[2] == (255, 255, 0)).all(axis=1).sum()) for frame in clip] == [8, 16, 24, 32]
    assert_corners(clip[3], (RED, GREEN, WHITE, WHITE))
    assert "uneven.gif: note: its frames are not evenly spaced in time" in capsys.readouterr().err


@pytest.mark.parametrize(("matrix", "red", "blue"), [(1, 0.2126, 0.0722), (5, 0.299, 0.114), (9, 0.2627, 0.0593)])
@pytest.mark.parametrize("full", [False, True])
def test_range_and_matrix_are_those_that_the_file_states(tmp_path, matrix, red, blue, full):
    colour = np.array([40, 200, 90]) / 255
    luma = red * colour[0] + (1 - red - blue) * colour[1] + blue * colour[2]
    chroma = np.array([(colour[2] - luma) / (2 - 2 * blue), (colour[0] - luma) / (2 - 2 * red)])
    levels = [luma * 255, *(chroma * 255 + 128)] if full else [16 + 219 * luma, *(128 + 224 * chroma)]
    frame = av.VideoFrame(SIDE, SIDE, "yuv444p")
    for plane, level in zip(frame.planes, levels, strict=True):
        plane.update(np.full(plane.buffer_size, round(level), np.uint8).tobytes())
    frame.color_range, frame.colorspace = 2 if full else 1, matrix

    def state(stream):
        stream.codec_context.color_range, stream.codec_context.colorspace = frame.color_range, matrix

    for name, codec in (("v.mp4", "libx264"), ("v.mkv", "ffv1")):
        (image,) = load_clip(write(tmp_path / name, [frame], codec, prepare=state))
        np.testing.assert_allclose(image[5, 5], colour * 255, atol=2)


@pytest.mark.parametrize(("aspect", "shape"), [(Fraction(2), (64, 128, 3)), (Fraction(2, 3), (96, 64, 3))])
def test_pixels_that_are_not_square_are_made_square(tmp_path, aspect, shape):
    def squeeze(stream):
        stream.codec_context.sample_aspect_ratio = aspect

    (image,) = load_clip(write(tmp_path / "v.mp4", [quarters()], prepare=squeeze))
    assert image.shape == shape
    assert_corners(image, (RED, GREEN, BLUE, WHITE))


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("sample_aspect_ratio", Fraction(9), "its pixels are 9 times as wide as high; save it with square pixels"),
        ("color_trc", 16, "a video of high dynamic range"),
        ("color_trc", 18, "a video of high dynamic range"),
    ],
)
def test_what_cannot_be_shown_faithfully_is_refused(tmp_path, setting, value, says):
    path = write(tmp_path / "v.mp4", [quarters()], prepare=lambda s: setattr(s.codec_context, setting, value))
    with pytest.raises(InputError, match=rf"v\.mp4: {says}") as caught:
        load_clip(path)
    assert "\n" not in str(caught.value)


def test_a_form_that_ffmpeg_does_not_know_is_refused(tmp_path):
    path = write(tmp_path / "a.mp4", [quarters()])
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(InputError, match=r"a\.mp4: its video is in a form that is not known here"):
        load_clip(path)


@pytest.mark.parametrize("folder", [False, True])
def test_clips_that_would_fill_the_memory_are_refused(tmp_path, monkeypatch, folder):
    """By all their frames together, before the last are decoded."""
    monkeypatch.setattr("vid3d.external.videos.MAXIMUM_TOTAL", 2 * SIDE * SIDE)
    path = tmp_path / "clip"
    if folder:
        path.mkdir()
        for number in range(3):
            Image.fromarray(quarters()).save(path / f"frame-{number:02}.png")
    else:
        path = write(tmp_path / "clip.mp4", [quarters()] * 3)
    with pytest.raises(InputError, match="million pixels in all frames; shorten it or scale it down"):
        load_clip(path)
