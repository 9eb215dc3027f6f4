from pathlib import Path

from vid3d import files
from vid3d.images.reference import make_reference
from vid3d.study.benchmark import BenchmarkImage
from vid3d.study.specs.reference import ReferenceSpec
from vid3d.study.validation import parsed


def run(
    *, spec: ReferenceSpec, entry: str, image: str, source: Path | None = None, output: tuple[Path, Path, Path]
) -> None:
    """Benchmark image to source, foreground and subject.

    Args:
        spec: how it is cut out and recentred.
        entry: the image's manifest entry as JSON.
        image: its name in paths.
        source: the photograph; none of a procedural object.
        output: the source on white, the foreground and subject.json.
    """
    described = parsed(entry, BenchmarkImage, "--entry")
    made = make_reference(image, described, spec, source)
    origin = {key: getattr(described, key, None) for key in ("file", "sha256")}
    item = {"image": image, "source": origin["file"], "sha256": origin["sha256"]}
    files.save_reference(output, made, files.Provenance("reference", spec.argument(), item))
