"""Means over images with their 95 % intervals, as tables hold them."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from vid3d.measures.statistics import UntestableError, bootstrap
from vid3d.randomness import generator

SEED = 0
LEVEL = 0.95
MINIMUM_IMAGES = 8  # of fewer, an interval is several times wider in one study than in the next: show the images
COSINES = (-1.0, 1.0)
DIFFERENCES = (-2.0, 2.0)  # of cosines
ROUNDING = 1e-6  # scores that differ by less are alike: embeddings are float32


@dataclass(frozen=True)
class Mean:
    """A mean over images; NaN where there is none.

    Attributes:
        low, high: ends of the 95 % interval; NaN where the scores do not tell, where an end would be infinite, or of
            fewer images than ``MINIMUM_IMAGES``, which are better shown one by one.
        images: behind the mean.
        replicates: averaged within each image.
    """

    estimate: float
    low: float
    high: float
    images: int
    replicates: int

    def columns(self, name: str) -> dict[str, float]:
        """NAME, NAME_low and NAME_high."""
        return {name: self.estimate, f"{name}_low": self.low, f"{name}_high": self.high}


def mean(values: ArrayLike, name: str, limits: tuple[float, float] = COSINES) -> Mean:
    """The mean over images of values, averaged over replicates first, with its bootstrap-t interval.

    Args:
        values: (replicates, images) or (images,); an image whose value is NaN in any replicate is left out.
        name: of what is averaged.  Random numbers derive from it alone, so that rows are resampled alike, in any order.
        limits: the least and the largest value that there can be.  An end beyond is moved there, which loses nothing:
            the mean cannot lie in between.
    """
    table = np.atleast_2d(np.asarray(values, np.float64))
    table = table[:, ~np.isnan(table).any(axis=0)]
    replicates, images = table.shape
    if not images:
        return Mean(np.nan, np.nan, np.nan, 0, replicates)
    ends = (np.nan, np.nan)
    if images >= MINIMUM_IMAGES and np.isfinite(table).all() and np.ptp(table.mean(axis=0)) > ROUNDING:
        with suppress(UntestableError):
            ends = bootstrap(table, generator(SEED, "interval", name)).interval(LEVEL)
    low, high = (float(end) if np.isfinite(end) else np.nan for end in np.clip(ends, *limits))
    return Mean(float(table.mean(axis=0).mean()), low, high, images, replicates)


def mean_of(rows: pd.DataFrame, column: str, name: str = "", limits: tuple[float, float] = COSINES) -> Mean:
    """The mean over images of a column, averaged over replicates first, with its interval (``mean``).

    Args:
        rows: one per image and replicate, with these columns; ``replicate`` may be left out.
        name, limits: as of ``mean``; the name is the column's if none is given.
    """
    if "replicate" not in rows:
        rows = rows.assign(replicate="")
    table = rows.pivot(index="replicate", columns="image", values=column)
    return mean(table.to_numpy(np.float64), name or column, limits)
