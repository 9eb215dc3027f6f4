"""The table of docs/deviations.md, where paper, released code and this study differ, for a page that is offline."""

import re
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from pathlib import Path

from markupsafe import Markup, escape

from vid3d.errors import InputError

DEVIATIONS = "docs/deviations.md"
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^]]+)\]\([^)]+\)")
_TAGS = ("code", "b", "i", "span")  # what the pattern's groups become; links lead out of the page


@dataclass(frozen=True)
class Deviations:
    """Heads and rows of cells in HTML; every row is as long as the heads."""

    heads: tuple[Markup, ...]
    rows: tuple[tuple[Markup, ...], ...]


def load(root: Path) -> Deviations:
    """The first table of the document.

    Raises:
        InputError: no such file, or no table in it.
    """
    path = root / DEVIATIONS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error}); restore it from the repository") from None
    table = list(takewhile(_in_table, dropwhile(lambda line: not _in_table(line), lines)))
    if len(table) < 2:  # heads and their rule
        raise InputError(f"{path}: holds no table; restore it from the repository")
    heads, _, *rows = map(_cells, table)
    uneven = next((row for row in rows if len(row) != len(heads)), None)
    if uneven is not None:
        raise InputError(f"{path}: row {uneven[0]} has {len(uneven)} cells, not {len(heads)}; restore the file")
    return Deviations(heads, tuple(rows))


def _in_table(line: str) -> bool:
    return line.startswith("|")


def _cells(line: str) -> tuple[Markup, ...]:
    return tuple(inline(cell.strip()) for cell in line.strip().strip("|").split("|"))


def inline(text: str) -> Markup:
    """Markdown's code, emphasis and links of one line in HTML; of a link only the words."""
    parts, end = [], 0
    for found in _INLINE.finditer(text):
        group = found.lastindex or 1
        parts += [escape(text[end : found.start()]), Markup(f"<{_TAGS[group - 1]}>"), escape(found[group])]
        parts.append(Markup(f"</{_TAGS[group - 1]}>"))
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])
