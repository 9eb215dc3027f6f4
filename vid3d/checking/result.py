"""What a report says, for a terminal: eight lines."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from vid3d.checking.verdict import Verified
from vid3d.claims.decisions import WORDS
from vid3d.claims.finding import findings
from vid3d.errors import InputError
from vid3d.files import load_rows
from vid3d.study import layout
from vid3d.tables.clip_i import PROTOCOLS
from vid3d.tables.of_claims import DEFINITIONS

_WIDTH = 10  # of the words that lines begin with


def latest(root: Path) -> str:
    """The name of the report whose page was written last.

    Raises:
        InputError: there is none.
    """
    pages = [
        path
        for path in (root / layout.PAGE.format(report="_")).parents[1].glob("*/index.html")
        if (root / layout.tables(path.parent.name)[0]).is_file()
    ]
    if not pages:
        raise InputError("results/reports: no report was made yet; make reproduce, or snakemake --cores all")
    return max(pages, key=lambda path: path.stat().st_mtime).parent.name


def lines(report: str, root: Path, verified: Verified) -> Iterator[str]:
    """Finding, Table 1, verdicts by both definitions of CLIP-I, files, numbers, page and how to open it.

    Raises:
        InputError: a table that is missing or not understood.
    """
    table1, claims, substitution = (_table(report, root, name) for name in ("table1", "claims", "substitution"))
    first = findings(claims, substitution)[0]
    yield _line("finding", first.sentence + (f" ({first.stamp})" if first.stamp else ""))
    yield _line("Table 1", _row(table1))
    for protocol in PROTOCOLS:
        rows = claims[claims["protocol"] == protocol]
        rows = rows[rows["run"] == rows["run"].iloc[0]] if len(rows) else rows
        counts = Counter(rows["here"])
        told = ", ".join(f"{outcome} {counts[outcome]}" for outcome in WORDS if counts[outcome])
        yield _line("verdicts", f"{DEFINITIONS[protocol]}: {told or 'none'}")
    *_, files, numbers = verified.lines()
    yield _line("files", files.partition(": ")[2])
    yield _line("numbers", numbers)
    yield _line("page", (root / layout.PAGE.format(report=report)).absolute().as_uri())
    yield _line("open", f"make open (or vid3d open --report {report})")


def _row(table: pd.DataFrame) -> str:
    """The first run's scores beside the paper's."""
    published = table[(table["kind"] == "published") & table["run"].isna()]
    paper = published.loc[published["method"] == "Vid3D", "published"]
    ours = table[table["kind"] == "run"]
    if ours.empty:
        return "no scores that mean anything"
    row = ours.iloc[0]
    scores = [f"{_score(row, protocol)} by the {DEFINITIONS[protocol]}" for protocol in PROTOCOLS]
    return f"{row['run']}: {', '.join(scores)}" + (f"; paper {paper.iloc[0]:.4f}" if len(paper) else "")


def _score(row: "pd.Series[float]", protocol: str) -> str:
    low, high = row[f"{protocol}_low"], row[f"{protocol}_high"]
    return f"{row[protocol]:.3f}" + ("" if pd.isna(low) else f" ({low:.3f} to {high:.3f})")


def _table(report: str, root: Path, name: str) -> pd.DataFrame:
    path = root / layout.TABLE.format(report=report, name=name)
    load_rows(path, {}, cure="make the tables")  # says what is wrong with it
    return pd.read_csv(path)


def _line(head: str, text: str) -> str:
    return f"{head:{_WIDTH}}{text}"
