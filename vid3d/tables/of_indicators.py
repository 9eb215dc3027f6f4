"""The table of indicators, from what ``vid3d indicators`` found in each clip of a report."""

import math
from pathlib import Path
from typing import Any

import pandas as pd

from vid3d.claims.published import Published
from vid3d.errors import InputError
from vid3d.files import load_rows
from vid3d.indicators import INDICATORS
from vid3d.measures.intervals import mean_of
from vid3d.study import layout
from vid3d.study.config import Run, Study
from vid3d.study.replicates import Family, families, gathered
from vid3d.tables.laid_out import Cell, Group, LaidOut, Row, about, condition, grouped, measured, number, text, within
from vid3d.tables.rows import at, of_condition
from vid3d.tables.table import Column, Measured, Table

OF_TIME = ("flicker", "frame_consistency")  # that a control in another order has, too
OF_VIEWS = ("mass_between_views", "janus")  # of generated views
_BEYOND = ["beyond", "beyond_low", "beyond_high"]
_POSITION = ["truth", "shuffled", "position"]
_CURE = "delete it and run again"
INDICATOR_COLUMNS: dict[str, type[str | float]] = {"indicator": str, "camera": float, "value": float, "truth": float}


def expected(run: Run) -> list[str]:
    """Which indicators a clip of a run has.

    A control shows no generated views, and what stands still is known only where the truth is.
    """
    lacking = set(OF_VIEWS) if run.render.control else set()
    lacking |= set() if run.ground_truth else {"static_change"}
    return [name for name in INDICATORS if name not in lacking]


def collect_indicators(study: Study, report: str, root: Path) -> pd.DataFrame:
    """The indicators of all clips of a report's runs (``layout.INDICATORS``), without those of random weights.

    Returns:
        One row per clip and indicator: run, image, motion, views, indicator, value (NaN where it is undefined), truth
        (the truth's own value; NaN where there is none).

    Raises:
        InputError: names the file and the indicator that is missing, twice there or no number.
    """
    rows: list[dict[str, Any]] = []
    for family in families(study, report):
        for member in family.members:
            for clip in layout.conditions(study, member):
                path = root / clip.path(layout.INDICATORS, study)
                found = _of_clip(path, clip)
                identity = {"run": member, "image": clip.image, "motion": clip.motion, "views": clip.views}
                for name in expected(family.run):
                    if name not in found:
                        raise InputError(f"{path}: lacks the indicator {name} (run {member}); {_CURE}")
                    rows.append(identity | {"indicator": name} | found[name])
    return pd.DataFrame(rows, columns=["run", "image", "motion", "views", "indicator", "value", "truth"])


def _of_clip(path: Path, clip: layout.Condition) -> dict[str, dict[str, float]]:
    """Value and truth of each indicator of one clip; those of single cameras are left aside."""
    where = f"run {clip.run}, image {clip.image}, motion {clip.motion}, views {clip.views}"
    values: dict[str, dict[str, float]] = {}
    for row in load_rows(path, INDICATOR_COLUMNS, where):
        name, value = row["indicator"], {key: row[key] for key in ("value", "truth")}
        if not math.isnan(row["camera"]):
            continue
        if any(abs(number) > 1e6 for number in value.values()):  # not of NaN: it is undefined
            raise InputError(f"{path}: {name} {row['value']} is out of range; {_CURE}")
        if name in values:
            raise InputError(f"{path}: lists an indicator twice; {_CURE}")
        values[name] = value
    return values


def indicators_table(given: Measured, measured: pd.DataFrame) -> pd.DataFrame:
    """Means over the images in which an indicator is defined, with intervals.

    Args:
        measured: of ``collect_indicators``.

    Returns:
        One row per run, condition and indicator: method, run, kind, motion, views, images, frames, indicator, worse
        ("higher" or "lower"), mean, low, high, beyond (the truth's own value, paired within images; with its interval),
        truth, shuffled, position, n (images in which it is defined), replicates, note.  ``truth`` is the mean of the
        truth's own values or, of what is measured on embeddings, that of the report's control that shows the true
        images.  Of the indicators of time, ``shuffled`` is the mean of the control that shows the run's own renders in
        random order, and ``position`` is where the run lies between both: 0 at the truth's end, 1 at random order's.
    """
    all_families = families(given.study, given.report)
    ours = gathered(measured, all_families)
    rows: list[dict[str, Any]] = []
    for family in all_families:
        for motion, views in family.run.conditions:
            here = at(ours, family, motion, views)
            anchors = _anchors(ours, all_families, family, motion, views)
            for name in expected(family.run):
                of_name, (low, high) = here[here["indicator"] == name], INDICATORS[name].limits
                found = mean_of(of_name, "value", name, (low, high))
                more = of_name.assign(beyond=of_name["value"] - of_name["truth"])
                beyond = mean_of(more, "beyond", f"{name} beyond the truth", (low - high, high - low))
                own = float(of_name["truth"].mean()) if beyond.images else math.nan
                ends = (end.get(name, math.nan) for end in anchors)
                rows.append(
                    of_condition(given.study, given.root, family, motion, views)
                    | {"indicator": name, "worse": INDICATORS[name].worse}
                    | {"mean": found.estimate, "low": found.low, "high": found.high}
                    | beyond.columns("beyond")
                    | _position(found.estimate, own, *ends)
                    | {"n": found.images, "replicates": found.replicates}
                )
    columns = ["method", "run", "kind", "motion", "views", "images", "frames", "indicator", "worse"]
    return pd.DataFrame(
        rows, columns=[*columns, "mean", "low", "high", *_BEYOND, *_POSITION, "n", "replicates", "note"]
    )


