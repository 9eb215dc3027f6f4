from collections.abc import Sequence
from pathlib import Path

from vid3d import recorded, tables
from vid3d.study.config import Study


def run(*, study: str, report: str, external: Sequence[Path] = ()) -> None:
    """Scores of a report's runs to its tables, in CSV, LaTeX and Markdown, and to macros of their numbers.

    Args:
        study: the resolved study as JSON, restricted to the report.
        report: its name.
        external: scores of other methods, for Table 1.
    """
    restricted = Study.model_validate_json(study)
    recorded.confirm(restricted, report, Path())
    tables.write(restricted, report, Path(), external)
