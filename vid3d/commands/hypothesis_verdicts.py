from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vid3d import __version__, files, journal
from vid3d.hypothesis import analysis, registration


def run(*, cells: Sequence[Path], output: Path, table: Path, doses: Path) -> None:
    """The registered analysis: all cells to verdicts, Table 4 and the numbers of Figure 11.

    Args:
        cells: CSV files.
        output: JSON of verdicts, tests, controls, the checksum of the script, and the commits behind it all.
        table: CSV of Table 4.
        doses: CSV of the numbers of Figure 11.
    """
    rows: list[dict[str, Any]] = []
    measured_at = {}
    for path in cells:
        rows += files.load_rows(path, analysis.COLUMNS)
        measured_at[path.stem] = files.load_provenance(path)["item"]["made_at"]
    made = registration.stamp(journal.commit())
    found = analysis.analysed(rows) | made | {"measured_at": measured_at}
    found |= {
        "registration": registration.registered(Path(analysis.__file__).parents[2]),
        "vid3d": __version__,
        "cells": len(cells),
    }
    files.save_json(output, found)
    item = made | {"sha256": found["sha256"]}
    files.save_rows(table, analysis.table4(rows), files.Provenance("table4", "{}", item))
    files.save_rows(doses, analysis.figure11(rows), files.Provenance("figure11", "{}", item))
