"""The held-out table: PSNR and SSIM at cameras that were not trained on."""

from typing import Any

import pandas as pd

from vid3d.claims.published import Published
from vid3d.measures.intervals import mean_of
from vid3d.study.replicates import families, gathered
from vid3d.tables.laid_out import MINUS, Cell, Group, LaidOut, Row, about, cell, condition, grouped, measured, text
from vid3d.tables.rows import at, of_condition
from vid3d.tables.scores import QUALITY
from vid3d.tables.table import Column, Measured, Table


def held_out_table(given: Measured) -> pd.DataFrame:
    """PSNR (dB) and SSIM at cameras that were not trained on, level (elevation 0) and raised (+-20 degrees) apart.

    Means over images of each image's mean over frames and cameras; an interval for the level PSNR.
    """
    all_families = families(given.study, given.report)
    qualities = gathered(given.held_out, all_families)
    rows: list[dict[str, Any]] = []
    for family in all_families:
        for motion, views in family.run.conditions if family.run.ground_truth else ():
            ours = at(qualities, family, motion, views)
            row = of_condition(given.study, given.root, family, motion, views)
            for label, chosen in {"level": ours["elevation"] == 0, "raised": ours["elevation"] != 0}.items():
                by_image = ours[chosen].groupby(["replicate", "image"], sort=False)[list(QUALITY)].mean().reset_index()
                for name in QUALITY:
                    found = mean_of(by_image, name, limits=QUALITY[name])
                    row |= found.columns(f"{name}_{label}") | {"n": found.images, "replicates": found.replicates}
            rows.append(row)
    columns = ["method", "run", "motion", "views", "images", "frames", "n", "replicates"]
    columns += ["psnr_level", "psnr_level_low", "psnr_level_high", "ssim_level", "psnr_raised", "ssim_raised", "note"]
    return pd.DataFrame(rows, columns=columns)


# --- layout ----------------------------------------------------------------------------------------------------------


def lay_out(table: pd.DataFrame, published: Published) -> LaidOut:
    """PSNR and SSIM against ground truth at cameras that were not trained on, one group per run."""
    groups = tuple(
        Group(
            text(first["method"]),
            tuple(Row(condition(row), _quality(row)) for _, row in ours.iterrows()),
            about(first),
        )
        for first, ours in grouped(table)
    )
    return LaidOut(
        caption="Held-out cameras against ground truth",
        heads=("PSNR, level", "SSIM, level", "PSNR, ±20°", "SSIM, ±20°"),
        groups=groups,
        about=(
            "PSNR in dB. Level: 18 cameras halfway between the training views. ±20°: six cameras at each of the "
            f"elevations +20° and {MINUS}20°, where nothing was trained."
        ),
    )


def _quality(row: Any) -> tuple[Cell | None, ...]:
    level, others = measured(row, "psnr_level", 2), {"ssim_level": 4, "psnr_raised": 2, "ssim_raised": 4}
    return (level, *(cell(row[column], digits) for column, digits in others.items()))


TABLES = (
    Table(
        name="held-out",
        make=held_out_table,
        lay_out=lay_out,
        needs=("method", "run", "motion", "views", "images", "frames", "psnr_level", "ssim_level", "psnr_raised"),
        columns={
            "psnr_level": Column("PSNR (dB)", digits=2),
            "ssim_level": Column("SSIM"),
            "psnr_raised": Column("PSNR (dB), raised", digits=2),
            "ssim_raised": Column("SSIM, raised"),
            "n": Column("n"),
        },
    ),
)
