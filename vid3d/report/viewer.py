"""What the report's 4D viewer shows, and the files beside it: from PLYs to a folder that a page opens offline.

A page may not read files when it is opened from a disk, but it may load scripts; so every frame is a script of its own
that holds an SPZ file (``vid3d.report.spz``) in base64, and is loaded when a reader asks for its clip.  Until then the
page shows a poster.  The viewer itself is ``reports/viewer/*.js``, which draws what ``vid3d.splatting`` draws.
"""

import base64
import os
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vid3d import journal
from vid3d.cameras import ORBIT_RADIUS, sphere
from vid3d.errors import InputError
from vid3d.files import (
    FRAMES_PER_SECOND,
    atomic,
    load_splats,
    remove_others,
    save_picture,
    save_text,
    save_video,
    to_uint8,
)
from vid3d.report import spz
from vid3d.scene import Float32, Splats, UInt8
from vid3d.splatting.native import Rasterisation
from vid3d.splatting.rasteriser import render

FOLDER = "viewer"  # within the page's
SCRIPTS = (
    *("spz", "order", "orbit", "spin", "renderer", "clip", "player", "pane", "sheet", "viewer"),
    *("gestures", "address", "controls", "mount", "permalink"),
)
SOURCES = (*(f"{FOLDER}/{name}.js" for name in SCRIPTS), "viewer.css")  # below reports/; the page loads them in order
FIRST_AZIMUTH, FIRST_ELEVATION = 30.0, 15.0  # degrees: the view that posters show and the viewer begins with
POSTER = 512  # pixels
TURNTABLE, TURNTABLE_IMAGES = 320, 48  # pixels; images of one turn, about
LOW_PASS = 0.3  # pixels squared, the rasterizer's own
ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say: equal members make equal files


@dataclass(frozen=True)
class SplatClip:
    """A clip to show: what it is called, and its splats.

    Attributes:
        key: names its folder and files; lower case, digits and dashes, unique on the page.
        subject: what it shows, such as the image's name; clips of one subject can be compared.
        label: the condition, such as "18 views, motion 120", unique for the subject.
        frames: PLYs in the order of time, 1 to 100.
        fitted: size in pixels of the images that the splats were fitted to (``low_pass``); None if unknown.
    """

    key: str
    subject: str
    label: str
    frames: tuple[Path, ...]
    fitted: int | None = None

    def __post_init__(self) -> None:
        if not self.key or set(self.key) - set("abcdefghijklmnopqrstuvwxyz0123456789-"):
            raise ValueError(f"key {self.key!r} must be lower case, digits and dashes")
        if not 1 <= len(self.frames) <= 100:
            raise ValueError(f"{self.key}: {len(self.frames)} frames are not 1 to 100")


@dataclass(frozen=True)
class Download:
    """A file to offer beside a clip; ``file`` is relative to the page, ``size`` for the reader."""

    label: str
    file: str
    size: str


@dataclass(frozen=True)
class ShownClip:
    """A clip as the page knows it; paths are relative to the page.

    Attributes:
        scores: CLIP-I of each frame at each evaluation camera, for the picture in view; none if unknown.
        place: where its PLYs lie in the study's folder, in full precision.
    """

    key: str
    subject: str
    label: str
    folder: str
    poster: str
    frames: int
    fitted: int | None
    downloads: tuple[Download, ...] = ()
    scores: tuple[tuple[float, ...], ...] = ()
    place: str = ""


@dataclass(frozen=True)
class ShownSheet:
    """Pictures by fixed cameras to see beside clips of the same subject: the reference image, or the truth.

    Attributes:
        sheet: path of one picture, relative to the page: a column for each of ``cameras``, which stand evenly spaced
            from azimuth 0 at elevation 0, and a row for each of ``frames``.
    """

    key: str
    subject: str
    label: str
    sheet: str
    cameras: int
    frames: int


@dataclass(frozen=True)
class Shown:
    """One viewer on a page: ``reports/viewer/viewer.html`` embeds it.

    Attributes:
        title: says what is in it.
        clips: at least one; the first is shown first.
        sheets: what may stand beside them.
    """

    title: str
    clips: tuple[ShownClip, ...]
    sheets: tuple[ShownSheet, ...] = ()
    poster_size: int = POSTER

    def __post_init__(self) -> None:
        keys = [shown.key for shown in self.everything]
        if not self.clips or len(set(keys)) != len(keys):
            raise ValueError(f"{self.title}: a viewer needs clips, each with a key of its own")

    @property
    def everything(self) -> list[ShownClip | ShownSheet]:
        """Clips, then sheets."""
        return [*self.clips, *self.sheets]

    @property
    def data(self) -> dict[str, Any]:
        """What the viewer's scripts read: clips and sheets, the first view, and frames a second."""
        home = {"azimuth": FIRST_AZIMUTH, "elevation": FIRST_ELEVATION, "radius": ORBIT_RADIUS}
        clips = [asdict(shown) for shown in self.everything]
        return {"clips": clips, "home": home, "rate": FRAMES_PER_SECOND}


