"""Scores under each protocol as tables: of every clip, and how the protocols rank the same measurements."""

from collections.abc import Sequence

import pandas as pd

from vid3d.measures.protocols import COSINES, NAMES, evaluate

_TIE = 9  # decimals: scores.csv has no more, and sums in another order may differ beyond them


def per_image(scores: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Scores of every clip under each protocol.

    Args:
        scores: one row per frame and camera: ``keys``, which name the clip, frame, camera and ``COSINES``.

    Returns:
        One row per clip, in order of appearance: ``keys`` and ``NAMES`` (float64).
    """
    rows = []
    for clip, group in scores.groupby(list(keys), sort=False):
        tables = {c: group.pivot(index="frame", columns="camera", values=c).to_numpy(float) for c in COSINES}
        rows.append(dict(zip(keys, clip, strict=True)) | evaluate(tables))
    return pd.DataFrame(rows, columns=[*keys, *NAMES])


def comparison(measured: pd.DataFrame, within: Sequence[str]) -> pd.DataFrame:
    """How the protocols rank the same measurements.

    Args:
        measured: one row per run or method and condition, with ``NAMES`` among its columns.
        within: columns that must agree for rows to be ranked against each other.

    Returns:
        One row per row of ``measured`` that has a score, and protocol: the other columns of ``measured``, protocol,
        mean, rank (1 is the highest; equal scores share a rank) and of (how many are ranked); no rank where there is
        nothing to compare with.
    """
    others = [column for column in measured.columns if column not in NAMES]
    table = measured.melt(id_vars=others, value_vars=list(NAMES), var_name="protocol", value_name="mean")
    table = table[table["mean"].notna()].copy()
    groups = table.assign(mean=table["mean"].round(_TIE)).groupby([*within, "protocol"], dropna=False)["mean"]
    table["rank"] = groups.rank(method="min", ascending=False).astype("Int64")
    table["of"] = groups.transform("size").astype("Int64")
    table.loc[table["of"] < 2, "rank"] = pd.NA
    return table.reset_index(drop=True)
