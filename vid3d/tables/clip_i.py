"""Tables 1-3, the table of protocols and that of replicates, from the unaggregated scores of a report's runs.

Table 1 also has other methods whose renders were scored (``vid3d.external``).  A study of fewer images or frames than
there are says so in every row.  A difference to a published number is formed only where benchmark, images, frames and
embedder are the paper's, and only under the protocol that made the published number.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.claims.published import Published, load_published
from vid3d.external import scoring
from vid3d.measures import protocols
from vid3d.measures.intervals import Mean, mean_of
from vid3d.study.config import Study
from vid3d.study.replicates import Family, families, gathered
from vid3d.tables.rows import at, embedder, obstacles, of_condition, sentence, share
from vid3d.tables.scores import CLIP

PROTOCOLS = ("source_reference", "self_reference")  # of the paper's text and of its script; protocols.NAMES are all
_COMPARABLE = ["benchmark", "embedder", "covers", "frames"]  # what rows share whose scores may be ranked together
_SETTING = ["benchmark", "embedder", "motion", "views", "images", "frames", "n", "replicates"]
_ENDS = [f"{name}_{end}" for name in protocols.NAMES for end in ("low", "high")]

Condition = tuple[Family, int, int]  # whose motion score and view count


def per_image(scores: pd.DataFrame) -> pd.DataFrame:
    """CLIP-I of every clip under each protocol: run, image, motion, views, and ``protocols.NAMES``."""
    return protocols.per_image(scores, CLIP)


def table1(
    study: Study, report: str, root: Path, scores: pd.DataFrame, others: Sequence[scoring.External] = ()
) -> pd.DataFrame:
    """Table 1: the published methods, then each run (controls too) at its base condition, then other methods."""
    wanted = [(family, *family.run.conditions[0]) for family in families(study, report)]
    return _numbered(_table(1, study, report, root, scores, wanted, others))


def table2(study: Study, report: str, root: Path, scores: pd.DataFrame) -> pd.DataFrame:
    """Table 2: view counts at the base motion score, of the runs that vary them; controls draw no views."""
    wanted = [
        (family, family.run.motion_scores[0], views)
        for family in rendered(study, report)
        for views in sorted(family.run.view_counts)
        if len(family.run.view_counts) > 1
    ]
    return _numbered(_table(2, study, report, root, scores, wanted))


def table3(study: Study, report: str, root: Path, scores: pd.DataFrame) -> pd.DataFrame:
    """Table 3: motion scores at the base view count, of the runs that vary them; controls do not move."""
    wanted = [
        (family, motion, family.run.view_counts[0])
        for family in rendered(study, report)
        for motion in sorted(family.run.motion_scores)
        if len(family.run.motion_scores) > 1
    ]
    return _numbered(_table(3, study, report, root, scores, wanted))


def rendered(study: Study, report: str) -> list[Family]:
    """The families that draw splats."""
    return [family for family in families(study, report) if not family.run.render.control]


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Tables 1-3 show intervals under the paper's two definitions; the table of protocols has all."""
    return table.drop(columns=[end for end in _ENDS if end.rsplit("_", 1)[0] not in PROTOCOLS])


def _table(
    number: int,
    study: Study,
    report: str,
    root: Path,
    scores: pd.DataFrame,
    wanted: Sequence[Condition],
    others: Sequence[scoring.External] = (),
) -> pd.DataFrame:
    """Published rows, then one row per wanted condition, then other methods."""
    published = load_published(root)
    rows: list[dict[str, Any]] = [
        {
            "method": row.method,
            "kind": "published",
            "benchmark": published.benchmark.name,
            "embedder": published.metric.embedder,
            "motion": row.motion,
            "views": row.views,
            "images": share(published.benchmark.images, published.benchmark.images, "image"),
            "n": published.benchmark.images,
            "published": row.value,
            "note": "Probably quoted from an earlier paper." if row.quoted else "",
        }
        for row in published.tables[number].rows
    ]
    measured = gathered(per_image(scores), families(study, report))
    rows += [_our_row(study, root, published, condition, measured) for condition in wanted]
    rows += [_their_row(other) for other in others]
    values = [column for name in protocols.NAMES for column in (name, f"{name}_low", f"{name}_high")]
    columns = ["method", "run", "kind", *_SETTING, *values, "published", "difference", "note"]
    whole = dict.fromkeys(("motion", "views", "n", "replicates"), "Int64")
    return pd.DataFrame(rows, columns=columns).astype(whole | {"published": float, "difference": float})


def _means(rows: pd.DataFrame) -> dict[str, Mean]:
    """The mean under each protocol."""
    return {name: mean_of(rows, name) for name in protocols.NAMES}


def _cells(means: dict[str, Mean]) -> dict[str, Any]:
    """The cells of means under each protocol; n and replicates are those of any, since a clip has all or none."""
    found = max(means.values(), key=lambda mean: mean.images)
    cells: dict[str, Any] = {"n": found.images, "replicates": found.replicates}
    for name, mean in means.items():
        cells |= mean.columns(name)
    return cells


