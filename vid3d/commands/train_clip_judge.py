from collections.abc import Sequence
from pathlib import Path

from vid3d import files, procedural
from vid3d.stages import build, build_captions
from vid3d.study.reading import read_yaml
from vid3d.training import clip_judge


def run(
    *, model: Path, objects: Path, scores: Sequence[Path] = (), held_out: Sequence[Path] = (), output: Path
) -> None:
    """Measure whether the mini CLIP is a usable ruler: on held-out objects, or against PSNR over a run's conditions.

    Args:
        model: its folder.
        objects: the benchmark's objects (YAML).
        scores: of a run's clips (CSV), whose rank correlation with PSNR is measured (default: held-out objects are).
        held_out: of the same clips (CSV), PSNR at held-out cameras.
        output: JSON.
    """
    spec, named = clip_judge.embedder(model), procedural.load_objects(read_yaml(objects))
    embed = build(spec)
    if scores or held_out:
        measured = clip_judge.agreement(scores, held_out, clip_judge.ceilings(named, scores, embed))
    else:
        measured = clip_judge.evaluate(named.values(), embed, build_captions(spec, model / "vocabulary.txt"))
    files.save_json(output, measured)
