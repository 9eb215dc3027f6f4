"""The HTML report of a study: one folder that opens offline, from the tables, figures and videos that exist already.

The page is plain HTML and CSS with relative paths; it loads nothing from anywhere else.  It says what the paper
claims, what was measured and what was not run, then shows tables, figures and videos, and ends with all settings,
versions and times.
"""

import platform
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from vid3d import figures, gallery, layout, tables
from vid3d.config import Study
from vid3d.environment import stage_times, versions
from vid3d.errors import InputError
from vid3d.files import FRAMES_PER_SECOND, save_text
from vid3d.published import load_published
from vid3d.specs import STAGES

TEMPLATE = "template.html"
SOURCES = ("style.css", "videos.js")  # copied beside the page
GALLERY_CAMERAS = (0, 3)  # azimuths 0 and 108 degrees
OWN_CAMERAS = (0, 2, 4, 6, 8)  # azimuths 0, 72, 144, 216 and 288 degrees
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Row:
    """One row of a table on the page; numbers are formatted already, None where there is nothing to show."""

    label: str
    cells: tuple[str | None, ...]
    note: str = ""


@dataclass(frozen=True)
class Group:
    """Rows under one heading, with a note that holds for all of them."""

    heading: str
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True)
class TableView:
    """A table on the page: the heads of its number columns, and its rows in groups."""

    heads: tuple[str, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class RunView:
    """A run as the page shows it; ``scores`` are those of its base condition by protocol, none of random weights."""

    name: str
    title: str
    stamp: str
    benchmark: str
    images: str
    frames: str
    embedder: str
    motion_scores: tuple[int, ...]
    view_counts: tuple[int, ...]
    scores: dict[str, str | None]
    stages: tuple[dict[str, Any], ...]
    scenes: tuple[gallery.Scene, ...]


# --- tables ----------------------------------------------------------------------------------------------------------


def _number(value: Any, digits: int = 4, sign: bool = False) -> str | None:
    """A number with a proper minus sign, or None for NaN."""
    if pd.isna(value):
        return None
    return format(float(value), f"{'+' if sign else ''}.{digits}f").replace("-", MINUS)


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def score_view(table: pd.DataFrame, number: int) -> TableView:
    """Table 1, 2 or 3 on the page: published rows, then ours; a column without any number is left out.

    Table 1 compares runs and groups those that share a note; Tables 2 and 3 have one group per run.
    """
    columns = [*tables.PROTOCOLS, "published", "difference"]
    columns = [column for column in columns if table[column].notna().any()]
    groups: dict[tuple[str, str], list[Row]] = {}
    for _, row in table.iterrows():
        cells = tuple(_number(row[column], sign=column == "difference") for column in columns)
        note, covered = _text(row["note"]), ", ".join(_text(row[c]) for c in ("images", "frames") if _text(row[c]))
        label = {1: row["method"], 2: f"{row['views']} views", 3: f"motion {row['motion']}"}[number]
        if not _text(row["run"]):
            key, shown = ("Published", ""), Row(label, cells, note)
        elif number == 1:
            key, shown = ("Measured here", note), Row(label, cells, covered)
        else:
            key, shown = (_text(row["method"]), f"{covered}. {note}"), Row(label, cells)
        groups.setdefault(key, []).append(shown)
    heads = tuple(column.replace("_", " ") for column in columns)
    return TableView(heads, tuple(Group(heading, tuple(rows), note) for (heading, note), rows in groups.items()))


def held_out_view(table: pd.DataFrame) -> TableView:
    """The held-out table on the page, one group per run."""
    digits = {"psnr_level": 2, "ssim_level": 4, "psnr_raised": 2, "ssim_raised": 4}
    groups = []
    for _, ours in table.groupby("run", sort=False):
        rows = tuple(
            Row(f"{row['views']} views, motion {row['motion']}", tuple(_number(row[c], n) for c, n in digits.items()))
            for _, row in ours.iterrows()
        )
        first = ours.iloc[0]
        note = f"{first['images']}, {first['frames']}. {_text(first['note'])}"
        groups.append(Group(_text(first["method"]), rows, note))
    return TableView(("PSNR, level", "SSIM, level", "PSNR, ±20°", "SSIM, ±20°"), tuple(groups))


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype={"motion": "Int64", "views": "Int64"})
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); make the tables first") from None


# --- provenance ------------------------------------------------------------------------------------------------------


