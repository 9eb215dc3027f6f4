"""All that the page of a synthetic study is made from: its tables, and stand-ins for its figures."""

import shutil
from pathlib import Path
from typing import Any

import synthetic_study as synthetic
from PIL import Image

from vid3d import tables
from vid3d.figures.catalogue import Entry
from vid3d.files import save_json
from vid3d.study import figure_list, layout
from vid3d.study.config import Study

SOURCES = ("docs/deviations.md", "config/weights.yaml")  # beside those of ``synthetic_study``


def build(root: Path, runs: dict[str, Any] | None = None, **settings: Any) -> Study:
    """Write the study with its tables, and blank sheets for the figures, which the page does not look into."""
    study = synthetic.build(root, runs, **settings)
    for source in SOURCES:
        (root / source).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(synthetic.REPOSITORY / source, root / source)
    tables.write(study, "small", root)
    write_figures(root, study)
    return study


def write_figures(root: Path, study: Study) -> None:
    """The list of the report's figures, and a small file for each format of each."""
    absent, entries = figure_list.absent(study, "small"), []
    for name in figure_list.NAMES:
        number = figure_list.number(name)
        title = f"Title of {name}"
        if name in absent:
            entries.append(Entry(name=name, number=number, title=title, absent=absent[name]))
            continue
        files = {suffix: f"figures/{name}.{suffix}" for suffix in layout.FIGURE_FORMATS}
        if name in figure_list.PLOTS:
            files["dark"] = f"figures/{name}-dark.webp"
        for file in files.values():
            _write(root / layout.REPORT.format(report="small") / file)
        words = {"caption": f"Caption of {name}.", "alt": f"What {name} shows."}
        entries.append(Entry(name=name, number=number, title=title, files=files, width=64, height=32, **words))
    save_json(root / layout.FIGURE_LIST.format(report="small"), [entry.model_dump() for entry in entries])


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".webp":
        Image.new("RGB", (64, 32), (90, 120, 160)).save(path)
    else:
        path.write_text("a stand-in", encoding="utf-8")
