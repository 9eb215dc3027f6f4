"""Write the numbers of results into the pages that tell them: `python docs/results/in_pages.py`.

In a page a number of a result is a link, `[0.9000][n-level]`, whose definition names the file it comes from, and how:

    [n-level]: docs/results/mini/table2.csv "self_reference .4f where run=mini views=18"

a column, a format and the one row that has these values; of a JSON or YAML file a key, after `#` the way down to it.
This command writes what stands in the brackets, and the tables between marks (`TABLES`).  A test says whether it has
been run, and finds numbers that were typed (`typed`).
"""

import csv
import json
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from vid3d.claims.published import load_published
from vid3d.tables import resolution
from vid3d.tables.laid_out import MINUS

ROOT = Path(__file__).parents[2]
# Pages that tell results, and which of their sections do (None: all).
RESULTS: dict[str, tuple[str, ...] | None] = {
    # Time and disk, platforms and versions are no results
    "README.md": ("What runs, and what does not", "What it found", "Limits"),
    "docs/runs.md": ("What each run says", "How to read the numbers", "How to read the controls"),
    "docs/statistics.md": None,
    "docs/summary.md": None,  # all of it written by summary.py
}
# Pages that tell none, with what their numbers are instead.
OTHERS = {
    "CHANGELOG.md": "what a change was, when it was made",
    "docs/adding-a-backend.md": "examples",
    "docs/adding-a-table.md": "examples",
    "docs/checking.md": "examples, and tolerances, which are settings",
    "docs/cut-out.md": "measured once, of the cut-out",
    "docs/decisions.md": "measured once, as the reason for a decision",
    "docs/deviations.md": "of the paper and the released code",
    "docs/external-methods.md": "measured once, of the authors' videos, which do not change",
    "docs/fast-fit-log.md": "a log of measurements",
    "docs/hypothesis.md": "registered before the runs: margins, and what a pilot saw",
    "docs/indicators.md": "measured once, of planted faults",
    "docs/multi-view-models.md": "settings of other models",
    "docs/own-settings.md": "examples",
    "docs/paper-scale.md": "estimates, by commands named there",
    "docs/performance.md": "a log of measurements",
    "docs/processors.md": "written by `make processors` and `make arm`, and measured once",
    "docs/reliability.md": "written by `make faults` and `make fuzz`",
    "docs/resuming.md": "examples",
    "docs/running-on-gpu.md": "bounds of checks, and measurements made once",
    "docs/running-on-slurm.md": "settings",
    "docs/simulated-studies.md": "the output of a command, named there",
    "docs/traced.md": "written by `python docs/traced.py`",
    "docs/weights.md": "of published files",
    "config/README.md": "written by `vid3d settings`",
}
CONSTANTS = {"95 %", "5 %", "0.05", "0.975"}  # levels, which are settings
_SIGN = rf"[-+{MINUS}]?"
_NUMBER = re.compile(rf"(?<![\w.]){_SIGN}\d+(?:\.\d+)?(?: ?%| dB)|(?<![\w.:/])(?<!section ){_SIGN}\d+\.\d+")
_LINK = re.compile(r"\[([^\]\[]*)\]\[(n-[a-z0-9-]+)\]")
_DEFINITION = re.compile(r'^\[(n-[a-z0-9-]+)\]: (\S+) "(\S+) (\S+)(?: where (.+))?"$', re.MULTILINE)


def rows_of(source: str, folder: Path = ROOT) -> list[dict[str, Any]]:
    """The rows of a CSV file, or of a JSON or YAML file the objects at the end of the way after `#`."""
    path, _, way = source.partition("#")
    text = (folder / path).read_text(encoding="utf-8")
    if path.endswith(".csv"):
        return list(csv.DictReader(text.splitlines()))
    found = yaml.safe_load(text) if path.endswith(".yaml") else json.loads(text)
    for key in filter(None, way.split(".")):
        found = found[int(key) if key.isdigit() else key]
    return found if isinstance(found, list) else [found]


def value(source: str, column: str, folder: Path = ROOT, **where: object) -> float:
    """The number in a column of the one row that has these values.

    Of claims that a mean is above or below 0, ``spread`` is the standard deviation behind their t statistic.
    """
    rows = [
        row for row in rows_of(source, folder) if all(str(row[key]) == str(wanted) for key, wanted in where.items())
    ]
    if len(rows) != 1:
        raise ValueError(f"{source}: {len(rows)} rows have {where}; name one")
    if column == "spread":
        return float(rows[0]["estimate"]) / float(rows[0]["statistic"]) * math.sqrt(int(rows[0]["n"]))
    return float(rows[0][column])


def shown(number: float, form: str) -> str:
    """A number as pages show it: a true minus sign, none before 0, and a space before the sign of per cent."""
    text = format(number, form)
    return (text if text.strip("+-.0%") else text.lstrip("+-")).replace("-", MINUS).replace("%", " %")


def linked(text: str, folder: Path = ROOT) -> str:
    """A page with the numbers of its links as their sources have them.

    Args:
        folder: the page's, from which its links lead.
    """
    found = {}
    for name, source, column, form, where in _DEFINITION.findall(text):
        found[name] = shown(value(source, column, folder, **dict(pair.split("=") for pair in where.split())), form)
    return _LINK.sub(lambda link: f"[{found[link[2]]}][{link[2]}]", text)


