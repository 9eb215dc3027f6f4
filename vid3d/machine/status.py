"""How far runs are, by the files that are there: what a terminal shows of it in a dozen lines."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vid3d.errors import InputError
from vid3d.machine.interrupted import Noted
from vid3d.study import layout
from vid3d.study.config import Study

ROWS = 6  # runs that have a line of their own
_WIDTH = 19  # of the words that lines begin with, with the space behind them


@dataclass(frozen=True)
class Count:
    """How many of a stage's files are there."""

    there: int
    needed: int

    @property
    def whole(self) -> bool:
        """Whether none is missing."""
        return self.there == self.needed

    def __str__(self) -> str:
        if not self.needed:
            return "-"
        return f"all {self.needed}" if self.whole else f"{self.there}/{self.needed}"


Counts = Mapping[str, Count]  # by stage


@dataclass
class Present:
    """Which files are there; a folder is looked into once.

    Args:
        root: the folder that holds ``results/``.
        begun: files that a job has begun and not ended (``interrupted.Noted``), which count as missing.
    """

    root: Path
    begun: Collection[str] = ()

    def __post_init__(self) -> None:
        """Nothing was looked into yet."""
        self._folders: dict[str, set[str]] = {}

    def count(self, files: Iterable[str]) -> Count:
        """How many of these files are there."""
        found = [self._has(path) for path in files]
        return Count(sum(found), len(found))

    def _has(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        if folder not in self._folders:
            try:
                self._folders[folder] = set(os.listdir(self.root / folder))
            except (FileNotFoundError, NotADirectoryError):
                self._folders[folder] = set()
        return name in self._folders[folder] and path not in self.begun


def begun(study: Study, root: Path) -> list[str]:
    """The runs of which something is there; else those of the default report."""
    found = [
        name
        for name, run in study.runs.items()
        if run.images and (root / layout.IMAGE.format(run=name, image="")).is_dir()
    ]
    return found or list(study.reports[study.report].runs)


def counted(study: Study, names: Iterable[str], present: Present) -> dict[str, Counts]:
    """How many of the files that runs need are there, by run and stage.

    Raises:
        InputError: a run without images.
    """
    found: dict[str, Counts] = {}
    for name in names:
        if not study.runs[name].images:
            raise InputError(f"run {name} has no images; for a photograph of yours: --config image=photo.jpg")
        found[name] = {stage: present.count(files) for stage, files in layout.needed(study, name).items()}
    return found


def lines(counts: Mapping[str, Counts], study: Study, present: Present, noted: Noted, given: str) -> Iterator[str]:
    """A row for each run that is not complete, those that are, what Snakemake notes, and what to do next.

    Args:
        given: what the next command needs to say of the study, such as `` --configfile mine.yaml``.
    """
    complete = [name for name, stages in counts.items() if all(count.whole for count in stages.values())]
    rows = [name for name in counts if name not in complete]
    yield from _table({name: counts[name] for name in rows[:ROWS]})
    if rows[ROWS:]:
        yield _line("not complete", _listed(rows[ROWS:]))
    if complete:
        yield _line("complete", _listed(complete))
    yield from _of_snakemake(noted, present)
    yield from _next(rows, complete, study, present, noted, given)


def _table(counts: Mapping[str, Counts]) -> Iterator[str]:
    """Aligned columns, stage by stage; nothing of no runs."""
    if not counts:
        return
    stages = list(next(iter(counts.values())))
    rows = [["files of", *stages], *([name, *map(str, of.values())] for name, of in counts.items())]
    first, *widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths = [max(first, _WIDTH - 2), *widths]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _of_snakemake(noted: Noted, present: Present) -> Iterator[str]:
    """Whether it runs, as far as that can be known."""
    if noted.locked:
        made = present.count(noted.wanted)
        yield _line(
            "snakemake",
            "locked by a running Snakemake or one that was killed;"
            f" of the {made.needed} files that it set out to make {made.there} are there",
        )
    elif noted.begun:
        yield _line("snakemake", f"was killed while it made {len(noted.begun)} of its files, which it will make anew")


def _next(
    rows: Sequence[str], complete: Sequence[str], study: Study, present: Present, noted: Noted, given: str
) -> Iterator[str]:
    """The command that goes on, or shows what is complete."""
    reports = list(dict.fromkeys(filter(None, (_report(study, name) for name in (*rows, *complete)))))
    unmade = [name for name in reports if not _made(study, name, rows, present)]
    if unmade:
        unlocked = "if no Snakemake runs: snakemake --unlock; then " if noted.locked else ""
        for name in unmade[:2]:
            yield _line("next", f"{unlocked}snakemake --cores all {name}{given}")
    elif reports:
        how = f"vid3d open --report {reports[0]}; whether anything is outdated: snakemake -n {reports[0]}{given}"
        yield _line("next", how)


def _report(study: Study, run: str) -> str | None:
    """The report that a run is made for: the one of its name, else the first that shows it."""
    showing = [name for name, report in study.reports.items() if run in report.runs]
    return run if run in showing else next(iter(showing), None)


def _made(study: Study, report: str, unfinished: Collection[str], present: Present) -> bool:
    page = layout.PAGE.format(report=report)
    return present.count([page]).whole and not set(study.reports[report].runs) & set(unfinished)


def _listed(names: Sequence[str]) -> str:
    """Names with commas between them; the first ones where they are many."""
    return ", ".join(names) if len(names) <= 8 else f"{', '.join(names[:8])} and {len(names) - 8} more"


def _line(head: str, text: str) -> str:
    return f"{head:{_WIDTH}}{text}"
