from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vid3d import files
from vid3d.hypothesis.analysis import COLUMNS
from vid3d.hypothesis.choice import chosen


def run(*, cells: Sequence[Path], measured: str, output: Path) -> None:
    """Choose the strengths of the arms that model time, by the rule of docs/hypothesis.md.

    Args:
        cells: CSV files of the training objects' cells.
        measured: JSON of the Specs of their views and fits, by which other ones are told.
        output: JSON to write.
    """
    rows: list[dict[str, Any]] = []
    for path in cells:
        rows += files.load_rows(path, COLUMNS | {"number": str})
    numbers = {"smoothness": chosen(rows, "joint"), "waves": int(chosen(rows, "low-rank"))}
    item = {"cells": [path.stem for path in cells]}
    files.save_json(output, numbers | {"provenance": files.Provenance("choice", measured, item).as_dict()})