def command(study: Study, report: str) -> str:
    """The command that makes this report from the repository's root."""
    settings = {
        "image": study.image,
        "benchmark_dir": study.benchmark_dir,
        "images": ",".join(study.images) if study.images else None,
        "frames": study.frames,
        "embedder": study.embedder,
        "external": ",".join(study.external) if study.external else None,
    }
    given = [f"{key}={value}" for key, value in settings.items() if value is not None]
    words = ["snakemake", "--cores", "all", layout.PAGE.format(report=report)]
    return shlex.join([*words, *(["--config", *given] if given else [])])


def not_run(study: Study, report: str, root: Path) -> list[str]:
    """What of the paper's experiments this report does not hold, in sentences."""
    published = load_published(root)
    runs = [study.runs[name] for name in study.reports[report].runs]
    runs = [run for run in runs if not run.render.control and not run.plumbing]
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
    if not _varied(study, report, "view_counts"):
        lines.append("The comparison of view counts (Table 2).")
    if not _varied(study, report, "motion_scores"):
        lines.append("The comparison of motion scores (Table 3).")
    quoted = [row.method for row in published.tables[1].rows if row.quoted]
    if quoted:
        lines.append(f"{' and '.join(quoted)}: their scores are shown as published.")
    return lines


def _varied(study: Study, report: str, setting: str) -> bool:
    """Whether any run of the report that draws splats has more than one value of ``setting``."""
    runs = [study.runs[name] for name in study.reports[report].runs]
    return any(len(getattr(run, setting)) > 1 for run in runs if not run.render.control and not run.plumbing)


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
    scores = {number: _read(root / layout.TABLE.format(report=report, number=number)) for number in (1, 2, 3)}
    runs = [_run_view(study, name, root, folder, scores[1], own) for name in study.reports[report].runs]
    gallery.remove_stale(folder, [scene for run in runs for scene in run.scenes])
    for source in SOURCES:
        gallery.copy(root / "reports" / source, folder / source)
    save_text(folder / "study.json", study.model_dump_json(indent=1) + "\n")
    spent = stage_times(times)
    page = _template(root).render(
        title=study.reports[report].title,
        own=own,
        published=load_published(root),
        runs=runs,
        tables={number: score_view(table, number) for number, table in scores.items()},
        held_out=held_out_view(_read(root / layout.HELD_OUT_TABLE.format(report=report))),
        figures=[_figure(number, study, report, root, folder) for number in figures.NUMBERS],
        varied={2: _varied(study, report, "view_counts"), 3: _varied(study, report, "motion_scores")},
        not_run=not_run(study, report, root),
        command=command(study, report),
        times=spent.to_dict("records"),
        gpus=bool(spent["gpu_seconds"].notna().any()),
        versions=versions(),
        machine=f"{platform.system()} on {platform.machine()}",
        frames_per_second=FRAMES_PER_SECOND,
    )
    path = root / layout.PAGE.format(report=report)
    save_text(path, page)
    return path


def _run_view(study: Study, name: str, root: Path, folder: Path, table1: pd.DataFrame, own: bool) -> RunView:
    run = study.runs[name]
    images, frames = tables.coverage(study, run, root)
    scores = {}
    if not run.plumbing:
        row = table1[table1["run"] == name].iloc[0]
        scores = {protocol.replace("_", " "): _number(row[protocol]) for protocol in tables.PROTOCOLS}
    return RunView(
        name=name,
        title=run.title,
        stamp=run.stamp,
        benchmark=run.benchmark,
        images=images,
        frames=frames,
        embedder=tables.embedder(run.score),
        motion_scores=run.motion_scores,
        view_counts=run.view_counts,
        scores=scores,
        stages=_stages(study, name),
        scenes=gallery.scenes(study, name, root, folder, OWN_CAMERAS if own else GALLERY_CAMERAS),
    )


def _figure(number: int, study: Study, report: str, root: Path, folder: Path) -> dict[str, Any]:
    path = root / layout.FIGURE.format(report=report, number=number)
    if not path.is_file():
        raise InputError(f"{path}: no such figure; make the figures first")
    text = {"title": figures.title(number, root), "caption": figures.caption(number, study, report, root)}
    shown = not figures.plan(number, study, report).alone or number == figures.NUMBERS[0]
    return {"number": number, "file": path.relative_to(folder).as_posix(), "shown": shown, **text}


def _template(root: Path) -> jinja2.Template:
    loader = jinja2.FileSystemLoader(root / "reports")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    try:
        return environment.get_template(TEMPLATE)
    except jinja2.TemplateNotFound:
        raise InputError(f"{root / 'reports' / TEMPLATE}: missing; restore it from the repository") from None
