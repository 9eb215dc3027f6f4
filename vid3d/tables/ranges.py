"""How far CLIP-I can fall by an embedder: from the truth's own score to that of another object.

A margin of CLIP-I means something only as a share of this range: an embedder to which strangers look half alike leaves
half the room of one to which they have nothing in common.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from vid3d.errors import InputError
from vid3d.files import load_embeddings
from vid3d.measures import protocols
from vid3d.measures.metrics import cosines
from vid3d.measures.protocols import MATRIX, compare
from vid3d.scene import Float32
from vid3d.study import layout
from vid3d.study.config import Study
from vid3d.study.replicates import Family
from vid3d.tables.clip_i import PROTOCOLS


@dataclass(frozen=True)
class Range:
    """Means over a run's images, by one definition of CLIP-I.

    Attributes:
        ceiling: of the true images, at the evaluation cameras.
        other: of the true images of one object with the reference of another.
    """

    ceiling: float
    other: float

    @property
    def span(self) -> float:
        """From the one to the other."""
        return self.ceiling - self.other


def embedder_ranges(study: Study, root: Path, name: str) -> dict[str, Range]:
    """The range of a run's embedder on its own images, at its base condition, by ``clip_i.PROTOCOLS``.

    Returns:
        Nothing where there is no truth (photographs), or no other object.

    Raises:
        InputError: embeddings that are missing or damaged.
    """
    run = study.runs[name]
    if run.benchmark != "procedural" or len(run.images or ()) < 2:
        return {}
    truths, given = zip(*(true_embeddings(study, root, name, image) for image in run.images or ()), strict=True)
    ranges = {}
    for protocol in MATRIX:
        if protocol.name in PROTOCOLS:
            compared = [compare(truth, source, None) for truth, source in zip(truths, given, strict=True)]
            ceiling = np.mean([protocol.mean(found[protocol.cosines]) for found in compared])
            source = protocol.cosines == "source_reference"
            references = given if source else [truth[0, 0] for truth in truths]
            others = [
                cosines(truth, reference).mean()
                for mine, truth in enumerate(truths)
                for theirs, reference in enumerate(references)
                if mine != theirs
            ]
            ranges[protocol.name] = Range(float(ceiling), float(np.mean(others)))
    return ranges


def true_cosines(study: Study, root: Path, family: Family) -> pd.DataFrame | None:
    """Cosines of the true images in place of renders, at a family's base condition; None of photographs.

    Returns:
        One row per image, frame and camera, once for each replicate: image, motion, views, replicate, frame, camera and
        the columns of ``protocols.compare``.
    """
    run = family.run
    if run.benchmark != "procedural":
        return None
    motion, views = run.conditions[0]
    rows = []
    for image in run.images or ():
        truth, reference = true_embeddings(study, root, family.name, image)
        found = list(protocols.rows(compare(truth, reference, None)))
        about = {"image": image, "motion": motion, "views": views}
        rows += [about | row | {"replicate": member} for member in family.members for row in found]
    return pd.DataFrame(rows)


def true_embeddings(study: Study, root: Path, name: str, image: str) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings of an object's true images, (frames, cameras, d), and of its reference, (d,), at the base condition.

    Raises:
        InputError: as ``of_frames``.
    """
    run = study.runs[name]
    clip = layout.Condition(name, image, *run.conditions[0])
    truth = of_frames(root / clip.path(layout.STAGE_EMBEDDINGS, study), run.used_frames, "truth")["truth"]
    return truth, load_embeddings(root / clip.path(layout.EMBEDDINGS, study), "reference")["reference"]


def of_frames(path: Path, frames: int, *names: str) -> dict[str, Float32]:
    """Embeddings of the first ``frames`` frames, (frames, ..., d) each, by name.

    Raises:
        InputError: they are missing or damaged, or there are fewer frames.
    """
    found = load_embeddings(path, *names)
    for name, array in found.items():
        if array.ndim < 2 or len(array) < frames:
            raise InputError(f"{path}: {name} has not {frames} frames; delete it and run again")
    return {name: array[:frames] for name, array in found.items()}