def _our_row(
    study: Study, root: Path, published: Published, condition: Condition, measured: pd.DataFrame
) -> dict[str, Any]:
    """One family's row under one condition, with the published value only where comparable."""
    family, motion, views = condition
    row, ours = of_condition(study, root, *condition), _means(at(measured, *condition))
    reasons = obstacles(family.run, published)
    value = None if reasons else published.value(motion, views)
    against = sentence(f"not comparable with published values: {'; '.join(reasons)}") if reasons else ""
    return {
        **row,
        "benchmark": family.run.benchmark,
        "embedder": embedder(family.run.score),
        **_cells(ours),
        "published": value,
        "difference": None if value is None else ours[published.metric.protocol].estimate - value,
        "note": f"{row['note']} {against}".strip(),
    }


def _their_row(other: scoring.External) -> dict[str, Any]:
    """One other method's row; its name stands where runs have theirs."""
    left_out = "; ".join(f"{left.image} ({left.lacks})" for left in other.covered.left_out)
    cameras = " or ".join(map(str, other.cameras))
    notes = [
        f"Renders made elsewhere, scored here by {embedder(other.spec)}",
        "" if other.cameras == (EVALUATION_CAMERAS,) else f"cameras per image: {cameras}, not {EVALUATION_CAMERAS}",
        other.method.note,
        *other.covered.notes,
        f"not counted: {left_out}" if left_out else "",
    ]
    # a mean of some of the images only would stand beside means of all
    whole = {name: other.scores[name].notna().all() for name in protocols.NAMES}
    scores = other.scores.assign(**{name: float("nan") for name, there in whole.items() if not there})
    return {
        "method": other.method.title,
        "run": other.name,
        "kind": "external",
        "benchmark": other.method.benchmark,
        "embedder": embedder(other.spec),
        "images": share(len(other.images), other.covered.of, "image"),
        "frames": " or ".join(map(str, other.frames)) + (" frame" if other.frames == (1,) else " frames"),
        **_cells(_means(scores)),
        "note": " ".join(sentence(" ".join(note.split())) for note in notes if note),
    }


def protocol_table(
    study: Study, report: str, root: Path, scores: pd.DataFrame, others: Sequence[scoring.External] = ()
) -> pd.DataFrame:
    """What the definition of the metric alone does to the ranking of runs, conditions and other methods.

    Returns:
        One row per run (or method), condition and protocol: run, kind, method, motion, views, benchmark, embedder,
        images, frames, n (how many images the mean is over), replicates, note, protocol, mean, low, high, rank and of
        (``protocols.comparison``).  Ranked together are rows of the same images, numbers of frames and
        cameras, and embedder.
    """
    kin = families(study, report)
    wanted = [(family, *condition) for family in kin for condition in family.run.conditions]
    table = _table(1, study, report, root, scores, wanted, others)
    table = table[table["kind"] != "published"]
    images = {family.name: family.run.images or () for family in kin}
    cameras: dict[str, tuple[int, ...]] = dict.fromkeys(images, (EVALUATION_CAMERAS,))
    images |= {other.name: other.images for other in others}
    cameras |= {other.name: other.cameras for other in others}
    covers = {name: f"{','.join(sorted(of))} {cameras[name]}" for name, of in images.items()}
    table = table.assign(covers=table["run"].map(covers))
    keys = ["run", "kind", "method", "motion", "views", "benchmark", "embedder", "images", "frames", "n", "replicates"]
    ranked = protocols.comparison(table[[*keys, "note", "covers", *protocols.NAMES]], _COMPARABLE)
    ends = [
        table[["run", "motion", "views"]].assign(protocol=name, low=table[f"{name}_low"], high=table[f"{name}_high"])
        for name in protocols.NAMES
    ]
    joined = ranked.merge(pd.concat(ends), how="left", on=["run", "motion", "views", "protocol"], validate="1:1")
    return joined[[*keys, "note", "protocol", "mean", "low", "high", "rank", "of"]]


def replicates_table(study: Study, report: str, root: Path, scores: pd.DataFrame) -> pd.DataFrame:
    """The members of families by themselves; no rows where nothing is replicated.

    Returns:
        One row per replicate and condition: method, run (the replicate's own), row (the family's name, under which the
        other tables show it), motion, views, images, frames, ``protocols.NAMES`` and note.
    """
    measured = per_image(scores)
    rows = []
    for family in families(study, report):
        for member in family.members if len(family.members) > 1 else ():
            alone = Family(member, study.runs[member], (member,))
            for motion, views in family.run.conditions:
                means = at(measured, alone, motion, views)[list(protocols.NAMES)].mean()
                rows.append(of_condition(study, root, alone, motion, views) | {"row": family.name} | means.to_dict())
    setting = ["method", "run", "row", "motion", "views", "images", "frames"]
    return pd.DataFrame(rows, columns=[*setting, *protocols.NAMES, "note"])
