"""Table 4, of the experiment of docs/hypothesis.md, as it is laid out: a row for each cell."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from vid3d.tables.laid_out import Cell, Group, LaidOut, Row, cell, within

_MEANS = {  # columns that hold means, with their heads and digits
    "psnr": ("PSNR, dB", 2),
    "temporal_error": ("temporal error", 4),
    "ssim": ("SSIM", 3),
    "flip": ("FLIP", 3),
    "warped_excess": ("excess change", 4),
    "gradient_energy": ("gradient energy", 2),
    "motion_kept": ("motion kept", 2),
    "flicker": ("flicker", 4),
    "clip_source": ("CLIP-I, source", 3),
    "clip_self": ("CLIP-I, self", 3),
    "bytes_per_second": ("MB a second", 2),
    "seconds": ("seconds of a fit", 1),
}
_ENDS = ("", "_low", "_high")
_SETTING = {"input": str, "arm": str, "budget": float, "motion": int, "events": int, "views": int, "objects": int}
COLUMNS: dict[str, type[str | int | float]] = {
    **_SETTING,  # type: ignore[dict-item]
    **dict.fromkeys(_MEANS, float),
    **{f"{name}{end}": float for name in ("psnr_gain", "log_error_ratio") for end in _ENDS},
}


def lay_out(rows: Sequence[dict[str, Any]], about: str) -> LaidOut:
    """Cells of the same views stand together; both differences are from independence on the same objects.

    Args:
        rows: of ``COLUMNS``, as ``vid3d hypothesis-verdicts`` writes them.
        about: sentences below it.
    """

    def views(row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(row[key] for key in ("input", "motion", "events", "views"))

    order = {key: place for place, key in enumerate(dict.fromkeys(map(views, rows)))}
    together = sorted(rows, key=lambda row: order[views(row)])
    groups = [
        Group(_heading(*key), tuple(Row(_label(row), _cells(row)) for row in own))
        for key, own in itertools.groupby(together, key=views)
    ]
    heads = [head for head, _ in _MEANS.values()]
    return LaidOut(
        caption="Table 4. All cells of the experiment",
        heads=(heads[0], "PSNR gained", heads[1], "temporal error, ratio", *heads[2:]),
        groups=tuple(groups),
        about=about,
    )


def without_groups(table: LaidOut) -> LaidOut:
    """A table whose rows name their group themselves, for formats that have no groups."""
    rows = [Row(f"{group.heading}: {row.label}", row.cells) for group in table.groups for row in group.rows]
    return replace(table, groups=(Group("", tuple(rows)),), corner="cell")


def _heading(given: str, motion: int, events: int, views: int) -> str:
    return f"{given}, motion {motion}" + (", events" if events else "") + (f", {views} views" if views != 18 else "")


def _label(row: dict[str, Any]) -> str:
    return f"{row['arm']}, budget {row['budget']:g}, {row['objects']} object{'s' if row['objects'] != 1 else ''}"


def _cells(row: dict[str, Any]) -> tuple[Cell | None, ...]:
    scaled = row | {"bytes_per_second": row["bytes_per_second"] / 1e6}
    psnr, error, *others = (cell(scaled[name], digits) for name, (_, digits) in _MEANS.items())
    gain = within(row["psnr_gain"], row["psnr_gain_low"], row["psnr_gain_high"], 2, True)
    value, low, high = (math.exp(row[f"log_error_ratio{end}"]) for end in _ENDS)
    ratio = within(value, low, high, 2)
    return psnr, gain, error, ratio, *others
