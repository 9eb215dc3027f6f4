from pathlib import Path

from vid3d.checking import archive
from vid3d.study.parsing import load_study


def run(file: Path, /, *, report: str = "", agent: str = "") -> None:
    """Write a report as one file, a Workflow Run RO-Crate, from which another machine makes it without running models.

    Args:
        file: the archive; repositories want a name that ends in .crate.zip.
        report: its name (default: the default report).
        agent: the name of who ran the workflow, for the archive to tell (default: it does not).
    """
    report = report or load_study(["config/study.yaml"], {}, Path()).report
    count = archive.pack(report, Path(), file, agent)
    print(f"{file}: {count} files of report {report}, {file.stat().st_size / 1e6:.1f} MB")
