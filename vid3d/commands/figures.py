from collections.abc import Sequence
from pathlib import Path

from vid3d import figures, recorded
from vid3d.study.config import Study


def run(*, study: str, report: str, external: Sequence[Path] = ()) -> None:
    """Pictures and scores of a report's runs to its figures, in SVG, PDF and WebP, and to their captions.

    Args:
        study: the resolved study as JSON, restricted to the report.
        report: its name.
        external: scores of other methods, whose renders are compared, too.
    """
    restricted = Study.model_validate_json(study)
    recorded.confirm(restricted, report, Path())
    figures.write(restricted, report, Path(), external)
