"""A study under several instruction sets: which files, cells and verdicts are the same, and what each costs.

    make processors          or          python -m tests.processors.sweep [KEY=VALUE ...]

runs the workflow from the references to the tables once for each row of ``KINDS``, in a folder of its own, and writes
docs/processors.md.  KEY=VALUE are what ``snakemake --config`` takes; without them it is the default study, which takes
hours for all rows.  ``--keep FOLDER`` keeps the results there, and goes on where an earlier call was stopped.
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.processors import page
from vid3d.checking import cells
from vid3d.journal import processor, records
from vid3d.machine import instructions
from vid3d.study import layout

ROOT = Path(__file__).parents[2]
# what a run of the workflow reads of the repository; the package is installed
PARTS = ("Snakefile", "rules", "config", "benchmark", "profiles", "envs", "reports", "docs")
WEIGHTS = ("mini-clip", "mini-seed", "mini-views")
LOWEST = {
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_CBWR": "COMPATIBLE",
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 X86_V3 " + instructions.WITHOUT_AVX512["NPY_DISABLE_CPU_FEATURES"],
    "OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,FMA3,AVX",
    "OPENCV_IPP": "sse42",
}
STAGES = ("seed", "views", "fit", "render", "score")  # the commands whose files are compared


@dataclass(frozen=True)
class Kind:
    """What libraries are told of the processor: its name in the page, and environment variables."""

    name: str
    variables: dict[str, str]


KINDS = (
    Kind("pinned (the default)", {}),
    Kind("native: all that this processor has", {instructions.SETTING: "native"}),
    Kind("SSE4: a processor without AVX", LOWEST),
)


def run(folder: Path, kind: Kind, settings: Sequence[str], report: str) -> None:
    """Make a report's tables in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in (*PARTS, *(f"weights/{name}" for name in WEIGHTS)):
        source, target = ROOT / part, folder / part
        if source.is_dir() and not target.exists():
            shutil.copytree(source, target)
        elif not target.exists():
            shutil.copy2(source, target)
    environment = {key: value for key, value in os.environ.items() if key not in instructions.VARIABLES}
    environment |= kind.variables
    words = [sys.executable, "-m", "snakemake", "--cores", "all", "--config", f"report={report}", *settings, "--"]
    subprocess.run([*words, layout.TABLE.format(report=report, name="table1")], cwd=folder, env=environment, check=True)


def checksums(folder: Path) -> dict[str, dict[str, str]]:
    """{stage: {file: sha256}} of what was made."""
    found: dict[str, dict[str, str]] = {stage: {} for stage in STAGES}
    for _, made in records(folder):
        if made.command in found:
            found[made.command] |= made.writes
    return found


def seconds(folder: Path) -> float:
    """Processor time of all jobs, by Snakemake's own measurements."""
    total = 0.0
    for path in (folder / "benchmarks").rglob("*.tsv"):
        with path.open(newline="", encoding="utf-8") as stream:
            total += sum(float(row["cpu_time"]) for row in csv.DictReader(stream, delimiter="\t"))
    return total


def same_files(one: dict[str, str], other: dict[str, str]) -> str:
    """How many of a stage's files are identical."""
    alike = sum(checksum == other.get(path) for path, checksum in one.items())
    return f"{alike} of {len(one)}"


def row(kind: Kind, folder: Path, first: Path, report: str) -> str:
    """The page's row of a kind, beside the first kind."""
    tables, expected = (place / Path(layout.tables(report)[0]).parent for place in (folder, first))
    compared = cells.compare(tables, expected, cells.TOLERANCE)
    counts = Counter(cell.verdict for cell in compared)
    decided = [cell for cell in compared if (cell.table, cell.column) == ("claims", "here")]
    verdicts = sum(cell.verdict != "identical" for cell in decided)
    ours, theirs = checksums(folder), checksums(first)
    files = [same_files(ours[stage], theirs[stage]) for stage in STAGES]
    numbers = [str(counts["identical"]), str(counts["within"]), str(counts["different"]), str(verdicts)]
    return f"| {' | '.join([kind.name, *files, *numbers, f'{seconds(folder):.0f}'])} |"


def main() -> None:
    """Run what is missing, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="*", help="KEY=VALUE, of the study")
    parser.add_argument("--keep", type=Path, help="a folder for the results (default: none is kept)")
    parser.add_argument("--report", default="quick")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        base = given.keep or Path(temporary)
        folders = [base / f"{number}" for number in range(len(KINDS))]
        for kind, folder in zip(KINDS, folders, strict=True):
            print(f"--- {kind.name}", flush=True)
            run(folder, kind, given.settings, given.report)
        told = " ".join([f"report={given.report}", *given.settings])
        lines = [
            f"`snakemake --config {told}`, {processor()}. Files and cells are compared with the first row's; `within`:",
            f"by at most {cells.TOLERANCE}, of numbers beyond 1 as large a share.",
            "",
            f"| libraries use | {' | '.join(STAGES)} | cells identical | within | different | verdicts that change"
            " | processor seconds |",
            f"|---|{'---:|' * (len(STAGES) + 5)}",
            *(row(kind, folder, folders[0], given.report) for kind, folder in zip(KINDS, folders, strict=True)),
        ]
    print("\n".join(lines))
    page.write("sweep", lines)


if __name__ == "__main__":
    main()
