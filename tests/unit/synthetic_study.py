"""A small study on disk whose every score is known, for the tests of tables, figures and report."""

import csv
import json
import shutil
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from vid3d.cameras import EVALUATION_CAMERAS, held_out
from vid3d.files import Provenance, save_splats
from vid3d.indicators import INDICATORS
from vid3d.scene import Splats
from vid3d.study import layout
from vid3d.study.config import Study
from vid3d.study.parsing import parse_study

REPOSITORY = Path(__file__).parents[2]
TINY_CLIP = {"backend": "clip", "model": "tiny.json", "weights": "tiny.safetensors"}
RUN: dict[str, Any] = {
    "title": "Truth",
    "stamp": "synthetic",
    "benchmark": "procedural",
    "motion_scores": [120, 160],
    "view_counts": [18, 9, 3],
    "reference": {"size": 16},
    "seed": {"backend": "procedural", "size": 16, "frames": 3},
    "views": {"backend": "procedural", "size": 16},
    "splat": {"backend": "cpu", "splats": 10, "iterations": 2},
    "render": {"backend": "cpu", "size": 16},
    "score": TINY_CLIP,
}
STATIC = {
    "title": "Static",
    "extends": "truth",
    "motion_scores": [120],
    "view_counts": [18],
    "render": {"backend": "static", "size": 16},
}


def build(
    root: Path,
    runs: dict[str, Any] | None = None,
    pictures: bool = True,
    objects: Sequence[str] = ("frog", "mill"),
    **settings: Any,
) -> Study:
    """Write benchmark, report sources and results of the study below ``root``; its one report is ``small``.

    Args:
        runs: raw settings of the runs; ``truth`` and its control ``static`` if None.
        pictures: whether to write references, seed frames, views, splats, renders and videos too, which tables do not
            read.
        objects: names of the procedural objects.
        settings: further settings of the study, such as ``images``.
    """
    runs = runs or {"truth": RUN, "static": STATIC}
    copy_sources(root)
    write_yaml(root / "benchmark/procedural/objects.yaml", {name: {"caption": f"a {name}"} for name in objects})
    names = [f"photo-{number:02d}" for number in range(24)]
    photographs = {name: {"file": f"{name}.jpg", "caption": f"Photograph of {name}"} for name in names}
    write_yaml(root / "benchmark/animate124/manifest.yaml", photographs)
    reports = {"small": {"title": "A small report", "runs": list(runs)}}
    study = parse_study({"runs": runs, "reports": reports, "report": "small", **settings}, root)
    write_results(root, study, "small", pictures)
    return study


def copy_sources(root: Path) -> None:
    """What reports are made from beside results."""
    for folder in ("reports", "benchmark/published", "benchmark/external"):
        shutil.copytree(REPOSITORY / folder, root / folder)


def write_results(root: Path, study: Study, report: str, pictures: bool) -> None:
    """The results of all clips of a report's runs."""
    for name in study.reports[report].runs:
        run = study.runs[name]
        for clip in layout.conditions(study, name):
            _write_scores(root / clip.path(layout.SCORES, study), clip, run.used_frames)
            if run.ground_truth:
                _write_held_out(root / clip.path(layout.HELD_OUT, study), clip, run.used_frames)
            _write_measures(root, study, clip)
            if pictures:
                _write_pictures(root, study, clip)
                _write_intermediates(root, study, clip)


def write_yaml(path: Path, data: Any) -> None:
    """YAML with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(data), encoding="utf-8")


def source_cosine(clip: layout.Condition, frame: int, camera: int) -> float:
    """Falls with fewer views, more motion, later frames and turned cameras; differs between images."""
    image = sum(map(ord, clip.image)) % 7
    return 0.9 - 0.1 / clip.views - clip.motion / 4000 - 0.001 * frame - 0.002 * camera - 0.005 * image


def foreground_cosine(clip: layout.Condition, frame: int, camera: int) -> float:
    """Closer to the cut-out source than to the source itself."""
    return source_cosine(clip, frame, camera) + 0.01


def self_cosine(clip: layout.Condition, frame: int, camera: int) -> float:
    """1 for the reference render, frame 0 at camera 0."""
    return 1.0 if frame == camera == 0 else source_cosine(clip, frame, camera) + 0.02


def level_psnr(clip: layout.Condition) -> float:
    """dB at elevation 0; 5 dB less at the raised cameras."""
    return 20.0 + clip.views / 2


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """A CSV with the columns of its first row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _condition(clip: layout.Condition) -> dict[str, Any]:
    return {"image": clip.image, "motion": clip.motion, "views": clip.views}


def _write_scores(path: Path, clip: layout.Condition, frames: int) -> None:
    rows = [
        _condition(clip)
        | {"frame": f, "camera": c}
        | {
            "source_reference": source_cosine(clip, f, c),
            "foreground_reference": foreground_cosine(clip, f, c),
            "self_reference": self_cosine(clip, f, c),
        }
        for f, c in product(range(frames), range(EVALUATION_CAMERAS))
    ]
    write_csv(path, rows)


