"""Videos and pictures of a report's runs, copied into its folder so that it can be moved and opened anywhere."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vid3d import figures, journal
from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.errors import InputError
from vid3d.files import atomic, load_json, remove_others, save_picture
from vid3d.study import layout
from vid3d.study.config import Run, Study
from vid3d.study.reading import read_yaml
from vid3d.tables.rows import sentence

MEDIA = "media"  # folder within the report's
RELIEF_NOTES = "benchmark/animate124/relief-notes.yaml"
POSTER, QUALITY = 512, 88  # pixels at most; of WebP


@dataclass(frozen=True)
class Video:
    """One camera's video in the report's folder, and its first frame."""

    file: str
    poster: str
    label: str
    alt: str


@dataclass(frozen=True)
class Scene:
    """The videos of one image at a run's base condition."""

    image: str
    caption: str
    videos: tuple[Video, ...]
    reference: str
    note: str = ""


def scenes(study: Study, name: str, root: Path, folder: Path, cameras: Sequence[int]) -> tuple[Scene, ...]:
    """The videos of a run's base condition, copied into ``folder``/media with a poster each; none of a control.

    Raises:
        InputError: a video, filmstrip or reference that is missing or not understood.
    """
    run = study.runs[name]
    if run.render.control:
        return ()
    motion, views = run.conditions[0]
    notes = _relief_notes(run, root)
    made = []
    for image in run.images or ():
        clip = layout.Condition(name, image, motion, views)
        subject = load_json(root / clip.path(layout.SUBJECT, study))
        caption = str(subject["caption"])
        note = f"{sentence(subject.get('doubt', ''))} {notes.get(image, '')}".strip()
        strip = root / clip.path(layout.RENDERS, study, frame=layout.two(0))
        videos = []
        for camera in cameras:
            stem = f"{MEDIA}/{name}-{image}-camera-{layout.two(camera)}"
            copy(root / clip.path(layout.VIDEO, study, camera=layout.two(camera)), folder / f"{stem}.mp4")
            save_picture(folder / f"{stem}.webp", figures.tile(strip, camera, EVALUATION_CAMERAS, POSTER), QUALITY)
            label = figures.azimuth(camera)
            videos.append(Video(f"{stem}.mp4", f"{stem}.webp", label, f"{caption or image}, seen from {label}"))
        reference = f"{MEDIA}/{name}-{image}-reference.webp"
        foreground = root / clip.path(layout.FOREGROUND, study)
        save_picture(folder / reference, figures.tile(foreground, 0, 1, POSTER), QUALITY)
        made.append(Scene(image, caption, tuple(videos), reference, note))
    return tuple(made)


def _relief_notes(run: Run, root: Path) -> dict[str, str]:
    """What is known to go wrong with a photograph as a relief, by image."""
    path = root / RELIEF_NOTES
    if run.benchmark != "animate124" or run.seed.backend != "relief" or not path.is_file():
        return {}
    return {str(image): str(note) for image, note in read_yaml(path).items()}


def copy(source: Path, target: Path) -> None:
    """Copy one file, atomically.

    Raises:
        InputError: there is no such file.
    """
    if not source.is_file():
        raise InputError(f"{source}: missing; run the workflow to make it, or restore it from the repository")
    with atomic(target) as temporary:
        shutil.copyfile(journal.read(source), temporary)


def remove_stale(folder: Path, shown: Sequence[Scene]) -> None:
    """Remove pictures and videos of images that an earlier report in this folder showed."""
    names = {scene.reference for scene in shown}
    names |= {name for scene in shown for video in scene.videos for name in (video.file, video.poster)}
    remove_others(folder / MEDIA, "*", {Path(name).name for name in names})
