from pathlib import Path

from vid3d.checking import result
from vid3d.machine.cost import gigabytes
from vid3d.report import reduced
from vid3d.study import layout


def run(*, output: Path, report: str = "", megabytes: float = reduced.LIMIT / 1e6) -> None:
    """Write a small copy of a finished report's page, to be put where the whole one is too large.

    Args:
        output: the copy's folder, which is not there yet or holds another such copy.
        report: its name (default: the report whose page was written last).
        megabytes: that the copy may have.

    Raises:
        InputError: there is no such page, the folder holds something else, or the page cannot be that small.
    """
    name = report or result.latest(Path())
    size = reduced.write(Path(layout.REPORT.format(report=name)), output, int(megabytes * 1e6))
    print(f"{output / reduced.PAGE}: {gigabytes(size)}")
