"""The HTML report of a study: one folder that opens offline, from the tables, figures and videos that exist already.

The page is plain HTML and CSS with relative paths; it loads nothing from anywhere else.  It says what the paper
claims, what was measured and what was not run, then shows tables, figures and videos, and ends with all settings,
versions and times.
"""

import platform
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from PIL import Image

from vid3d import figures, layout, tables
from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.config import STAGES, Run, Study, load_benchmark, read_yaml
from vid3d.environment import stage_times, versions
from vid3d.errors import InputError
from vid3d.files import FRAMES_PER_SECOND, atomic, save_text
from vid3d.published import load_published

TEMPLATE, STYLESHEET = "template.html", "style.css"
RELIEF_NOTES = "benchmark/animate124/relief-notes.yaml"
GALLERY_CAMERAS = (0, 3)  # azimuths 0 and 108 degrees
OWN_CAMERAS = (0, 2, 5, 8)  # azimuths 0, 72, 180 and 288 degrees
POSTER = 512  # pixels at most
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Row:
    """One row of a table on the page; numbers are formatted already, None where there is nothing to show."""

    label: str
    cells: tuple[str | None, ...]
    note: str = ""


@dataclass(frozen=True)
class Group:
    """Rows of one run, or the published ones."""

    heading: str
    rows: tuple[Row, ...]
    note: str = ""


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
    reference: str | None = None
    note: str = ""


@dataclass(frozen=True)
class RunView:
    """A run as the page shows it."""

    name: str
    title: str
    stamp: str
    benchmark: str
    images: str
    frames: str
    embedder: str
    motion_scores: tuple[int, ...]
    view_counts: tuple[int, ...]
    stages: tuple[dict[str, Any], ...]
    scenes: tuple[Scene, ...] = field(default=())


# --- tables ----------------------------------------------------------------------------------------------------------


def _number(value: Any, digits: int = 4, sign: bool = False) -> str | None:
    """A number with a proper minus sign, or None for NaN."""
    if pd.isna(value):
        return None
    return format(float(value), f"{'+' if sign else ''}.{digits}f").replace("-", MINUS)


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _score_groups(table: pd.DataFrame, number: int) -> list[Group]:
    """Published rows, then those of each run; Table 1 has one row per run and keeps the runs together."""
    label = {1: "method", 2: "views", 3: "motion"}[number]
    groups: dict[str, list[tuple[Row, pd.Series[Any]]]] = {}
    for _, row in table.iterrows():
        cells = tuple(_number(row[protocol]) for protocol in tables.PROTOCOLS)
        cells += (_number(row["published"]), _number(row["difference"], sign=True))
        ours = _text(row["run"])
        note = ", ".join(_text(row[c]) for c in ("images", "frames") if _text(row[c])) if ours else ""
        note = ". ".join(part for part in (note, _text(row["note"])) if part) if number == 1 else ""
        heading = "Published" if not ours else ("This report" if number == 1 else ours)
        name = (
            _text(row[label]) if number == 1 else f"{'motion ' * (number == 3)}{row[label]}{' views' * (number == 2)}"
        )
        groups.setdefault(heading, []).append((Row(name, cells, note), row))
    return [
        _run_group(heading, pairs)
        if number > 1 and heading != "Published"
        else Group(heading, tuple(r for r, _ in pairs))
        for heading, pairs in groups.items()
    ]


def _run_group(heading: str, pairs: list[tuple[Row, "pd.Series[Any]"]]) -> Group:
    """The rows of one run under its title, with what holds for all of them said once."""
    first = pairs[0][1]
    note = f"{first['images']}, {first['frames']}. {_text(first['note'])}"
    return Group(_text(first["method"]) or heading, tuple(row for row, _ in pairs), note)


def _held_out_groups(table: pd.DataFrame) -> list[Group]:
    groups = []
    for _, ours in table.groupby("run", sort=False):
        rows = tuple(
            Row(
                f"{row['views']} views, motion {row['motion']}",
                tuple(
                    _number(row[column], 2 if column.startswith("psnr") else 4)
                    for column in ("psnr_level", "ssim_level", "psnr_raised", "ssim_raised")
                ),
            )
            for _, row in ours.iterrows()
        )
        first = ours.iloc[0]
        note = f"{first['images']}, {first['frames']}. {_text(first['note'])}"
        groups.append(Group(_text(first["method"]), rows, note))
    return groups


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype={"motion": "Int64", "views": "Int64"})
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); make the tables first") from None


