"""Is an embedder a usable ruler?  What must hold before CLIP-I by a model of ours may stand in a table.

Everything here is measured on held-out objects (``vid3d.procedural.is_held_out``: a combination of class and colours
that training never draws), among them all named objects of the benchmark:

- retrieval: an image finds its own caption among 64 captions of different held-out objects;
- sensitivity: source-reference CLIP-I falls as blur, noise, compression, floaters or missing parts grow, little where
  they are slight;
- agreement: over the conditions of a run with ground truth, CLIP-I ranks as PSNR at the held-out cameras of the orbit
  does (elevation 0, where CLIP-I's own cameras are; the raised ones stand apart).  CLIP-I compares with one still
  image, so it falls with motion even for perfect renders, which PSNR does not.  Hence a second measure, CLIP-I *lost*:
  that of the renders minus that of the ground truth at the same cameras and moments;
- order: on generated views, for which the ruler is used, splats of 18 views score above those of 3 for the same objects
  as by PSNR.

What it is to reach: ``vid3d.training.aims``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vid3d.cameras import EVALUATION_CAMERAS, orbit
from vid3d.errors import InputError
from vid3d.files import load_rows, to_uint8
from vid3d.measures.metrics import cosines, overall_mean
from vid3d.measures.ranks import rank_correlation
from vid3d.procedural import ObjectSpec, render, sample_object
from vid3d.procedural.damage import damage
from vid3d.procedural.objects import MAIN_COLOURS, is_held_out
from vid3d.procedural.rig import PERIOD
from vid3d.procedural.surface import PALETTE
from vid3d.scene import UInt8
from vid3d.stages import Embed, EmbedCaptions
from vid3d.study.specs.score import ClipEmbed

CANDIDATES = 64
MOTION = 120.0
FRAMES = (0.0, PERIOD / 4, PERIOD / 2)
PAPER_VIEWS = (3, 9, 18)  # the view counts of the paper's Table 2
SIZE = 64  # pixels

# Strengths of ``vid3d.procedural.damage``, growing from none.
DAMAGES: dict[str, tuple[float, ...]] = {
    "blur": (0.0, 0.5, 1.0, 2.0, 4.0, 8.0),
    "noise": (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8),
    "compression": (0.0, 10.0, 25.0, 50.0, 75.0, 95.0),
    "floaters": (0.0, 2.0, 4.0, 8.0, 16.0, 32.0),
    "missing": (0.0, 0.1, 0.25, 0.5, 0.75, 0.95),
}


def embedder(folder: Path) -> ClipEmbed:
    """The Spec of the mini CLIP that lies in a folder."""
    return ClipEmbed(backend="clip", model=str(folder / "config.json"), weights=str(folder / "model.safetensors"))


def held_out_objects(named: Iterable[ObjectSpec], count: int, rng: np.random.Generator) -> list[ObjectSpec]:
    """``count`` objects of different captions: the named ones, then sampled ones of held-out combinations.

    Raises:
        InputError: a named object has a combination that training may draw.
    """
    objects: dict[str, ObjectSpec] = {}
    for obj in named:
        if not is_held_out(obj.kind, obj.colour, obj.second):
            raise InputError(f"object {obj.name}: its class and colours occur in training; change one of them")
        objects.setdefault(obj.caption, obj)
    while len(objects) < count:
        drawn = sample_object(rng)
        main = str(rng.choice(MAIN_COLOURS))
        second = str(rng.choice([colour for colour in PALETTE if colour != main]))
        if is_held_out(drawn.kind, main, second):
            obj = replace(drawn, name=f"held-out-{len(objects)}", colour=main, second=second)
            objects.setdefault(obj.caption, obj)
    return list(objects.values())[:count]


def views(obj: ObjectSpec) -> UInt8:
    """(frames, cameras, size, size, 3) uint8: the object at three moments from the evaluation cameras."""
    cameras = orbit(EVALUATION_CAMERAS, SIZE)
    return np.stack([to_uint8(render(obj, frame, MOTION, cameras)[0]) for frame in FRAMES])


def damaged(images: UInt8, kind: str, strength: float, rng: np.random.Generator) -> UInt8:
    """Images (n, h, w, 3), each with one kind of damage (``vid3d.procedural.damage``)."""
    pixels = images.astype(np.float32) / 255
    return to_uint8(np.stack([damage(image, kind, strength, rng) for image in pixels]))


def nearest_captions(
    images: Sequence[UInt8], captions: Sequence[str], embed: Embed, say: EmbedCaptions
) -> NDArray[np.int64]:
    """For each image the index of the caption whose embedding has the highest cosine with its own.

    Args:
        images: n objects, each (frames, cameras, h, w, 3) uint8.

    Returns:
        (n, frames, cameras) int64.
    """
    texts = say(captions)
    nearest = []
    for seen in images:
        embedded = embed(list(seen.reshape(-1, *seen.shape[2:])))
        similarity = [cosines(embedded, text) for text in texts]
        nearest.append(np.argmax(similarity, axis=0).reshape(seen.shape[:2]))
    return np.stack(nearest)


def retrieval(objects: Sequence[ObjectSpec], nearest: NDArray[np.int64]) -> dict[str, float]:
    """Shares of images whose nearest caption is right, or right in part.

    Args:
        objects: n objects, in the order of their captions.
        nearest: (n, frames, cameras), as ``nearest_captions`` gives.

    Returns:
        ``all_views`` and ``source_view`` (frame 0 at camera 0): the object's own caption;  ``class_and_colour``,
        ``class``: a caption, over all views, of an object of the same class and main colour, or of the same class.
    """

    def share(key: Callable[[ObjectSpec], object], chosen: NDArray[np.int64]) -> float:
        right = [
            key(objects[j]) == key(objects[i]) for i, row in enumerate(chosen.reshape(len(objects), -1)) for j in row
        ]
        return round(float(np.mean(right)), 5)

    return {
        "all_views": share(lambda obj: obj.caption, nearest),
        "source_view": share(lambda obj: obj.caption, nearest[:, 0, 0]),
        "class_and_colour": share(lambda obj: (obj.kind, obj.colour), nearest),
        "class": share(lambda obj: obj.kind, nearest),
    }


def sensitivity(images: Sequence[UInt8], embed: Embed, seed: int) -> dict[str, list[float]]:
    """For each kind of ``DAMAGES`` the source-reference CLIP-I at each strength, mean over objects.

    The reference of an object, its undamaged image of frame 0 at camera 0, stays the same.
    """
    scores = {kind: np.zeros((len(images), len(strengths))) for kind, strengths in DAMAGES.items()}
    for index, seen in enumerate(images):
        flat = seen.reshape(-1, *seen.shape[2:])
        source = embed([flat[0]])[0]
        for kind, strengths in DAMAGES.items():
            for column, strength in enumerate(strengths):
                shown = damaged(flat, kind, strength, np.random.default_rng((seed, index)))
                similarity = cosines(embed(list(shown)), source).reshape(seen.shape[:2])
                scores[kind][index, column] = overall_mean(similarity)
    return {kind: [round(float(mean), 5) for mean in table.mean(axis=0)] for kind, table in scores.items()}


def evaluate(named: Iterable[ObjectSpec], embed: Embed, say: EmbedCaptions, seed: int = 0) -> dict[str, Any]:
    """Retrieval and sensitivity of an embedder, ready for JSON."""
    objects = held_out_objects(named, CANDIDATES, np.random.default_rng(seed))
    images = [views(obj) for obj in objects]
    captions = [obj.caption for obj in objects]
    # A control that needs no training: what the same cosines give for a different object, and for a blank image.
    sources = embed([seen[0, 0] for seen in images])
    others = np.mean([cosines(sources[np.arange(len(sources)) != i], sources[i]).mean() for i in range(len(sources))])
    blank = cosines(sources, embed([np.full((SIZE, SIZE, 3), 255, np.uint8)])[0]).mean()
    return {
        "objects": {obj.name: obj.caption for obj in objects},
        "images": int(sum(seen.shape[0] * seen.shape[1] for seen in images)),
        "retrieval": retrieval(objects, nearest_captions(images, captions, embed, say)),
        "damage_strengths": {kind: list(strengths) for kind, strengths in DAMAGES.items()},
        "clip_i_under_damage": sensitivity(images, embed, seed),
        "clip_i_of_another_object": round(float(others), 5),
        "clip_i_of_a_blank_image": round(float(blank), 5),
    }


def ceilings(objects: Mapping[str, ObjectSpec], scores: Sequence[Path], embed: Embed) -> dict[tuple[str, int], float]:
    """Source-reference CLIP-I of the ground truth at the evaluation cameras, by object and motion score.

    Args:
        objects: by name.
        scores: CSV files with columns image, motion and frame: which moments of which objects to show.

    Raises:
        InputError: a column is missing, or an image is none of the objects.
    """
    cameras = orbit(EVALUATION_CAMERAS, SIZE)
    found = {}
    for (name, motion), frames in _frames(scores).items():
        if name not in objects:
            raise InputError(f"{name}: is none of the procedural objects; give scores of a run with ground truth")
        source = embed(list(to_uint8(render(objects[name], 0, 0, orbit(1, SIZE))[0])))[0]
        seen = np.concatenate([to_uint8(render(objects[name], frame, motion, cameras)[0]) for frame in sorted(frames)])
        found[name, motion] = float(cosines(embed(list(seen)), source).mean())
    return found


def agreement(
    scores: Sequence[Path], held_out: Sequence[Path], ceiling: Mapping[tuple[str, int], float]
) -> dict[str, Any]:
    """Rank correlation of source-reference CLIP-I with PSNR at held-out cameras over the conditions of a run.

    A condition is a (motion score, view count) pair; its value is the mean over images of per-image means.

    Args:
        scores: CSV files with columns image, motion, views and source_reference.
        held_out: CSV files with columns image, motion, views, elevation and psnr, of the same conditions and images.
        ceiling: CLIP-I of the ground truth by image and motion score (``ceilings``).

    Returns:
        ``conditions``: rows of motion, views, clip_i, clip_i_lost, psnr (at elevation 0) and psnr_raised (at the
        others);  ``images``: their number;  ``spearman`` and ``spearman_lost``: of CLIP-I and of CLIP-I lost with psnr,
        over the conditions;  ``spearman_raised``: of CLIP-I with psnr_raised;  ``order``: in how many images the most
        of the paper's view counts beats the fewest by psnr, and in how many of these by clip_i;
        ``spearman_within_images`` and
        ``spearman_lost_within_images``: the means over images of each image's own correlation over the conditions;
        ``spearman_paper`` and ``spearman_lost_paper``: over the paper's conditions alone (PAPER_VIEWS).

    Raises:
        InputError: a column is missing, the files cover different clips, or there are fewer than two conditions.
    """
    conditions, table = _by_condition(scores, held_out, ceiling)
    means = {name: values.mean(axis=0) for name, values in table.items()}
    paper = np.array([views in PAPER_VIEWS for _, views in conditions])

    def over(score: str, truth: str = "psnr", kept: NDArray[np.bool_] | None = None) -> float | None:
        a, b = (means[name] if kept is None else means[name][kept] for name in (score, truth))
        return round(rank_correlation(a, b), 4) if len(a) > 1 else None

    def within(score: str) -> float:
        each = [rank_correlation(x, y) for x, y in zip(table[score], table["psnr"], strict=True)]
        return round(float(np.mean(each)), 4)

    return {
        "conditions": [
            {"motion": motion, "views": count} | {name: round(float(mean[k]), 5) for name, mean in means.items()}
            for k, (motion, count) in enumerate(conditions)
        ],
        "images": len(table["psnr"]),
        "order": _order(conditions, table),
        "spearman": over("clip_i"),
        "spearman_lost": over("clip_i_lost"),
        "spearman_raised": over("clip_i", "psnr_raised"),
        "spearman_paper": over("clip_i", kept=paper),
        "spearman_lost_paper": over("clip_i_lost", kept=paper),
        "spearman_within_images": within("clip_i"),
        "spearman_lost_within_images": within("clip_i_lost"),
    }


def _order(conditions: Sequence[tuple[int, int]], table: Mapping[str, NDArray[np.float64]]) -> dict[str, int]:
    """In how many images 18 views beat 3 by PSNR, and in how many of these by CLIP-I; at the lowest motion score."""
    motion = conditions[0][0]
    ends = (motion, max(PAPER_VIEWS)), (motion, min(PAPER_VIEWS))
    if not set(ends) <= set(conditions):
        return {}
    many, few = (conditions.index(end) for end in ends)
    better = {name: table[name][:, many] > table[name][:, few] for name in ("psnr", "clip_i")}
    return {"psnr": int(better["psnr"].sum()), "clip_i": int((better["psnr"] & better["clip_i"]).sum())}


def _by_condition(
    scores: Sequence[Path], held_out: Sequence[Path], ceiling: Mapping[tuple[str, int], float]
) -> tuple[list[tuple[int, int]], dict[str, NDArray[np.float64]]]:
    """The conditions, and (images, conditions) of CLIP-I, CLIP-I lost and both PSNRs."""
    clip_i = _means(scores, "source_reference")
    psnr, raised = (_means(held_out, "psnr", at_orbit) for at_orbit in (True, False))
    if unpaired := sorted((clip_i.keys() ^ psnr.keys()) | (clip_i.keys() ^ raised.keys())):
        raise InputError(f"{unpaired[0]}: stands in scores or in held-out files only; give both for each clip")
    images = sorted({image for image, _, _ in clip_i})
    conditions = sorted({(motion, views) for _, motion, views in clip_i})
    if len(conditions) < 2 or len(clip_i) != len(images) * len(conditions):
        raise InputError("agreement needs at least two conditions, and every image at each; give more files")
    lost = {clip: score - ceiling[clip[:2]] for clip, score in clip_i.items()}
    columns = {"clip_i": clip_i, "clip_i_lost": lost, "psnr": psnr, "psnr_raised": raised}
    return conditions, {
        name: np.array([[by_clip[i, *condition] for condition in conditions] for i in images], np.float64)
        for name, by_clip in columns.items()
    }


def _means(paths: Sequence[Path], column: str, at_orbit: bool | None = None) -> dict[tuple[str, int, int], float]:
    """The mean of a column for each (image, motion, views), over the rows at elevation 0, at others, or (None) all."""
    columns: dict[str, type[str | int | float]] = {"image": str, "motion": int, "views": int, column: float}
    columns |= {} if at_orbit is None else {"elevation": float}
    values: dict[tuple[str, int, int], list[float]] = {}
    for row in (row for path in paths for row in load_rows(path, columns)):
        if at_orbit is None or (row["elevation"] == 0.0) == at_orbit:
            values.setdefault((row["image"], row["motion"], row["views"]), []).append(row[column])
    return {clip: float(np.mean(of_clip)) for clip, of_clip in values.items()}


def _frames(paths: Sequence[Path]) -> dict[tuple[str, int], set[int]]:
    """The frame numbers that occur for each (image, motion)."""
    frames: dict[tuple[str, int], set[int]] = {}
    for row in (row for path in paths for row in load_rows(path, {"image": str, "motion": int, "frame": int})):
        frames.setdefault((row["image"], row["motion"]), set()).add(row["frame"])
    return frames
