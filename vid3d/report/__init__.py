"""The HTML report of a study: one folder that opens offline, from the tables, figures and videos that exist already.

The page is plain HTML, CSS and scripts with relative paths; it loads nothing from anywhere else.  Its first screen says
what was found, what the paper claims and what was not run, and shows an object that moves; then come clips to turn, the
claims one by one, tables, figures, where quality is lost, and where everything comes from.  No link leads out of its
folder.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from vid3d import figures
from vid3d.claims.claims import load_claims
from vid3d.claims.published import Published, load_published
from vid3d.files import FRAMES_PER_SECOND, save_text
from vid3d.report import (
    by_image,
    claims_by_run,
    deviations,
    explore,
    first_screen,
    gallery,
    modelling_time,
    provenance,
    remarks,
    summary,
    table_pages,
    viewer,
)
from vid3d.report.templates import template
from vid3d.report.timings import stage_times, versions
from vid3d.study import figure_list, layout
from vid3d.study.config import Study
from vid3d.tables.by_name import TABLES
from vid3d.tables.laid_out import LaidOut
from vid3d.tables.laid_out import read as read_table
from vid3d.tables.scores import collect

TEMPLATE = "template.html"
SOURCES = ("style.css", "sections.js", "plots.js", "videos.js", "pairs.js", "by-image.js")  # copied, as the viewer's
GALLERY_CAMERAS = (0, 3)  # azimuths 0 and 108 degrees
PLACED = {  # tables that the page's sections name, each where it belongs; others follow at the end of "Tables"
    *("table1", "table2", "table3", "protocols", "held-out", "indicators", "replicates"),  # page/tables.html
    *("attribution", "substitution"),  # page/lost.html
    "claims",  # page/claims.html
}
OWN_CAMERAS = (0, 2, 4, 6, 8)  # azimuths 0, 72, 144, 216 and 288 degrees


def write(study: Study, report: str, root: Path, times: Sequence[Path] = ()) -> Path:
    """Write ``index.html`` and what it needs into the report's folder; returns its path.

    Args:
        study: restricted by ``study.only(report)``.
        root: the folder that holds ``results/`` (with this report's tables and figures), ``benchmark/``, ``config/``,
            ``docs/``, ``reports/`` and ``weights/``.
        times: Snakemake's benchmark files.

    Raises:
        InputError: a table, figure, video, splat, template or benchmark file that is missing or not understood.
    """
    folder = root / layout.REPORT.format(report=report)
    published = load_published(root)
    origin = provenance.origin(report, root)
    spent, entries = stage_times(times), figures.listing(report, root)
    tables = {
        name: read_table(root / layout.TABLE.format(report=report, name=name), *table.needs)
        for name, table in TABLES.items()
    }
    laid_out = {name: TABLES[name].lay_out(table, published) for name, table in tables.items()}
    not_run = summary.not_run(study, report, root, published)
    moving = _moving(study, report, root, folder)
    first = first_screen.first_screen(study, report, root, tables, published, moving["explorations"], not_run)
    words = {
        "title": study.reports[report].title,
        "published": published,
        "frames_per_second": FRAMES_PER_SECOND,
        "command": provenance.command(study, report),
        "origin": origin,
        "settings": provenance.settings(study, report),
        "weights": provenance.weights(study, report, root),
        "hardware": provenance.processors(times),
        "versions": versions(),
        "times": spent.to_dict("records"),
        "gpus": bool(spent["gpu_seconds"].notna().any()),
        "deviations": deviations.load(root),
        "conformance": summary.conformance(root),
        "scripts": [source for source in (*viewer.SOURCES, *SOURCES) if source.endswith(".js")],
        "first": None if _own(study, report) else first,
        "not_run": not_run,
        **_measured(study, report, root, published, tables, laid_out),
        "figures": {entry.name: entry for entry in entries if not entry.absent},
        "same": {
            study.runs[name].title: study.runs[kept].title for name, kept in figure_list.same(study, report).items()
        },
        "absent": [entry for entry in entries if entry.absent],
        **moving,
        "asked": not _own(study, report),
        "experiment": None if _own(study, report) else modelling_time.section(root, folder),
    }
    page = template(TEMPLATE, root).render(words)
    for source in (*SOURCES, *viewer.SOURCES):
        gallery.copy(root / "reports" / source, folder / source)
    table_pages.write(laid_out, study, report, root, origin)
    save_text(folder / "study.json", study.model_dump_json(indent=1) + "\n")
    path = root / layout.PAGE.format(report=report)
    save_text(path, page)
    return path


def _measured(
    study: Study,
    report: str,
    root: Path,
    published: Published,
    read: Mapping[str, pd.DataFrame],
    laid_out: Mapping[str, LaidOut],
) -> dict[str, Any]:
    """What the report's tables say: runs, claims, and tables by their names; those without rows are left out."""
    tables = {name: table for name, table in laid_out.items() if table.groups}
    return {
        "runs": summary.runs(study, report, root, read["table1"]),
        "claims": claims_by_run.claims(read["claims"], load_claims(root, published)),
        "tables": tables,
        "remarks": remarks.beside(study, read),
        "further": sorted(tables.keys() - PLACED),
        "varied": {1: True}
        | {n: summary.varied(study, report, factor) for n, factor in ((2, "view_counts"), (3, "motion_scores"))},
        "own": _own(study, report),
    }


def _own(study: Study, report: str) -> bool:
    """Whether the report shows a reader's own image, and so begins with it."""
    return all(study.runs[name].benchmark == "own" for name in study.reports[report].runs)


def _moving(study: Study, report: str, root: Path, folder: Path) -> dict[str, Any]:
    """Videos and viewers, whose files this writes."""
    cameras = OWN_CAMERAS if _own(study, report) else GALLERY_CAMERAS
    drawn = figure_list.drawn(study, report)
    filmed = {name: gallery.scenes(study, name, root, folder, cameras) for name in drawn}
    scores, held_out = collect(study, report, root)
    explored = explore.write(study, report, root, folder, scores)
    gallery.remove_stale(folder, [scene for scenes in filmed.values() for scene in scenes])
    return {
        "explorations": explored,
        "by_image": by_image.table(study, report, scores, held_out, explored),
        "filmed": [(drawn[name], scenes) for name, scenes in filmed.items() if scenes],
    }
