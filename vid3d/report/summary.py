"""The section of claims: the runs and what they measured, what was not run, and what stands in for paper scale."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from vid3d.claims.published import Published
from vid3d.errors import InputError
from vid3d.study import replicates
from vid3d.study.config import Run, Study
from vid3d.study.reading import load_yaml
from vid3d.study.specs.seed import SeedSpec
from vid3d.study.specs.views import ViewsSpec
from vid3d.study.validation import Strict
from vid3d.tables.clip_i import PROTOCOLS
from vid3d.tables.laid_out import Cell, measured
from vid3d.tables.rows import coverage, embedder

CONFORMANCE = "reports/conformance.yaml"


class Conformance(Strict):
    """One part of the pipeline that was compared with the released code's own numbers.

    Attributes:
        bounds: what of it differs by less than which number, absolute unless it says otherwise; 0 for equal.
        test: its file in tests/conformance.
    """

    compared: str
    bounds: dict[str, Annotated[float, Field(ge=0)]]
    test: str


@dataclass(frozen=True)
class RunSummary:
    """A run, or several replicates of one, in a few lines; no scores of random weights.

    Attributes:
        settings: the run.
        images, frames: how many of them it covers, in words.
        scores: at its base condition, by the definition of CLIP-I in words; None where there is none.
        others: names of further replicates.
    """

    settings: Run
    images: str
    frames: str
    embedder: str
    scores: dict[str, Cell | None]
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotRun:
    """One thing of the paper's experiments that a report does not hold.

    Attributes:
        sentence: what it is.
        short: it in a few words, for a list; nothing where a list of what was not run had better not name it.
    """

    sentence: str
    short: str = ""


def conformance(root: Path) -> dict[str, Conformance]:
    """What was compared with the released code, by part.

    Raises:
        InputError: a file that is missing or not understood.
    """
    return load_yaml(root / CONFORMANCE, dict[str, Conformance], "restore it from the repository")


def runs(study: Study, report: str, root: Path, table1: pd.DataFrame) -> tuple[RunSummary, ...]:
    """The report's runs in its order, replicates as one."""
    members = {family.name: family.members[1:] for family in replicates.families(study, report)}
    shown = [name for name in study.reports[report].runs if name in members or study.runs[name].plumbing]
    made = []
    for name in shown:
        run = study.runs[name]
        scores = {} if run.plumbing else _scores(table1, name)
        made.append(RunSummary(run, *coverage(study, run, root), embedder(run.score), scores, members.get(name, ())))
    return tuple(made)


def _scores(table1: pd.DataFrame, name: str) -> dict[str, Cell | None]:
    rows = table1[table1["run"] == name]
    if rows.empty:
        raise InputError(f"Table 1 has no row of run {name}; make the tables again")
    return {protocol.replace("_", " "): measured(rows.iloc[0], protocol) for protocol in PROTOCOLS}


def not_run(study: Study, report: str, root: Path, published: Published) -> list[NotRun]:
    """What of the paper's experiments this report does not hold."""
    drawn = _drawn(study, report)
    lines = []
    if not any(_papers_model(run.seed) for run in drawn):
        lines.append(NotRun("Stable Video Diffusion XT, the paper's model for the seed video.", "SVD-XT"))
    if not any(_papers_model(run.views) for run in drawn):
        lines.append(NotRun("V3D, the paper's model for the views of each frame.", "V3D"))
    if not any(run.score.published for run in drawn):
        embedder_of_paper = f"CLIP {published.metric.embedder}"
        lines.append(NotRun(f"{embedder_of_paper}, the embedder behind the published scores.", embedder_of_paper))
    if not any(run.benchmark == published.benchmark.name for run in drawn):
        photographs = f"{published.benchmark.images} photographs"
        lines.append(NotRun(f"The {photographs} of the paper's benchmark.", f"the paper's {photographs}"))
    covered: dict[str, str] = {}  # the first run of each part of what there is
    for run in drawn:
        covered.setdefault(" and ".join(part for part in coverage(study, run, root) if " of " in part), run.title)
    lines += [NotRun(f"“{title}” in full: it covers {part}.") for part, title in covered.items() if part]
    if not varied(study, report, "view_counts"):
        lines.append(NotRun("The comparison of view counts (Table 2).", "fewer views"))
    if not varied(study, report, "motion_scores"):
        lines.append(NotRun("The comparison of motion scores (Table 3).", "more motion"))
    quoted = [row.method for row in published.tables[1].rows if row.quoted]
    if quoted:
        lines.append(NotRun(f"{' and '.join(quoted)}: their scores are shown as published.", ", ".join(quoted)))
    return lines


def _papers_model(spec: SeedSpec | ViewsSpec) -> bool:
    """Whether a stage runs the paper's model: a learned one, from where the published weights lie."""
    return spec.learned and getattr(spec, "model", None) == type(spec).model_fields["model"].default


def varied(study: Study, report: str, setting: str) -> bool:
    """Whether any run of the report that draws splats has more than one value of ``setting``."""
    return any(len(getattr(run, setting)) > 1 for run in _drawn(study, report))


def _drawn(study: Study, report: str) -> list[Run]:
    """The report's runs whose splats and scores mean something."""
    runs = (study.runs[name] for name in study.reports[report].runs)
    return [run for run in runs if not run.render.control and not run.plumbing]