def low_pass(size: int, fitted: int | None) -> float:
    """The low-pass filter, in pixels squared, with which splats are drawn at ``size`` pixels.

    A fit sees its splats only through the filter of its own images, 0.3 pixels squared at ``fitted`` pixels.  Drawn
    much larger with the same filter, thin splats fall apart and opaque surfaces get holes (the erosion of
    Mip-Splatting, Yu et al. 2024, https://arxiv.org/abs/2311.16493); so the filter grows with the picture, and is
    never less than 0.3.
    """
    return LOW_PASS * max(size / fitted if fitted else 1.0, 1.0) ** 2


def write_clip(
    clip: SplatClip,
    page: Path,
    downloads: Sequence[Download] = (),
    scores: Sequence[Sequence[float]] = (),
    place: str = "",
) -> ShownClip:
    """Write a clip's frames and poster below the page's folder, into ``viewer/{key}``; frames of older ones go.

    ``downloads``, ``scores`` and ``place`` are those of ``ShownClip``.

    Raises:
        InputError: a PLY that is missing or damaged, or splats that SPZ cannot hold.
    """
    folder = page / FOLDER / clip.key
    for index, splats in enumerate(_load(clip)):
        data = base64.b64encode(spz.encode(splats)).decode("ascii")
        save_text(folder / _script(index), f'vid3d.frame("{clip.key}", {index}, "{data}");\n')
        if index == 0:
            picture = _draw(splats, FIRST_AZIMUTH, POSTER, clip.fitted)
            save_picture(folder / "poster.webp", to_uint8(picture), quality=85)
    remove_others(folder, "frame-*.js", {_script(index) for index in range(len(clip.frames))})
    return ShownClip(
        key=clip.key,
        subject=clip.subject,
        label=clip.label,
        folder=f"{FOLDER}/{clip.key}",
        poster=f"{FOLDER}/{clip.key}/poster.webp",
        frames=len(clip.frames),
        fitted=clip.fitted,
        downloads=tuple(downloads),
        scores=tuple(tuple(row) for row in scores),
        place=place,
    )


def write_sheet(key: str, subject: str, label: str, pictures: Sequence[Sequence[UInt8]], page: Path) -> ShownSheet:
    """Write a sheet into ``viewer/{key}``.

    Args:
        key, subject, label: as of a clip.
        pictures: of each frame those of each camera, (s, s, 3) uint8, all of one size.
    """
    file = f"{FOLDER}/{key}/sheet.webp"
    save_picture(page / file, np.concatenate([np.concatenate(list(row), axis=1) for row in pictures]), quality=85)
    return ShownSheet(key, subject, label, file, len(pictures[0]), len(pictures))


def write_ply_sequence(clip: SplatClip, path: Path) -> None:
    """A zip of the clip's PLYs as they are, in a folder that SuperSplat plays as a sequence when it is dropped there.

    SuperSplat takes PLYs for a sequence if their names are one prefix and a number: ``{key}/frame0000.ply``, ...

    Raises:
        InputError: a PLY that is missing.
    """
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for index, source in enumerate(clip.frames):
            if not source.is_file():
                raise InputError(f"{source}: no such splats; fit them first")
            member = zipfile.ZipInfo(f"{clip.key}/frame{index:04d}.ply", ZIP_TIME)
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(member, journal.read(source).read_bytes())


def write_turntable(clip: SplatClip, path: Path) -> None:
    """An H.264 video: one turn of the camera to the right, at the height of the first view, while the clip plays a
    whole number of times, so that the video's end meets its beginning.

    Raises:
        InputError: a PLY that is missing or damaged.
    """
    frames = _load(clip)
    count = len(frames) * max(round(TURNTABLE_IMAGES / len(frames)), 1)
    images = np.empty((count, TURNTABLE, TURNTABLE, 3), np.uint8)
    for index in range(count):
        azimuth = FIRST_AZIMUTH + 360.0 * index / count
        images[index] = to_uint8(_draw(frames[index % len(frames)], azimuth, TURNTABLE, clip.fitted))
    save_video(path, images)


def download(label: str, path: Path, page: Path) -> Download:
    """A file to offer, with its size; it lies in the page's folder or beside it.

    Raises:
        InputError: there is no such file.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file to offer; make it first")
    size = path.stat().st_size
    shown = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(round(size / 1e3), 1)} kB"
    return Download(label, Path(os.path.relpath(path, page)).as_posix(), shown)


def _load(clip: SplatClip) -> list[Splats]:
    return [load_splats(path) for path in clip.frames]


def _script(index: int) -> str:
    return f"frame-{index:02d}.js"


def _draw(splats: Splats, azimuth: float, size: int, fitted: int | None) -> Float32:
    """(size, size, 3)."""
    camera = sphere([azimuth], FIRST_ELEVATION, size)
    image: Float32 = render(splats, camera, Rasterisation(eps2d=low_pass(size, fitted)))[0]
    return image
