"""What the 4D viewer is given: frames as scripts, posters, and the files beside them."""

import base64
import json
import re
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.browser.demo import ROOT, waver
from tests.unit.report.spz_reader import decode
from vid3d.cameras import sphere
from vid3d.errors import InputError
from vid3d.files import Provenance, load_splats, save_splats
from vid3d.report import gallery
from vid3d.report.viewer import (
    FIRST_AZIMUTH,
    FIRST_ELEVATION,
    POSTER,
    SOURCES,
    TURNTABLE,
    Shown,
    ShownClip,
    SplatClip,
    download,
    low_pass,
    write_clip,
    write_ply_sequence,
    write_turntable,
)
from vid3d.splatting.native import Rasterisation
from vid3d.splatting.rasteriser import render


@pytest.fixture
def clip(tmp_path) -> SplatClip:
    """Three frames, at paths whose names say nothing of their order."""
    paths = [tmp_path / "splats" / name for name in ("c.ply", "a.ply", "b.ply")]
    for index, path in enumerate(paths):
        save_splats(path, waver(index / 3, 1.0, 300), Provenance("splat", "{}", {"frame": index}))
    return SplatClip("frog-views-18", "frog", "18 views", tuple(paths), fitted=64)


def frames_of(page, shown: ShownClip):
    """The splats in the scripts, in order."""
    for index in range(shown.frames):
        text = (page / shown.folder / f"frame-{index:02d}.js").read_text()
        key, number, data = re.fullmatch(
            r'vid3d\.frame\("([a-z0-9-]+)", (\d+), "([A-Za-z0-9+/=]+)"\);\n', text
        ).groups()
        assert (key, int(number)) == (shown.key, index)
        yield decode(base64.b64decode(data))


def test_frames_are_scripts_in_the_order_of_time(clip, tmp_path):
    shown = write_clip(clip, tmp_path / "page")
    assert shown.frames == 3
    for path, splats in zip(clip.frames, frames_of(tmp_path / "page", shown), strict=True):
        np.testing.assert_allclose(splats.positions, load_splats(path).positions, atol=2e-4)


def test_the_same_splats_make_the_same_files(clip, tmp_path):
    for page in ("one", "two"):
        write_clip(clip, tmp_path / page)
        write_ply_sequence(clip, tmp_path / page / "sequence.zip")
    files = [sorted(p for p in (tmp_path / page).rglob("*") if p.is_file()) for page in ("one", "two")]
    assert len(files[0]) == 5
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]


def test_the_poster_is_the_first_frame_at_the_first_view(clip, tmp_path):
    shown = write_clip(clip, tmp_path)
    with Image.open(tmp_path / shown.poster) as image:
        poster = np.asarray(image.convert("RGB")) / 255.0
    camera = sphere([FIRST_AZIMUTH], FIRST_ELEVATION, POSTER)
    expected = np.clip(render(load_splats(clip.frames[0]), camera, Rasterisation(eps2d=low_pass(POSTER, 64)))[0], 0, 1)
    assert poster.shape == expected.shape
    assert -10 * np.log10(np.mean((poster - expected) ** 2)) > 30  # dB; WebP halves the resolution of colours


def test_a_clip_that_got_shorter_leaves_no_frames_behind(clip, tmp_path):
    write_clip(clip, tmp_path)
    shown = write_clip(SplatClip(clip.key, clip.subject, clip.label, clip.frames[:2]), tmp_path)
    assert sorted(path.name for path in (tmp_path / shown.folder).iterdir()) == [
        "frame-00.js",
        "frame-01.js",
        "poster.webp",
    ]


def test_ply_sequences_hold_the_files_under_names_that_supersplat_plays(clip, tmp_path):
    write_ply_sequence(clip, tmp_path / "sequence.zip")
    with zipfile.ZipFile(tmp_path / "sequence.zip") as archive:
        names = archive.namelist()
        assert names == [f"frog-views-18/frame000{index}.ply" for index in range(3)]
        assert [archive.read(name) for name in names] == [path.read_bytes() for path in clip.frames]
    prefixes = {re.fullmatch(r"(.*?)(\d+)\.ply", name.split("/")[1])[1] for name in names}
    assert prefixes == {"frame"}  # one prefix and a number: what makes files a sequence there


