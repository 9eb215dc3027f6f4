"""Simulated studies with known truth: how often intervals cover it, and how often verdicts are wrong or missing.

``python tests/unit/simulated_studies.py > docs/simulated-studies.md`` (some minutes); tests run shorter versions.
"""

import math
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from vid3d.claims.decisions import ALPHA, decide, settled
from vid3d.measures import statistics
from vid3d.measures.statistics import bootstrap

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
SIZES = (6, 8, 16, 24)
FAMILY = 9  # claims that a run of `mini` can test under one definition; the first of them is tested at ALPHA / FAMILY
POSITIVE = (0.0, math.inf)
DRAWS: dict[str, tuple[Draw, float, float]] = {  # (draw of a shape, its mean, its skewness)
    "normal": (lambda rng, shape: rng.standard_normal(shape), 0.0, 0.0),
    "CLIP-I-like": (lambda rng, shape: rng.beta(12, 2, shape), 12 / 14, -1.0),  # bounded by 1, mean 0.86, sd 0.09
    "log-normal": (lambda rng, shape: rng.lognormal(0.0, 0.5, shape), math.exp(0.125), 1.75),
    "exponential": (lambda rng, shape: rng.exponential(size=shape), 1.0, 2.0),
    "very log-normal": (lambda rng, shape: rng.lognormal(0.0, 1.0, shape), math.exp(0.5), 6.2),
}
MINI = Path(__file__).parents[2] / "docs/results/mini/claims.csv"


def of(name: str, images: int, studies: int, rng: np.random.Generator) -> np.ndarray:
    """Studies of one replicate from a distribution of mean 0, each (1, images)."""
    draw, mean, _ = DRAWS[name]
    return draw(rng, (studies, 1, images)) - mean


def coverage(studies: np.ndarray, truth: float, rng: np.random.Generator, resamples: int) -> float:
    """The share of studies, each (replicates, images), whose 95 % interval holds the truth."""
    intervals = np.array([bootstrap(study, rng, resamples).interval() for study in studies])
    return float(np.mean((intervals[:, 0] <= truth) & (truth <= intervals[:, 1])))


def wrong(studies: np.ndarray, rng: np.random.Generator, resamples: int, level: float = ALPHA / FAMILY) -> float:
    """The share of studies of mean 0 that are shown to be above or below it, at a two-sided level."""
    means = (bootstrap(study, rng, resamples) for study in studies)
    return float(np.mean([min(mean.p_above(0.0), mean.p_below(0.0)) <= level / 2 for mean in means]))


def decided(images: int, studies: int, effect: float, rng: np.random.Generator, claims: int = FAMILY) -> float:
    """The share of studies in which a normal effect of so many standard deviations gets its verdict.

    It is one claim of a family, of which nothing else is true.  Studies may be smaller than those that are judged.
    """
    found = []
    with patch.object(statistics, "MINIMUM_IMAGES", 2):
        for _ in range(studies):
            scores = rng.standard_normal((claims, images))
            scores[0] += effect
            decisions = decide([bootstrap(row, rng, 9999) for row in scores], [POSITIVE] * claims)
            found.append(decisions[0].outcome == "holds")
    return float(np.mean(found))


def like_mini(
    images: int, replicates: int, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], dict[str, tuple[float, float]]]:
    """What each claim sums, (replicates, images), with the mean and spread that `mini` has; and the claims' regions.

    Three quarters of the variance are of images, a quarter of replicates.
    """
    found = pd.read_csv(MINI)
    found = found[found["p"].notna() & (found["protocol"] == "self_reference")]
    tables, regions = {}, {}
    for _, row in found.iterrows():
        above, below = row["above"], row["below"]
        region = (-math.inf if pd.isna(above) else above, math.inf if pd.isna(below) else below)
        nearer = min(region, key=lambda end: abs(row["estimate"] - end))
        spread = (row["estimate"] - nearer) / row["statistic"] * math.sqrt(row["n"])
        noise = 0.5 * rng.standard_normal((replicates, images))
        tables[row["claim"]] = row["estimate"] + spread * (math.sqrt(0.75) * rng.standard_normal(images) + noise)
        regions[row["claim"]] = region
    return tables, regions


def verdicts_of_seeds(images: int, replicates: int, seeds: range, rng: np.random.Generator) -> list[set[str]]:
    """The verdicts that any seed of the bootstrap gives, one set per claim of a study like `mini`."""
    tables, regions = like_mini(images, replicates, rng)
    by_seed = [settled(tables, regions, seed, statistics.RESAMPLES)[1] for seed in seeds]
    return [{decisions[name].outcome for decisions in by_seed} for name in tables]


# --- the page ---------------------------------------------------------------------------------------------------------

STUDIES, EFFECTS = 4000, (2.0, 3.0, 1000.0)
PAGE = """# Simulated studies: what few images can tell

Made by `python tests/unit/simulated_studies.py > docs/simulated-studies.md`: {studies} studies a cell, with the code
that makes the report's intervals and verdicts. Up to {listed} images of one replicate all resamples are listed, of more
{resamples} are drawn.

## How often 95 % intervals cover the mean

{coverage}

Very log-normal scores (skewness 6) ask more than these sizes can give; intervals of them are too short.

## How often a difference is found where there is none

At {level:.4f}, the level of the first of {family} claims by Holm's method, both directions counted:

{wrong}

## How often a true effect gets its verdict

An effect in standard deviations over images, of one of {family} claims; of the others nothing is true:

{decided}

Fewer than {minimum} images are *too few to decide*.

## Whether chance decides

Means and spreads of `mini`'s claims, by its own table (a quarter of the variance between replicates), with {seeds}
seeds of the bootstrap each:

{seeded}
"""


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _by_distribution(measure: Callable[[np.ndarray, np.random.Generator], float], digits: int) -> str:
    rng = np.random.default_rng(0)
    head = ["scores", *(f"{images} images" for images in SIZES)]
    rows = [[name, *(f"{measure(of(name, n, STUDIES, rng), rng):.{digits}f}" for n in SIZES)] for name in DRAWS]
    return _table(head, rows)


def page() -> str:
    """All of docs/simulated-studies.md."""
    rng, seeds, repeats = np.random.default_rng(1), range(200), 2
    seeded = []
    for images, replicates in ((8, 1), (16, 1), (16, 3)):
        found = [verdicts for _ in range(repeats) for verdicts in verdicts_of_seeds(images, replicates, seeds, rng)]
        changed = sum(len(outcomes) > 1 for outcomes in found)
        seeded.append([f"{images} images x {replicates}", str(len(found)), str(changed)])
    power = [[str(n), *(f"{decided(n, 500, effect, rng):.2f}" for effect in EFFECTS)] for n in (4, 5, 6, 8)]
    return PAGE.format(
        studies=f"{STUDIES:,}",
        listed=statistics.ENUMERATED,
        resamples=f"{statistics.RESAMPLES:,}",
        coverage=_by_distribution(lambda studies, rng: coverage(studies, 0.0, rng, statistics.RESAMPLES), 3),
        level=ALPHA / FAMILY,
        family=FAMILY,
        wrong=_by_distribution(lambda studies, rng: wrong(studies, rng, statistics.RESAMPLES), 4),
        decided=_table(["images", *(f"{effect:.0f} sd" for effect in EFFECTS)], power),
        minimum=statistics.MINIMUM_IMAGES,
        seeds=len(seeds),
        seeded=_table(["study", "claims judged", "whose verdict depends on the seed"], seeded),
    )


if __name__ == "__main__":
    print(page(), end="")
