import json
import re

import numpy as np
import pytest
import synthetic_study as synthetic
from matplotlib import colormaps, style
from PIL import Image

from vid3d import figures, procedural
from vid3d.cameras import EVALUATION_CAMERAS, orbit
from vid3d.errors import InputError
from vid3d.figures.crop import Square
from vid3d.figures.details import Details, Shown, most_different
from vid3d.figures.source import BACK
from vid3d.files import to_uint8
from vid3d.study import layout
from vid3d.study.reading import read_yaml

TRUE = synthetic.RUN | {"motion_scores": [120], "view_counts": [18, 3], "images": ["frog"]}
OBJECT = procedural.sample_object(np.random.default_rng(3))
ERROR = 51  # of 255, by which all that the few views show is too dark


@pytest.fixture
def study(tmp_path):
    """Renders that are the truth from 18 views, and too dark from 3."""
    made = synthetic.build(tmp_path, {"true": TRUE})
    for count in TRUE["view_counts"]:
        clip = layout.Condition("true", "frog", 120, count)
        described = {"name": "frog", "caption": OBJECT.caption, "procedural": OBJECT.to_dict()}
        (tmp_path / clip.path(layout.SUBJECT, made)).write_text(json.dumps(described), encoding="utf-8")
        for frame in range(3):
            truth = to_uint8(procedural.render(OBJECT, frame, 120, orbit(EVALUATION_CAMERAS, 16))[0]).astype(int)
            darker = np.maximum(truth - (ERROR if count == 3 else 0), 0)
            strip = np.concatenate(list(darker.astype(np.uint8)), axis=1)
            Image.fromarray(strip).save(tmp_path / clip.path(layout.RENDERS, made, frame=f"{frame:02d}"))
    return made


def drawn(study, root):
    with style.context(synthetic.REPOSITORY / figures.STYLE):
        made = figures.DRAW["figure3"](figures.Source(study, "small", root))
    return made, figures.describe("figure3", 3, read_yaml(root / "reports/captions.yaml")["figure3"], made)


def test_errors_stand_under_the_truth_on_a_scale_that_the_caption_tells(study, tmp_path):
    made, entry = drawn(study, tmp_path)
    cells = [np.asarray(image.get_array()) for image in made.figure.axes[0].images][1 + 2 * 3 :]
    few, many, *truths, wrong, right = cells  # rows begin with the fewest views
    assert (truths[0] == truths[1]).all()
    assert (many == truths[1]).all()
    assert few.mean() < many.mean() - 20
    ends = colormaps["cividis"]([0.0, 1.0], bytes=True)[:, :3]
    assert (right == ends[0]).all()
    assert (wrong == ends[1]).all(axis=2).any()
    (bar,) = made.figure.axes[1:]
    assert [label.get_text() for label in bar.get_xticklabels()] == ["0", f"{ERROR / 255:.2f}"]
    assert f"from 0 to {ERROR / 255:.2f}" in entry.caption
    assert entry.alt.endswith("above the truth and the error to it.")


def test_without_a_truth_there_is_neither_its_line_nor_a_word_of_it(tmp_path):
    photographs = TRUE | {
        "benchmark": "animate124",
        "images": ["photo-00"],
        "seed": {"backend": "relief", "size": 16, "frames": 3},
        "views": {"backend": "relief", "size": 16},
    }
    made, entry = drawn(synthetic.build(tmp_path, {"photographs": photographs}), tmp_path)
    assert len(made.figure.axes) == 1
    assert len(made.figure.axes[0].images) == 1 + 2 * 3 + 2
    assert not re.search("truth|error", entry.caption + entry.alt)
    assert "framed above in frame 0" in entry.caption


def test_truth_is_what_the_object_looks_like_from_there(study, tmp_path):
    clip = layout.Condition("true", "frog", 120, 18)
    truth = figures.Source(study, "small", tmp_path).truth(clip, 2, BACK)
    expected = procedural.render(OBJECT, 2, 120, orbit(EVALUATION_CAMERAS, 16))[0][BACK]
    np.testing.assert_array_equal(truth, to_uint8(expected))
    subject = tmp_path / clip.path(layout.SUBJECT, study)
    subject.write_text('{"name": "frog", "caption": "a frog"}', encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(str(subject))):
        figures.Source(study, "small", tmp_path).truth(clip, 2, BACK)


def test_the_detail_is_where_and_when_rows_differ_most():
    rows = [[np.full((40, 40, 3), 255, np.uint8) for _ in range(4)] for _ in range(3)]
    rows[0][1][5:15, 20:30] = 200  # less, though in all of a square
    rows[2][2][14:24, 9:19] = 100
    rows[1][3][34:, 34:] = 0  # more, and outside
    mark = most_different(rows, Square(0.1, 0.1, 0.75))
    assert mark.column == 2
    assert mark.square == Square(9 / 40, 14 / 40, 10 / 40)


def test_equal_rows_have_a_detail_too():
    rows = [[np.full((9, 9, 3), 7, np.uint8)] * 2] * 2
    mark = most_different(rows, Square())
    assert (mark.column, mark.square) == (0, Square(0.0, 0.0, 3 / 9))


@pytest.mark.parametrize("count", [2, 3, 6])
def test_details_are_as_large_as_the_sheet_allows(count):
    picture = np.zeros((8, 8, 3), np.uint8)
    details = Details([Shown(f"motion {n}", picture, None) for n in range(count)], Square(), 3.3, 0.42)
    assert details.side <= 0.85
    assert 0.42 + count * details.side <= 3.3
    assert details.side == 0.85 or 0.42 + count * (details.side + 0.05) > 3.2
