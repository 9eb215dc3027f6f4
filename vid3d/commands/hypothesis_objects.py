from pathlib import Path

from vid3d import files
from vid3d.hypothesis.clips import training_objects
from vid3d.procedural import load_objects
from vid3d.study.hypothesis import TRAINING
from vid3d.study.reading import read_yaml


def run(*, benchmark: Path, output: Path) -> None:
    """Write the descriptions of the experiment's objects.

    Those of the benchmark; each with the event that happens where events happen: a part appears in the first of each
    class and comes off in the others; and those on which strengths are chosen.

    Args:
        benchmark: the list of objects.
        output: JSON to write.
    """
    described = {}
    kinds: list[str] = []
    for name, obj in load_objects(read_yaml(benchmark)).items():
        described[name] = {"object": obj.to_dict(), "event": "detaches" if obj.kind in kinds else "appears"}
        kinds.append(obj.kind)
    for name, obj in zip(TRAINING, training_objects(), strict=True):
        described[name] = {"object": obj.to_dict(), "event": ""}
    files.save_json(output, described)
