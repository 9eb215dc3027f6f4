from pathlib import Path

from vid3d.checking import archive
from vid3d.study.config import load_study


def run(file: Path, /, *, report: str = "") -> None:
    """Write what a report is made of as one tar file, from which another machine makes it without running models.

    Args:
        file: the archive.
        report: its name (default: the default report).
    """
    report = report or load_study(["config/study.yaml"], {}, Path()).report
    count = archive.pack(report, Path(), file)
    print(f"{file}: {count} files of report {report}, {file.stat().st_size / 1e6:.1f} MB")
