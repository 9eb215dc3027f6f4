"""Rank correlation of CLIP-I by the mini CLIP with PSNR at held-out cameras over the conditions of a run."""

from collections.abc import Sequence
from pathlib import Path

from vid3d import files, procedural
from vid3d.stages import build
from vid3d.study.config import read_yaml
from vid3d.training import clip_judge


def run(*, scores: Sequence[Path], held_out: Sequence[Path], model: Path, objects: Path, output: Path) -> None:
    """Write how far they agree.

    Args:
        scores: of the run's clips (CSV).
        held_out: of the same clips (CSV).
        model: the mini CLIP's folder.
        objects: the benchmark's objects (YAML).
        output: JSON.
    """
    ceilings = clip_judge.ceilings(
        procedural.load_objects(read_yaml(objects)), scores, build(clip_judge.embedder(model))
    )
    files.save_json(output, clip_judge.agreement(scores, held_out, ceilings))
