"""The tables in LaTeX (booktabs) and Markdown, and each of their numbers as a LaTeX macro, from the CSV files.

Numbers are those of the CSV, rounded half to even: four digits after the point, two for dB, integers as they are.  An
interval stands behind its number: ``0.9243 [0.9102, 0.9361]``.

Names of macros are put together from ``vid``, the table, the row (its run, or ``Published`` and the method; motion;
views; protocol; claim; indicator; stage and place) and the column, every word with a capital and every digit in words:
the value of run ``quick`` at motion 120 and 9 views in column source_reference of table2.csv is
``\\vidTableTwoQuickMotionOneTwoZeroViewsNineSourceReference``.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from vid3d.errors import InputError
from vid3d.files import save_text

Rows = list[dict[str, str]]
HEADS = {
    "source_reference": "Source image",
    "foreground_reference": "Preprocessed source",
    "self_reference": "First render, released",
    "self_reference_once": "First render, once",
    "self_reference_left_out": "First render, left out",
    "psnr_level": "PSNR (dB)",
    "ssim_level": "SSIM",
    "psnr_raised": "PSNR (dB), raised",
    "ssim_raised": "SSIM, raised",
    "n": "n",
    "here": "This report",
    "corrected": "p, corrected",
}
_HIDDEN = {"run", "kind", "note"}  # notes stand below the table
_DETAILS = {
    "claim",
    "reason",
    "published_estimate",
    "above",
    "below",
    "statistic",
    "p",
    "test",
    "claim_note",
}  # of claims
_SETTING = ("benchmark", "embedder")  # shown by the table of protocols where they differ; notes of the others say them
_KEYS = ("run", "motion", "views", "protocol", "claim", "indicator", "stage")
_LABELLED = ("motion", "views")  # whose values are numbers, which say nothing without the column's name
_DIGITS = {"psnr_level": 2, "psnr_raised": 2}
_LONG = 40  # characters: longer texts are broken into lines
_WORDS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_MEASURED = re.compile(rf"[+-]?{_NUMBER.pattern}( \(\d+\)| \[[^]]+\])?")  # with its rank or interval


@dataclass(frozen=True)
class Export:
    """A table as it is laid out: texts that are not escaped yet.

    Attributes:
        heads: of the columns.
        numeric: which columns hold numbers.
        rows: cells, and the letters of the row's notes.
        breaks: before which rows a rule is drawn, since another kind of row begins.
        notes: each with its letter.
    """

    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[tuple[str, ...], str], ...]
    breaks: frozenset[int]
    notes: tuple[tuple[str, str], ...]


def write(paths: Sequence[Path], macros: Path) -> list[Path]:
    """Write a .tex and a .md beside each CSV file, and ``macros``; returns what was written.

    Raises:
        InputError: a file that is missing or not a CSV, or two numbers whose macros would have one name.
    """
    written, tables = [], {path: _read(path) for path in paths}
    for path, rows in tables.items():
        export = lay_out(_arranged(rows) if rows else rows)
        for suffix, text in ((".tex", latex(export, path.name)), (".md", markdown(export))):
            save_text(path.with_suffix(suffix), text)
            written.append(path.with_suffix(suffix))
    save_text(macros, macro_file({path.name: rows for path, rows in tables.items()}))
    return [*written, macros]


def _read(path: Path) -> Rows:
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream, strict=True, restval=""))
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); make the tables first") from None


def _arranged(rows: Rows) -> Rows:
    """The rows as they are laid out: protocols side by side, claims without their details, intervals in place."""
    if "rank" in rows[0]:
        return _wide(rows)
    if "claim" in rows[0]:
        several = len({row["run"] for row in rows}) > 1
        rows = [
            {k: v for k, v in row.items() if k not in _DETAILS and (k != "method" or several)}
            | {"note": " ".join(filter(None, (row["note"], _because(row["reason"]))))}
            for row in rows
        ]
    return [_with_intervals(row) for row in rows]


def _because(reason: str) -> str:
    return f"Not testable: {reason}." if reason else ""


def _with_intervals(row: dict[str, str]) -> dict[str, str]:
    """NAME, NAME_low and NAME_high as one cell; ``low`` and ``high`` alone are those of ``mean`` or ``estimate``."""
    shown = dict(row)
    for low in [column for column in row if column.split("_")[-1] == "low"]:
        ends = row[low], row[low[: -len("low")] + "high"]
        name = low[: -len("_low")] or ("mean" if "mean" in row else "estimate")
        for column in (low, low[: -len("low")] + "high"):
            del shown[column]
        if all(ends):
            shown[name] = f"{number(name, row[name])} [{', '.join(number(name, end) for end in ends)}]"
    return shown


def _wide(rows: Rows) -> Rows:
    """One row per run or method and condition: under each protocol the mean, and its rank in brackets."""
    by_condition: dict[tuple[str, ...], dict[str, str]] = {}
    constant = [name for name in _SETTING if len({row[name] for row in rows}) == 1]
    for row in rows:
        found = by_condition.setdefault(
            tuple(row[key] for key in ("run", "motion", "views")),
            {k: v for k, v in row.items() if k not in (*constant, "protocol", "mean", "low", "high", "rank", "of")},
        )
        rank = f" ({row['rank']})" if row["rank"] else ""
        found[row["protocol"]] = number("mean", row["mean"]) + rank
    protocols = dict.fromkeys(row["protocol"] for row in rows)
    return [dict.fromkeys([*found, *protocols], "") | found for found in by_condition.values()]


# --- layout ----------------------------------------------------------------------------------------------------------


def number(column: str, text: str) -> str:
    """A number of the CSV as tables show it; anything else as it is."""
    if not _NUMBER.fullmatch(text) or "." not in text:
        return text
    rounded = Decimal(text).quantize(Decimal(1).scaleb(-_DIGITS.get(column, 4)), ROUND_HALF_EVEN)
    return f"{rounded:+f}" if column == "difference" else f"{rounded:f}"


def lay_out(rows: Rows) -> Export:
    """Columns that hold anything, with their heads; notes get letters in order of appearance."""
    columns = [c for c in (rows[0] if rows else {}) if c not in _HIDDEN and any(row[c] for row in rows)]
    if rows and "published" in rows[0]:
        columns = [column for column in columns if column not in _SETTING]
    if all(row.get("replicates", "") in ("", "1") for row in rows):
        columns = [column for column in columns if column != "replicates"]
    if all(row.get("images", "").split(" ")[0] == row.get("n") for row in rows):
        columns = [column for column in columns if column != "n"]
    letters: dict[str, str] = {}
    for note in (row["note"] for row in rows if row.get("note")):
        letters.setdefault(note, _letter(len(letters)))
    shown = tuple((tuple(_cell(c, row[c]) for c in columns), letters.get(row.get("note", ""), "")) for row in rows)
    kinds = [row.get("kind", "") for row in rows]
    return Export(
        heads=tuple(HEADS.get(c, c.replace("_", " ").capitalize()) for c in columns),
        numeric=tuple(all(_MEASURED.fullmatch(row[c]) for row in rows if row[c]) for c in columns),
        rows=shown,
        breaks=frozenset(i for i in range(1, len(kinds)) if kinds[i] != kinds[i - 1]),
        notes=tuple((letter, note) for note, letter in letters.items()),
    )


def _cell(column: str, text: str) -> str:
    """A cell: a rounded number, a protocol's title, or a text."""
    return HEADS.get(text, text) if column == "protocol" else number(column, text)


