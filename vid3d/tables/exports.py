"""The tables in LaTeX (booktabs) and Markdown, and each of their numbers as a LaTeX macro, from the CSV files.

Numbers are those of the CSV, rounded half to even: four digits after the point, two for dB, integers as they are.  An
interval stands behind its number: ``0.9243 [0.9102, 0.9361]``.

Names of macros are put together from ``vid``, the table, the row (its run, or ``Published`` and the method; motion;
views; protocol; claim; indicator; stage and place) and the column, every word with a capital and every digit in words:
the value of run ``quick`` at motion 120 and 9 views in column source_reference of table2.csv is
``\\vidTableTwoQuickMotionOneTwoZeroViewsNineSourceReference``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from pathlib import Path

from vid3d.claims.published import Published
from vid3d.errors import InputError
from vid3d.files import load_rows, save_text
from vid3d.tables.by_name import TABLES
from vid3d.tables.laid_out import Cell, Group, LaidOut, Row, read
from vid3d.tables.table import NUMBER, Column, Rows, Table

HIDDEN = frozenset({"run", "kind", "note"})  # columns of no printed table; notes stand below the table
_KEYS = ("run", "motion", "views")  # then those of the table
_LABELLED = ("motion", "views")  # whose values are numbers, which say nothing without the column's name
_LONG = 40  # characters: longer texts are broken into lines
_WORDS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_MEASURED = re.compile(rf"[+-]?{NUMBER.pattern}( \(\d+\)| \[[^]]+\])?")  # with its rank or interval


def write_column(path: Path, published: Published) -> Path:
    """Write one of ``table_list.OF_A_COLUMN`` beside its CSV file as LaTeX that a column of text holds.

    It is the table as the page shows it: what the paper says and what was measured in one row, and nothing more.

    Raises:
        InputError: a CSV file that is missing or not that table.
    """
    table = TABLES[path.stem]
    target = path.with_name(f"{path.stem}-column.tex")
    laid_out = table.lay_out(read(path, *table.needs), published)
    narrow = ["{\\footnotesize\\setlength{\\tabcolsep}{3pt}%", latex(laid_out, path.name).rstrip("\n"), "}", ""]
    save_text(target, "\n".join(narrow))
    return target


def write(paths: Sequence[Path], macros: Path) -> list[Path]:
    """Write a .tex and a .md beside each CSV file, and ``macros``; returns what was written.

    Raises:
        InputError: a file that is missing or not a CSV, or two numbers whose macros would have one name.
    """
    written = []
    tables = {path: load_rows(path, {}, cure="make the tables") for path in paths}
    for path, rows in tables.items():
        table = lay_out(rows, TABLES[path.stem])
        for suffix, text in ((".tex", latex(table, path.name)), (".md", markdown(table))):
            save_text(path.with_suffix(suffix), text)
            written.append(path.with_suffix(suffix))
    save_text(macros, macro_file({path.stem: rows for path, rows in tables.items()}))
    return [*written, macros]


# --- layout ----------------------------------------------------------------------------------------------------------


def lay_out(rows: Rows, table: Table) -> LaidOut:
    """A table of the CSV as it is printed: the columns that hold anything, and a group for each kind of rows."""
    rows = table.arrange(rows) if rows else []
    hidden, within = HIDDEN | table.hidden, ("low", "high", "rank")  # of which some stand in the cells of others
    columns = [c for c in rows[0] if c not in hidden and c.split("_")[-1] not in within] if rows else []
    columns = [column for column in columns if any(row[column] for row in rows)]
    if all(row.get("replicates", "") in ("", "1") for row in rows):
        columns = [column for column in columns if column != "replicates"]
    if all(row.get("images", "").split(" ")[0] == row.get("n") for row in rows):
        columns = [column for column in columns if column != "n"]
    heads = [table.columns.get(c, Column()).head or c.replace("_", " ").capitalize() for c in columns]
    groups = [
        Group("", tuple(_row(row, columns, table) for row in alike))
        for _, alike in groupby(rows, key=lambda row: row.get("kind", ""))
    ]
    return LaidOut(heads=tuple(heads[1:]), groups=tuple(groups), corner="".join(heads[:1]))


def _row(row: dict[str, str], columns: Sequence[str], table: Table) -> Row:
    label, *cells = (_cell(row, column, table) for column in columns)
    return Row(label.in_line if label else "", tuple(cells), row.get("note", ""))


def _cell(row: dict[str, str], name: str, table: Table) -> Cell | None:
    """A text or a number with its interval (NAME_low and NAME_high, or low and high) or its rank (NAME_rank)."""
    if not row[name]:
        return None
    column, stem = table.columns.get(name, Column()), "" if name == table.interval_of else f"{name}_"
    low, high = (column.printed(row.get(f"{stem}{end}", "")) for end in ("low", "high"))
    return Cell(column.printed(row[name]), (low, high) if low and high else None, row.get(f"{name}_rank", ""))


def _lines(table: LaidOut) -> Iterator[tuple[str, ...]]:
    """The texts of each row, its label first."""
    for row in chain.from_iterable(group.rows for group in table.groups):
        yield row.label, *(cell.in_line if cell else "" for cell in row.cells)


def _numeric(texts: Iterable[str]) -> bool:
    """Whether a column holds numbers only."""
    return all(_MEASURED.fullmatch(text) for text in texts if text)


def _letters(table: LaidOut) -> dict[str, str]:
    """A letter for each note of a group or of a row, in order of appearance."""
    notes = dict.fromkeys(
        note for group in table.groups for note in (group.note, *(row.note for row in group.rows)) if note
    )
    return {note: _letter(index) for index, note in enumerate(notes)}


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


def latex(table: LaidOut, source: str) -> str:
    """A tabular with booktabs rules, its notes in the last rows; a comment alone if there are no rows."""
    lines = [f"% {source} by `vid3d tables`; needs \\usepackage{{booktabs}}"]
    if not table.groups:
        return "\n".join([*lines, "% no rows", ""])
    columns, letters = list(zip(*_lines(table), strict=True)), _letters(table)
    lines += [f"\\begin{{tabular}}{{@{{}}{''.join(map(_alignment, columns))}@{{}}}}", r"\toprule"]
    lines += [" & ".join(map(escape_latex, (table.corner, *table.heads))) + r" \\"]
    texts = _lines(table)
    span = f"\\multicolumn{{{len(columns)}}}{{@{{}}p{{\\linewidth}}@{{}}}}"
    for group in table.groups:
        lines.append(r"\midrule")
        if group.heading:
            lines.append(f"{span}{{\\textit{{{escape_latex(group.heading)}}}{_mark(group.note, letters)}}} \\\\")
        for row in group.rows:
            first, *others = map(_latex_cell, next(texts))
            lines.append(" & ".join([first + _mark(row.note, letters), *others]) + r" \\")
    lines.append(r"\bottomrule")
    for note, letter in letters.items():
        lines.append(f"{span}{{\\footnotesize\\textsuperscript{{{letter}}} {escape_latex(note)}}} \\\\")
    return "\n".join([*lines, r"\end{tabular}", ""])


def _mark(note: str, letters: Mapping[str, str]) -> str:
    return f"\\textsuperscript{{{letters[note]}}}" if note else ""


def _alignment(texts: Sequence[str]) -> str:
    if _numeric(texts):
        return "r"
    return r"p{0.25\linewidth}" if max(map(len, texts)) > _LONG else "l"


# --- Markdown --------------------------------------------------------------------------------------------------------


def escape_markdown(text: str) -> str:
    """A text as Markdown shows it literally within a table."""
    escaped = re.sub(r"([\\`*_\[\]|~#])", r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def markdown(table: LaidOut) -> str:
    """A table in GitHub's Markdown and its notes below."""
    if not table.groups:
        return "No rows.\n"
    columns, letters = zip(*_lines(table), strict=True), _letters(table)
    lines = [
        f"| {' | '.join(map(escape_markdown, (table.corner, *table.heads)))} |",
        f"|{'|'.join('---:' if _numeric(texts) else '---' for texts in columns)}|",
    ]
    rows = chain.from_iterable(group.rows for group in table.groups)
    for row, texts in zip(rows, _lines(table), strict=True):
        first, *others = map(escape_markdown, texts)
        mark = f"<sup>{letters[row.note]}</sup>" if row.note else ""
        lines.append(f"| {' | '.join([first + mark, *others])} |")
    for note, letter in letters.items():
        lines += ["", f"<sup>{letter}</sup> {escape_markdown(note)}"]
    return "\n".join([*lines, ""])


