"""How good the mini models are on objects never trained on: views against ground truth, seeds by their motion."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from vid3d.cameras import orbit
from vid3d.files import to_uint8
from vid3d.measures import likeness
from vid3d.measures.metrics import psnr
from vid3d.procedural import SCORE_UNIT, ObjectSpec, make_reference, render, sample_object
from vid3d.procedural.images import render_at_amplitude
from vid3d.procedural.motion import solve_amplitude
from vid3d.randomness import generator
from vid3d.scene import Float32, SeedFrame, UInt8
from vid3d.stages import MultiView, Seed

MOMENTS = (0, 4)  # frames of which views are judged: the reference itself, and the object well into its motion
MOTION = 120
SCORES = (40, 80, 120, 160, 200)
CALIBRATION_OBJECTS = 24


def judge_views(objects: Mapping[str, ObjectSpec], multiview: MultiView, trained: UInt8, seed: int) -> dict[str, Any]:
    """Views of ground-truth frames against ground truth and two ways of not generating anything.

    Args:
        objects: by name.
        trained: (n, views, h, w, 3) uint8, the orbits of the training set; the *nearest* is the one whose first view
            has the least squared error to the given frame, so that a model that only memorises is found out.

    Returns:
        ``rows``: for each object and moment the PSNR in dB of the first view; of all other views, what ``_figures``
        says of those generated and of the nearest training orbit's, and PSNR and IoU of the first view repeated; the
        PSNR of the generated views in reversed order (an orbit that turns the wrong way is nearer to that); and the
        milliseconds of processor time that a view took.  ``means`` over the rows; ``turned_right``: share of rows
        nearer in the right order; ``above_nearest``: share of rows with PSNR and IoU above the nearest orbit's.
        ``sheet``: uint8 image, for each row the truth above what was generated.
    """
    rows: list[dict[str, Any]] = []
    strips = []
    fronts = trained[:, 0].reshape(len(trained), -1)
    for name, obj in objects.items():
        size, count = trained.shape[2], trained.shape[1]
        reference = make_reference(name, {k: v for k, v in obj.to_dict().items() if k != "name"}, size)
        for moment in MOMENTS:
            truth, alpha = render(obj, float(moment), MOTION, orbit(count, size))
            frame = SeedFrame(truth[0], alpha[0], moment, MOTION, reference)
            start = time.process_time()
            made = multiview(frame, generator(seed, "views", name, moment)).images
            milliseconds = 1000.0 * (time.process_time() - start) / count
            nearest = trained[_nearest(fronts, truth[0])].astype(np.float32) / np.float32(255)
            row = {"object": name, "frame": moment, "milliseconds": milliseconds}
            row["first_view"] = float(psnr(made[:1], truth[:1])[0])
            row |= _figures("generated", made[1:], truth[1:]) | _figures("nearest", nearest[1:], truth[1:])
            repeated = np.broadcast_to(truth[:1], truth.shape)[1:]
            row["repeated"] = float(psnr(repeated, truth[1:]).mean())
            row["repeated_iou"] = float(likeness.overlap(repeated, truth[1:]).mean())
            row["reversed"] = float(psnr(made[:0:-1], truth[1:]).mean())
            rows.append(row)
            strips += [np.concatenate(list(to_uint8(images)), axis=1) for images in (truth, made)]
    better = [all(row[f"generated{figure}"] > row[f"nearest{figure}"] for figure in ("", "_iou")) for row in rows]
    return {
        "rows": rows,
        "means": _means(rows),
        "turned_right": float(np.mean([row["generated"] > row["reversed"] for row in rows])),
        "above_nearest": float(np.mean(better)),
        "sheet": np.concatenate(strips),
    }


def _nearest(fronts: UInt8, image: Float32) -> int:
    """Index of the front (n, pixels) with the least squared error to the image; some at a time, for memory's sake."""
    wanted = image.ravel() * np.float32(255)
    parts = np.array_split(np.arange(len(fronts)), -(-len(fronts) // 1000))
    return int(np.argmin(np.concatenate([((fronts[part] - wanted) ** 2).sum(axis=1) for part in parts])))


def _figures(label: str, images: Float32, truth: Float32) -> dict[str, float | None]:
    """What is said of images beside the truth; PSNR and IoU are means over the images, and a hue may not exist."""
    hue = likeness.hue_error(images, truth)
    figures = {
        "": float(psnr(images, truth).mean()),
        "_iou": float(likeness.overlap(images, truth).mean()),
        "_flip": float(likeness.flip(images, truth).mean()),
        "_gradient": likeness.gradient_energy(images, truth),
        "_gradient_inside": likeness.gradient_energy(images, truth, inside=True),
        "_colour": likeness.colour_difference(images, truth),
        "_hue": None if np.isnan(hue) else hue,
        **{f"_error_{kind}": share for kind, share in likeness.error_shares(images, truth).items()},
    }
    return {f"{label}{name}": value for name, value in figures.items()}


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Means of all figures of the rows, where there are any."""
    found = {key: [row[key] for row in rows if row[key] is not None] for key in rows[0]}
    return {key: float(np.mean(values)) for key, values in found.items() if values and not isinstance(values[0], str)}


def judge_seeds(objects: Mapping[str, ObjectSpec], sample: Seed, size: int, seed: int, count: int) -> dict[str, Any]:
    """The motion that sampled videos show, for each score of SCORES, beside that of ground truth.

    Args:
        objects: by name.
        sample: the stage to be judged.
        count: frames of a video.

    Returns:
        ``rows``: object, score asked, the score measured in the sampled video and in ground truth, the PSNR of the
        first frame against the reference, and what ``_figures`` says of the others; ``means`` by score; ``gain`` of
        the estimator; ``sheet``: for each object the truth at MOTION above the samples at the lowest, middle and
        highest score.
    """
    gain = calibrate(size, count, seed)
    rows, strips = [], []
    for name, obj in objects.items():
        reference = make_reference(name, {k: v for k, v in obj.to_dict().items() if k != "name"}, size)
        for asked in SCORES:
            truth = video(obj, solve_amplitude(obj, asked), count, size)
            if asked == MOTION:
                strips.append(np.concatenate(list(truth), axis=1))
            made = sample(reference, asked, generator(seed, "seed", name)).images
            rows.append(
                {
                    "object": name,
                    "asked": asked,
                    "measured": gain * mean_flow(to_uint8(made)),
                    "truth": gain * mean_flow(truth),
                    "first_frame": float(psnr(made[:1], reference.image[None])[0]),
                    **_figures("generated", made[1:], truth[1:].astype(np.float32) / np.float32(255)),
                }
            )
            if asked in (SCORES[0], MOTION, SCORES[-1]):
                strips.append(np.concatenate(list(to_uint8(made)), axis=1))
    means = {str(asked): _means([row for row in rows if row["asked"] == asked]) for asked in SCORES}
    return {"rows": rows, "means": means, "gain": gain, "sheet": np.concatenate(strips)}


def mean_flow(images: UInt8) -> float:
    """Mean length of the optical flow between successive images, in motion-score units, before calibration.

    Dense inverse search (Kroeger et al. 2016; OpenCV, medium preset, finest scale) on grey images, averaged over the
    pixels that show the object, then over the images.

    Args:
        images: (n, h, w, 3) uint8 on white.
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
    means = []
    for before, after, image in zip(grey, grey[1:], images, strict=False):
        field = search.calc(before, after, None)  # type: ignore[call-overload]
        shown = likeness.shown(image / np.float32(255))
        means.append(float(np.hypot(field[..., 0], field[..., 1])[shown].mean()) if shown.any() else 0.0)
    return float(np.mean(means)) / (SCORE_UNIT * images.shape[2])


def calibrate(size: int, count: int, seed: int) -> float:
    """The factor from ``mean_flow`` to motion scores: least squares over ground truth of sampled objects."""
    rng = generator(seed, "calibration", "flow")
    measured, asked = [], []
    for _ in range(CALIBRATION_OBJECTS):
        obj = sample_object(rng)
        for score in SCORES:
            measured.append(mean_flow(video(obj, solve_amplitude(obj, score), count, size)))
            asked.append(score)
    return float(np.dot(measured, asked) / np.dot(measured, measured))


def video(obj: ObjectSpec, amplitude: float, count: int, size: int) -> UInt8:
    """Ground truth from rest on, as camera 0 sees it: (count, size, size, 3) uint8."""
    front = orbit(1, size)
    frames = [render_at_amplitude(obj, float(frame), amplitude, front, 2)[0][0] for frame in range(count)]
    return to_uint8(np.stack(frames))
