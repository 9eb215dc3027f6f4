from collections.abc import Sequence
from pathlib import Path

from vid3d import files
from vid3d.figures import dose_response


def run(*, doses: Path, output: Sequence[Path]) -> None:
    """Figure 11 from its numbers.

    Args:
        doses: CSV of ``hypothesis-verdicts``.
        output: the figure as SVG, PDF and WebP.
    """
    rows = files.load_rows(doses, dose_response.COLUMNS | {"objects": int})
    made = files.load_provenance(doses)["item"]
    count = max(row["objects"] for row in rows)
    at = f"commit {made['commit'][:12]}" if made["commit"] else "no commit"
    changed = "" if made["clean"] else ", with files not as committed"
    stamp = f"experiment of docs/hypothesis.md, {count} objects, {at}{changed}"
    dose_response.write(rows, {path.suffix[1:]: path for path in output}, stamp, Path())