def _letter(index: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    return (_letter(index // 26 - 1) if index >= 26 else "") + chr(ord("a") + index % 26)


# --- LaTeX -----------------------------------------------------------------------------------------------------------

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def escape_latex(text: str) -> str:
    """A text as LaTeX prints it literally, but for straight quotation marks, which need T1 fonts."""
    return "".join(_LATEX.get(character, character) for character in " ".join(text.split()))


def _latex_cell(text: str) -> str:
    """A cell; a bracket at a row's beginning would be read as the space after the row before."""
    minus = re.sub(r"-(?=\d)", r"$-$", escape_latex(text)) if _MEASURED.fullmatch(text) else escape_latex(text)
    return re.sub(r"^(?=[\[*])", "{}", minus)


def latex(export: Export, source: str) -> str:
    """A tabular with booktabs rules, its notes in the last rows; a comment alone if there are no rows."""
    lines = [f"% {source} by `vid3d tables`; needs \\usepackage{{booktabs}}"]
    if not export.rows:
        return "\n".join([*lines, "% no rows", ""])
    align = "".join(map(_alignment, export.numeric, zip(*(cells for cells, _ in export.rows), strict=True)))
    lines += [f"\\begin{{tabular}}{{@{{}}{align}@{{}}}}", r"\toprule"]
    lines += [" & ".join(map(escape_latex, export.heads)) + r" \\", r"\midrule"]
    for index, (cells, letter) in enumerate(export.rows):
        lines += [r"\midrule"] if index in export.breaks else []
        first, *others = map(_latex_cell, cells)
        mark = f"\\textsuperscript{{{letter}}}" if letter else ""
        lines.append(" & ".join([first + mark, *others]) + r" \\")
    lines.append(r"\bottomrule")
    span = f"\\multicolumn{{{len(export.heads)}}}{{@{{}}p{{\\linewidth}}@{{}}}}"
    for letter, note in export.notes:
        lines.append(f"{span}{{\\footnotesize\\textsuperscript{{{letter}}} {escape_latex(note)}}} \\\\")
    return "\n".join([*lines, r"\end{tabular}", ""])


def _alignment(numeric: bool, cells: tuple[str, ...]) -> str:
    if numeric:
        return "r"
    return r"p{0.25\linewidth}" if max(map(len, cells)) > _LONG else "l"


# --- Markdown --------------------------------------------------------------------------------------------------------


def escape_markdown(text: str) -> str:
    """A text as Markdown shows it literally within a table."""
    escaped = re.sub(r"([\\`*_\[\]|~#])", r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def markdown(export: Export) -> str:
    """A table in GitHub's Markdown and its notes below."""
    if not export.rows:
        return "No rows.\n"
    lines = [
        f"| {' | '.join(map(escape_markdown, export.heads))} |",
        f"|{'|'.join('---:' if numeric else '---' for numeric in export.numeric)}|",
    ]
    for cells, letter in export.rows:
        first, *others = map(escape_markdown, cells)
        mark = f"<sup>{letter}</sup>" if letter else ""
        lines.append(f"| {' | '.join([first + mark, *others])} |")
    for letter, note in export.notes:
        lines += ["", f"<sup>{letter}</sup> {escape_markdown(note)}"]
    return "\n".join([*lines, ""])


# --- macros ----------------------------------------------------------------------------------------------------------


def camel(text: str) -> str:
    """Letters only: words with a capital, digits in words; all else is left out."""
    words = re.findall(r"[A-Za-z]+|[0-9]", text)
    return "".join(_WORDS[int(word)] if word.isdigit() else word[0].upper() + word[1:] for word in words)


def macros(name: str, rows: Rows) -> Iterator[tuple[str, str]]:
    """The macros of a table and their numbers, row by row; claims have one for each run, or, unjudged, for none.

    Args:
        name: of its file.
    """
    for row in rows:
        keys = [*_KEYS, "place"] if "stage" in row else _KEYS
        key = row["run"] or f"published {row['method']}"
        key += "".join(f" {k if k in _LABELLED else ''} {row[k]}" for k in keys[1:] if row.get(k))
        for column, text in row.items():
            if column not in keys and _NUMBER.fullmatch(text):
                yield f"vid{camel(Path(name).stem)}{camel(key)}{camel(column)}", number(column, text)


def macro_file(tables: dict[str, Rows]) -> str:
    """All macros of all tables.

    Raises:
        InputError: two have one name.
    """
    lines = [
        r"% Every number of the tables by a name: \vid, the table, the row (its run, or Published and the method;",
        "% motion; views; protocol; claim; indicator; stage and place) and the column, with digits in words.",
        "% Made by `vid3d tables`; do not edit.",
    ]
    seen: set[str] = set()
    for table, rows in tables.items():
        lines += ["", f"% {table}"]
        for name, text in macros(table, rows):
            if name in seen:
                raise InputError(f"{table}: two numbers would be \\{name}; rename a run so that letters differ")
            seen.add(name)
            shown = text.replace("-", r"\ensuremath{-}")
            lines.append(f"\\newcommand{{\\{name}}}{{{shown}}}")
    return "\n".join([*lines, ""])
