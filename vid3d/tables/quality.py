"""The held-out table: PSNR and SSIM at cameras that were not trained on."""

from pathlib import Path
from typing import Any

import pandas as pd

from vid3d.measures.intervals import mean_of
from vid3d.study.config import Study
from vid3d.study.replicates import families, gathered
from vid3d.tables.rows import at, of_condition
from vid3d.tables.scores import QUALITY


def held_out_table(study: Study, report: str, root: Path, held_out: pd.DataFrame) -> pd.DataFrame:
    """PSNR (dB) and SSIM at cameras that were not trained on, level (elevation 0) and raised (+-20 degrees) apart.

    Means over images of each image's mean over frames and cameras; an interval for the level PSNR.
    """
    kin = families(study, report)
    measured = gathered(held_out, kin)
    rows: list[dict[str, Any]] = []
    for family in kin:
        for motion, views in family.run.conditions if family.run.ground_truth else ():
            ours = at(measured, family, motion, views)
            row = of_condition(study, root, family, motion, views)
            for label, chosen in {"level": ours["elevation"] == 0, "raised": ours["elevation"] != 0}.items():
                by_image = ours[chosen].groupby(["replicate", "image"], sort=False)[list(QUALITY)].mean().reset_index()
                for name in QUALITY:
                    found = mean_of(by_image, name, limits=QUALITY[name])
                    row |= found.columns(f"{name}_{label}") | {"n": found.images, "replicates": found.replicates}
            rows.append(row)
    columns = ["method", "run", "motion", "views", "images", "frames", "n", "replicates"]
    columns += ["psnr_level", "psnr_level_low", "psnr_level_high", "ssim_level", "psnr_raised", "ssim_raised", "note"]
    return pd.DataFrame(rows, columns=columns)
