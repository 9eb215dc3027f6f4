"""How alike two series are ordered."""

import numpy as np
from scipy.stats import rankdata

from vid3d.scene import Float64


def rank_correlation(a: Float64, b: Float64) -> float:
    """Spearman's rank correlation of two series of one length, ties sharing their mean rank.

    Raises:
        ValueError: lengths differ or are below 2, or one series is constant (the correlation is undefined).
    """
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(f"two series of one length of at least 2 are needed, not {len(a)} and {len(b)}")
    ranks = np.stack([rankdata(a), rankdata(b)])
    if (ranks.std(axis=1) == 0).any():
        raise ValueError("the rank correlation with a constant series is undefined")
    return float(np.asarray(np.corrcoef(ranks))[0, 1])
