"""Families of runs: one study, repeated with other seeds, which tables show in one row."""

from dataclasses import dataclass

import pandas as pd

from vid3d.study.config import Run, Study


@dataclass(frozen=True)
class Family:
    """Runs of a report that differ in seeds only.

    Attributes:
        name: of the first that the report names; rows of tables have it.
        run: its settings.
        members: names of all, that one first.
    """

    name: str
    run: Run
    members: tuple[str, ...]


def families(study: Study, report: str) -> list[Family]:
    """The report's runs whose scores mean something (not ``plumbing``), in its order, replicates together."""
    members: dict[str, list[str]] = {}
    for name in study.reports[report].runs:
        if not study.runs[name].plumbing:
            members.setdefault(study.replicated(name), []).append(name)
    return [Family(names[0], study.runs[names[0]], tuple(names)) for names in members.values()]


def gathered(table: pd.DataFrame, all_families: list[Family]) -> pd.DataFrame:
    """Rows by family: ``run`` becomes the family's name, and ``replicate`` the run's own."""
    names = {member: family.name for family in all_families for member in family.members}
    return table.assign(replicate=table["run"], run=table["run"].map(names))
