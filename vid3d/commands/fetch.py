from pathlib import Path

from vid3d.study.benchmark import Photograph
from vid3d.study.validation import parsed
from vid3d.weights.download import bring_photograph


def run(*, entry: str, folder: Path | None = None, output: Path) -> None:
    """Download or copy a photograph and verify it.

    Args:
        entry: the photograph's manifest entry as JSON.
        folder: where it lies already (default: download it).
        output: the file.
    """
    bring_photograph(parsed(entry, Photograph, "--entry"), folder, output)
