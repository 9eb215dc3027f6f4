"""docs/processors.md: the parts between its marks are written by commands."""

from collections.abc import Sequence
from pathlib import Path

from vid3d.files import save_text

PAGE = Path(__file__).parents[2] / "docs/processors.md"
END = "<!-- end -->"


def mark(part: str) -> str:
    """What stands before a part."""
    return f"<!-- written by tests/processors/{part}.py -->"


def write(part: str, lines: Sequence[str], place: Path = PAGE) -> None:
    """Replace a part of the page.

    Raises:
        ValueError: the page has no such part.
    """
    before, begin, rest = place.read_text(encoding="utf-8").partition(mark(part))
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{place}: has no {mark(part)} with {END} after it")
    save_text(place, before + "\n".join([begin, "", *lines, "", end]) + after)