def _anchors(
    ours: pd.DataFrame, all_families: list[Family], family: Family, motion: int, views: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Means of the indicators of time of the true images, and of the run's renders in random order; NaN without."""
    found = []
    for backend, stages in (("truth", ()), ("shuffled", ("reference", "seed", "views", "splat"))):
        control = next((c for c in all_families if c.run.render.backend == backend and _same(c, family, stages)), None)
        of = at(ours, control, motion, views) if control and not family.run.render.control else ours.iloc[:0]
        found.append({name: float(of.loc[of["indicator"] == name, "value"].mean()) for name in OF_TIME})
    return found[0], found[1]


def _same(control: Family, family: Family, stages: tuple[str, ...]) -> bool:
    """Whether a control shows the same images for as long, at the same size, after the same stages."""
    one, other = control.run, family.run
    covered = [(run.benchmark, run.images, run.used_frames, run.render.size) for run in (one, other)]
    return covered[0] == covered[1] and all(one.spec(stage) == other.spec(stage) for stage in stages)


def _position(mean: float, own: float, control: float, shuffled: float) -> dict[str, float]:
    truth = control if math.isnan(own) else own
    apart = shuffled - truth
    return dict(zip(_POSITION, (truth, shuffled, (mean - truth) / apart if apart else math.nan), strict=True))


# --- layout ----------------------------------------------------------------------------------------------------------


def lay_out(table: pd.DataFrame, published: Published) -> LaidOut:
    """One row per indicator and one column per condition, grouped by run."""
    table = table.assign(condition=[condition(row) for _, row in table.iterrows()])
    heads = tuple(dict.fromkeys(table["condition"]))
    groups: list[Group] = []
    for first, ours in grouped(table):
        rows = []
        for name, values in ours.groupby("indicator", sort=False):
            if values["mean"].notna().any():
                by_condition = {row["condition"]: row for _, row in values.iterrows()}
                cells = tuple(_indicator(by_condition.get(head)) for head in heads)
                placed = tuple(_placed(by_condition.get(head)) for head in heads)
                words = (
                    "" if groups else f"{INDICATORS[str(name)].words} {values.iloc[0]['worse'].capitalize()} is worse."
                )
                rows.append(Row(str(name).replace("_", " "), cells, words))
                beyond = tuple(_beyond(by_condition.get(head)) for head in heads)
                if any(beyond):
                    rows.append(Row("beyond the truth's own", beyond))
                if any(placed):
                    rows.append(Row("from the truth (0 %) to random order (100 %)", placed))
        if rows:
            groups.append(Group(text(first["method"]), tuple(rows), about(first)))
    return LaidOut(
        caption="Beyond CLIP-I: what independent frames may cost",
        heads=heads,
        groups=tuple(groups),
        about=(
            "CLIP-I compares single images; these ask whether frames and views fit together. Formulas, sources and "
            "planted-fault tests: docs/indicators.md. Right motion moves some of them, too: compare columns "
            "of one motion score, and what is beyond the truth's own value on the same images. Where the report has "
            "the controls, a further row says how far of the way a run is from the true images to its own renders in "
            "random order."
        ),
    )


def _indicator(row: Any) -> Cell | None:
    return None if row is None else within(row["mean"], row["low"], row["high"])


def _beyond(row: Any) -> Cell | None:
    return None if row is None else measured(row, "beyond", sign=True)


def _placed(row: Any) -> Cell | None:
    return None if row is None or pd.isna(row["position"]) else Cell(f"{number(100 * row['position'], 0)} %")


TABLES = (
    Table(
        name="indicators",
        make=lambda given: indicators_table(given, collect_indicators(given.study, given.report, given.root)),
        lay_out=lay_out,
        reads=(layout.INDICATORS,),
        across=frozenset(_POSITION),
        needs=(
            "method",
            "run",
            "motion",
            "views",
            "indicator",
            "worse",
            "mean",
            "low",
            "high",
            *_BEYOND,
            "position",
            "note",
        ),
        columns={"n": Column("n")},
        keys=("indicator",),
    ),
)
