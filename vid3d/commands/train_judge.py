"""Judge a mini model on held-out objects: figures, and a sheet of all samples."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from vid3d import files
from vid3d.procedural import load_objects
from vid3d.stages import build
from vid3d.study.config import read_yaml
from vid3d.study.specs import SeedSettings, SeedSpec, ViewsSpec, parse_spec
from vid3d.training import judge, shards


def run(
    kind: Literal["views", "seed"],
    /,
    *,
    spec: str,
    scenes: Sequence[Path] = (),
    objects: Path,
    output: Path,
    sheet: Path,
) -> None:
    """Write what was judged.

    Args:
        kind: the stage.
        spec: its Spec as JSON, which names the model.
        scenes: what views were trained on, to find the nearest.
        objects: the benchmark's objects (YAML).
        output: JSON.
        sheet: the picture.
    """
    settings: SeedSpec | ViewsSpec = parse_spec(kind, spec)
    named = load_objects(read_yaml(objects))
    if isinstance(settings, SeedSettings):
        judged = judge.judge_seeds(named, build(settings), settings.size, settings.seed, settings.frames)
    else:
        judged = judge.judge_views(named, build(settings), shards.load_arrays(scenes, ["orbits"])[0], settings.seed)
    files.save_picture(sheet, judged.pop("sheet"))
    files.save_json(output, {"spec": settings.argument(), **judged})