STEPS = {  # of the paper's Tables 2 and 3: table, motion score and view count at both ends, claim about it
    "18 to 9 views": (2, (120, 18), (120, 9), "nine-views-never-above-eighteen"),
    "9 to 3 views": (2, (120, 9), (120, 3), "three-views-never-above-nine"),
    "motion 120 to 160": (3, (120, 18), (160, 18), "motion-160-loses"),
    "motion 160 to 200": (3, (160, 18), (200, 18), ""),
}


GENERATED = "weights/mini-clip/generated.json"
TRUTH = "docs/results/truth/agreement.json"  # as the other results there, by the mini CLIP of its time


def changes() -> str:
    """What fewer views and more motion change, published and measured: a table."""
    tables = load_published(ROOT).tables
    paper = {(row.motion, row.views): row.value for number in (2, 3) for row in tables[number].rows}
    heads = ("", "paper", "`ruler`, PSNR", "`mini`, self reference", "`mini`, source reference")
    lines = [f"| {' | '.join((*heads, '`truth`, source reference', '`truth`, PSNR'))} |", "|---" * 7 + "|"]
    for words, (table, start, end, claim) in STEPS.items():
        cells = [words, shown(paper[end] - paper[start], "+.4f"), _of_conditions(GENERATED, "psnr", start, end)]
        cells += [_of_mini(table, protocol, start, end, claim) for protocol in ("self_reference", "source_reference")]
        cells += [_of_conditions(TRUTH, column, start, end) for column in ("clip_i", "psnr")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _of_mini(table: int, protocol: str, start: tuple[int, int], end: tuple[int, int], claim: str) -> str:
    """The change of CLIP-I in run `mini`, with the interval of the claim about it."""
    source = f"docs/results/mini/table{table}.csv"
    first, last = (value(source, protocol, run="mini", motion=at[0], views=at[1]) for at in (start, end))
    claims = rows_of("docs/results/mini/claims.csv")
    judged = [row for row in claims if (row["claim"], row["protocol"]) == (claim, protocol)]
    ends = [shown(-float(judged[0][name]), "+.4f") for name in ("high", "low")] if judged else []
    return shown(last - first, "+.4f") + (f" [{', '.join(ends)}]" if ends else "")


def _of_conditions(file: str, column: str, start: tuple[int, int], end: tuple[int, int]) -> str:
    """The change of a mean by which the mini CLIP is judged; nothing where its run lacks a condition."""
    rows = {(row["motion"], row["views"]): row for row in rows_of(f"{file}#conditions")}
    if not {start, end} <= rows.keys():
        return ""
    change = rows[end][column] - rows[start][column]
    return f"{shown(change, '+.1f')} dB" if column == "psnr" else shown(change, "+.4f")


def resolved() -> str:
    """Which spreads over images would let a study of the paper's size show its differences: a table."""
    published = load_published(ROOT)
    lines = ["| difference, 24 images | published | shown below | found below |", "|---|---:|---:|---:|"]
    for row in resolution.of_published(published):
        words = f"{row['place']}, {row['difference']}"
        numbers = [shown(row["change"], "+.4f"), *(shown(row[name], ".4f") for name in ("shown_below", "found_below"))]
        lines.append(f"| {' | '.join([words, *numbers])} |")
    return "\n".join(lines)


TABLES: dict[str, Callable[[], str]] = {"changes": changes, "resolution": resolved}


def written(text: str, folder: Path = ROOT) -> str:
    """A page with all its numbers of results as their sources have them (``linked``)."""
    for name, make in TABLES.items():
        begin, end = f"<!-- {name}: written by docs/results/in_pages.py -->\n", f"\n<!-- end of {name} -->"
        if begin in text:
            before, rest = text.split(begin)
            text = before + begin + make() + end + rest.split(end)[1]
    return linked(text, folder)


def typed(page: str, text: str) -> list[str]:
    """The numbers in a page's sections on results that no link holds, and nothing that a command wrote between marks.

    Looked for are numbers with a decimal point, a sign of per cent or dB, outside of code.
    """
    wanted = RESULTS[page]
    text = re.sub(r"<!-- (\w+): written by .*?<!-- end of \1 -->", "", text, flags=re.DOTALL)
    text = _DEFINITION.sub(
        "", _LINK.sub("", re.sub(r"```.*?```|`[^`\n]*`|\(https?://[^)]*\)", "", text, flags=re.DOTALL))
    )
    found = []
    for section in re.split(r"^(?=#+ )", text, flags=re.MULTILINE):
        heading = section.splitlines()[0].lstrip("# ") if section.startswith("#") else ""
        if wanted is None or heading in wanted:
            found += [number.strip() for number in _NUMBER.findall(section)]
    return [number for number in found if number not in CONSTANTS]


def main() -> int:
    """Write all pages; 1 if a number was typed."""
    complaints = []
    for page in RESULTS:
        path = ROOT / page
        text = written(path.read_text(encoding="utf-8"), path.parent)
        path.write_text(text, encoding="utf-8")
        complaints += [f"{page}: {number} is typed; give its source as a link does" for number in typed(page, text)]
    print("\n".join(complaints))
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
