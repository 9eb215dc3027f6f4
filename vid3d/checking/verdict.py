"""What is said of a report's files and numbers, and whether all is well."""

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vid3d.checking import cells
from vid3d.checking.files import Examined, Records, examine
from vid3d.errors import InputError
from vid3d.files import atomic, load_json, save_json
from vid3d.study import layout
from vid3d.study.config import Study

STUDY = "study.json"  # beside expected tables: the settings that they are of
MOST_LINES = 20  # of findings and of cells that differ, each


@dataclass(frozen=True)
class Verified:
    """A report's files, and its cells where there is something to compare them with.

    Attributes:
        unlike: the expected values are of a study with other settings, and not compared.
    """

    report: str
    files: Examined
    against: Path | None = None
    unlike: bool = False
    compared: list[cells.Cell] = field(default_factory=list)
    tolerance: float = 0.0

    @property
    def wrong(self) -> list[str]:
        """What is wrong, in few words; nothing if all is well."""
        different = sum(cell.verdict == "different" for cell in self.compared)
        counts = {"file": len(self.files.findings), "number": different}
        return [f"{count} {noun}{'s' if count > 1 else ''}" for noun, count in counts.items() if count]

    def lines(self) -> Iterator[str]:
        """What is wrong line by line, then how much was looked at."""
        different = [str(cell) for cell in self.compared if cell.verdict == "different"]
        for said in (self.files.findings, different):
            yield from said[:MOST_LINES]
            if len(said) > MOST_LINES:
                yield f"... and {len(said) - MOST_LINES} more"
        unrecorded = len(self.files.unrecorded)
        good = len(self.files.paths) - unrecorded - len(self.files.findings)
        yield f"report {self.report}: {len(self.files.paths)} files, {good} as they were made" + (
            f", {unrecorded} without a record (made before there were records)" if unrecorded else ""
        )
        if self.against is None:
            yield f"no expected values of report {self.report}; vid3d verify --expect writes them"
            return
        if self.unlike:
            yield f"not compared with {self.against}, which is of a study with other settings"
            return
        counts = Counter(cell.verdict for cell in self.compared)
        yield (
            f"against {self.against}: {len(self.compared)} cells, {counts['identical']} identical,"
            f" {counts['within']} within {self.tolerance:g}, {counts['different']} different"
        )


def study_of(report: str, records: Records) -> Study:
    """The study that a report's tables were made of, from their record.

    Raises:
        InputError: there is none.
    """
    table = layout.tables(report)[0]
    made = records.of(table)
    if made is None or "study" not in made.options:
        why = "was made before there were records" if records.sha256(table) else "is not there"
        raise InputError(f"{table}: {why}; make it: snakemake --cores all --force {table}")
    return Study.model_validate_json(made.options["study"])


def verify(report: str, root: Path, against: Path | None, tolerance: float) -> Verified:
    """Look at all files behind a report, and at all cells of its tables.

    Args:
        report: its name.
        root: the folder that holds ``results/``.
        against: a folder of expected tables; that of the report in ``benchmark/`` if None, where there is one and the
            study is as it was.
        tolerance: of ``cells.compare``.

    Raises:
        InputError: there are no tables, or no expected ones.
    """
    records = Records(root)
    study = study_of(report, records)
    examined = examine(study, report, records)
    folder = against or root / cells.EXPECTED.format(report=report)
    if against is None and not folder.is_dir():
        return Verified(report, examined)
    if against is None and load_json(folder / STUDY) != _settings(study):
        return Verified(report, examined, folder, unlike=True)
    tables = root / Path(layout.tables(report)[0]).parent
    compared = cells.compare(tables, folder, tolerance)
    return Verified(report, examined, folder, compared=compared, tolerance=tolerance)


def _settings(study: Study) -> dict[str, Any]:
    """What numbers depend on."""
    settings: dict[str, Any] = study.model_dump(mode="json", exclude_defaults=True, include={"runs", "external"})
    return settings


def expect(report: str, root: Path) -> list[Path]:
    """Write a report's tables as its expected values, and the study's settings; tables without rows are left out."""
    folder = root / cells.EXPECTED.format(report=report)
    save_json(folder / STUDY, _settings(study_of(report, Records(root))))
    written = [folder / STUDY]
    for old in folder.glob("*.csv"):
        old.unlink()
    for path in layout.tables(report):
        lines = (root / path).read_text(encoding="utf-8").splitlines()
        if len(lines) > 1:
            written.append(folder / Path(path).name)
            with atomic(written[-1]) as temporary:
                shutil.copyfile(root / path, temporary)
    return written


def spoil(verified: Verified, root: Path, copy: Path, rng: random.Random) -> tuple[str, str]:
    """Copy the files behind a report, flip one bit in one of them and change one digit of one number.

    Returns:
        What was done to the file, and to the number.
    """
    for path in verified.files.paths:
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, copy / path)
    shutil.copytree(root / "results/records", copy / "results/records")
    spoiled = rng.choice([path for path in verified.files.paths if path.endswith((".ply", ".png"))])
    content = bytearray((copy / spoiled).read_bytes())
    place = rng.randrange(len(content) // 2, len(content))
    content[place] ^= 1 << rng.randrange(8)
    (copy / spoiled).write_bytes(content)
    table = copy / layout.tables(verified.report)[0]
    text = table.read_text(encoding="utf-8")
    number = text.rindex("0.") + 3  # the second digit after the point of the last number
    table.write_text(text[:number] + str((int(text[number]) + 5) % 10) + text[number + 1 :], encoding="utf-8")
    return f"byte {place} of {spoiled}", f"the last number of {table.relative_to(copy)}"
