"""The experiment's clips: a procedural object, its true seed and the views of each frame that a Spec makes of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from vid3d import randomness
from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.files import load_json, to_uint8
from vid3d.procedural import ObjectSpec, make_reference, render, sample_object
from vid3d.procedural.kinds import KINDS
from vid3d.scene import Float32, SeedFrame
from vid3d.stages import build
from vid3d.study.specs.views import V3dViews, ViewsSpec

TUNED_ON = 6  # objects on which strengths are chosen


def views_of(spec: ViewsSpec, objects: Sequence[ObjectSpec], motion: int, frames: int) -> Iterator[Float32]:
    """The views of each clip, with the true images of camera 0 as its seed.

    Each frame's randomness is that of the same image and frame in the study.

    Args:
        spec: of the views.
        objects: one per clip.
        motion: score asked for.
        frames: how many, from 0.

    Yields:
        (frames, views, size, size, 3) float32 in [0, 1], multiples of 1/255 as in files.

    Raises:
        InputError: views that cut objects out, which stand where the model expects them, or what the backend raises.
    """
    if isinstance(spec, V3dViews) and spec.cutout != "none":
        raise InputError("views.cutout: the experiment's objects stand on white; give none")
    generate = build(spec)
    for obj in objects:
        attributes = {key: value for key, value in obj.to_dict().items() if key != "name"}
        reference = make_reference(obj.name, attributes, spec.size)
        clip = []
        for frame in range(frames):
            seen = quantised(render(obj, float(frame), motion, orbit(1, spec.size))[0][0])
            rng = randomness.generator(spec.seed, "views", obj.name, spec.drawn_for(frame))
            clip.append(quantised(generate(SeedFrame(seen, None, frame, motion, reference), rng).images))
        yield np.stack(clip)


def load_object(path: Path, name: str, events: bool) -> ObjectSpec:
    """One of the experiment's objects, with what happens to it where ``events`` happen.

    Raises:
        InputError: a file that is not understood, or no such object.
    """
    described = load_json(path)
    if name not in described:
        raise InputError(f"{path}: has no object {name!r}; make it anew")
    entry = described[name]
    return ObjectSpec.from_dict(entry["object"] | ({"event": entry["event"]} if events else {}))


def quantised(images: Float32) -> Float32:
    """Images as they come back from a file: multiples of 1/255."""
    return np.asarray(to_uint8(images).astype(np.float32) / np.float32(255))


def training_objects() -> list[ObjectSpec]:
    """Six objects of six classes that the training of the mini models may draw, for the choice of strengths."""
    rng = randomness.generator(0, "hypothesis", "tuning")
    found: dict[str, ObjectSpec] = {}
    while len(found) < TUNED_ON:
        obj = sample_object(rng)
        found.setdefault(obj.kind, obj)
    return list(found.values())


def held_out_objects(benchmark: Sequence[ObjectSpec]) -> list[ObjectSpec]:
    """One object of each class that neither training draws nor the benchmark has, for measuring generated views."""
    rng = randomness.generator(0, "hypothesis", "calibration")
    taken = {(obj.kind, obj.colour, obj.second) for obj in benchmark}
    found: dict[str, ObjectSpec] = {}
    while len(found) < len(KINDS):
        obj = sample_object(rng, held_out=True)
        if (obj.kind, obj.colour, obj.second) not in taken:
            found.setdefault(obj.kind, obj)
    return [found[kind] for kind in KINDS]
