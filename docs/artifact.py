"""What each claim's verdict takes and rests on: `python docs/artifact.py REPORT` writes docs/artifact.md.

Run in the repository's root, where the report is finished; what Snakemake was told beside the report's name follows the
name.  Times and sizes are those of the files behind the verdict, by their records.
"""

import csv
import shlex
import sys
from pathlib import Path

from vid3d.checking import trace, verdict
from vid3d.checking.files import Records
from vid3d.claims.decisions import NOT_TESTABLE
from vid3d.files import save_text
from vid3d.study import layout

PAGE = Path("docs/artifact.md")


def page(report: str, root: Path, *told: str) -> str:
    """The page."""
    records = Records(root)
    study, claims = verdict.study_of(report, records), layout.TABLE.format(report=report, name="claims")
    make = shlex.join(["snakemake", "--cores", "all", report, *told])
    lines = [
        "# Claims, and what their verdicts take",
        "",
        f"Written by `python docs/artifact.py {report}` from a finished report, which `{make}` makes as a whole.",
        "Minutes are those of all jobs behind a verdict, one after the other, with one core each; jobs are shared",
        "between verdicts. The command makes what the verdict needs and no page; where all of it is there, it says so.",
        "The row's number is that of the file, and of `vid3d trace claims ROW here`, which names all files behind it.",
        "`vid3d verify` compares these with their records, and cells with expected ones ([checking.md](checking.md)).",
        "",
        f"Processor: {'; '.join(dict.fromkeys(made.machine for made in records.newest.values()))}.",
        "",
        "| Row | Claim | Run, definition | Verdict | Jobs | Minutes | MB | File | Command | Why it is not decided |",
        "|---:|---|---|---|---:|---:|---:|---|---|---|",
    ]
    with (root / claims).open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for number, row in enumerate(rows, 1):
        spent = " | ".join([""] * 5)
        if row["here"] != NOT_TESTABLE:
            traced = trace.trace(study, report, records, "claims", str(number), "here")
            size = sum((root / path).stat().st_size for path in traced.files if (root / path).is_file())
            command = shlex.join(["snakemake", "--cores", "all", *told, "--", claims])
            spent = f"{len(traced.jobs)} | {traced.seconds / 60:.1f} | {size / 1e6:.1f} | `{claims}` | `{command}`"
        claim = f"{row['place']}: {row['sentence']}"
        whose = ", ".join(filter(None, (row["run"], row["protocol"].replace("_", " "))))
        cells = [str(number), claim, whose, row["here"], spent, row["reason"]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    save_text(PAGE, page(sys.argv[1], Path(), *sys.argv[2:]))
