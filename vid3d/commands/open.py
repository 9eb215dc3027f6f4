import os
import shutil
import subprocess
import sys
from pathlib import Path

from vid3d.checking import result
from vid3d.errors import InputError
from vid3d.study import layout


def run(*, report: str = "") -> None:
    """Open a report's page in the browser, or print where it is on a machine that has none.

    Args:
        report: its name (default: the report whose page was written last).

    Raises:
        InputError: there is no such page.
    """
    page = Path(layout.PAGE.format(report=report or result.latest(Path())))
    if not page.is_file():
        raise InputError(f"{page}: was not made yet; snakemake --cores all {page}")
    print(page.absolute().as_uri())
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    shown = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if shown and shutil.which(opener):
        subprocess.run([opener, page], check=False)
