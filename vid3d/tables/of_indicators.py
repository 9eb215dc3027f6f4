"""The table of indicators, from what ``vid3d indicators`` found in each clip of a report."""

from pathlib import Path
from typing import Any

import pandas as pd

from vid3d.errors import InputError
from vid3d.indicators import HIGHER_IS_WORSE, RANGES
from vid3d.measures.intervals import mean_of
from vid3d.study import layout
from vid3d.study.config import Run, Study
from vid3d.study.replicates import families, gathered
from vid3d.tables.rows import at, of_condition

_CURE = "delete it and run again"


def expected(run: Run) -> list[str]:
    """Which indicators a clip of a run has.

    What shows another motion than its seed (a control) has no flicker beyond the seed's, and what stands still is known
    only where the truth is.
    """
    lacking = {"flicker_beyond_seed"} if run.render.control else set()
    lacking |= set() if run.ground_truth else {"static_change"}
    return [name for name in HIGHER_IS_WORSE if name not in lacking]


def collect_indicators(study: Study, report: str, root: Path) -> pd.DataFrame:
    """The indicators of all clips of a report's runs (``layout.INDICATORS``), without those of random weights.

    Returns:
        One row per clip and indicator: run, image, motion, views, indicator, value (NaN where it is undefined).

    Raises:
        InputError: names the file and the indicator that is missing, twice there or no number.
    """
    rows: list[dict[str, Any]] = []
    for family in families(study, report):
        for member in family.members:
            for clip in layout.conditions(study, member):
                path = root / clip.path(layout.INDICATORS, study, "score")
                found = _of_clip(path, clip)
                identity = {"run": member, "image": clip.image, "motion": clip.motion, "views": clip.views}
                for name in expected(family.run):
                    if name not in found:
                        raise InputError(f"{path}: lacks the indicator {name} (run {member}); {_CURE}")
                    rows.append(identity | {"indicator": name, "value": found[name]})
    return pd.DataFrame(rows, columns=["run", "image", "motion", "views", "indicator", "value"])


def _of_clip(path: Path, clip: layout.Condition) -> dict[str, float]:
    """The indicators of one clip; those of single cameras are left aside."""
    where = f"run {clip.run}, image {clip.image}, motion {clip.motion}, views {clip.views}"
    try:
        table = pd.read_csv(path, dtype={"indicator": str})
    except FileNotFoundError:
        raise InputError(f"{path}: missing ({where}); run the workflow to make it") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable as CSV ({error}); {_CURE}") from None
    for column in ("indicator", "camera", "value"):
        if column not in table.columns:
            raise InputError(f"{path}: lacks the column {column}; {_CURE}")
    table = table[table["camera"].isna()]
    values = pd.to_numeric(table["value"], errors="coerce")
    wrong = table[(values.isna() & table["value"].notna()) | values.abs().gt(1e6)]
    if len(wrong):
        raise InputError(f"{path}: {wrong['indicator'].iloc[0]} {wrong['value'].iloc[0]} is out of range; {_CURE}")
    if table["indicator"].duplicated().any():
        raise InputError(f"{path}: lists an indicator twice; {_CURE}")
    return dict(zip(table["indicator"], values.astype(float), strict=True))


def indicators_table(study: Study, report: str, root: Path, measured: pd.DataFrame) -> pd.DataFrame:
    """Means over the images in which an indicator is defined, with intervals.

    Args:
        measured: of ``collect``.

    Returns:
        One row per run, condition and indicator: method, run, kind, motion, views, images, frames, indicator, worse
        ("higher" or "lower"), mean, low, high, n (images in which it is defined), replicates, note.
    """
    kin = families(study, report)
    ours = gathered(measured, kin)
    rows: list[dict[str, Any]] = []
    for family in kin:
        for motion, views in family.run.conditions:
            here = at(ours, family, motion, views)
            for name in expected(family.run):
                found = mean_of(here[here["indicator"] == name], "value", name, RANGES[name])
                rows.append(
                    of_condition(study, root, family, motion, views)
                    | {"indicator": name, "worse": "higher" if HIGHER_IS_WORSE[name] else "lower"}
                    | {"mean": found.estimate, "low": found.low, "high": found.high}
                    | {"n": found.images, "replicates": found.replicates}
                )
    columns = ["method", "run", "kind", "motion", "views", "images", "frames", "indicator", "worse"]
    return pd.DataFrame(rows, columns=[*columns, "mean", "low", "high", "n", "replicates", "note"])
