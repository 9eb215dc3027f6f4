"""Titles, captions and alternative texts: from ``reports/captions.yaml`` to ``figures.json`` beside the figures."""

import string
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from matplotlib.figure import Figure
from pydantic import Field

from vid3d.errors import InputError
from vid3d.files import load_json
from vid3d.study import layout
from vid3d.study.validation import Strict, validated
from vid3d.tables.rows import sentence

CAPTIONS = "reports/captions.yaml"


class Entry(Strict):
    """A figure of a report as a page shows it, or why there is none.

    Attributes:
        name: ``figure1`` ... ``figure10``, ``heatmap``, ``trends``.
        number: the figure's number in the paper; None of those that the paper has not.
        title: a few words, no full stop.
        caption: sentences, plain text; they end with the stamp of the runs that are shown.
        alt: what the picture shows, for those who do not see it.
        files: path of each format (``svg``, ``pdf``, ``webp``; of a plot also ``dark``), relative to the report's
            folder; none if left out.
        width: of the WebP in pixels; it is meant to be shown at half of them.
        height: of the WebP in pixels, too.
        absent: why the report has no such figure, a clause without a full stop; empty if it has.
    """

    name: str
    number: int | None
    title: str
    caption: str = ""
    alt: str = ""
    files: dict[str, str] = Field(default_factory=dict)
    width: Annotated[int, Field(ge=0)] = 0
    height: Annotated[int, Field(ge=0)] = 0
    absent: str = ""


@dataclass(frozen=True)
class Drawn:
    """A figure and the words for its texts.

    Attributes:
        words: what the braces in the figure's texts stand for.
        further: keys of ``captions.yaml`` whose sentences belong to the caption, too.
        stamp: what the numbers are not; ends the caption.
    """

    figure: Figure
    words: dict[str, str]
    further: tuple[str, ...] = ()
    stamp: str = ""


def describe(name: str, number: int | None, texts: dict[str, str], drawn: Drawn) -> Entry:
    """The entry of a figure that was drawn, still without files.

    Raises:
        InputError: a text that is missing, or braces around a word that the figure has not.
    """
    try:
        title, alt = texts["title"].format(**drawn.words), texts["alt"].format(**drawn.words)
        parts = [texts[key].format(**drawn.words).strip() for key in ("caption", *drawn.further)]
    except (KeyError, ValueError) as error:
        raise InputError(f"{CAPTIONS}: {name}: {error} is missing or no word of this figure") from None
    caption = " ".join(part for part in (*parts, sentence(drawn.stamp)) if part)
    return Entry(name=name, number=number, title=title, caption=caption, alt=" ".join(alt.split()))


def left_out(name: str, number: int | None, texts: dict[str, str], reason: str) -> Entry:
    """The entry of a figure that a report cannot have."""
    title = texts["title"]
    if any(field for _, field, _, _ in string.Formatter().parse(title)):
        title = title.partition(":")[0]  # what follows names what is shown
    return Entry(name=name, number=number, title=title, absent=reason)


def listing(report: str, root: Path) -> list[Entry]:
    """All figures of a report in order, those that are left out with the reason.

    Raises:
        InputError: no list, or one that is not understood; a file of a figure that is missing.
    """
    path = root / layout.FIGURE_LIST.format(report=report)
    entries = validated(load_json(path), list[Entry], path, "make the figures again")
    for file in (file for entry in entries for file in entry.files.values()):
        if not (root / layout.REPORT.format(report=report) / file).is_file():
            raise InputError(f"{root / layout.REPORT.format(report=report) / file}: missing; make the figures again")
    return entries
