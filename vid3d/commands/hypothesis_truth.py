from pathlib import Path

import numpy as np

from vid3d import files
from vid3d.cameras import EVALUATION_CAMERAS, HELD_OUT_AZIMUTHS, orbit, sphere
from vid3d.hypothesis.clips import load_object
from vid3d.hypothesis.outcomes import tracks
from vid3d.procedural import render


def run(*, objects: Path, name: str, motion: int, frames: int, size: int, output: Path, events: bool = False) -> None:
    """True images of a clip at the cameras by which it is judged, and where each point of the object goes.

    Args:
        objects: the experiment's objects.
        name: of one of them.
        motion: score asked for.
        frames: how many, from 0.
        size: side of the images in pixels.
        output: NPZ to write.
        events: whether something happens to the object.
    """
    obj = load_object(objects, name, events)
    unseen, evaluation = sphere(HELD_OUT_AZIMUTHS, 0.0, size), orbit(EVALUATION_CAMERAS, size)
    held_out, around = (
        np.stack([render(obj, float(frame), motion, cameras)[0] for frame in range(frames)])
        for cameras in (unseen, evaluation)
    )
    followed = tracks(obj, motion, unseen, frames)
    item = {"image": name, "motion": motion, "events": events}
    files.save_embeddings(
        output,
        files.Provenance("truth", "{}", item),
        held_out=files.to_uint8(held_out),
        evaluation=files.to_uint8(around),
        points=followed.points,
        positions=followed.positions,
    )
