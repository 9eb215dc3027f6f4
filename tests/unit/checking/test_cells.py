"""Cells against expected ones."""

import pytest

from vid3d.checking import cells
from vid3d.errors import InputError


@pytest.mark.parametrize(
    ("here", "expected", "verdict"),
    [
        ("0.8990", "0.8990", "identical"),
        ("", "", "identical"),
        ("0.8990", "0.8995", "within"),
        ("0.8990", "0.899", "within"),
        ("0.8990", "0.8996", "different"),
        ("0.8990", "0.8984", "different"),
        ("32.100", "32.116", "within"),  # 0.0005 of the number
        ("32.100", "32.117", "different"),
        ("0.8990", "", "different"),
        ("holds", "fails", "different"),
        ("holds", "0.5", "different"),
        ("nan", "0.5", "different"),
    ],
)
def test_a_cell_is_identical_within_or_different(here, expected, verdict):
    assert cells.judge(here, expected, 0.0005) == verdict


def test_without_a_tolerance_every_other_number_is_different():
    assert cells.judge("0.8990", "0.8991", 0.0) == "different"


@pytest.fixture
def compare(tmp_path):
    def made(here, expected):
        for name, text in (("here", here), ("expected", expected)):
            (tmp_path / name).mkdir()
            (tmp_path / name / "table1.csv").write_text(text)
        return cells.compare(tmp_path / "here", tmp_path / "expected", 0.0005)

    return made


def different(compared):
    return [str(cell) for cell in compared if cell.verdict == "different"]


def test_a_changed_number_is_named_by_table_row_and_column(compare):
    found = compare("run,score\nquick,0.5\nmini,0.6\n", "run,score\nquick,0.5\nmini,0.7\n")
    assert len(found) == 4
    assert different(found) == ["table1, row 2, score: 0.6, not 0.7"]


def test_rows_and_columns_that_lack_or_are_too_many_are_different(compare):
    found = compare("run,score,more\nquick,0.5,1\n", "run,score,n\nquick,0.5,1\nmini,0.6,1\n")
    assert different(found) == [
        "table1, row 0, n: no such column, not n",
        "table1, row 0, more: more, not no such column",
        "table1, row 0, rows: 1, not 2",
    ]


def test_a_missing_table_and_a_folder_without_any_are_refused(tmp_path, compare):
    compare("run\n", "run\n")
    with pytest.raises(InputError, match="holds no tables"):
        cells.compare(tmp_path / "here", tmp_path, 0.0)
    (tmp_path / "here/table1.csv").unlink()
    with pytest.raises(InputError, match=r"table1\.csv: no such table; make it first"):
        cells.compare(tmp_path / "here", tmp_path / "expected", 0.0)
