from pathlib import Path

from vid3d.checking import trace, verdict
from vid3d.checking.files import Records
from vid3d.files import save_json
from vid3d.study.parsing import load_study


def run(table: str, row: str, column: str, /, *, report: str = "", json: Path | None = None) -> None:
    """Say what a number of a table was made of: files, checksums, Specs, commit, machine and seconds.

    Args:
        table: such as table1.
        row: its number, from 1, or cells that one row has, such as run=quick,views=18.
        column: such as self_reference.
        report: its name (default: the default report).
        json: a file for all of it as data; the text names a few files of each stage.
    """
    report = report or load_study(["config/study.yaml"], {}, Path()).report
    records = Records(Path())
    traced = trace.trace(verdict.study_of(report, records), report, records, table, row, column)
    if json is not None:
        save_json(json, traced.data())
    print("\n".join(traced.lines()))
