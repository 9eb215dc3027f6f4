"""The tables of a report as pages of their own: one file each, which loads nothing, for Snakemake's own report."""

from collections.abc import Mapping
from pathlib import Path

from vid3d.files import save_text
from vid3d.report.provenance import Origin
from vid3d.report.templates import template
from vid3d.study import layout
from vid3d.study.config import Study
from vid3d.study.table_list import label
from vid3d.tables.laid_out import LaidOut

TEMPLATE = "table.html"


def write(tables: Mapping[str, LaidOut], study: Study, report: str, root: Path, origin: Origin | None) -> None:
    """Write them as the report's page lays them out (``layout.TABLE_PAGE``); of no rows there is a sentence.

    Args:
        tables: all of the report, by name.
        root: the folder that holds ``results/`` and ``reports/``.
        origin: when and of which commit the numbers were made.

    Raises:
        InputError: the template is missing.
    """
    page = template(TEMPLATE, root)
    title = study.reports[report].title
    for name, table in tables.items():
        words = {"name": name, "label": label(name), "table": table, "title": title, "origin": origin}
        save_text(root / layout.TABLE_PAGE.format(report=report, name=name), page.render(words))
