from pathlib import Path

from vid3d import files
from vid3d.external import methods, scoring
from vid3d.stages import build
from vid3d.study.specs.score import EmbedSpec
from vid3d.study.validation import parsed


def run(
    *, spec: EmbedSpec, method: str, entry: str | None = None, references: Path | None = None, output: Path
) -> None:
    """Renders of another method, and references, to unaggregated cosines with each reference.

    Args:
        spec: the embedder.
        method: its name in benchmark/external.
        entry: its entry as JSON (default: as the manifest has it).
        references: the folder of a run, with a folder of reference files per image.
        output: CSV to write, one row per image, frame and camera.
    """
    root = Path()
    described = methods.load(method, root) if entry is None else parsed(entry, methods.Method, "--entry")
    methods.clips(method, described, root)  # what is wrong with the layout is said before a model is loaded
    rows, scored = scoring.score(method, described, root, references, build(spec))
    files.save_rows(output, rows, files.Provenance("external", spec.argument(), scored.model_dump()))
    print("\n".join(scoring.summary(rows, scored)))
