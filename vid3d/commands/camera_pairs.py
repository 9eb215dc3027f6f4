from dataclasses import asdict
from pathlib import Path

from vid3d import files
from vid3d.external import methods, pairs
from vid3d.figures import camera_pairs as figure
from vid3d.report import camera_pairs as page


def run(*, method: str, steadiness: Path, scores: Path | None = None, output: Path) -> None:
    """Front camera against the other cameras of a method's videos: a table, a plot and a page.

    Args:
        method: its name in benchmark/external.
        steadiness: what `vid3d steadiness` made of it.
        scores: what `vid3d score-external` made of it (default: no CLIP-I).
        output: the page to write; pairs.csv and the plot lie beside it.
    """
    root = Path()
    described = methods.load(method, root)
    found = pairs.contrasts(pairs.load(steadiness))
    scored, embedder = ([], None) if scores is None else pairs.clip_i(scores)
    clip_i = pairs.contrasts(scored) if scored else []
    item = {"method": method, "embedder": embedder and embedder.model_dump()}
    rows = [asdict(pair) | {"ratio": pair.ratio} for contrast in (*found, *clip_i) for pair in contrast.pairs]
    files.save_rows(output.with_name("pairs.csv"), rows, files.Provenance("camera-pairs", "{}", item))
    figure.write(found, output.with_name("pairs"), described.title, root)
    page.write(found, clip_i, f"{embedder.model}/{embedder.weights}" if embedder else "", described, output, root)
    print("\n".join(page.lines([*found, *clip_i])))
