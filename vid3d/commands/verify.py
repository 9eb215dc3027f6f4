import random
import sys
import tempfile
from pathlib import Path

from vid3d.checking import cells, verdict
from vid3d.errors import InputError
from vid3d.study import layout
from vid3d.study.parsing import load_study


def run(
    *,
    report: str = "",
    against: Path | None = None,
    tolerance: float = cells.TOLERANCE,
    expect: bool = False,
    demo: bool = False,
) -> None:
    """Check that a report's files are those that its jobs made, and its numbers those that are expected.

    Every file's checksum is compared with the record of the job that made it, and with the records of the jobs that
    read it; the Spec that it carries with that of its job and with the study. Every cell of the tables is compared with
    expected values.

    Args:
        report: its name (default: the default report).
        against: a folder of tables (CSV) to compare with (default: benchmark/expected/REPORT, where there is one).
        tolerance: by how much numbers may differ, those beyond 1 by as large a share of them.
        expect: write the tables as the expected values, once the files are verified.
        demo: spoil one file and one number in a copy, and show what is said of it.

    Raises:
        InputError: something is wrong; the lines before say what.
    """
    report = report or load_study(["config/study.yaml"], {}, Path()).report
    verified = verdict.verify(report, Path(), against, tolerance)
    if expect:
        _say(verdict.Verified(report, verified.files))
        for path in verdict.expect(report, Path()):
            print(path)
    elif demo:
        _say(verified)
        _show(verified, tolerance)
    else:
        _say(verified)


def _say(verified: verdict.Verified) -> None:
    for line in verified.lines():
        print(line, flush=True)
    if verified.wrong:
        raise InputError(f"report {verified.report}: {' and '.join(verified.wrong)} wrong; see the lines above")


def _show(verified: verdict.Verified, tolerance: float) -> None:
    """The demonstration: an error where the faults were not found."""
    with tempfile.TemporaryDirectory() as name:
        done = verdict.spoil(verified, Path(), Path(name), random.Random())
        print(f"\nA copy in which one bit of {done[0]} and a digit of {done[1]} were changed:\n")
        tables = Path(layout.tables(verified.report)[0]).parent
        spoiled = verdict.verify(verified.report, Path(name), tables, tolerance)
        print("\n".join(spoiled.lines()))
        if len(spoiled.wrong) < 2:
            sys.exit(f"vid3d: only {spoiled.wrong} was found; this is an error of vid3d")
        print("\nBoth were found.")
