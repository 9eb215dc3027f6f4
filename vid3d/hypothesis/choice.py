"""Strengths of the arms that model time, chosen on training objects by a rule that was stated before."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vid3d.errors import InputError

CLOSE = 0.1  # dB: numbers whose PSNR is that near to the best one's are taken to be as true
MOTION = 0.9  # of the independent fits' motion that must be kept


def chosen(rows: Sequence[dict[str, Any]], arm: str) -> float:
    """The number of an arm: of those that keep the motion and whose PSNR is close to the best one's, the one with the
    least temporal error.

    Motion is kept where ``motion_kept`` is at least ``MOTION`` times that of the independent fits; if no number keeps
    it, all are candidates.  Values are means over objects, of temporal errors geometric ones.

    Args:
        rows: of the training objects' cells: ``arm``, ``number``, ``psnr``, ``motion_kept``, ``temporal_error``.

    Raises:
        InputError: no rows of the arm or of independent fits.
    """
    means: dict[float | None, tuple[float, float, float]] = {}
    for name in ("independent", arm):
        own = [row for row in rows if row["arm"] == name]
        for number in dict.fromkeys(row["number"] for row in own):
            these = [row for row in own if row["number"] == number]
            psnr, kept, error = (
                np.array([row[key] for row in these]) for key in ("psnr", "motion_kept", "temporal_error")
            )
            key = None if name == "independent" else float(number)
            means[key] = (float(psnr.mean()), float(kept.mean()), float(np.log(error).mean()))
    numbers = [number for number in means if number is not None]
    if None not in means or not numbers:
        raise InputError(
            f"the choice of {arm} needs rows of it and of independent fits; run `snakemake hypothesis_choice`"
        )
    moving = [number for number in numbers if means[number][1] >= MOTION * means[None][1]] or numbers
    best = max(means[number][0] for number in moving)
    return min((number for number in moving if means[number][0] >= best - CLOSE), key=lambda number: means[number][2])
