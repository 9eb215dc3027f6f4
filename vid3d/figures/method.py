"""Figure 1: the method, told by the intermediate images of one clip: reference, seed video, views, splats, renders."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from vid3d.cameras import ORBIT_RADIUS, look_at_origin, sphere
from vid3d.figures import crop
from vid3d.figures.catalogue import Drawn
from vid3d.figures.films import SMALLEST
from vid3d.figures.sheet import GAP, PAGE, RESOLUTION, Sheet, grey
from vid3d.figures.source import Source, azimuth, listed, moments, tile
from vid3d.files import load_splats
from vid3d.scene import SH_C0, Splats, UInt8
from vid3d.study import layout
from vid3d.study.config import Run

MOMENTS = 3  # rows
CAMERAS = (0, 3, 7)  # evaluation cameras of the renders, at azimuths 0, 108 and 252 degrees
_VIEWS = (2, 3)  # rows and columns of generated views, evenly spaced around the orbit
_HEAD, _FOOT, _ARROW = 0.34, 0.17, 0.25  # inches
_MAKERS = {"svd": "SVD", "v3d": "V3D", "procedural": "the truth", "cpu": "on a CPU"}  # backends; others by their names
_STEPS = ("1  seed video", "2  views of each frame", "3  splats", "4  renders")


def diagram(source: Source) -> Drawn:
    """The first image of the first run at its base condition."""
    name = source.first()
    run = source.runs[name]
    clip = source.base(name, (run.images or ())[0])
    frames = moments(run.used_frames, MOMENTS)
    rows, columns = _VIEWS
    side = (PAGE - 4 * _ARROW - GAP * (2 + columns + len(CAMERAS))) / (3 + columns / rows + len(CAMERAS))
    small = (side - GAP * (rows - 1)) / rows
    widths = (side, side, columns * (small + GAP) - GAP, side, len(CAMERAS) * (side + GAP) - GAP)
    lefts = [GAP + sum(widths[:place]) + place * _ARROW for place in range(len(widths))]
    step = side + _FOOT
    height = _HEAD + len(frames) * step
    sheet = Sheet(PAGE, height, source.stamp(name))
    made_by = [_maker(run, stage) for stage in ("seed", "views", "splat", "render")]
    for left, width, words, maker in zip(lefts, widths, ("reference", *_STEPS), (clip.image, *made_by), strict=True):
        sheet.text(left + width / 2, 0.09, words)
        sheet.text(left + width / 2, 0.22, maker, color=grey())
    middle = _HEAD + (height - _HEAD - _FOOT - side) / 2
    moments_shown = [_Moment.read(source, clip, frame, round(side * RESOLUTION / SMALLEST)) for frame in frames]
    reference = source.reference(clip, round(side * RESOLUTION / SMALLEST))
    square = crop.around([reference, *(picture for shown in moments_shown for picture in shown.pictures)])
    sheet.image(square.of(reference), lefts[0], middle, side)
    sheet.frame(lefts[0], middle, side)
    # the seed frames are one video, made at once; nothing joins the rows after it
    sheet.frame(lefts[1] - 0.03, _HEAD - 0.03, side + 0.06, height - _HEAD + 0.01, colour=grey())
    for row, (frame, shown) in enumerate(zip(frames, moments_shown, strict=True)):
        top = _HEAD + row * step
        sheet.image(square.of(shown.seed), lefts[1], top, side)
        sheet.text(lefts[1] + side / 2, top + side + 0.06, f"frame {frame}", color=grey())
        for place, view in enumerate(shown.views):
            down, across = divmod(place, columns)
            sheet.image(square.of(view), lefts[2] + across * (small + GAP), top + down * (small + GAP), small)
        sheet.image(square.of(shown.splats), lefts[3], top, side)
        for place, (camera, render) in enumerate(zip(CAMERAS, shown.renders, strict=True)):
            sheet.image(square.of(render), lefts[4] + place * (side + GAP), top, side)
            if row == len(frames) - 1:
                sheet.text(lefts[4] + place * (side + GAP) + side / 2, top + side + 0.06, azimuth(camera), color=grey())
        centre = top + side / 2
        sheet.arrow((lefts[0] + side + 0.03, middle + side / 2), (lefts[1] - 0.05, centre))
        for place in (1, 2, 3):
            sheet.arrow((lefts[place] + widths[place] + 0.05, centre), (lefts[place + 1] - 0.03, centre))
    return Drawn(sheet.figure, _words(source, clip, frames), stamp=run.stamp)


def _words(source: Source, clip: layout.Condition, frames: tuple[int, ...]) -> dict[str, str]:
    run = source.runs[clip.run]
    return source.words(clip.run, frames) | {
        "image": clip.image,
        "views": "all" if clip.views == run.views.count else str(clip.views),
        "generated": str(run.views.count),
        "shown": str(min(_VIEWS[0] * _VIEWS[1], run.views.count)),
        "cameras": listed([azimuth(camera) for camera in CAMERAS]),
    }


@dataclass(frozen=True)
class _Moment:
    """What every stage made of one frame."""

    seed: UInt8
    views: list[UInt8]
    splats: UInt8
    renders: list[UInt8]

    @classmethod
    def read(cls, source: Source, clip: layout.Condition, frame: int, size: int) -> "_Moment":
        """The pictures of a frame, at most ``size`` pixels wide; the views evenly spaced around the orbit."""
        seed, orbit, splats = (
            source.root / clip.path(made, source.study, frame=layout.two(frame))
            for made in (layout.SEED, layout.ORBIT, layout.SPLATS)
        )
        count = source.runs[clip.run].views.count
        wanted = min(_VIEWS[0] * _VIEWS[1], count)
        return cls(
            seed=tile(seed, 0, 1, size),
            views=[tile(orbit, place * count // wanted, count, size) for place in range(wanted)],
            splats=centres(load_splats(splats), size),
            renders=[source.render(clip, frame, camera, size) for camera in CAMERAS],
        )

    @property
    def pictures(self) -> list[UInt8]:
        return [self.seed, *self.views, self.splats, *self.renders]


def _maker(run: Run, stage: str) -> str:
    """What made the pictures of a stage: a small model of ours is not the paper's of the same backend."""
    spec = run.spec(stage)
    if spec.learned and spec.model != type(spec).model_fields["model"].default:
        return "small model"
    return _MAKERS.get(spec.backend, str(spec.backend))


