"""Student's t beside the bootstrap: a second test of the same mean, and the smallest effect that a study can show."""

import numpy as np
from scipy import optimize, stats

from vid3d.measures.statistics import Bootstrap


def student(mean: Bootstrap, low: float, high: float) -> tuple[float, float]:
    """``p_within`` and ``p_outside`` of a mean by Student's t, which takes images' scores to be normal.

    Source: Student, Biometrika 6 (1908) 1-25; the two bounds as of Schuirmann (``Bootstrap.p_within``).
    """
    statistics = np.array([mean.statistic(low), -mean.statistic(high)])  # infinite where the bound is
    beyond = stats.t.sf(statistics, mean.images - 1)  # of not being beyond a bound
    return float(beyond.max()), float((1 - beyond).min())


def critical(images: int, level: float) -> float:
    """The t statistic of so many images above which a two-sided test at a level is significant."""
    return float(stats.t.isf(level / 2, images - 1))


def detectable(error: float, images: int, level: float, power: float = 0.8) -> float:
    """The smallest distance of a mean from a bound that a two-sided t test at a level shows with this probability.

    Source: the noncentral t distribution (Johnson and Welch, Biometrika 31, 1940, 362-389).

    Args:
        error: the standard error of the mean, taken to be known.
    """
    bound = critical(images, level)
    found = optimize.brentq(lambda shift: stats.nct.sf(bound, images - 1, shift) - power, 0, 10 * bound + 10)
    return float(found * error)
