"""The README's picture: what docs/pictures/overview.py draws of a study's results, and that it is small."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import synthetic_study
from PIL import Image

from vid3d.errors import InputError
from vid3d.study import layout

ROOT = Path(__file__).parents[2]
SPECIFICATION = importlib.util.spec_from_file_location("overview_picture", ROOT / "docs/pictures/overview.py")
overview = importlib.util.module_from_spec(SPECIFICATION)
SPECIFICATION.loader.exec_module(overview)
FRAMES, SIDE = 3, 16  # of the synthetic study


@pytest.fixture
def study(tmp_path):
    return synthetic_study.build(tmp_path)


@pytest.fixture
def sheets(study, tmp_path):
    return overview.sheets(study, "truth", ("frog", "mill"), tmp_path)


def test_every_stage_is_shown_in_every_frame(sheets):
    """By the grey levels that the synthetic study's files have: the middles of the first row's pictures."""
    side = overview.SCALE * SIDE
    assert len(sheets) == FRAMES
    for frame, sheet in enumerate(sheets):
        left, found = 0, []
        for _, _, shown in overview.COLUMNS:
            left += overview.GAP
            for _ in shown:
                found.append(sheet.getpixel((left + side // 2, overview.HEAD + side // 2)))
                left += side
        assert sheet.size == (left + overview.GAP, overview.HEAD + 2 * side)
        levels = [200 + frame, *(10 * view + frame for view in (0, 4, 8)), *(20 * k + frame for k in (1, 3, 5, 7, 9))]
        assert found[0] == pytest.approx((227, 147, 147, 255), abs=1)  # of alpha 128, on white
        assert found[1:] == [(level, level, level, 255) for level in levels]


def test_what_is_no_picture_lets_the_page_through(sheets):
    titles, pictures = np.split(np.asarray(sheets[0])[..., 3], [overview.HEAD])
    assert titles.any()
    assert not titles.all()
    assert not pictures[:, : overview.GAP].any()
    assert not pictures[:, -overview.GAP :].any()


def test_it_moves_there_and_back_without_end(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (FRAMES, 8, 12, 4), np.uint8)
    path = tmp_path / "overview.webp"
    overview.save([Image.fromarray(frame) for frame in noise], path)
    with Image.open(path) as picture:
        assert picture.n_frames == 2 * FRAMES - 2
        assert picture.info["loop"] == 0
        shown = []
        for frame in range(picture.n_frames):
            picture.seek(frame)
            shown.append(np.asarray(picture.convert("RGBA")))
            assert picture.info["duration"] == overview.PACE
    assert np.array_equal(shown[1], shown[3])
    assert not np.array_equal(shown[0], shown[2])


def test_a_missing_file_is_named(study, tmp_path):
    path = layout.Condition("truth", "mill", 120, 18).path(layout.ORBIT, study, frame="01")
    (tmp_path / path).unlink()
    with pytest.raises(InputError, match=r"orbit/frame-01\.png: no such file"):
        overview.sheets(study, "truth", ("frog", "mill"), tmp_path)


def test_pictures_of_pages_load_at_once():
    sizes = {path.name: path.stat().st_size for path in (ROOT / "docs/pictures").iterdir() if path.suffix != ".py"}
    assert sizes
    assert {name: size for name, size in sizes.items() if size > 1_000_000} == {}
