"""The tables of a report, from files of its runs: CSV files, their exports, and macros of all numbers.

Every mean is a mean over images of per-image means; the image is the benchmark's unit.  A missing row of any clip is an
error that names it: nothing is averaged silently.  docs/statistics.md lists files and columns.
"""

from collections.abc import Sequence
from pathlib import Path

from vid3d.claims.published import load_published
from vid3d.external import scoring
from vid3d.files import atomic
from vid3d.study import layout, table_list
from vid3d.study.config import Study
from vid3d.tables import exports
from vid3d.tables.by_name import TABLES
from vid3d.tables.scores import collect
from vid3d.tables.table import Measured


def write(study: Study, report: str, root: Path, others: Sequence[Path] = ()) -> list[Path]:
    """Write the CSV files of a report (``layout.tables``) and their exports; returns the paths of the CSV files.

    Tables for which a report has nothing, such as the held-out one without ground truth, have a head and no rows.

    Args:
        study: restricted by ``study.only(report)``.
        root: the folder that holds ``results/`` and ``benchmark/``.
        others: scores of other methods' renders (``layout.EXTERNAL_SCORES``), for Table 1.

    Raises:
        InputError: names the file, and what of it is missing or out of range.
    """
    scores, held_out = collect(study, report, root)
    measured = Measured(study, report, root, scores, held_out, scoring.collect(study, others, root))
    made = {name: TABLES[name].make(measured) for name in table_list.NAMES}
    paths = {name: root / layout.TABLE.format(report=report, name=name) for name in made}
    for name, table in made.items():
        with atomic(paths[name]) as temporary:
            table.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")
    exports.write(list(paths.values()), root / layout.MACROS.format(report=report))
    published = load_published(root)
    for name in table_list.OF_A_COLUMN:
        exports.write_column(paths[name], published)
    return list(paths.values())
