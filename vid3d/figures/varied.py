"""Figures 2, 3 and 4: two images at two cameras, each view count, each motion score; over time, at a column's width."""

from vid3d.figures import films
from vid3d.figures.catalogue import Drawn
from vid3d.figures.sheet import COLUMN
from vid3d.figures.source import BACK, FRONT, SIDE, Source, azimuth, listed, moments, quoted
from vid3d.study.layout import Condition

COLUMNS = 5  # moments at most
_LABEL = 0.42


def two_cameras(source: Source) -> Drawn:
    """Figure 2: the first two images, or the one that there is, at two cameras."""
    name = source.first()
    images = (source.runs[name].images or ())[:2]
    blocks = [[(source.base(name, image), camera, azimuth(camera)) for camera in (FRONT, SIDE)] for image in images]
    return _films(source, name, blocks, "")


def view_counts(source: Source) -> Drawn:
    """Figure 3: one image at each view count, seen from the back.

    Few views cost little where they stand; the back is where three of them leave the widest gap.
    """
    name = source.first("view_counts")
    run = source.runs[name]
    counts = sorted(run.view_counts)
    image, motion = (run.images or ())[0], run.motion_scores[0]
    rows = [(Condition(name, image, motion, count), BACK, f"{count} views") for count in counts]
    return _films(source, name, [rows], f"{listed(counts)} views")


def motion_scores(source: Source) -> Drawn:
    """Figure 4: one image at each motion score, seen from the front."""
    name = source.first("motion_scores")
    run = source.runs[name]
    scores = sorted(run.motion_scores)
    image, views = (run.images or ())[0], run.view_counts[0]
    rows = [(Condition(name, image, score, views), FRONT, f"motion {score}") for score in scores]
    return _films(source, name, [rows], f"motion {listed(scores)}")


def _films(source: Source, name: str, groups: list[list[tuple[Condition, int, str]]], values: str) -> Drawn:
    """Groups of (clip, camera, label), one group for each image."""
    run = source.runs[name]
    frames = moments(run.used_frames, COLUMNS)
    grid = films.Grid(COLUMN, _LABEL, len(frames))
    blocks = [
        films.Block(
            source.reference(group[0][0], grid.pixels),
            tuple(
                films.Film(
                    label.replace(" ", "\n"),
                    tuple(source.render(clip, frame, camera, grid.pixels) for frame in frames),
                )
                for clip, camera, label in group
            ),
            tuple(f"frame {frame}" for frame in frames),
        )
        for group in groups
    ]
    sheet = films.draw(blocks, grid, source.stamp(name))
    cameras = sorted({camera for group in groups for _, camera, _ in group})
    words = source.words(name, frames) | {
        "images": quoted([group[0][0].image for group in groups]),
        "cameras": f"camera{'s' if len(cameras) > 1 else ''} at {listed([azimuth(camera) for camera in cameras])}",
        "values": values,
    }
    return Drawn(sheet.figure, words, stamp=run.stamp)
