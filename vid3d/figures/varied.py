"""Figures 2, 3 and 4: two images at two cameras, each view count, each motion score; over time, at a column's width."""

from collections.abc import Sequence
from dataclasses import replace

from vid3d.figures import details, films
from vid3d.figures.catalogue import Drawn
from vid3d.figures.sheet import COLUMN
from vid3d.figures.source import BACK, FRONT, SIDE, Source, azimuth, listed, moments, quoted
from vid3d.study.layout import Condition

COLUMNS = 5  # moments at most
_LABEL = 0.42
Row = tuple[Condition, int, str]  # a clip, the camera that sees it, what tells it from the others


def two_cameras(source: Source) -> Drawn:
    """Figure 2: the first two images, or the one that there is, at two cameras."""
    name = source.first()
    run = source.runs[name]
    images = (run.images or ())[:2]
    groups = [[(source.base(name, image), camera, azimuth(camera)) for camera in (FRONT, SIDE)] for image in images]
    frames = moments(run.used_frames, COLUMNS)
    grid = films.Grid(COLUMN, _LABEL, len(frames))
    blocks = [_block(source, group, frames, grid) for group in groups]
    sheet = films.draw(blocks, grid, source.stamp(name))
    return Drawn(sheet.figure, source.words(name, frames) | _seen(groups), stamp=run.stamp)


def view_counts(source: Source) -> Drawn:
    """Figure 3: one image at each view count, seen from the back.

    Few views cost little where they stand; the back is where three of them leave the widest gap.
    """
    name = source.first("view_counts")
    run = source.runs[name]
    counts = sorted(run.view_counts)
    image, motion = (run.images or ())[0], run.motion_scores[0]
    rows = [(Condition(name, image, motion, count), BACK, f"{count} views") for count in counts]
    return _compared(source, rows, f"{listed(counts)} views")


def motion_scores(source: Source) -> Drawn:
    """Figure 4: one image at each motion score, seen from the front."""
    name = source.first("motion_scores")
    run = source.runs[name]
    scores = sorted(run.motion_scores)
    image, views = (run.images or ())[0], run.view_counts[0]
    rows = [(Condition(name, image, score, views), FRONT, f"motion {score}") for score in scores]
    return _compared(source, rows, f"motion {listed(scores)}")


def _compared(source: Source, rows: Sequence[Row], values: str) -> Drawn:
    """Clips of one image and run, and below them the detail in which they differ most."""
    name = rows[0][0].run
    run = source.runs[name]
    frames = moments(run.used_frames, COLUMNS)
    grid = films.Grid(COLUMN, _LABEL, len(frames))
    block = _block(source, rows, frames, grid)
    mark = details.most_different([film.pictures for film in block.films], block.square)
    moment = frames[mark.column]
    shown = [
        details.Shown(label, source.render(clip, moment, camera, run.render.size), source.truth(clip, moment, camera))
        for clip, camera, label in rows
    ]
    below = details.Details(shown, mark.square, COLUMN, _LABEL)
    sheet = films.draw([replace(block, mark=mark)], grid, source.stamp(name), below.height)
    below.draw(sheet, sheet.room - below.height)
    words = source.words(name, frames) | _seen([rows]) | {"values": values, "moment": str(moment)}
    words["compared"] = ", above the truth and the error to it" if below.known else ""
    words |= {"largest": f"{below.scale().vmax:.2f}"} if below.known else {}
    return Drawn(sheet.figure, words, ("detail", *(["error"] if below.known else [])), run.stamp)


def _block(source: Source, rows: Sequence[Row], frames: Sequence[int], grid: films.Grid) -> films.Block:
    """Clips of one image below each other."""
    return films.Block(
        source.reference(rows[0][0], grid.pixels),
        tuple(
            films.Film(
                label.replace(" ", "\n"), tuple(source.render(clip, frame, camera, grid.pixels) for frame in frames)
            )
            for clip, camera, label in rows
        ),
        tuple(f"frame {frame}" for frame in frames),
    )


def _seen(groups: Sequence[Sequence[Row]]) -> dict[str, str]:
    """Words for the images that are shown, a group of rows each, and for the cameras that see them."""
    cameras = sorted({camera for group in groups for _, camera, _ in group})
    return {
        "images": quoted([group[0][0].image for group in groups]),
        "cameras": f"camera{'s' if len(cameras) > 1 else ''} at {listed([azimuth(camera) for camera in cameras])}",
    }
