from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from vid3d import files
from vid3d.errors import InputError
from vid3d.procedural import load_objects
from vid3d.stages import build
from vid3d.study.reading import read_yaml
from vid3d.study.registry import parse_spec
from vid3d.study.specs.seed import SeedSettings, SeedSpec
from vid3d.study.specs.views import ViewsSpec
from vid3d.training import judge, pipelines, shards
from vid3d.training.faster import use_threads
from vid3d.training.judge_autoencoder import judge_autoencoder


def run(
    kind: Literal["autoencoder", "views", "seed"],
    /,
    *,
    spec: str = "",
    autoencoder: Path | None = None,
    scenes: Sequence[Path] = (),
    objects: Path,
    output: Path,
    sheet: Path,
    threads: int = 1,
) -> None:
    """Judge a mini model, or the autoencoder by itself, on held-out objects: figures, and a sheet of all samples.

    Args:
        kind: the autoencoder, or the stage.
        spec: the stage's Spec as JSON, which names the model.
        autoencoder: its folder.
        scenes: what views were trained on, to find the nearest.
        objects: the benchmark's objects (YAML).
        output: JSON.
        sheet: the picture.
        threads: of the processor, for the autoencoder.
    """
    named = load_objects(read_yaml(objects))
    if kind == "autoencoder":
        if autoencoder is None:
            raise InputError("--autoencoder: there is none to judge; give its folder")
        use_threads(threads)
        judged = judge_autoencoder(named, pipelines.load_part("autoencoder", autoencoder))
    else:
        settings: SeedSpec | ViewsSpec = parse_spec(kind, spec)
        if isinstance(settings, SeedSettings):
            judged = judge.judge_seeds(named, build(settings), settings.size, settings.seed, settings.frames)
        else:
            judged = judge.judge_views(named, build(settings), shards.load_arrays(scenes, ["orbits"])[0], settings.seed)
        judged["spec"] = settings.argument()
    files.save_picture(sheet, judged.pop("sheet"))
    files.save_json(output, judged)
