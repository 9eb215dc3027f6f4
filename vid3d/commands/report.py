from pathlib import Path

from vid3d import recorded
from vid3d import report as page
from vid3d.report.timings import benchmark_files
from vid3d.study.config import Study


def run(*, study: str, report: str, times: Path | None = None) -> None:
    """Tables, figures and videos to the HTML report.

    Args:
        study: the resolved study as JSON, restricted to the report.
        report: its name.
        times: the folder of Snakemake's benchmark files, for the time that stages took.
    """
    restricted = Study.model_validate_json(study)
    recorded.confirm(restricted, report, Path())
    measured = [] if times is None else benchmark_files(restricted, times)
    page.write(restricted, report, Path(), measured)
