"""A table as it is laid out: cells in rows, rows in groups; and how numbers and rows of a CSV become cells and words.

The page (``reports/page/macros.html``), LaTeX and Markdown (``vid3d.tables.exports``) write what is laid out here.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from vid3d.files import load_rows

MINUS = "\N{MINUS SIGN}"
_WHOLE = {"motion", "views", "n", "replicates"}  # columns that hold integers


@dataclass(frozen=True)
class Cell:
    """What one cell says: a text, mostly a number, and what belongs to it.

    Attributes:
        interval: both ends of the number's 95 % interval.
        rank: of the number among those that may be ranked together; empty without one.
        ranked: how many these are.
    """

    text: str
    interval: tuple[str, str] | None = None
    rank: str = ""
    ranked: str = ""

    @property
    def below(self) -> str:
        """The interval or the rank in words, to stand smaller below the text; nothing where there is none."""
        if self.interval:
            return " to ".join(self.interval)
        return f"rank {self.rank} of {self.ranked}" if self.rank else ""

    @property
    def in_line(self) -> str:
        """The text, and the interval or the rank in brackets behind it: ``0.9243 [0.9102, 0.9361]``, ``0.9243 (2)``."""
        if self.interval:
            return f"{self.text} [{', '.join(self.interval)}]"
        return f"{self.text} ({self.rank})" if self.rank else self.text


@dataclass(frozen=True)
class Row:
    """One row of a table; a cell is None where there is nothing to show."""

    label: str
    cells: tuple[Cell | None, ...]
    note: str = ""


@dataclass(frozen=True)
class Group:
    """Rows that stand together, with a heading if it is not empty, and a note that holds for all of them."""

    heading: str
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True)
class LaidOut:
    """A table as it is laid out.

    Attributes:
        heads: of the columns of cells.
        groups: none where there is nothing to show.
        corner: the head of the labels.
        caption: its title.
        about: sentences below it.
    """

    heads: tuple[str, ...]
    groups: tuple[Group, ...]
    corner: str = ""
    caption: str = ""
    about: str = ""

    @property
    def note(self) -> str:
        """What holds for all groups, if there are several: it is then shown once."""
        notes = {group.note for group in self.groups}
        return self.groups[0].note if len(self.groups) > 1 and len(notes) == 1 else ""


def read(path: Path, *needs: str) -> pd.DataFrame:
    """A table of ``vid3d.tables`` from its CSV file: numbers where a column holds nothing else, and missing cells.

    Args:
        needs: columns that must be there.

    Raises:
        InputError: a file that is missing or not such a table.
    """
    rows = load_rows(path, dict.fromkeys(needs, str), cure="make the tables")
    table = pd.DataFrame(rows, columns=list(rows[0]) if rows else list(needs))
    return pd.DataFrame({name: _typed(table[name]) for name in table.columns})


def _typed(texts: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column of texts: those of ``_WHOLE`` as integers, others as numbers if all are; empty ones are missing."""
    texts = texts.mask(texts == "", None)
    if texts.name in _WHOLE:
        return pd.to_numeric(texts).astype("Int64")
    numbers = pd.to_numeric(texts, errors="coerce")
    return numbers if numbers.notna().equals(texts.notna()) else texts


def number(value: Any, digits: int = 4, sign: bool = False) -> str:
    """A number with a proper minus sign; nothing of NaN."""
    if pd.isna(value):
        return ""
    shown = format(float(value), f"{'+' if sign else ''}.{digits}f")
    if float(shown) == 0.0:
        shown = shown.lstrip("+-")  # neither +0 nor -0
    return shown.replace("-", MINUS)


def cell(value: Any, digits: int = 4, sign: bool = False) -> Cell | None:
    """A cell with a number; None of NaN."""
    shown = number(value, digits, sign)
    return Cell(shown) if shown else None


def measured(row: Any, column: str, digits: int = 4, sign: bool = False) -> Cell | None:
    """A cell with a mean of a row and its 95 % interval, from COLUMN, COLUMN_low and COLUMN_high; None of NaN."""
    return within(row[column], row[f"{column}_low"], row[f"{column}_high"], digits, sign)


def within(value: Any, low: Any, high: Any, digits: int = 4, sign: bool = False) -> Cell | None:
    """A cell with a number and the interval around it, which is left out where an end is missing; None of NaN.

    With an interval there are as many digits as it makes sense of (``fitting``), ``digits`` at most.
    """
    if pd.isna(low) or pd.isna(high):
        return cell(value, digits, sign)
    digits = fitting(float(low), float(high), digits)
    shown = number(value, digits, sign)
    return Cell(shown, (number(low, digits), number(high, digits))) if shown else None


def fitting(low: float, high: float, most: int) -> int:
    """Digits after the point that an interval makes sense of: two that count of half its width, ``most`` at most.

    No end that is not 0 is shown as 0, since on which side of it an interval ends may be what matters.
    """
    half = (high - low) / 2
    digits = max(math.ceil(-math.log10(half)) + 1, 1) if half > 0 else most
    while digits < most and any(end != 0 == round(end, digits) for end in (low, high)):
        digits += 1
    return min(digits, most)


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
