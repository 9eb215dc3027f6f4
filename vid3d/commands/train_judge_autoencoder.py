"""Judge the autoencoder by itself on held-out objects: figures, and a sheet of crops."""

from pathlib import Path

from vid3d import files
from vid3d.procedural import load_objects
from vid3d.study.config import read_yaml
from vid3d.training import pipelines
from vid3d.training.faster import use_threads
from vid3d.training.judge_autoencoder import judge_autoencoder


def run(*, autoencoder: Path, objects: Path, output: Path, sheet: Path, threads: int = 1) -> None:
    """Write what was judged.

    Args:
        autoencoder: its folder.
        objects: the benchmark's objects (YAML).
        output: JSON.
        sheet: the picture.
        threads: of the processor.
    """
    use_threads(threads)
    judged = judge_autoencoder(load_objects(read_yaml(objects)), pipelines.load_autoencoder(autoencoder))
    files.save_picture(sheet, judged.pop("sheet"))
    files.save_json(output, judged)
