from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vid3d import __version__, files
from vid3d.hypothesis import analysis


def run(*, cells: Sequence[Path], output: Path, table: Path) -> None:
    """The registered analysis: all cells to verdicts and Table 4.

    Args:
        cells: CSV files.
        output: JSON of verdicts, tests, controls and the checksum of the script.
        table: CSV of Table 4.
    """
    rows: list[dict[str, Any]] = []
    for path in cells:
        rows += files.load_rows(path, analysis.COLUMNS)
    found = analysis.analysed(rows)
    files.save_json(output, found | {"vid3d": __version__, "cells": len(cells)})
    files.save_rows(table, analysis.table4(rows), files.Provenance("table4", "{}", {"sha256": found["sha256"]}))
