import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import synthetic_study as synthetic
from PIL import Image

from vid3d import figures, layout
from vid3d.errors import InputError

ONE_CONDITION = synthetic.RUN | {"motion_scores": [120], "view_counts": [18]}


@pytest.fixture
def study(tmp_path):
    return synthetic.build(tmp_path)


def embedded(path):
    """The pictures in an SVG, in drawing order."""
    data = re.findall(r"data:image/png;base64,([^\"]+)", path.read_text(encoding="utf-8"))
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")) for text in data]


def greys(path):
    """Mean grey level of each picture but the references."""
    return [round(float(image.mean())) for image in embedded(path) if np.ptp(image.reshape(-1, 3).mean(axis=0)) < 1]


def test_figure2_shows_two_images_at_two_cameras_over_time(study, tmp_path):
    path = figures.figure2(study, "small", tmp_path)
    front, side = [0, 1, 2], [60, 61, 62]  # grey level: 20 times the camera plus the frame
    assert greys(path) == [*front, *side, *front, *side]
    assert len(embedded(path)) == 12 + 2


def test_figure3_has_a_row_per_view_count_seen_from_the_back(study, tmp_path):
    assert greys(figures.figure3(study, "small", tmp_path)) == [100, 101, 102] * 3


def test_figure4_has_a_row_per_motion_score(study, tmp_path):
    assert greys(figures.figure4(study, "small", tmp_path)) == [0, 1, 2] * 2


def test_rows_come_from_their_own_conditions(study):
    strips = figures.plan(3, study, "small").groups[0]
    assert [strip.clip.views for strip in strips] == [3, 9, 18]
    assert {strip.clip.motion for strip in strips} == {120}
    strips = figures.plan(4, study, "small").groups[0]
    assert [strip.clip.motion for strip in strips] == [120, 160]


def test_a_run_of_one_condition_gives_one_row_and_says_so(tmp_path):
    study = synthetic.build(tmp_path, {"one": ONE_CONDITION}, images=["frog"])
    paths = figures.write(study, "small", tmp_path)
    assert [len(greys(path)) for path in paths] == [6, 3, 3]
    assert "there is one row, fitted to 18 views" in figures.caption(3, study, "small", tmp_path)
    assert "there is one row, of motion 120" in figures.caption(4, study, "small", tmp_path)


def test_captions_name_run_images_cameras_and_frames(study, tmp_path):
    caption = figures.caption(2, study, "small", tmp_path)
    for words in ("“frog” and “mill”", "“Truth”", "the cameras at 0° and 108°", "frames 0, 1 and 2 of 3"):
        assert words in caption
    assert "3, 9 and 18 views" in figures.caption(3, study, "small", tmp_path)


def test_the_run_that_varies_is_shown_rather_than_the_first(tmp_path):
    study = synthetic.build(tmp_path, {"one": ONE_CONDITION, "many": synthetic.RUN})
    assert [figures.plan(number, study, "small").run for number in figures.NUMBERS] == ["one", "many", "many"]


def test_controls_are_not_shown(tmp_path):
    study = synthetic.build(tmp_path)
    only_control = study.model_copy(
        update={"reports": {"small": study.reports["small"].model_copy(update={"runs": ("static",)})}}
    )
    with pytest.raises(InputError, match="only controls"):
        figures.write(only_control, "small", tmp_path)


@pytest.mark.parametrize("frames", [1, 2, 6, 8, 25])
def test_moments_hold_first_and_last_frame(frames):
    moments = figures.moments(frames)
    assert (moments[0], moments[-1], len(moments)) == (0, frames - 1, min(6, frames))
    assert list(moments) == sorted(set(moments))


def test_figures_are_valid_small_and_the_same_each_time(study, tmp_path):
    paths = figures.write(study, "small", tmp_path)
    before = [path.read_bytes() for path in paths]
    assert all(ElementTree.fromstring(data).tag.endswith("svg") for data in before)
    assert all(len(data) < 1_000_000 for data in before)
    assert [path.read_bytes() for path in figures.write(study, "small", tmp_path)] == before


def test_tiles_are_on_white_and_never_larger_than_asked(tmp_path):
    red = Image.new("RGBA", (400, 400), (255, 0, 0, 0))
    red.save(tmp_path / "clear.png")
    tile = figures.tile(tmp_path / "clear.png", 0, 1, 100)
    assert tile.shape == (100, 100, 3)
    assert (tile == 255).all()
    assert figures.tile(tmp_path / "clear.png", 0, 1, 500).shape == (400, 400, 3)


@pytest.mark.parametrize("spoil", ["missing", "corrupt", "shape"])
def test_a_bad_filmstrip_is_named(study, tmp_path, spoil):
    path = tmp_path / layout.Condition("truth", "frog", 120, 18).path(layout.RENDERS, study, "render", frame="01")
    if spoil == "missing":
        path.unlink()
    elif spoil == "corrupt":
        path.write_bytes(b"no image")
    else:
        Image.new("RGB", (90, 10)).save(path)
    with pytest.raises(InputError, match=re.escape(str(path))):
        figures.write(study, "small", tmp_path)
