from pathlib import Path

from vid3d import files
from vid3d.external import methods, pairs
from vid3d.study.validation import parsed


def run(*, method: str, entry: str | None = None, output: Path) -> None:
    """Renders of another method to indicators of each camera by itself, which need no embedder.

    Args:
        method: its name in benchmark/external.
        entry: its entry as JSON (default: as the manifest has it).
        output: CSV to write, one row per image, camera and indicator.
    """
    root = Path()
    described = methods.load(method, root) if entry is None else parsed(entry, methods.Method, "--entry")
    rows, covered, left_out = pairs.steadiness(method, described, root)
    images = {image: extent.model_dump() for image, extent in covered.items()}
    item = {"method": method, "images": images, "left_out": [left.model_dump() for left in left_out]}
    files.save_rows(output, rows, files.Provenance("steadiness", "{}", item))
    for left in left_out:
        print(f"{method}: not counted: {left.image} ({left.lacks})")
