"""A page of its own: front camera against side camera of another method's videos."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from vid3d.external.methods import Method
from vid3d.external.pairs import Contrast
from vid3d.files import save_text
from vid3d.indicators import STEADINESS
from vid3d.report.templates import template

TEMPLATE = "camera-pairs.html"


def write(
    steadiness: Sequence[Contrast],
    clip_i: Sequence[Contrast],
    embedder: str,
    method: Method,
    output: Path,
    root: Path,
) -> None:
    """Write the page; the plot and the table that it names lie beside it.

    Args:
        steadiness: of the indicators that need no embedder.
        clip_i: of CLIP-I by both definitions; empty where it was not scored.
        embedder: of CLIP-I.
        root: the folder that holds ``reports/``.

    Raises:
        InputError: the template is missing.
    """
    images = len({pair.image for contrast in steadiness for pair in contrast.pairs})
    text = template(TEMPLATE, root).render(
        method=method,
        steadiness=steadiness,
        clip_i=clip_i,
        means={contrast.title: _mean(contrast) for contrast in clip_i},
        embedder=embedder,
        words=STEADINESS,
        ratio=_ratio,
        images=images,
        least_p=2.0 ** (1 - images),
        style=(root / "reports/style.css").read_text(encoding="utf-8"),
    )
    save_text(output, text)


def lines(contrasts: Sequence[Contrast]) -> Iterator[str]:
    """The pairs for a terminal, a line each."""
    yield f"{'':26} {'image, other camera':24} {'front':>8} {'other':>8} {'ratio':>6}"
    for contrast in contrasts:
        for pair in contrast.pairs:
            place = f"{pair.image}, {pair.camera}"
            yield f"{contrast.title:26} {place:24} {pair.front:8.4f} {pair.side:8.4f} {_ratio(pair.ratio):>6}"


def _ratio(value: float) -> str:
    """A ratio with two decimals; nothing where the front has 0."""
    return f"{value:.2f}" if math.isfinite(value) else ""


def _mean(contrast: Contrast) -> float:
    """Over images, of the mean over each image's cameras."""
    sides: dict[str, list[float]] = {}
    for pair in contrast.pairs:
        sides.setdefault(pair.image, [pair.front]).append(pair.side)
    return sum(sum(values) / len(values) for values in sides.values()) / len(sides)
