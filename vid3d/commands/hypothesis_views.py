from collections.abc import Sequence
from pathlib import Path

from vid3d import files
from vid3d.hypothesis.clips import load_object, views_of
from vid3d.study.specs.views import ViewsSpec


def run(
    *,
    spec: ViewsSpec,
    objects: Path,
    name: str,
    motion: int,
    output: Sequence[Path],
    events: bool = False,
) -> None:
    """Orbit filmstrips of a clip of the experiment, whose seed is the truth.

    Args:
        spec: the backend and its settings.
        objects: the experiment's objects.
        name: of one of them.
        motion: score asked for.
        output: a filmstrip for each frame, from 0.
        events: whether something happens to the object.
    """
    obj = load_object(objects, name, events)
    (made,) = views_of(spec, [obj], motion, len(output))
    for frame, (path, images) in enumerate(zip(output, made, strict=True)):
        item = {"image": name, "motion": motion, "events": events, "frame": frame}
        files.save_filmstrip(path, images, files.Provenance("views", spec.argument(), item))
