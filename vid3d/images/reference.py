"""A benchmark's image to the reference image that a clip starts from."""

from pathlib import Path

from vid3d.errors import InputError
from vid3d.scene import Reference
from vid3d.study.benchmark import BenchmarkImage, Procedural
from vid3d.study.specs.reference import ReferenceSpec


def make_reference(name: str, entry: BenchmarkImage, spec: ReferenceSpec, source: Path | None = None) -> Reference:
    """A procedural object drawn at rest, or a photograph cut out and recentred.

    Args:
        name: the image's name in paths.
        entry: of the benchmark's manifest.
        spec: size and border of the foreground.
        source: the photograph's file; not read for a procedural object.

    Raises:
        InputError: an entry that describes no object; a photograph that is missing, unusable or without a foreground.
    """
    # each imports what the other does without: a ray caster, OpenCV
    if isinstance(entry, Procedural):
        from vid3d import procedural

        return procedural.make_reference(name, entry.object, spec.size)
    from vid3d.images import photographs

    if source is None:
        raise InputError(f"{name}: a photograph needs its file; give {entry.file} as the source (--source)")
    return photographs.make_reference(source, name, entry.caption, spec.size, spec.border)
