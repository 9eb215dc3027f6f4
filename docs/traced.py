"""One number of each table of a finished report, traced: `python docs/traced.py REPORT` writes docs/traced.md.

Run in the repository's root.  The cell is the first number with a point in the first row of a run that has one.
"""

import csv
import sys
from pathlib import Path

from vid3d.checking import trace, verdict
from vid3d.checking.files import Records
from vid3d.files import save_text
from vid3d.study import layout, table_list
from vid3d.tables.table import NUMBER

PAGE = Path("docs/traced.md")
OF_THE_PAPER = ("published", "change", "shown_below", "found_below")  # columns that no run decides


def first_number(path: Path) -> tuple[int, str] | None:
    """Row and column of a number that was measured; None where the table has none."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    found = (
        (number, column)
        for number, row in enumerate(rows, 1)
        for column, text in row.items()
        if row.get("run") and not column.startswith(OF_THE_PAPER) and "." in text and NUMBER.fullmatch(text)
    )
    return next(found, None)


def page(report: str, root: Path) -> str:
    """The page."""
    records = Records(root)
    study = verdict.study_of(report, records)
    lines = [
        "# One number of each table, traced",
        "",
        f"Written by `python docs/traced.py {report}` from a finished report; what the lines mean says",
        "[checking.md](checking.md). `vid3d trace` traces any other number. The study in [traced.yaml](traced.yaml) is",
        "the smallest that has a number in every table; its numbers mean nothing.",
    ]
    for name in table_list.NAMES:
        chosen = first_number(root / layout.TABLE.format(report=report, name=name))
        lines += ["", f"## {name}", ""]
        if chosen is None:
            lines.append("This report has no number in it.")
            continue
        row, column = chosen
        traced = trace.trace(study, report, records, name, str(row), column)
        lines += ["```", f"vid3d trace {name} {row} {column} --report {report}", *traced.lines(), "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    save_text(PAGE, page(sys.argv[1], Path()))
