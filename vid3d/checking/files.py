"""Whether the files behind a report are those that its jobs made, of what they say they were made of."""

from dataclasses import dataclass, field
from pathlib import Path

from vid3d import journal, recorded
from vid3d.errors import InputError
from vid3d.journal import Made
from vid3d.study import layout
from vid3d.study.config import Study


@dataclass
class Examined:
    """What became of it.

    Attributes:
        paths: all files that were looked at.
        unrecorded: those of them without a record, made before there were records.
        findings: one line for each thing that is wrong; it names the file and ends with the cure.
    """

    paths: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


class Records:
    """All records below a folder, by the files that they are of, and the checksums that these files have now."""

    def __init__(self, root: Path) -> None:
        """Read them.

        Raises:
            InputError: a record that cannot be understood.
        """
        self.root = root
        self._made: dict[str, list[Made]] = {}
        self._sums: dict[str, str | None] = {}
        newest: dict[str, Made] = {}
        for _, made in journal.records(root):
            for path in made.writes:
                self._made.setdefault(path, []).append(made)
            folder = str(Path(next(iter(made.writes))).parent)
            newest[folder] = max(made, newest.get(folder, made), key=lambda one: one.ended)
        self.newest = newest

    def sha256(self, path: str) -> str | None:
        """The checksum of a file as it is; None where there is none."""
        if path not in self._sums:
            file = self.root / path
            self._sums[path] = journal.sha256(file) if file.is_file() else None
        return self._sums[path]

    def of(self, path: str) -> Made | None:
        """The record of a file: of what it is now if there is one, else the last one of its name."""
        made = sorted(self._made.get(path, ()), key=lambda one: (one.writes[path] == self.sha256(path), one.ended))
        return made[-1] if made else None


def shown(study: Study, report: str, records: Records) -> list[str]:
    """The files that a report is: those of its runs, its tables, and what else was made for it."""
    kinds: tuple[layout.Kind, ...] = ("scores", "held-out", "measures", "references", "renders", "splats")
    paths = [*layout.read_by(study, report, *kinds), *layout.tables(report), *layout.exports(report)]
    folder = layout.REPORT.format(report=report)
    for place, made in records.newest.items():  # figures and page, if they were made
        if f"{place}/".startswith((f"{folder}/", f"{folder}.splats/")):
            paths += made.writes
    return list(dict.fromkeys(paths))


def examine(study: Study, report: str, records: Records) -> Examined:
    """Compare the files behind a report with their records, and what these say with the study.

    Everything that the report's files were made of is followed to the reference images.

    Args:
        study: with the checksums of weights in its Specs (``weights.contents.identified``).
        report: its name.
        records: of the folder that holds ``results/``.
    """
    found = Examined()
    pending, links, broken = shown(study.only(report), report, records), [], set()
    seen = set(pending)
    while pending:
        path = pending.pop()
        found.paths.append(path)
        made, checksum = records.of(path), records.sha256(path)
        if checksum is None:
            broken.add(path)
            found.findings.append(f"{path}: is missing; {journal.anew(path)}")
        elif made is None:
            found.unrecorded.append(path)
        elif made.writes[path] != checksum:
            broken.add(path)
            found.findings.append(f"{path}: {journal.changed(path, made.command)}")
        if made is None:
            continue
        read = {source: told for source, told in made.reads.items() if source.startswith(journal.RESULTS)}
        links += [(path, source, told) for source, told in read.items()]
        beside = [other for other in made.writes if records.of(other) is made]  # such as the JSON of a CSV file
        for other in (*read, *beside):
            if other not in seen:
                seen.add(other)
                pending.append(other)
    for path, source, told in links:
        if not broken & {path, source} and records.sha256(source) != told:
            broken.add(path)
            found.findings.append(f"{path}: was made of another {source} than is there now; {journal.anew(path)}")
    found.findings += _of_another_study(study.only(report), report, records, broken)
    found.paths.sort()
    found.findings.sort()
    return found


def _of_another_study(study: Study, report: str, records: Records, broken: set[str]) -> list[str]:
    """What the records inside of files, and those of the jobs, say against the study."""
    findings = []
    for path, item, spec in recorded.shown(study, report, records.root):
        if broken & {path, str(Path(path).with_suffix(".json"))}:  # a CSV file's is beside it
            continue
        try:
            carried = recorded.compare(records.root / path, item, spec)
        except InputError as error:
            findings.append(str(error).removeprefix(f"{records.root}/"))
            continue
        made = records.of(path)
        told = made.options.get("spec") if made else None
        if told and carried["spec"] and told != carried["spec"]:
            findings.append(f"{path}: carries another Spec than the record of its job has; {journal.anew(path)}")
    return findings