# --- macros ----------------------------------------------------------------------------------------------------------


def camel(text: str) -> str:
    """Letters only: words with a capital, digits in words; all else is left out."""
    words = re.findall(r"[A-Za-z]+|[0-9]", text)
    return "".join(_WORDS[int(word)] if word.isdigit() else word[0].upper() + word[1:] for word in words)


def macros(rows: Rows, table: Table) -> Iterator[tuple[str, str]]:
    """The macros of a table and their numbers, row by row; claims have one for each run, or, unjudged, for none."""
    keys = [*_KEYS, *table.keys]
    for row in rows:
        key = row["run"] or f"published {row['method']}"
        key += "".join(f" {k if k in _LABELLED else ''} {row[k]}" for k in keys[1:] if row.get(k))
        for name, text in row.items():
            if name not in keys and NUMBER.fullmatch(text):
                shown = table.columns.get(name, Column()).printed(text)
                yield f"vid{camel(table.name)}{camel(key)}{camel(name)}", shown


def macro_file(tables: Mapping[str, Rows]) -> str:
    """All macros of all tables, by name; the tables follow each other by theirs.

    Raises:
        InputError: two have one name.
    """
    lines = [
        r"% Every number of the tables by a name: \vid, the table, the row (its run, or Published and the method;",
        "% motion; views; protocol; claim; indicator; stage and place) and the column, with digits in words.",
        "% Made by `vid3d tables`; do not edit.",
    ]
    seen: set[str] = set()
    for table in sorted(tables):
        lines += ["", f"% {table}.csv"]
        for name, text in macros(tables[table], TABLES[table]):
            if name in seen:
                raise InputError(f"{table}.csv: two numbers would be \\{name}; rename a run so that letters differ")
            seen.add(name)
            shown = text.replace("-", r"\ensuremath{-}")
            lines.append(f"\\newcommand{{\\{name}}}{{{shown}}}")
    return "\n".join([*lines, ""])
