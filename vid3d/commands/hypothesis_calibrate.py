from pathlib import Path

import numpy as np

from vid3d import files
from vid3d.hypothesis.calibration import Clip, levels, of_clip
from vid3d.hypothesis.clips import held_out_objects, views_of
from vid3d.procedural import load_objects
from vid3d.study.reading import read_yaml
from vid3d.study.specs.views import ProceduralViews, ViewsSpec


def run(
    *, spec: ViewsSpec, benchmark: Path, output: Path, motion: int = 120, frames: int = 10, clips: int = 12
) -> None:
    """Measure the faults of generated views, and which part of them is drawn anew for each frame.

    On one object of each class which neither training draws nor the benchmark has.

    Args:
        spec: of the views.
        benchmark: the list of objects that are left out.
        output: JSON to write.
        motion: score asked for.
        frames: of each clip.
        clips: how many of the objects to take.
    """
    objects = held_out_objects(list(load_objects(read_yaml(benchmark)).values()))[:clips]
    true = ProceduralViews(backend="procedural", size=spec.size, count=spec.count)
    pairs = zip(objects, views_of(spec, objects, motion, frames), views_of(true, objects, motion, frames), strict=True)
    measured = [of_clip(Clip(obj, motion, views, truth)) for obj, views, truth in pairs]
    item = {"objects": [obj.name for obj in objects], "motion": motion, "frames": frames}
    numbers = {name: float(np.round(value, 6)) for name, value in levels(measured).items()}
    files.save_json(output, numbers | {"provenance": files.Provenance("calibration", spec.argument(), item).as_dict()})
