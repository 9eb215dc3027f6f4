"""Renders of other methods: scored like ours, and gathered for Table 1.

An image counts only if all of it is there: each camera, and for each camera all frames.  One that does not count is
named with the first thing that it lacks, and the method's scores then say "k of n images".
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vid3d.errors import InputError
from vid3d.external import methods, videos
from vid3d.files import load_json, load_reference, load_rows, to_uint8
from vid3d.measures import protocol_tables, protocols
from vid3d.scene import UInt8
from vid3d.stages import Embed
from vid3d.study import layout
from vid3d.study.benchmark import load_benchmark
from vid3d.study.config import Study
from vid3d.study.specs.score import ClipEmbed
from vid3d.study.validation import Strict, validated

Footage = dict[int, list[UInt8]]  # camera: frames
_CURE = "delete it and score the method again"


# --- scoring ---------------------------------------------------------------------------------------------------------


class LeftOut(Strict):
    """An image that does not count, and the first thing that it lacks."""

    image: str
    lacks: str


class Extent(Strict):
    """How much of an image there is."""

    frames: int
    cameras: tuple[int, ...]


class Scored(Strict):
    """What stands beside a method's scores.

    Attributes:
        images: those that count, complete.
        of: how many images the method's benchmark has, or, without a benchmark, the method.
        notes: sentences about the files, such as downloads whose content is not pinned.
    """

    method: str
    images: dict[str, Extent]
    of: int
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


def score(
    name: str, method: methods.Method, root: Path, references: Path | None, embed: Embed
) -> tuple[list[dict[str, Any]], Scored]:
    """Cosines of a method's renders, in the way in which those of a run are made.

    Args:
        root: the folder that holds ``benchmark/`` and what the method's clips name.
        references: the folder of a run, with a folder of reference files per image; None without source images.

    Returns:
        One row per image, frame and camera: image, frame, camera and ``protocols.COSINES``, NaN without the reference
        (source images, or camera 0, whose first render is the self-reference); and what they cover.

    Raises:
        InputError: a file that is damaged or of another kind, or no image that is complete or can be compared.
    """
    rows: list[dict[str, Any]] = []
    images: dict[str, Extent] = {}
    left_out, sizes = [], set()
    for image, clips in footage(name, method, root):
        if isinstance(clips, LeftOut):
            left_out.append(clips)
            continue
        sizes |= {frame.shape[:2] for frames in clips.values() for frame in frames}
        rows += _rows(image, clips, references, embed)
        images[image] = Extent(frames=len(next(iter(clips.values()))), cameras=tuple(clips))
    if all(np.isnan(row[column]) for row in rows for column in protocols.COSINES):
        raise InputError(f"{name}: neither source images nor camera 0, so there is nothing to compare with")
    of = len(load_benchmark(method.benchmark, None, root)) if method.benchmark else len(images) + len(left_out)
    notes = [f"Frames of {w} x {h} pixels: CLIP sees the middle square." for h, w in sorted(sizes) if h != w]
    unpinned = sorted(clip.file for clip in method.clips or () if clip.url and clip.sha256 is None)
    if unpinned:
        notes.append(f"Downloads without a pinned checksum: {', '.join(unpinned)}.")
    covered = Scored(method=name, images=images, of=of, left_out=tuple(left_out), notes=tuple(notes))
    return rows, covered


def footage(name: str, method: methods.Method, root: Path) -> Iterator[tuple[str, Footage | LeftOut]]:
    """The clips of each image of a method, or what it lacks; one image after the other is read.

    Raises:
        InputError: a file that is damaged or of another kind, or no image that is complete.
    """
    found = methods.clips(name, method, root)
    lacking = methods.missing_cameras(method, found)
    left_out: list[LeftOut] = []
    for image, paths in found.items():
        try:
            clips = _complete(paths, lacking[image], method.frames, root)
        except videos.IncompleteError as reason:
            left_out.append(LeftOut(image=image, lacks=str(reason)))
            yield image, left_out[-1]
        else:
            yield image, clips
    if len(left_out) == len(found):
        raise InputError(f"{name}: no image is complete; {left_out[0].image}: {left_out[0].lacks}")


def _complete(paths: dict[int, str], lacking: list[int], frames: int | None, root: Path) -> Footage:
    """All clips of an image, equally long.

    Raises:
        videos.IncompleteError: names what is missing.
    """
    if lacking:
        raise videos.IncompleteError(f"camera {lacking[0]} is missing")
    clips = {camera: videos.load_clip(root / path, frames) for camera, path in sorted(paths.items())}
    longest = max(len(clip) for clip in clips.values())
    for camera, clip in clips.items():
        if len(clip) < longest:
            raise videos.IncompleteError(f"camera {camera} lacks frame {len(clip)}")
    return clips


def _rows(image: str, clips: Footage, references: Path | None, embed: Embed) -> Iterator[dict[str, Any]]:
    """The cosines of one image; one call of the embedder per moment and per reference, as for a run."""
    count = len(next(iter(clips.values())))
    renders = np.stack([embed([clip[frame] for clip in clips.values()]) for frame in range(count)])
    source = foreground = None
    if references is not None:
        patterns = (layout.REFERENCE, layout.FOREGROUND, layout.SUBJECT)
        reference = load_reference([references / image / Path(pattern).name for pattern in patterns])
        source, foreground = (embed([to_uint8(shown)])[0] for shown in (reference.image, reference.foreground))
    compared = protocols.compare(renders, source, foreground, first=0 in clips)
    for row in protocols.rows(compared, list(clips)):
        yield {"image": image} | row


def summary(rows: list[dict[str, Any]], scored: Scored) -> list[str]:
    """Lines for a reader: the means over images under each protocol, what is not counted, and the notes."""
    means = protocol_tables.per_image(pd.DataFrame(rows), ["image"])
    lines = [f"{scored.method}: {len(scored.images)} of {scored.of} images"]
    for protocol in protocols.MATRIX:
        mean = means[protocol.name].mean(skipna=False)
        lines.append(f"  {protocol.title}: {'no such reference' if np.isnan(mean) else f'{mean:.4f}'}")
    lines += [f"  not counted: {left.image} ({left.lacks})" for left in scored.left_out]
    return lines + [f"  {note}" for note in scored.notes]


# --- gathering -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class External:
    """A method's scores as a report shows them.

    Attributes:
        images: those that are scored and that the report's runs are restricted to.
        frames: how many a clip has, each number that occurs.
        cameras: how many an image has, each number that occurs.
        scores: one row per image: image and ``protocols.NAMES``.
    """

    name: str
    method: methods.Method
    spec: ClipEmbed
    covered: Scored
    images: tuple[str, ...]
    frames: tuple[int, ...]
    cameras: tuple[int, ...]
    scores: pd.DataFrame


def collect(study: Study, paths: Sequence[Path], root: Path) -> list[External]:
    """The methods behind ``layout.EXTERNAL_SCORES`` files, without those of which a restricted study shows no image.

    Raises:
        InputError: names the file and the first row that is missing or out of range.
    """
    found = []
    for path in paths:
        run = study.runs[path.parent.name]
        covered, spec = _sidecar(path)
        if covered.method in study.runs:
            raise InputError(f"{path}: the method {covered.method} has the name of a run; rename one of them")
        method = methods.load(covered.method, root)
        chosen = [i for i in covered.images if method.benchmark is None or i in (run.images or ())]
        if not chosen:
            continue
        rows = _checked(path, covered)
        rows = rows[rows["image"].isin(chosen)]
        extents = [covered.images[image] for image in chosen]
        found.append(
            External(
                name=covered.method,
                method=method,
                spec=spec,
                covered=covered,
                images=tuple(chosen),
                frames=tuple(sorted({extent.frames for extent in extents})),
                cameras=tuple(sorted({len(extent.cameras) for extent in extents})),
                scores=protocol_tables.per_image(rows, ["image"]),
            )
        )
    return found


def load(path: Path) -> tuple[Scored, ClipEmbed, pd.DataFrame]:
    """What a method's ``layout.EXTERNAL_SCORES`` cover, their embedder, and their rows.

    Raises:
        InputError: names the file and the first row that is missing or out of range.
    """
    covered, spec = _sidecar(path)
    return covered, spec, _checked(path, covered)


def _sidecar(path: Path) -> tuple[Scored, ClipEmbed]:
    """What a file of scores covers, and the embedder that made it."""
    file = path.with_suffix(".json")
    sidecar = load_json(file)
    if not isinstance(sidecar, dict) or not {"item", "spec"} <= set(sidecar):
        raise InputError(f"{file}: is not what score-external writes; {_CURE}")
    covered = validated(sidecar["item"], Scored, file, _CURE)
    return covered, validated(sidecar["spec"], ClipEmbed, file, _CURE)


def _checked(path: Path, covered: Scored) -> pd.DataFrame:
    """The rows of a method's scores: every frame at every camera of each image, cosines in [-1, 1] or not there."""
    columns: dict[str, type[str | int | float]] = {"image": str, "frame": int, "camera": int}
    columns |= dict.fromkeys(protocols.COSINES, float)
    table = pd.DataFrame(load_rows(path, columns, cure="score the method"), columns=list(columns))
    if table.duplicated(["image", "frame", "camera"]).any():
        raise InputError(f"{path}: lists a frame and camera twice; {_CURE}")
    there = set(zip(table["image"], table["frame"], table["camera"], strict=True))
    for image, extent in covered.images.items():
        for frame, camera in itertools.product(range(extent.frames), extent.cameras):
            if (image, frame, camera) not in there:
                raise InputError(f"{path}: missing row: image {image}, frame {frame}, camera {camera}; {_CURE}")
    for column in protocols.COSINES:
        wrong = table[~table[column].between(-1 - 1e-6, 1 + 1e-6) & table[column].notna()]
        if len(wrong):
            row = wrong.iloc[0]
            at = f"image {row['image']}, frame {row['frame']}, camera {row['camera']}"
            raise InputError(f"{path}: {column} {row[column]} at {at} is out of range; {_CURE}")
    return table