def _write_held_out(path: Path, clip: layout.Condition, frames: int) -> None:
    rows = [
        _condition(clip)
        | {"frame": f, "camera": c, "azimuth": a, "elevation": e}
        | {"psnr": level_psnr(clip) - (5 if e else 0), "ssim": 0.9 - (0.1 if e else 0)}
        | {"iou": 0.9 + clip.views / 1000, "gradient": 0.8, "flip": 0.05}
        for f in range(frames)
        for c, (a, e) in enumerate(held_out(16)[1])
    ]
    write_csv(path, rows)


TRUTH = 0.005  # of every indicator, where there is one


def indicator(name: str, clip: layout.Condition) -> float:
    """Each indicator has a value of its own, which rises with fewer views and differs between images."""
    return 0.01 * (1 + list(INDICATORS).index(name)) + 0.1 / clip.views + 0.001 * (sum(map(ord, clip.image)) % 7)


def stage_cosines(clip: layout.Condition) -> dict[str, float]:
    """Cosines with the reference of every seed frame, view, true image and render."""
    image = 0.01 * (sum(map(ord, clip.image)) % 7)
    return {"seed": 0.95 - image, "views": 0.9 - image, "truth": 0.99 - image, "renders": 0.8 - 2 * image}


def directions(cosine: float, *shape: int) -> np.ndarray:
    """(*shape, 2) float32 embeddings with one cosine to the reference, (1, 0)."""
    return np.broadcast_to(np.float32([cosine, np.sqrt(1 - cosine**2)]), (*shape, 2)).copy()


def turned(embeddings: np.ndarray, clip: layout.Condition) -> np.ndarray:
    """Embeddings in the plane, turned by an angle of the image's own: images are no longer alike."""
    angle = 0.2 * (sum(map(ord, clip.image)) % 7)
    (cosine, sine) = np.cos(angle), np.sin(angle)
    return (embeddings @ np.array([[cosine, sine], [-sine, cosine]])).astype(np.float32)


def _write_measures(root: Path, study: Study, clip: layout.Condition) -> None:
    """Indicators, and embeddings by stage whose cosines with the reference are ``stage_cosines``."""
    run = study.runs[clip.run]
    own = TRUTH if run.benchmark == "procedural" else ""
    rows = [
        _condition(clip) | {"indicator": name, "camera": camera, "value": indicator(name, clip), "truth": own}
        for name in INDICATORS
        for camera in ("", 0)
    ]
    write_csv(root / clip.path(layout.INDICATORS, study), rows)
    frames, of = run.used_frames, stage_cosines(clip)
    counts = {"seed": (), "views": (run.views.count,), "truth": (EVALUATION_CAMERAS,), "renders": (EVALUATION_CAMERAS,)}
    made = {stage: turned(directions(of[stage], frames, *count), clip) for stage, count in counts.items()}
    reference = turned(np.float32([1, 0]), clip)
    np.savez(
        root / clip.path(layout.EMBEDDINGS, study),
        renders=made.pop("renders"),
        reference=reference,
        foreground=reference,
    )
    np.savez(root / clip.path(layout.STAGE_EMBEDDINGS, study), **made)


def _write_intermediates(root: Path, study: Study, clip: layout.Condition) -> None:
    """Seed frames of grey level 200 plus the frame, views of 10 times the view plus the frame, eight red splats."""
    run = study.runs[clip.run]
    if run.render.control:
        return
    corners = np.float32(list(product((-0.3, 0.3), repeat=3)))
    splats = Splats(
        positions=corners,
        quaternions=np.tile(np.float32([1, 0, 0, 0]), (8, 1)),
        log_scales=np.full((8, 3), np.log(0.1), np.float32),
        opacity_logits=np.full(8, 3, np.float32),
        colours=np.tile(np.float32([1.7, -1.7, -1.7]), (8, 1)),
    )
    for frame in layout.frames(run):
        views = [np.full((16, 16, 3), 10 * view + int(frame), np.uint8) for view in range(run.views.count)]
        pictures = {
            clip.path(layout.SEED, study, frame=frame): np.full((16, 16, 3), 200 + int(frame), np.uint8),
            clip.path(layout.ORBIT, study, frame=frame): np.concatenate(views, axis=1),
        }
        for path, pixels in pictures.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / path)
        ply = root / clip.path(layout.SPLATS, study, frame=frame)
        save_splats(ply, splats, Provenance("splat", "{}"))


def _write_pictures(root: Path, study: Study, clip: layout.Condition) -> None:
    """Filmstrips whose grey level is 20 times the camera plus the frame, references, and stand-ins for videos."""
    foreground = root / clip.path(layout.FOREGROUND, study)
    foreground.parent.mkdir(parents=True, exist_ok=True)
    subject = {"name": clip.image, "caption": f"a caption of {clip.image}"}
    (root / clip.path(layout.SUBJECT, study)).write_text(json.dumps(subject), encoding="utf-8")
    Image.new("RGBA", (16, 16), (200, 40, 40, 128)).save(foreground)
    for frame in layout.frames(study.runs[clip.run]):
        cameras = [np.full((16, 16, 3), 20 * camera + int(frame), np.uint8) for camera in range(EVALUATION_CAMERAS)]
        path = root / clip.path(layout.RENDERS, study, frame=frame)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.concatenate(cameras, axis=1)).save(path)
    for camera in layout.cameras():
        (root / clip.path(layout.VIDEO, study, camera=camera)).write_bytes(b"video of camera " + camera.encode())