def centres(splats: Splats, size: int, azimuth: float = 25.0, elevation: float = 15.0) -> UInt8:
    """The splats as dots of their colours, far ones first, (size, size, 3) uint8 on white: not a render.

    A dot stands at a splat's centre; its radius is half of the largest standard deviation, and at least a third of a
    pixel, so that dots show how many splats there are and hardly cover each other.  Splats of opacity below 0.1, and
    those beside or behind the camera, are left out.
    """
    camera = sphere([azimuth], elevation, size)
    away = np.linalg.inv(look_at_origin(azimuth, elevation))
    seen = splats.positions @ away[:3, :3].T + away[:3, 3]
    sharp = size * 4  # drawn four times as large, then reduced, for smooth edges
    focal = 0.5 * sharp / np.tan(np.radians(camera.fov) / 2)
    depth = seen[:, 2]
    colours = np.rint(np.clip(0.5 + SH_C0 * splats.colours, 0, 1) * 255).astype(int)
    radii = np.exp(splats.log_scales.max(axis=1)) / 2
    opaque = splats.opacity_logits > np.log(0.1 / 0.9)
    canvas = Image.new("RGB", (sharp, sharp), "white")
    pen = ImageDraw.Draw(canvas)
    for index in np.argsort(-depth, kind="stable"):
        if opaque[index] and depth[index] > 0.1 * ORBIT_RADIUS:
            x, y = focal * seen[index, :2] / depth[index] + sharp / 2
            radius = min(max(focal * radii[index] / depth[index], 1.4), 0.02 * sharp)
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tuple(colours[index].tolist()))
    return np.asarray(canvas.resize((size, size), Image.Resampling.LANCZOS))
