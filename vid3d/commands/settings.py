from pathlib import Path

from vid3d.files import save_text
from vid3d.study.settings import reference


def run(*, output: Path = Path("config/README.md")) -> None:
    """Write the reference of all settings, read from the code.

    Args:
        output: the file (default: config/README.md).
    """
    save_text(output, reference())
