"""What a table is: how it is made from what a study measured, and how it is laid out on the page and in print."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pandas as pd

from vid3d.claims.published import Published
from vid3d.external.scoring import External
from vid3d.study import layout
from vid3d.study.config import Study
from vid3d.tables.laid_out import LaidOut

Rows = list[dict[str, str]]  # of a CSV file, as texts
NUMBER = re.compile(r"-?\d+(\.\d+)?")  # in a CSV file


@dataclass(frozen=True)
class Measured:
    """What the tables of a report are made from.

    Attributes:
        root: the folder that holds ``results/`` and ``benchmark/``.
        scores, held_out: of ``vid3d.tables.scores.collect``.
        others: other methods, for Table 1 and the table of protocols.
    """

    study: Study
    report: str
    root: Path
    scores: pd.DataFrame = field(default_factory=pd.DataFrame)
    held_out: pd.DataFrame = field(default_factory=pd.DataFrame)
    others: Sequence[External] = ()


@dataclass(frozen=True)
class Column:
    """How a column is printed.

    Attributes:
        head: over it; the column's name in words if empty.
        digits: after the point, of a number that has a point.
        signed: whether positive numbers have their sign, too.
        values: texts in place of others.
    """

    head: str = ""
    digits: int = 4
    signed: bool = False
    values: Mapping[str, str] = field(default_factory=dict)

    def printed(self, text: str) -> str:
        """A number of the CSV file rounded half to even; another text as it is, but for ``values``."""
        if not NUMBER.fullmatch(text) or "." not in text:
            return self.values.get(text, text)
        rounded = Decimal(text).quantize(Decimal(1).scaleb(-self.digits), ROUND_HALF_EVEN)
        return f"{rounded:+f}" if self.signed else f"{rounded:f}"


@dataclass(frozen=True)
class Table:
    """A table of a report.

    Attributes:
        name: one of ``table_list.NAMES``.
        make: the table, as its CSV file holds it.
        lay_out: the table as the page shows it, from its CSV file.
        needs: columns that ``lay_out`` reads.
        columns: those that are printed otherwise than ``Column()`` says.
        hidden: columns that are not printed, besides those of every table (``exports.HIDDEN``).
        keys: columns that tell rows of one run, motion score and view count apart, in the names of macros.
        interval_of: the column to which ``low`` and ``high`` belong.
        reads: what of each clip of its run a row is worked out of.
        across: columns whose cells depend on other rows' runs, too.
        arrange: the rows of the CSV file as they are printed; there is at least one.  NAME_low, NAME_high and
            NAME_rank stand in the cell of NAME.
    """

    name: str
    make: Callable[[Measured], pd.DataFrame]
    lay_out: Callable[[pd.DataFrame, Published], LaidOut]
    needs: tuple[str, ...]
    columns: Mapping[str, Column] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()
    interval_of: str = "mean"
    reads: tuple[layout.Artefact, ...] = (layout.SCORES,)
    across: frozenset[str] = frozenset()
    arrange: Callable[[Rows], Rows] = list