# --- videos ----------------------------------------------------------------------------------------------------------


def _scenes(study: Study, name: str, root: Path, folder: Path, cameras: Sequence[int]) -> tuple[Scene, ...]:
    """The videos of a run's base condition, copied into ``folder``/media with a poster each."""
    run = study.runs[name]
    if run.render.control:
        return ()
    motion, views = run.conditions[0]
    captions = {image: entry.caption for image, entry in load_benchmark(run.benchmark, study.image, root).items()}
    notes = _relief_notes(run, root)
    scenes = []
    for image in run.images or ():
        clip = layout.Condition(name, image, motion, views)
        strip = root / clip.path(layout.RENDERS, study, "render", frame=layout.two(0))
        videos = []
        for camera in cameras:
            stem = f"media/{name}-{image}-camera-{layout.two(camera)}"
            _copy(root / clip.path(layout.VIDEO, study, "render", camera=layout.two(camera)), folder / f"{stem}.mp4")
            _picture(figures.tile(strip, camera, EVALUATION_CAMERAS, POSTER), folder / f"{stem}.webp")
            label = figures.azimuth(camera)
            alt = f"{captions[image] or image}, seen from {label}"
            videos.append(Video(f"{stem}.mp4", f"{stem}.webp", label, alt))
        reference = f"media/{name}-{image}-reference.webp"
        _picture(
            figures.tile(root / clip.path(layout.FOREGROUND, study, "reference"), 0, 1, POSTER), folder / reference
        )
        scenes.append(Scene(image, captions[image], tuple(videos), reference, notes.get(image, "")))
    return tuple(scenes)


def _relief_notes(run: Run, root: Path) -> dict[str, str]:
    """What is known to go wrong with a photograph as a relief, by image."""
    path = root / RELIEF_NOTES
    if run.benchmark != "animate124" or run.seed.backend != "relief" or not path.is_file():
        return {}
    return {str(image): str(note) for image, note in read_yaml(path).items()}


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise InputError(f"{source}: no such video; run the workflow to make it")
    with atomic(target) as temporary:
        shutil.copyfile(source, temporary)


def _picture(pixels: Any, target: Path) -> None:
    with atomic(target) as temporary:
        Image.fromarray(pixels).save(temporary, format="WEBP", quality=88)


# --- provenance ------------------------------------------------------------------------------------------------------


def command(study: Study, report: str) -> str:
    """The command that makes this report from the repository's root."""
    settings = {
        "image": study.image,
        "benchmark_dir": study.benchmark_dir,
        "images": ",".join(study.images) if study.images else None,
        "frames": study.frames,
        "embedder": study.embedder,
    }
    given = [f"{key}={value}" for key, value in settings.items() if value is not None]
    words = ["snakemake", "--cores", "all", layout.PAGE.format(report=report)]
    return shlex.join([*words, *(["--config", *given] if given else [])])


def not_run(study: Study, report: str, root: Path) -> list[str]:
    """What of the paper's experiments this report does not hold, in sentences."""
    published = load_published(root)
    runs = [study.runs[name] for name in study.reports[report].runs if not study.runs[name].render.control]
    lines = []
    if not any(run.seed.learned for run in runs):
        lines.append("Stable Video Diffusion, the paper's model for the seed video.")
    if not any(run.views.learned for run in runs):
        lines.append("V3D, the paper's model for the views of each frame.")
    if not any(run.score.published for run in runs):
        lines.append(f"CLIP {published.metric.embedder}, the embedder behind the published scores.")
    if not any(run.benchmark == published.benchmark.name for run in runs):
        lines.append(f"The {published.benchmark.images} photographs of the paper's benchmark.")
    for run in runs:
        partial = [label for label in tables.coverage(study, run, root) if " of " in label]
        if partial:
            lines.append(f"“{run.title}” in full: it covers {' and '.join(partial)}.")
    if not any(len(run.view_counts) > 1 for run in runs):
        lines.append("The comparison of view counts (Table 2).")
    if not any(len(run.motion_scores) > 1 for run in runs):
        lines.append("The comparison of motion scores (Table 3).")
    quoted = [row.method for row in published.tables[1].rows if row.quoted]
    if quoted:
        lines.append(f"{' and '.join(quoted)}: their scores are shown as published.")
    return lines


