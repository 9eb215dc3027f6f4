"""A table as the page shows it: formatted texts in rows, rows in groups; and how numbers become texts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from vid3d.errors import InputError

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Cell:
    """What one cell says: a text, and below it something smaller, such as an interval."""

    text: str
    below: str = ""


@dataclass(frozen=True)
class Row:
    """One row of a table; a cell is None where there is nothing to show."""

    label: str
    cells: tuple[Cell | None, ...]
    note: str = ""


@dataclass(frozen=True)
class Group:
    """Rows under one heading, with a note that holds for all of them, such as the stamp of their run."""

    heading: str
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True)
class TableView:
    """A table on the page.

    Attributes:
        name: of its files below ``tables/``, without a suffix; also its anchor.
        caption: its title.
        heads: of the columns of cells.
        groups: none where there is nothing to show.
        about: sentences below it.
    """

    name: str
    caption: str
    heads: tuple[str, ...]
    groups: tuple[Group, ...]
    about: str = ""

    @property
    def note(self) -> str:
        """What holds for all groups, if there are several: it is then shown once."""
        notes = {group.note for group in self.groups}
        return self.groups[0].note if len(self.groups) > 1 and len(notes) == 1 else ""


def read(path: Path, *columns: str) -> pd.DataFrame:
    """A table of ``vid3d.tables``; motion, views, n and replicates are integers or missing.

    Args:
        columns: that must be there.

    Raises:
        InputError: a file that is missing or not such a table.
    """
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(("motion", "views", "n", "replicates"), "Int64"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); make the tables first") from None
    lacking = [column for column in columns if column not in table]
    if lacking:
        raise InputError(f"{path}: has no column {lacking[0]}; make the tables again")
    return table


def number(value: Any, digits: int = 4, sign: bool = False) -> str:
    """A number with a proper minus sign; nothing of NaN."""
    if pd.isna(value):
        return ""
    shown = format(float(value), f"{'+' if sign else ''}.{digits}f")
    if float(shown) == 0.0:
        shown = shown.lstrip("+-")  # neither +0 nor -0
    return shown.replace("-", MINUS)


def cell(value: Any, digits: int = 4, sign: bool = False, below: str = "") -> Cell | None:
    """A cell with a number; None of NaN."""
    shown = number(value, digits, sign)
    return Cell(shown, below) if shown else None


def interval(low: Any, high: Any, digits: int = 4) -> str:
    """ "0.91 to 0.93"; nothing where an end is missing."""
    return "" if pd.isna(low) or pd.isna(high) else f"{number(low, digits)} to {number(high, digits)}"


def measured(row: Any, column: str, digits: int = 4, sign: bool = False) -> Cell | None:
    """A cell with a mean of a row, and its 95 % interval below."""
    return cell(row[column], digits, sign, interval(row[f"{column}_low"], row[f"{column}_high"], digits))


def text(value: Any) -> str:
    """A text of a table; nothing of NaN."""
    return "" if pd.isna(value) else str(value)


def condition(row: Any) -> str:
    """The condition of a row in words."""
    return f"{row['views']} views, motion {row['motion']}"


def covered(row: Any) -> str:
    """What the means of a row are over, in words: images, frames, replicates."""
    parts = [text(row["images"]), text(row["frames"])]
    if not pd.isna(row["replicates"]) and row["replicates"] > 1:
        parts.append(f"{row['replicates']} replicates")
    return ", ".join(part for part in parts if part)


def grouped(table: pd.DataFrame) -> list[tuple[Any, pd.DataFrame]]:
    """(first row, rows) of each run of a table, in its order."""
    return [(ours.iloc[0], ours) for _, ours in table.groupby("run", sort=False, dropna=False)]


def about(row: Any) -> str:
    """What holds for all rows of a run: what it covers, and its stamp."""
    return " ".join(part for part in (f"{covered(row)}.", text(row["note"])) if part)
