"""The first screen: what was found, an object that moves, the leading claims in the paper and here, what was not run.

It repeats what the report's tables hold; nothing is measured here.  Which object is shown is a rule's choice
(``vid3d.report.middle``).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from vid3d.claims.claims import load_claims
from vid3d.claims.finding import DEFINITION, findings
from vid3d.claims.published import Published
from vid3d.files import load_json
from vid3d.report.explore import TURNTABLE, Exploration, key_of
from vid3d.report.summary import NotRun
from vid3d.report.viewer import ShownClip
from vid3d.study import layout
from vid3d.study.config import Study
from vid3d.tables.attribution import substitutions
from vid3d.tables.laid_out import MINUS, Cell, measured, number, text, within

NOT_RUN = "not run here"


@dataclass(frozen=True)
class Tile:
    """One picture: the image, or a clip that is turned.

    Attributes:
        head, below: what it is, and what to know of it, in a few words.
        picture: the image, or the video's first picture; relative to the page, as ``video`` is.
        video: the turntable; nothing of the image.
        alt: what is seen.
        score: mean CLIP-I of the clip's run and condition, by the paper's definition; None of the image.
    """

    head: str
    below: str
    picture: str
    alt: str
    video: str = ""
    score: Cell | None = None


@dataclass(frozen=True)
class LeadingClaim:
    """One claim: in the paper and here, as one difference of scores each; nothing where there is none.

    Attributes:
        outcome: the verdict of the report's first run that judges, by the paper's definition of CLIP-I.
    """

    words: str
    published: str
    here: Cell | None
    outcome: str


@dataclass(frozen=True)
class FirstScreen:
    """All of it.

    Attributes:
        headline, detail, table: of the most telling finding; the table that it follows from.
        tiles: none where nothing was drawn that means anything.
        chosen: how the object was chosen and what the scores are, in a sentence.
        stamps: what pictures and numbers are not.
        not_run: names of what was not run.
    """

    headline: str
    detail: str
    table: str
    tiles: tuple[Tile, ...]
    chosen: str
    stamps: tuple[str, ...]
    claims: tuple[LeadingClaim, ...]
    not_run: str


def first_screen(
    study: Study,
    report: str,
    root: Path,
    tables: Mapping[str, pd.DataFrame],
    published: Published,
    explored: Sequence[Exploration],
    not_run: Sequence[NotRun],
) -> FirstScreen:
    """What the report's first screen shows.

    Args:
        study: restricted by ``study.only(report)``.
        root: the folder that holds ``results/`` and ``benchmark/``.
        tables: ``tables/NAME.csv`` by name: table1, table2, claims and substitution.
        explored: the page's viewers, whose pictures and turntables are shown; of the first one.
    """
    found = findings(tables["claims"], tables["substitution"])[0]
    tiles: tuple[Tile, ...] = ()
    chosen, stamps = "", tuple(filter(None, [found.stamp]))
    if explored:
        one = explored[0]
        tiles, stamps, chosen = tuple(_tiles(study, report, root, tables, one)), one.stamps, _chosen(one)
    return FirstScreen(
        headline=found.headline,
        detail=re.sub(r"(?<![\w-])-(?=\d)", MINUS, found.detail),
        table=found.table,
        tiles=tiles,
        chosen=chosen,
        stamps=stamps,
        claims=tuple(_claims(root, tables["claims"], published)),
        not_run=", ".join(one.short for one in not_run if one.short),
    )


# --- pictures --------------------------------------------------------------------------------------------------------


def _tiles(
    study: Study, report: str, root: Path, tables: Mapping[str, pd.DataFrame], one: Exploration
) -> Iterator[Tile]:
    """The image; of it the first run's clip, the clip from true views, and the one from the fewest views."""
    image, name = one.first.image, one.runs[0]
    run = study.runs[name]
    motion, views = run.conditions[0]
    base, fewest = layout.Condition(name, image, motion, views), min(run.view_counts)
    caption = str(load_json(root / base.path(layout.SUBJECT, study))["caption"]) or image
    for sheet in one.shown.sheets:
        if sheet.subject == image and sheet.cameras == 1:
            yield Tile("The image", "all that the method sees", sheet.sheet, f"{caption}: the reference image")
    wanted = [(run.short, f"{views} views", base, tables["table1"])]
    for head, other in _true(study, report, one):
        condition = layout.Condition(other, image, *study.runs[other].conditions[0])
        wanted.append((head, f"{condition.views} views", condition, tables["table1"]))
    if fewest != views:
        fewer = layout.Condition(name, image, motion, fewest)
        wanted.append(("the same, fewer views", f"{fewest} views", fewer, tables["table2"]))
    clips = {clip.key: clip for clip in one.shown.clips}
    for head, below, condition, table in wanted:
        if (clip := clips.get(key_of(condition))) is not None:
            yield _turned(head, below, clip, caption, _score(table, condition))


def _true(study: Study, report: str, one: Exploration) -> Iterator[tuple[str, str]]:
    """The run like the first but for true views, or else for true seeds and views, and what to call it."""
    for found in substitutions(study, report):
        if found.generated == one.runs[0]:
            others = {found.both: "the same, true seed and views", found.views: "the same, true views"}
            yield from [(head, name) for name, head in others.items() if name in one.runs][-1:]


def _turned(head: str, below: str, clip: ShownClip, caption: str, score: Cell | None) -> Tile:
    head = f"{head[0].upper()}{head[1:]}"
    return Tile(head, below, clip.poster, f"{caption}, turning. {head}, {below}", f"{clip.folder}/{TURNTABLE}", score)


def _score(table: pd.DataFrame, clip: layout.Condition) -> Cell | None:
    """The mean of the clip's run under its condition, from one of Tables 1 and 2; of replicates theirs together."""
    rows = table[(table["run"] == clip.run) & (table["views"] == clip.views) & (table["motion"] == clip.motion)]
    return None if rows.empty else measured(rows.iloc[0], DEFINITION)


def _chosen(one: Exploration) -> str:
    first = one.first
    if first.among == 1:
        return f"Shown is {first.image}, with its CLIP-I by the paper's definition."
    return (
        f"Shown is the image in the middle by CLIP-I, {first.image}, {first.place} of {first.among} from below. "
        f"CLIP-I is by the paper's definition, the mean of all {first.among}."
    )


# --- claims ----------------------------------------------------------------------------------------------------------


def _claims(root: Path, table: pd.DataFrame, published: Published) -> Iterator[LeadingClaim]:
    """The leading claims, by the first run that judges."""
    judged = table[table["run"].notna() & (table["protocol"] == DEFINITION)]
    judged = judged[judged["run"] == judged["run"].iloc[0]] if len(judged) else judged
    for claim in load_claims(root, published):
        if not claim.leading:
            continue
        rows: Any = table[table["claim"] == claim.id]
        ours = judged[judged["claim"] == claim.id]
        row = ours.iloc[0] if len(ours) else None
        yield LeadingClaim(
            words=claim.leading,
            published=number(rows.iloc[0]["published_estimate"], sign=True),
            here=None if row is None else within(row["estimate"], row["low"], row["high"], sign=True),
            outcome=NOT_RUN if row is None else text(row["here"]),
        )
