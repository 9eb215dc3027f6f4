"""A number depends on the files that it is traced to, and on no other."""

import csv
from pathlib import Path

import numpy as np
import pytest
import synthetic_study as synthetic

from vid3d.checking import trace
from vid3d.checking.files import Records
from vid3d.errors import InputError
from vid3d.study import layout, table_list
from vid3d.tables.by_name import TABLES
from vid3d.tables.scores import collect
from vid3d.tables.table import Measured

OBJECTS = [f"object-{number}" for number in range(6)]
RELIEF = {"backend": "relief", "size": 16}
ONE = synthetic.RUN | {
    "title": "One",
    "motion_scores": [120, 160],
    "view_counts": [18, 3],
    "seed": RELIEF | {"frames": 1},
    "views": RELIEF,
}
RUNS = {
    "one": ONE,
    "two": {"title": "Two", "extends": "one", "replicate": True, "seed": {"seed": 7}},
    "seed": {"title": "Seed", "extends": "one", "seed": {"backend": "procedural", "size": 16, "frames": 1}},
    "truth": {"title": "Truth", "extends": "seed", "views": {"backend": "procedural", "size": 16}},
}
CELLS = {  # cells of a row, and a column
    "table1": ({"run": "one"}, "self_reference"),
    "table2": ({"run": "one", "views": "3"}, "source_reference"),
    "table3": ({"run": "truth", "motion": "160"}, "source_reference"),
    "held-out": ({"run": "truth", "motion": "120", "views": "3"}, "psnr_level"),
    "protocols": ({"run": "seed", "motion": "120", "views": "3", "protocol": "source_reference"}, "mean"),
    "replicates": ({"run": "one", "motion": "120", "views": "3"}, "source_reference"),
    "claims": ({"run": "one", "claim": "fewer-views-cost-little", "protocol": "source_reference"}, "estimate"),
    "margins": ({"run": "one", "claim": "fewer-views-cost-little", "protocol": "source_reference"}, "low"),
    "resolution": ({"run": "one", "difference": "18 less 3 views"}, "spread"),
    "indicators": ({"run": "seed", "motion": "160", "views": "18", "indicator": "janus"}, "mean"),
    "attribution": ({"run": "one", "stage": "views", "place": "front"}, "similarity"),
    "substitution": ({"run": "one", "stage": "splats", "protocol": "source_reference"}, "share"),
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("study"), np.random.default_rng(0)
    made = synthetic.build(root, RUNS, pictures=False, objects=OBJECTS)
    for path in layout.read_by(made, "small", "scores"):  # else images would not vary, and no claim could be judged
        spoil(root / path, rng)
    return made, root


def table(study, root, name):
    """The cells of a table made now, as its CSV file has them."""
    scores, held_out = collect(study, "small", root)
    made = TABLES[name].make(Measured(study, "small", root, scores, held_out, ()))
    text = made.to_csv(index=False, float_format="%.6f")
    return list(csv.DictReader(text.splitlines()))


def one(rows, wanted):
    (found,) = (row for row in rows if wanted.items() <= row.items())
    return found


def spoil(path, rng):
    """Other numbers in a file of scores, qualities, indicators or embeddings."""
    if path.suffix == ".npz":
        with np.load(path) as stored:
            arrays = {name: np.asarray(a + rng.normal(size=a.shape), np.float32) for name, a in stored.items()}
        np.savez(path, **arrays)
        return
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    of_file = rng.uniform(0.96, 0.98)
    for row in rows:
        for column in sorted(row.keys() & {"source_reference", "self_reference", "psnr", "ssim", "value"}):
            row[column] = float(row[column]) * (of_file + rng.uniform(0, 0.02))
    synthetic.write_csv(path, rows)


def test_every_table_has_a_cell_here():
    assert set(CELLS) == set(table_list.NAMES)


@pytest.mark.parametrize("name", CELLS)
def test_a_number_depends_on_what_it_is_traced_to_and_on_nothing_else(study, name):
    study, root = study
    wanted, column = CELLS[name]
    before = one(table(study, root, name), wanted)
    assert before[column]
    named = set(trace.sources(study, "small", name, before, column, Records(root)))
    every = set(layout.read_by(study, "small", "scores", "held-out", "measures"))
    assert named < every
    rng = np.random.default_rng(0)
    for path in sorted(every - named):
        spoil(root / path, rng)
    assert one(table(study, root, name), wanted)[column] == before[column]
    for path in sorted(named):
        spoil(root / path, rng)
    assert one(table(study, root, name), wanted)[column] != before[column]


@pytest.mark.parametrize(("name", "column"), [("indicators", "position"), ("protocols", "rank")])
def test_columns_across_runs_are_traced_to_all(study, name, column):
    cells = {"run": "one", "motion": "120", "views": "18"}
    found = {Path(path).parts[1] for path in trace.sources(study[0], "small", name, cells, column, Records(study[1]))}
    assert found == set(RUNS)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("0", "has no row 0; it has 2"),
        ("3", "has no row 3"),
        ("run=one", "rows 1, 2 have run=one"),
        ("run=x", "no row"),
    ],
)
def test_a_row_that_is_not_one_is_refused(row, told):
    with pytest.raises(InputError, match=told):
        trace.chosen([{"run": "one", "views": "3"}, {"run": "one", "views": "9"}], row, "table2.csv")


def test_a_row_is_named_by_number_or_cells():
    rows = [{"run": "one", "views": "3"}, {"run": "one", "views": "9"}]
    assert trace.chosen(rows, "2", "") == trace.chosen(rows, "views=9,run=one", "") == 2
