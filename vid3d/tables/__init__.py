"""The tables of a report, from files of its runs: CSV files, their exports, and macros of all numbers.

Every mean is a mean over images of per-image means; the image is the benchmark's unit.  A missing row of any clip is an
error that names it: nothing is averaged silently.  docs/statistics.md lists files and columns.
"""

from collections.abc import Sequence
from pathlib import Path

from vid3d.external import scoring
from vid3d.files import atomic
from vid3d.study import layout
from vid3d.study.config import Study
from vid3d.tables import exports
from vid3d.tables.attribution import attribution_table, substitution_table
from vid3d.tables.clip_i import protocol_table, replicates_table, table1, table2, table3
from vid3d.tables.of_claims import claims_table
from vid3d.tables.of_indicators import collect_indicators, indicators_table
from vid3d.tables.quality import held_out_table
from vid3d.tables.scores import collect


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
    methods = scoring.collect(study, others, root)
    tables = (
        table1(study, report, root, scores, methods),
        table2(study, report, root, scores),
        table3(study, report, root, scores),
        held_out_table(study, report, root, held_out),
        protocol_table(study, report, root, scores, methods),
        replicates_table(study, report, root, scores),
        claims_table(study, report, root, scores),
        indicators_table(study, report, root, collect_indicators(study, report, root)),
        attribution_table(study, report, root),
        substitution_table(study, report, root, scores),
    )
    paths = [root / path for path in layout.tables(report)]
    for path, table in zip(paths, tables, strict=True):
        with atomic(path) as temporary:
            table.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")
    exports.write(paths, root / layout.MACROS.format(report=report))
    return paths
