from pathlib import Path

from vid3d.checking import cells, result, verdict
from vid3d.errors import InputError


def run(*, report: str = "") -> None:
    """Say in eight lines what a report found, whether its files and numbers are right, and where its page is.

    Args:
        report: its name (default: the report whose page was written last).

    Raises:
        InputError: something is wrong; the lines before say what.
    """
    report = report or result.latest(Path())
    verified = verdict.verify(report, Path(), None, cells.TOLERANCE)
    if verified.wrong:
        print("\n".join(verified.lines()))
    print("\n".join(result.lines(report, Path(), verified)))
    if verified.wrong:
        raise InputError(f"report {report}: {' and '.join(verified.wrong)} wrong; see the lines above")
