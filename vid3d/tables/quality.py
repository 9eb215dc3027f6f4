"""The held-out table: measures against the truth at cameras that were not trained on."""

from typing import Any

import pandas as pd

from vid3d.claims.published import Published
from vid3d.measures.intervals import mean_of
from vid3d.study import layout
from vid3d.study.replicates import families, gathered
from vid3d.tables.laid_out import MINUS, Group, LaidOut, Row, about, cell, condition, grouped, measured, text
from vid3d.tables.rows import at, of_condition
from vid3d.tables.scores import QUALITY
from vid3d.tables.table import Column, Measured, Table

RAISED = ("psnr", "ssim")  # shown of the raised cameras, too
_CLIP = ["replicate", "image"]
_MEASURED = [f"{name}_{kind}{end}" for kind in ("level", "change") for name in QUALITY for end in ("", "_low", "_high")]
_MEASURED += [f"{name}_raised" for name in RAISED]


def held_out_table(given: Measured) -> pd.DataFrame:
    """Measures against the truth at cameras that were not trained on (``QUALITY``).

    Returns:
        One row per run with a truth and condition: method, run, motion, views, images, frames, n, replicates; of each
        measure the mean over images of each image's mean over the frames and the level cameras (elevation 0),
        NAME_level, and its paired change from the run's first condition, NAME_change, both with intervals; of PSNR and
        SSIM the mean at the raised cameras (+-20 degrees), NAME_raised; note.
    """
    all_families = families(given.study, given.report)
    qualities = gathered(given.held_out, all_families)
    rows: list[dict[str, Any]] = []
    for family in all_families:
        first: pd.DataFrame | None = None
        for motion, views in family.run.conditions if family.run.ground_truth else ():
            ours = at(qualities, family, motion, views)
            level, raised = (_by_image(ours[at_orbit]) for at_orbit in (ours["elevation"] == 0, ours["elevation"] != 0))
            row = of_condition(given.study, given.root, family, motion, views)
            for name, (low, high) in QUALITY.items():
                found = mean_of(level.reset_index(), name, limits=(low, high))
                row |= found.columns(f"{name}_level") | {"n": found.images, "replicates": found.replicates}
                row |= mean_of(raised.reset_index(), name, limits=(low, high)).columns(f"{name}_raised")
                if first is not None:
                    change = mean_of((level - first).reset_index(), name, f"change of {name}", (low - high, high - low))
                    row |= change.columns(f"{name}_change")
            first = level if first is None else first
            rows.append(row)
    columns = ["method", "run", "motion", "views", "images", "frames", "n", "replicates"]
    return pd.DataFrame(rows, columns=[*columns, *_MEASURED, "note"])


def _by_image(rows: pd.DataFrame) -> pd.DataFrame:
    """Each image's mean over frames and cameras."""
    return rows.groupby(_CLIP, sort=False)[list(QUALITY)].mean()


# --- layout ----------------------------------------------------------------------------------------------------------


def lay_out(table: pd.DataFrame, published: Published) -> LaidOut:
    """Measures against the truth, one group per run; below each condition but the first, the change from that."""
    groups = tuple(
        Group(
            text(first["method"]),
            tuple(row for _, ours in rows.iterrows() for row in _rows(ours)),
            about(first),
        )
        for first, rows in grouped(table)
    )
    return LaidOut(
        caption="Held-out cameras against ground truth",
        heads=("PSNR", "SSIM", "IoU", "gradient energy", "FLIP", "PSNR, ±20°", "SSIM, ±20°"),
        groups=groups,
        about=(
            "At 18 cameras halfway between the training views. PSNR in dB; IoU of the silhouettes; gradient energy "
            "as a ratio to the truth's, less is blur; FLIP, the mean difference that an eye sees, 0 is best. ±20°: "
            f"six cameras at each of the elevations +20° and {MINUS}20°, where nothing was trained."
        ),
    )


def _rows(row: Any) -> list[Row]:
    """A condition's measures, and their changes where it is not the run's first."""
    raised = (cell(row[f"{name}_raised"], _DIGITS[name]) for name in RAISED)
    shown = [Row(condition(row), (*(measured(row, f"{name}_level", _DIGITS[name]) for name in QUALITY), *raised))]
    changes = tuple(measured(row, f"{name}_change", _DIGITS[name], sign=True) for name in QUALITY)
    return [*shown, Row("change from the first", (*changes, None, None))] if any(changes) else shown


_DIGITS = {"psnr": 2, "ssim": 4, "iou": 4, "gradient": 2, "flip": 4}
_HEADS = {"psnr": "PSNR (dB)", "ssim": "SSIM", "iou": "IoU", "gradient": "gradient energy", "flip": "FLIP"}

TABLES = (
    Table(
        name="held-out",
        make=held_out_table,
        lay_out=lay_out,
        reads=(layout.HELD_OUT,),
        needs=("method", "run", "motion", "views", "images", "frames", "replicates", *_MEASURED, "note"),
        columns={f"{name}_level": Column(_HEADS[name], _DIGITS[name]) for name in QUALITY}
        | {f"{name}_change": Column(f"change of {_HEADS[name]}", _DIGITS[name], signed=True) for name in QUALITY}
        | {f"{name}_raised": Column(f"{_HEADS[name]}, raised", _DIGITS[name]) for name in RAISED}
        | {"n": Column("n")},
    ),
)