def _stages(study: Study, name: str) -> tuple[dict[str, Any], ...]:
    """Each stage's resolved settings, and the run that its files belong to where that is another one."""
    run, stages = study.runs[name], []
    for stage in STAGES:
        spec = run.spec(stage)
        settings = {key: "none" if v is None else v for key, v in spec.model_dump(mode="json").items()}
        backend, owner = settings.pop("backend", "none"), study.owner(name, stage)
        shared = "" if owner == name else owner
        stages.append({"name": stage, "backend": backend, "settings": settings, "shared": shared})
    return tuple(stages)


# --- the page --------------------------------------------------------------------------------------------------------


def write(study: Study, report: str, root: Path, times: Sequence[Path] = ()) -> Path:
    """Write ``index.html`` and what it needs into the report's folder; returns its path.

    Args:
        study: restricted by ``study.only(report)``.
        root: the folder that holds ``results/`` (with this report's tables and figures), ``benchmark/``, ``reports/``.
        times: Snakemake's benchmark files.

    Raises:
        InputError: a table, figure, video, template or benchmark file that is missing or not understood.
    """
    folder = root / layout.REPORT.format(report=report)
    own = all(study.runs[name].benchmark == "own" for name in study.reports[report].runs)
    runs = []
    for name in study.reports[report].runs:
        run = study.runs[name]
        images, frames = tables.coverage(study, run, root)
        view = RunView(
            name=name,
            title=run.title,
            stamp=run.stamp,
            benchmark=run.benchmark,
            images=images,
            frames=frames,
            embedder=tables.embedder(run.score),
            motion_scores=run.motion_scores,
            view_counts=run.view_counts,
            stages=_stages(study, name),
            scenes=_scenes(study, name, root, folder, OWN_CAMERAS if own else GALLERY_CAMERAS),
        )
        runs.append(view)
    _remove_stale(folder / "media", runs)
    _copy(root / "reports" / STYLESHEET, folder / STYLESHEET)
    save_text(folder / "study.json", study.model_dump_json(indent=1) + "\n")
    published = load_published(root)
    scores = {number: _read(root / layout.TABLE.format(report=report, number=number)) for number in (1, 2, 3)}
    page = _template(root).render(
        title=study.reports[report].title,
        own=own,
        published=published,
        runs=runs,
        table_groups={number: _score_groups(table, number) for number, table in scores.items()},
        held_out=_held_out_groups(_read(tables.held_out_path(report, root))),
        figures=[_figure(number, study, report, root, folder) for number in figures.NUMBERS],
        not_run=not_run(study, report, root),
        command=command(study, report),
        times=stage_times(times).to_dict("records"),
        versions=versions(),
        machine=f"{platform.system()} on {platform.machine()}",
        frames_per_second=FRAMES_PER_SECOND,
    )
    path = root / layout.PAGE.format(report=report)
    save_text(path, page)
    return path


def _figure(number: int, study: Study, report: str, root: Path, folder: Path) -> dict[str, Any]:
    path = root / layout.FIGURE.format(report=report, number=number)
    if not path.is_file():
        raise InputError(f"{path}: no such figure; make the figures first")
    text = {"title": figures.title(number, root), "caption": figures.caption(number, study, report, root)}
    return {"number": number, "file": path.relative_to(folder).as_posix(), **text}


def _remove_stale(media: Path, runs: Sequence[RunView]) -> None:
    """Remove pictures and videos of images that an earlier report in this folder showed."""
    shown = {scene.reference for run in runs for scene in run.scenes}
    shown |= {name for run in runs for s in run.scenes for v in s.videos for name in (v.file, v.poster)}
    for path in media.glob("*"):
        if f"{media.name}/{path.name}" not in shown:
            path.unlink()


def _template(root: Path) -> jinja2.Template:
    loader = jinja2.FileSystemLoader(root / "reports")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    try:
        return environment.get_template(TEMPLATE)
    except jinja2.TemplateNotFound:
        raise InputError(f"{root / 'reports' / TEMPLATE}: missing; restore it from the repository") from None
