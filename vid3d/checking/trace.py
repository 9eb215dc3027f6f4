"""From one number of a table back to the reference images: the files behind it, and the jobs that made them."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from vid3d import journal
from vid3d.checking.files import Records
from vid3d.errors import InputError
from vid3d.journal import Made
from vid3d.study import layout, table_list
from vid3d.study.config import Study
from vid3d.study.replicates import families
from vid3d.tables.by_name import TABLES

SHOWN = 3  # files of a stage that the text names; the data name all
ABOUT = ("method", "run", "row", "motion", "views", "protocol", "claim", "indicator", "stage", "place", "difference")


@dataclass(frozen=True)
class Traced:
    """A number and what it was made of.

    Attributes:
        row: of the CSV file, from 1; ``about`` are the cells that name it.
        table: the CSV file.
        made_of: the files that the number was worked out of.
        files: all files behind it, from the table on: path to checksum, as the reading job recorded it, and to the
            number of the job that made it, None of what no job made.
        jobs: their records, without the files.
        seconds: that the jobs took in all; a job that made more than is asked for counts whole.
    """

    name: str
    row: int
    column: str
    value: str
    about: dict[str, str]
    table: str
    made_of: list[str]
    files: dict[str, dict[str, Any]]
    jobs: list[dict[str, Any]]
    seconds: float

    def data(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """All of it for people: a paragraph for each stage, from the table back."""
        yield f"{self.table}, row {self.row}: {', '.join(f'{key} {text}' for key, text in self.about.items())}"
        yield f"{self.column} = {self.value or 'empty'}"
        yield (
            f"made of {len(self.made_of)} files; behind them {len(self.files)} files of {len(self.jobs)} jobs,"
            f" {self.seconds:.1f} s in all"
        )
        by_command: dict[str, list[str]] = {}
        for path, file in self.files.items():
            command = self.jobs[file["job"]]["command"] if file["job"] is not None else _unmade(path)
            by_command.setdefault(command, []).append(path)
        for command, paths in by_command.items():
            yield ""
            yield self._heading(command, paths)
            for path in sorted(paths)[:SHOWN]:
                yield f"  {self.files[path]['sha256'][:16]}  {path}"
            if len(paths) > SHOWN:
                yield f"  ... and {len(paths) - SHOWN} more"
        yield ""
        for key in ("commit", "machine"):
            told = dict.fromkeys(str(job[key] or "unknown") for job in self.jobs)
            if told:
                yield f"{key}: {'; '.join(told)}"

    def _heading(self, command: str, paths: list[str]) -> str:
        """How many jobs of a command there were, how long they took, and with which Spec."""
        numbers = dict.fromkeys(self.files[path]["job"] for path in paths)
        jobs = [self.jobs[number] for number in numbers if number is not None]
        if not jobs:
            return command
        specs = dict.fromkeys(json.dumps(job["options"]["spec"]) for job in jobs if "spec" in job["options"])
        count = "1 job" if len(jobs) == 1 else f"{len(jobs)} jobs"
        return "; ".join([f"{command}: {count}, {sum(job['seconds'] for job in jobs):.1f} s", *specs])


def trace(study: Study, report: str, records: Records, name: str, row: str, column: str) -> Traced:
    """Follow a cell of a report's table.

    Args:
        study: that the tables were made of.
        report: its name.
        records: of the folder that holds ``results/``.
        name: the table's.
        row: its number, from 1, or COLUMN=TEXT,... that one row has.
        column: one of the table's columns.

    Raises:
        InputError: no such table, row or column, or the record of the table lacks a file that it is made of.
    """
    if name not in table_list.NAMES:
        raise InputError(f"{name}: no such table; there are {', '.join(table_list.NAMES)}")
    table = layout.TABLE.format(report=report, name=name)
    rows = _rows(records.root / table)
    number = chosen(rows, row, table)
    cells = rows[number - 1]
    if column not in cells:
        raise InputError(f"{table}: has no column {column}; it has {', '.join(cells)}")
    made_of = sources(study, report, name, cells, column, records)
    files, jobs = _behind(records, table, made_of)
    return Traced(
        name=name,
        row=number,
        column=column,
        value=cells[column],
        about={key: cells[key] for key in ABOUT if cells.get(key)},
        table=table,
        made_of=made_of,
        files=files,
        jobs=[{key: value for key, value in asdict(job).items() if key not in ("reads", "writes")} for job in jobs],
        seconds=round(sum(job.seconds for job in jobs), 3),
    )


def sources(study: Study, report: str, name: str, cells: Mapping[str, str], column: str, records: Records) -> list[str]:
    """The files that a cell is worked out of; at times some more.

    A row is of the clips that its columns ``run`` or ``runs`` (with replicates), ``motion`` and ``views`` name, and of
    all clips of the run where it names no condition.  What comes from outside, as published numbers do, counts for
    every cell.
    """
    table, whole = TABLES[name], column in TABLES[name].across
    members = {family.name: family.members for family in families(study, report)}
    every = [member for family in members.values() for member in family]
    record = records.of(layout.TABLE.format(report=report, name=name))
    read = list(record.reads) if record else []
    found = [path for path in read if not path.startswith(journal.RESULTS)]
    run = cells.get("run", "")
    if run and run not in every:  # another method, whose name stands where runs have theirs
        return [*found, *(path for path in read if path.startswith(layout.EXTERNAL.format(method=run) + "/"))]
    named = (cells.get("runs") or run).split()
    runs = [member for one in named for member in (members.get(one, (one,)) if "row" not in cells else (one,))]
    there = set(layout.read_by(study, report, "scores", "held-out", "measures"))
    for name_of_run in every if whole else dict.fromkeys(runs):
        for clip in layout.conditions(study, name_of_run):
            asked = {key: "" if whole else cells.get(key, "") for key in ("motion", "views")}
            if all(not text or str(getattr(clip, key)) == text for key, text in asked.items()):
                found += [path for made in table.reads if (path := clip.path(made, study)) in there]
    return list(dict.fromkeys(found))


def _unmade(path: str) -> str:
    return "without a record" if path.startswith(journal.RESULTS) else "given from outside"


def _behind(records: Records, table: str, made_of: list[str]) -> tuple[dict[str, dict[str, Any]], list[Made]]:
    """Files from the table on, with what each was made of, and the jobs; of what the table's job read only ``made_of``.

    Raises:
        InputError: the table's job did not read one of them.
    """
    files: dict[str, dict[str, Any]] = {}
    jobs: dict[str, Made] = {}
    pending: list[tuple[str, str]] = [(table, records.sha256(table) or "")]
    while pending:
        path, checksum = pending.pop(0)
        if path in files:
            continue
        made = records.of(path)
        reads = dict(made.reads) if made else {}
        if path == table:
            if lacking := [one for one in made_of if one not in reads]:
                raise InputError(f"{table}: its record does not name {lacking[0]}; {journal.anew(table)}")
            reads = {one: reads[one] for one in made_of}
        if made:
            jobs.setdefault(_job(made), made)
        number = list(jobs).index(_job(made)) if made else None
        files[path] = {"sha256": checksum, "job": number, "of": sorted(reads)}
        pending += sorted(reads.items())
    order = TopologicalSorter({path: file["of"] for path, file in files.items()}).static_order()
    return {path: files[path] for path in reversed(list(order))}, list(jobs.values())


def _job(made: Made) -> str:
    """What the records of one job have in common."""
    return json.dumps([made.command, made.ended, made.seconds, made.options], sort_keys=True)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream, strict=True, restval=""))
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a table ({error}); make it first") from None


def chosen(rows: list[dict[str, str]], row: str, table: str) -> int:
    """The number of a row, given as that or by cells of it."""
    if row.isdecimal():
        if not 1 <= int(row) <= len(rows):
            raise InputError(f"{table}: has no row {row}; it has {len(rows)}")
        return int(row)
    wanted = dict(part.partition("=")[::2] for part in row.split(","))
    fitting = [number for number, cells in enumerate(rows, 1) if wanted.items() <= cells.items()]
    if len(fitting) != 1:
        those = f"rows {', '.join(map(str, fitting))} have" if fitting else "no row has"
        raise InputError(f"{table}: {those} {row}; name one row, as 1 to {len(rows)} or by COLUMN=TEXT,COLUMN=TEXT")
    return fitting[0]
