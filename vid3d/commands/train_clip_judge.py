"""Measure whether the mini CLIP is a usable ruler, on held-out procedural objects."""

from pathlib import Path

from vid3d import files, procedural
from vid3d.stages import build, build_captions
from vid3d.study.config import read_yaml
from vid3d.training import clip_judge


def run(*, model: Path, objects: Path, output: Path) -> None:
    """Write what was measured.

    Args:
        model: its folder.
        objects: the benchmark's objects (YAML).
        output: JSON.
    """
    spec = clip_judge.embedder(model)
    named = procedural.load_objects(read_yaml(objects)).values()
    measured = clip_judge.evaluate(named, build(spec), build_captions(spec, model / "vocabulary.txt"))
    files.save_json(output, measured)
