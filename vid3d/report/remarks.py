"""Sentences beside tables where a number surprises: which, and what they say, a rule takes from the tables' rows."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from vid3d.study.config import Study
from vid3d.study.specs.render import TruthRender
from vid3d.tables.clip_i import PROTOCOLS
from vid3d.tables.laid_out import number, text

_SHOWN = 4  # digits by which scores are compared: those that tables show at most
_TRUTH = {  # measures against the truth: name, digits, unit
    "psnr": ("PSNR", 2, " dB"),
    "ssim": ("SSIM", 4, ""),
    "iou": ("IoU", 4, ""),
    "gradient": ("gradient energy", 2, ""),
    "flip": ("FLIP", 4, ""),
}


def beside(study: Study, tables: Mapping[str, pd.DataFrame]) -> dict[str, tuple[str, ...]]:
    """The sentences, by the table that they stand beside; none of a table that has no surprise.

    Args:
        study: what the tables' runs are.
        tables: ``tables/NAME.csv`` by name: table1, table2 and held-out.
    """
    return {
        "table1": tuple(_controls(study, tables["table1"])),
        "table2": tuple(_fewer_views(tables["table2"], tables["held-out"])),
    }


def _of_kind(table: pd.DataFrame, kind: str) -> Any:
    return table[table["kind"] == kind]


# --- Table 1: controls that score as well as runs ---------------------------------------------------------------------


def _controls(study: Study, table1: pd.DataFrame) -> Iterator[str]:
    """Which controls score above every run, or the same as one; the true images may."""
    runs, controls = _of_kind(table1, "run"), _of_kind(table1, "control")
    untrue = [not isinstance(study.runs[name].render, TruthRender) for name in controls["run"]]
    if runs.empty or not any(untrue):
        return
    scores = {name: controls[untrue][name].round(_SHOWN) for name in PROTOCOLS}
    for name, shown in scores.items():
        best = runs[name].max().round(_SHOWN)
        above = controls.loc[shown.index[shown > best]]
        if len(above):
            listed = _listed([f"{_quoted(row)} ({number(row[name])})" for _, row in above.iterrows()])
            yield (
                f"By {_words(name)}, {listed} score{'s' if len(above) == 1 else ''} above every run of this report (at "
                f"most {number(best)}): a high score by this definition is by itself no sign of a good 3D video."
            )
    for name, shown in scores.items():
        for index, score in shown.items():
            same = runs[runs[name].round(_SHOWN) == score]
            if len(same):
                yield (
                    f"By {_words(name)}, {_quoted(controls.loc[index])} scores the same as {_quoted(same.iloc[0])} "
                    f"({number(score)}): this definition does not see what tells them apart."
                )


# --- Table 2: fewer views that score above more -----------------------------------------------------------------------


def _fewer_views(table2: pd.DataFrame, held_out: pd.DataFrame) -> Iterator[str]:
    """Of every run whose fewest views score above its most by a definition: which, and what the truth says."""
    runs = _of_kind(table2, "run")
    for name, rows in runs.groupby("run", sort=False):
        ordered = rows.sort_values("views")
        few, most = ordered.iloc[0], ordered.iloc[-1]
        above = [_by(column, few, most) for column in PROTOCOLS if _above(column, few, most)]
        below = [_by(column, few, most) for column in PROTOCOLS if _above(column, most, few)]
        if not above:
            continue
        of = f"Of {_quoted(few)}, " if runs["run"].nunique() > 1 else ""
        there = held_out[(held_out["run"] == name) & (held_out["motion"] == few["motion"])]
        also = f", and below by {_listed(below)}" if below else ""
        said = (
            f"{of}{few['views']} views score above {most['views']} by {_listed(above)}{also} (each of the fewer first)."
        )
        yield f"{said} {_against_truth(there, few['views'], most['views'])}"


def _above(column: str, one: Any, other: Any) -> bool:
    return bool(round(one[column], _SHOWN) > round(other[column], _SHOWN))


def _by(column: str, few: Any, most: Any) -> str:
    return f"{_words(column)} ({number(few[column])}, {number(most[column])})"


def _against_truth(held_out: pd.DataFrame, few: int, most: int) -> str:
    """Which measures against the truth are better of the fewest views, and which of the most."""
    rows: list[Any] = [held_out[held_out["views"] == views] for views in (few, most)]
    if any(found.empty for found in rows):
        return "Nothing in this report measures these renders against a truth."
    first, second = (found.iloc[0] for found in rows)
    nearer: dict[int, list[str]] = {most: [], few: []}
    for column, (words, digits, unit) in _TRUTH.items():
        here, there = (row[f"{column}_level"] for row in (first, second))
        if round(here, digits) != round(there, digits):
            views = few if _distance(column, here) < _distance(column, there) else most
            nearer[views].append(f"{words} ({number(here, digits)}, {number(there, digits)}{unit})")
    told = [f"{views} views by {_listed(measures)}" for views, measures in nearer.items() if measures]
    if not told:
        return "Against the truth, from cameras that were not trained on, they do not differ."
    agreed = "" if nearer[few] else " The higher score is no higher quality here."
    return f"Nearer to the truth, from cameras that were not trained on, are {_listed(told)}.{agreed}"


def _distance(column: str, value: float) -> float:
    """How far a measure is from what the truth itself has, in its own units; only the order means anything."""
    if column == "gradient":
        return abs(value - 1.0)
    return value if column == "flip" else -value


# --- words ------------------------------------------------------------------------------------------------------------


def _words(protocol: str) -> str:
    return protocol.replace("_", " ")


def _quoted(row: Any) -> str:
    return f"“{text(row['method'])}”"


def _listed(parts: list[str]) -> str:
    """ "a, b and c"."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