def test_turntables_are_h264_videos_of_one_turn_and_whole_plays(clip, tmp_path):
    import av

    write_turntable(clip, tmp_path / "turn.mp4")
    with av.open(str(tmp_path / "turn.mp4")) as video:
        assert video.streams.video[0].codec_context.name == "h264"
        images = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(images) == 48  # sixteen times three frames
    for index in (0, 13):
        camera = sphere([FIRST_AZIMUTH + 360 * index / 48], FIRST_ELEVATION, TURNTABLE)
        splats = load_splats(clip.frames[index % 3])
        expected = np.clip(render(splats, camera, Rasterisation(eps2d=low_pass(TURNTABLE, 64)))[0], 0, 1)
        assert -10 * np.log10(np.mean((images[index] / 255.0 - expected) ** 2)) > 30  # dB


@pytest.mark.parametrize(
    ("size", "fitted", "expected"), [(64, 64, 0.3), (512, 64, 0.3 * 64), (64, 512, 0.3), (512, None, 0.3)]
)
def test_the_filter_grows_with_the_picture_but_never_shrinks(size, fitted, expected):
    assert low_pass(size, fitted) == pytest.approx(expected)


def test_a_clip_drawn_larger_looks_as_it_was_fitted():
    """With the filter that has grown along, the picture's local means are the small picture; without, they are not."""
    splats, small, large = waver(0.2, 1.0, 300), sphere([40.0], 10.0, 48), sphere([40.0], 10.0, 384)
    expected = render(splats, small)[0]
    drawn = [render(splats, large, Rasterisation(eps2d=eps))[0] for eps in (low_pass(384, 48), low_pass(384, None))]
    centres = [(image[3::8, 3::8] + image[4::8, 3::8] + image[3::8, 4::8] + image[4::8, 4::8]) / 4 for image in drawn]
    errors = [np.abs(image - expected).max() for image in centres]
    assert errors[0] < 0.02 < 0.2 < errors[1]


def test_downloads_are_relative_and_say_their_size(tmp_path):
    page, beside = tmp_path / "report", tmp_path / "report-splats" / "frog.zip"
    beside.parent.mkdir()
    beside.write_bytes(bytes(1_660_000))
    offered = download("PLY sequence", beside, page)
    assert (offered.file, offered.size) == ("../report-splats/frog.zip", "1.7 MB")
    beside.write_bytes(bytes(4_200))
    assert download("PLY sequence", beside, page).size == "4 kB"


def test_what_the_scripts_read_is_plain_json(clip, tmp_path):
    shown = write_clip(clip, tmp_path)
    data = json.loads(json.dumps(Shown("Clips", (shown,)).data))
    assert data["home"] == {"azimuth": FIRST_AZIMUTH, "elevation": FIRST_ELEVATION, "radius": 2.0}
    assert data["rate"] == 10
    (entry,) = data["clips"]
    assert (entry["key"], entry["fitted"], entry["frames"]) == ("frog-views-18", 64, 3)
    assert (tmp_path / entry["folder"] / "frame-02.js").is_file()


def test_every_script_of_the_viewer_is_copied(tmp_path):
    there = {path.relative_to(ROOT / "reports").as_posix() for path in (ROOT / "reports" / "viewer").glob("*.js")}
    assert there | {"viewer.css"} == set(SOURCES)
    for source in SOURCES:
        gallery.copy(ROOT / "reports" / source, tmp_path / source)
        assert (tmp_path / source).read_bytes() == (ROOT / "reports" / source).read_bytes()


@pytest.mark.parametrize("key", ["", "Frog", "frog/../up", 'frog"', "frog 1"])
def test_keys_that_are_no_file_names_are_refused(key, tmp_path):
    with pytest.raises(ValueError, match="lower case"):
        SplatClip(key, "frog", "18 views", (tmp_path / "0.ply",))


def test_two_clips_of_one_key_and_clips_without_frames_are_refused(clip, tmp_path):
    shown = write_clip(clip, tmp_path)
    with pytest.raises(ValueError, match="a key of its own"):
        Shown("Clips", (shown, shown))
    with pytest.raises(ValueError, match="0 frames"):
        SplatClip("frog", "frog", "18 views", ())


@pytest.mark.parametrize("write", [write_clip, write_ply_sequence, write_turntable])
def test_a_missing_frame_is_named_and_nothing_half_written_stays(write, clip, tmp_path):
    clip.frames[2].unlink()
    target = tmp_path / "page" / "file"
    with pytest.raises(InputError, match=r"b\.ply"):
        write(clip, target)
    assert not target.is_file()


def test_a_missing_download_or_source_is_named(tmp_path):
    with pytest.raises(InputError, match=r"x\.zip: no such file"):
        download("PLY", tmp_path / "x.zip", tmp_path)
    with pytest.raises(InputError, match=r"spz\.js: missing"):
        gallery.copy(tmp_path / SOURCES[0], tmp_path / "page" / SOURCES[0])
