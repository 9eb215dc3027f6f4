"""Which object a page shows first: the one in the middle by its score, neither the best nor the worst."""

from dataclasses import dataclass

import pandas as pd

from vid3d.study.config import Study

SCORE = "source_reference"  # the paper's definition of CLIP-I


@dataclass(frozen=True)
class Middle:
    """An image of a run, and its place by score from below, from 1 on."""

    image: str
    place: int
    among: int


def middle(study: Study, name: str, scores: pd.DataFrame) -> Middle:
    """The median image of a run by CLIP-I at its base condition, of an even number the lower one.

    Args:
        scores: those of the report's runs, this one among them (``vid3d.tables.scores.collect``).
    """
    motion, views = study.runs[name].conditions[0]
    ours = scores[(scores["run"] == name) & (scores["motion"] == motion) & (scores["views"] == views)]
    ranked = ours.groupby("image", sort=False)[SCORE].mean().sort_values(kind="stable").index
    place = (len(ranked) - 1) // 2
    return Middle(str(ranked[place]), place + 1, len(ranked))
