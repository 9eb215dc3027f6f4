"""Where quality is lost: the tables by stage and by substitution of ground truth."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vid3d.claims.published import Published
from vid3d.errors import InputError
from vid3d.files import load_embeddings
from vid3d.indicators import by_stage, by_substitution
from vid3d.measures.intervals import DIFFERENCES, mean, mean_of
from vid3d.measures.protocols import MATRIX, SHORT, compare
from vid3d.scene import Float64
from vid3d.study import layout
from vid3d.study.config import Run, Study
from vid3d.study.registry import STAGES
from vid3d.study.replicates import Family, families
from vid3d.tables.clip_i import PROTOCOLS, per_image, rendered
from vid3d.tables.laid_out import MINUS, Cell, Group, LaidOut, Row, about, condition, grouped, measured, text
from vid3d.tables.ranges import of_frames, true_embeddings
from vid3d.tables.rows import at, of_condition
from vid3d.tables.table import Column, Measured, Table

_PLACES = {"front": "seen from the front", "around": "seen from all around"}


# --- by stage --------------------------------------------------------------------------------------------------------


def attribution_table(given: Measured) -> pd.DataFrame:
    """Similarity to the source image after each stage (``indicators.by_stage``), at each family's base condition.

    Controls, whose renders come from no seed and no views, have no rows.

    Returns:
        One row per family, stage and place: method, run, motion, views, images, frames, stage, place, similarity and
        loss (each with _low and _high), before, n, replicates, note.
    """
    rows: list[dict[str, Any]] = []
    for family in rendered(given.study, given.report):
        motion, views = family.run.conditions[0]
        row = of_condition(given.study, given.root, family, motion, views)
        found = pd.DataFrame([stage for name in family.members for stage in _stages(given.study, given.root, name)])
        for (stage, place), ours in found.groupby(["stage", "place"], sort=False):
            similarity, loss = mean_of(ours, "similarity"), mean_of(ours, "loss", limits=DIFFERENCES)
            rows.append(
                row
                | {"stage": stage, "place": place, "before": ours["before"].iloc[0]}
                | similarity.columns("similarity")
                | loss.columns("loss")
                | {"n": similarity.images, "replicates": similarity.replicates}
            )
    columns = ["method", "run", "motion", "views", "images", "frames", "stage", "place"]
    columns += ["similarity", "similarity_low", "similarity_high", "before", "loss", "loss_low", "loss_high"]
    return pd.DataFrame(rows, columns=[*columns, "n", "replicates", "note"])


def _stages(study: Study, root: Path, name: str) -> list[dict[str, Any]]:
    """Similarity by stage of every clip of a run at its base condition: image, replicate and ``StageSimilarity``."""
    run, rows = study.runs[name], []
    motion, views = run.conditions[0]
    for image in run.images or ():
        clip = layout.Condition(name, image, motion, views)
        path = root / clip.path(layout.STAGE_EMBEDDINGS, study)
        before = of_frames(path, run.used_frames, "seed", "views")
        after = root / clip.path(layout.EMBEDDINGS, study)
        renders = of_frames(after, run.used_frames, "renders")["renders"]
        reference = load_embeddings(after, "reference")["reference"]
        try:
            stages = by_stage(reference, before["seed"], before["views"], renders)
        except ValueError as error:
            raise InputError(f"{path}: does not fit {after} ({error}); delete both and run again") from None
        rows += [{"image": image, "replicate": name, **vars(stage)} for stage in stages]
    return rows


# --- ground truth in place of a stage --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Substitution:
    """Runs that differ in where ground truth stands, by their names.

    Attributes:
        seed, views: with the truth in place of this stage alone; None if there is none.
        both: in place of both; or of the views alone, since true views of a procedural object hide its seed.
    """

    generated: str
    seed: str | None
    both: str
    views: str | None

    @property
    def names(self) -> list[str]:
        """Of all that are compared, each once."""
        names = (self.generated, self.seed, self.both, self.views)
        return list(dict.fromkeys(name for name in names if name is not None))


def substitutions(study: Study, report: str) -> list[Substitution]:
    """The runs of a report that can be compared: the same but for a procedural backend in place of seed, views or both.

    Of a family the first run is taken, since the others' noise is not that of the runs with ground truth.
    """
    drawn = rendered(study, report)
    found = []
    for family in drawn:
        if family.run.seed.backend == "procedural" or family.run.views.backend == "procedural":
            continue
        seed, both, views = (
            next((other.name for other in drawn if _replaces(family.run, other.run, stages)), None)
            for stages in ({"seed"}, {"seed", "views"}, {"views"})
        )
        if (hiding := both or views) is not None:
            found.append(Substitution(family.name, seed, hiding, views))
    return found


def _replaces(run: Run, other: Run, stages: set[str]) -> bool:
    """Whether ``other`` is ``run`` with ground truth in place of ``stages``, at the same base condition."""
    same = all(
        other.spec(stage).backend == "procedural" if stage in stages else run.spec(stage) == other.spec(stage)
        for stage in STAGES
    )
    covered = [(r.benchmark, r.images, r.used_frames, r.conditions[0]) for r in (run, other)]
    return same and covered[0] == covered[1]


def substitution_table(given: Measured) -> pd.DataFrame:
    """What each stage loses by runs in which ground truth replaces it (``indicators.by_substitution``).

    The ceiling is CLIP-I of the true images at the evaluation cameras, by the same protocol.

    Returns:
        One row per set of runs, protocol of the paper and stage: method, run, motion, views, images, frames, protocol,
        stage, loss (with _low and _high), share, alone, n, runs, note; no rows where the report lacks such runs.
    """
    study, report, root = given.study, given.report, given.root
    clips = per_image(given.scores)
    by_name = {family.name: family for family in families(study, report)}
    rows: list[dict[str, Any]] = []
    for found in substitutions(study, report):
        family = by_name[found.generated]
        motion, views = family.run.conditions[0]
        row = of_condition(study, root, family, motion, views)
        row["runs"] = " ".join(found.names)
        ceilings = [_ceiling(study, root, found.both, image) for image in family.run.images or ()]
        for protocol in PROTOCOLS:
            ours = {name: _by_image(clips, by_name[name], protocol) for name in found.names}
            ceiling = np.array([ceiling[protocol] for ceiling in ceilings])
            seed, alone = (None if name is None else ours[name] for name in (found.seed, found.views))
            for stage in by_substitution(ours[found.generated], seed, ours[found.both], ceiling, alone):
                loss = mean(stage.losses, "loss", DIFFERENCES)
                numbers = loss.columns("loss") | {"share": stage.share, "alone": stage.alone, "n": loss.images}
                rows.append(row | {"protocol": protocol, "stage": stage.stage} | numbers)
    columns = ["method", "run", "motion", "views", "images", "frames", "protocol", "stage"]
    return pd.DataFrame(
        rows, columns=[*columns, "loss", "loss_low", "loss_high", "share", "alone", "n", "runs", "note"]
    )


def _by_image(clips: pd.DataFrame, family: Family, protocol: str) -> Float64:
    """(images,) scores of the family's first run at its base condition, in the order of the run's images."""
    rows = at(clips, family, *family.run.conditions[0]).set_index("image")
    return rows.loc[list(family.run.images or ()), protocol].to_numpy(np.float64)


def _ceiling(study: Study, root: Path, name: str, image: str) -> dict[str, float]:
    """CLIP-I of the truth at the evaluation cameras, by protocol of the paper."""
    cosines = compare(*true_embeddings(study, root, name, image), None)
    return {
        protocol.name: protocol.mean(cosines[protocol.cosines]) for protocol in MATRIX if protocol.name in PROTOCOLS
    }


# --- layout ----------------------------------------------------------------------------------------------------------


def lay_out_stages(table: pd.DataFrame, published: Published) -> LaidOut:
    """Similarity to the reference stage by stage, and what each stage loses."""
    groups = tuple(
        Group(
            f"{text(first['method'])}: {condition(first)}",
            tuple(_stage(row) for _, row in ours.iterrows()),
            about(first),
        )
        for first, ours in grouped(table)
    )
    return LaidOut(
        caption="Likeness to the reference, stage by stage",
        heads=("cosine with the reference", "loss"),
        groups=groups,
        about=(
            "CLIP cosines of seed frames, generated views and renders with the source image. A loss is a difference to "
            "the stage before, seen from the same place; views from all around differ from the source even if right."
        ),
    )


def _stage(row: Any) -> Row:
    place, before = text(row["place"]), ", ".join(text(row["before"]).split())
    label = f"{row['stage']}, {_PLACES.get(place, place)}"
    return Row(
        label,
        (measured(row, "similarity"), measured(row, "loss", sign=True)),
        f"Loss counted from: {before}." if before else "",
    )


def lay_out_substitution(table: pd.DataFrame, published: Published) -> LaidOut:
    """What is lost to each stage, from runs in which ground truth takes its place."""
    titles = {protocol.name: protocol.title for protocol in MATRIX}
    groups = []
    for first, ours in grouped(table):
        for protocol, rows in ours.groupby("protocol", sort=False):
            shown = tuple(_share(row) for _, row in rows.iterrows())
            heading = f"{text(first['method'])}; reference: {titles.get(str(protocol), protocol)}"
            note = about(first.to_dict() | {"replicates": pd.NA})
            groups.append(Group(heading, shown, f"{note} Runs compared: {', '.join(text(first['runs']).split())}."))
    return LaidOut(
        caption="Ground truth in place of a stage",
        heads=("loss of CLIP-I", "share of the whole loss"),
        groups=tuple(groups),
        about=(
            "A stage's loss is what the score gains when the stage's output is replaced by the truth. True views hide "
            "the seed, too: without a run that has a true seed alone, the two are one row."
        ),
    )


def _share(row: Any) -> Row:
    share = "" if pd.isna(row["share"]) else f"{100 * float(row['share']):.0f} %".replace("-", MINUS)
    return Row(text(row["stage"]), (measured(row, "loss", sign=True), Cell(share) if share else None))


TABLES = (
    Table(
        name="attribution",
        make=attribution_table,
        lay_out=lay_out_stages,
        reads=(layout.STAGE_EMBEDDINGS, layout.EMBEDDINGS),
        needs=("method", "run", "stage", "place", "similarity", "before", "loss", "note"),
        columns={"n": Column("n")},
        keys=("stage", "place"),
    ),
    Table(
        name="substitution",
        make=substitution_table,
        lay_out=lay_out_substitution,
        reads=(layout.SCORES, layout.STAGE_EMBEDDINGS, layout.EMBEDDINGS),
        needs=("method", "run", "protocol", "stage", "loss", "share", "runs", "note"),
        columns={"n": Column("n"), "protocol": Column(values=SHORT)},
        keys=("protocol", "stage"),
    ),
)
