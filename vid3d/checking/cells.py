"""Tables cell by cell against expected values: identical, within a tolerance, or different."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vid3d.errors import InputError

EXPECTED = "benchmark/expected/{report}"  # a report's tables as they are to be; `vid3d verify --expect` writes them
TOLERANCE = 0.0005  # half of the third digit of a score

Verdict = Literal["identical", "within", "different"]


@dataclass(frozen=True)
class Cell:
    """A cell of a table, ``row`` from 1 (0: the head), and what is to be in it."""

    table: str
    row: int
    column: str
    here: str
    expected: str
    verdict: Verdict

    def __str__(self) -> str:
        return (
            f"{self.table}, row {self.row}, {self.column}: {self.here or 'nothing'}, not {self.expected or 'nothing'}"
        )


def compare(tables: Path, expected: Path, tolerance: float) -> list[Cell]:
    """All cells of the tables that are expected.

    Numbers may differ by ``tolerance``, those beyond 1 by as large a share of them; texts and verdicts may not.

    Args:
        tables: a folder of CSV files.
        expected: another one.  Tables that only the first has are left aside.
        tolerance: 0 for none.

    Raises:
        InputError: a table that is missing or cannot be read, or nothing that is expected.
    """
    names = sorted(path.name for path in expected.glob("*.csv"))
    if not names:
        raise InputError(f"{expected}: holds no tables (CSV files) to compare with; check the path")
    return [cell for name in names for cell in _of_table(tables / name, expected / name, tolerance)]


def _of_table(path: Path, expected: Path, tolerance: float) -> list[Cell]:
    (head, rows), (their_head, their_rows) = _read(path), _read(expected)
    cells = []
    for column in [*their_head, *(name for name in head if name not in their_head)]:
        if column not in head or column not in their_head:
            here, theirs = (column if column in names else "no such column" for names in (head, their_head))
            cells.append(Cell(path.stem, 0, column, here, theirs, "different"))
    if len(rows) != len(their_rows):
        cells.append(Cell(path.stem, 0, "rows", str(len(rows)), str(len(their_rows)), "different"))
    shared = [column for column in their_head if column in head]
    for number, (ours, wanted) in enumerate(zip(rows, their_rows, strict=False), 1):
        for column in shared:
            verdict = judge(ours[column], wanted[column], tolerance)
            cells.append(Cell(path.stem, number, column, ours[column], wanted[column], verdict))
    return cells


def judge(here: str, expected: str, tolerance: float) -> Verdict:
    """What a cell's text is to the expected one."""
    if here == expected:
        return "identical"
    try:
        one, other = float(here), float(expected)
    except ValueError:
        return "different"
    # a rounding error of the comparison itself is no difference
    near = math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance * (1 + 1e-9))
    return "within" if near else "different"


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Head and rows; of a row that is too short or too long, texts that are no cell of another."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream, strict=True, restkey="more", restval="")
            rows = [{name: str(cell) for name, cell in row.items()} for row in reader]
            return list(reader.fieldnames or ()), rows
    except FileNotFoundError:
        raise InputError(f"{path}: no such table; make it first: snakemake --cores all") from None
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a table ({error}); make it anew, or restore it") from None
