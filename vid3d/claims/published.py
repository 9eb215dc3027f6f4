"""The paper's numbers, read from ``benchmark/published/tables.yaml``."""

import itertools
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from vid3d.study.reading import load_yaml
from vid3d.study.validation import Strict

PUBLISHED = "benchmark/published/tables.yaml"


class PublishedRow(Strict):
    """One row of a published table.  ``quoted``: probably taken over from another paper."""

    method: str
    value: Annotated[float, Field(ge=-1, le=1)]
    motion: int | None = None
    views: int | None = None
    quoted: bool = False


class PublishedTable(Strict):
    """One published table: its place in the paper, what it is said to show, its rows and what to know about them."""

    place: str
    title: str
    finding: str
    rows: tuple[PublishedRow, ...]
    note: str = ""


class Paper(Strict):
    """The paper as it is cited."""

    title: str
    authors: str
    year: int
    arxiv: str
    code: str


class Metric(Strict):
    """The published metric.

    Attributes:
        protocol: the one that presumably made the numbers.
        span: how far the score can fall by the paper's embedder, from the truth's to another object's; assumed.
    """

    name: str
    embedder: str
    protocol: Literal["source_reference", "self_reference"]
    span: Annotated[float, Field(gt=0, le=2)]


class PublishedBenchmark(Strict):
    """What the published numbers are means over."""

    name: str
    images: int
    frames: int


class Published(Strict):
    """The paper's Tables 1-3."""

    paper: Paper
    metric: Metric
    benchmark: PublishedBenchmark
    tables: dict[int, PublishedTable]

    def value(self, motion: int, views: int) -> float | None:
        """The published CLIP-I of Vid3D under one condition, or None."""
        rows = itertools.chain.from_iterable(table.rows for table in self.tables.values())
        return next((row.value for row in rows if (row.motion, row.views) == (motion, views)), None)


def load_published(root: Path) -> Published:
    """The paper's numbers.

    Raises:
        InputError: a file that is missing or not understood.
    """
    return load_yaml(root / PUBLISHED, Published, "restore the file")
