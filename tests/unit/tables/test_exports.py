"""LaTeX, Markdown and macros: the CSV's numbers, and texts that mean what they say."""

import csv
import re
from decimal import Decimal
from pathlib import Path

import pytest
import synthetic_study as synthetic

from vid3d import tables
from vid3d.errors import InputError
from vid3d.study import layout
from vid3d.tables import exports
from vid3d.tables.by_name import TABLES
from vid3d.tables.table import Column

NAMES = [Path(path).stem for path in layout.tables("small")]
COLUMNS = {name: column for table in TABLES.values() for name, column in table.columns.items()}
SPECIAL = r'50% of A_1 & B #2 {x} $y ~z ^w \cite <a|b> "c"'


def number(column, text):
    return COLUMNS.get(column, Column()).printed(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The tables of a synthetic study whose run has an awkward title."""
    root = tmp_path_factory.mktemp("exports")
    runs = {"truth": synthetic.RUN | {"title": SPECIAL}, "static-2": synthetic.STATIC | {"title": "Static"}}
    study = synthetic.build(root, runs, pictures=False)
    tables.write(study, "small", root)
    return root / "results/reports/small/tables"


def rows_of(folder, name):
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def write_csv(path, header, *rows):
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def test_every_table_is_exported(folder):
    written = {path.name for path in folder.iterdir()}
    columns = {f"table{number}-column.tex" for number in (1, 2, 3)}
    assert written == {f"{name}.{suffix}" for name in NAMES for suffix in ("csv", "tex", "md")} | columns | {
        "macros.tex"
    }
    expected = [*layout.tables("small"), *layout.exports("small")]
    assert {path.rsplit("/", 1)[-1] for path in expected} == written


def test_the_same_tables_give_the_same_bytes(folder, tmp_path):
    copies = []
    for name in NAMES:
        copies.append(tmp_path / f"{name}.csv")
        copies[-1].write_bytes((folder / f"{name}.csv").read_bytes())
    for path in exports.write(copies, tmp_path / "macros.tex"):
        assert path.read_bytes() == (folder / path.name).read_bytes()


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "text", "shown"),
    [
        ("source_reference", "0.894650", "0.8946"),  # half to even
        ("source_reference", "0.894750", "0.8948"),
        ("source_reference", "-0.063700", "-0.0637"),
        ("psnr_level", "31.946000", "31.95"),
        ("difference", "0.012300", "+0.0123"),
        ("difference", "-0.012300", "-0.0123"),
        ("motion", "120", "120"),
        ("images", "4 of the 24 procedural objects", "4 of the 24 procedural objects"),
        ("published", "", ""),
    ],
)
def test_numbers_are_rounded_as_said(column, text, shown):
    assert number(column, text) == shown


@pytest.mark.parametrize("name", ["table1", "table2", "table3", "held-out"])
def test_tables_hold_the_numbers_of_the_csv(folder, name):
    """Cell by cell, in the order of the columns that are not empty."""
    rows = rows_of(folder, name)
    hidden = {"method", "run", "kind", "note", "benchmark", "embedder", "n", "replicates"}  # n is that of images
    columns = [c for c in rows[0] if c not in hidden and any(row[c] for row in rows)]
    expected = [[number(c, row[c]) for c in columns] for row in rows]  # of two images there is no interval
    markdown = (folder / f"{name}.md").read_text(encoding="utf-8").splitlines()
    cells = [re.split(r"(?<!\\)\|", line)[2:-1] for line in markdown if line.startswith("| ")][1:]
    assert [[cell.strip() for cell in line] for line in cells] == expected
    latex = (folder / f"{name}.tex").read_text(encoding="utf-8")
    body = re.findall(r"^(?!\\multi)(.*) \\\\$", latex, re.M)[1:]
    shown = [re.split(r"(?<!\\) & ", line)[1:] for line in body]
    assert [[cell.replace("$-$", "-") for cell in line] for line in shown] == expected
    numbers = [Decimal(cell) for line in expected for cell in line if re.fullmatch(r"[+-]?\d+\.\d+", cell)]
    assert len(numbers) > 10


def test_tables_for_a_column_have_the_papers_value_in_our_row(folder):
    """Four columns at most, of numbers with as many digits as make sense; and every brace closed."""
    for number, row in ((1, None), (2, "9 views & 0.8879 & "), (3, "motion 160 & 0.8893 & ")):
        latex = (folder / f"table{number}-column.tex").read_text(encoding="utf-8")
        assert r"\begin{tabular}{@{}lrrr@{}}" in latex or r"\begin{tabular}{@{}p{0.25\linewidth}rrr@{}}" in latex
        assert latex.count("{") == latex.count("}")
        assert row is None or row in latex
        assert "Synthetic. Not comparable with published values" in latex


def test_protocols_are_laid_out_side_by_side_with_ranks(folder):
    rows = rows_of(folder, "protocols")
    markdown = (folder / "protocols.md").read_text(encoding="utf-8")
    assert markdown.count("\n| ") == 4 + 1  # conditions; the head is the first line
    for row in rows:
        assert f"{number('mean', row['mean'])} ({row['rank']})" in markdown


def test_columns_that_others_add_are_shown(tmp_path):
    path = write_csv(tmp_path / "table1.csv", ["method", "run", "new_column", "note"], ["A", "a", "0.123456", ""])
    exports.write([path], tmp_path / "macros.tex")
    assert path.with_suffix(".md").read_text().splitlines()[0] == "| Method | New column |"
    assert r"\newcommand{\vidTableOneANewColumn}{0.1235}" in (tmp_path / "macros.tex").read_text()


def test_intervals_stand_behind_their_numbers(tmp_path):
    head = ["method", "run", "psnr_level", "psnr_level_low", "psnr_level_high", "mean", "low", "high", "n", "note"]
    rows = [
        ["A", "a", "31.946", "30.004", "33.1", "0.5", "-0.25", "0.75", "4", ""],
        ["B", "b", "20", "", "", "0.1", "0.05", "", "4", ""],
    ]
    path = write_csv(tmp_path / "held-out.csv", head, *rows)
    exports.write([path], tmp_path / "macros.tex")
    assert path.with_suffix(".md").read_text().splitlines() == [
        "| Method | PSNR (dB) | Mean | n |",
        "|---|---:|---:|---:|",
        r"| A | 31.95 \[30.00, 33.10\] | 0.5000 \[-0.2500, 0.7500\] | 4 |",
        "| B | 20 | 0.1000 | 4 |",
    ]
    assert "0.5000 [$-$0.2500, 0.7500]" in path.with_suffix(".tex").read_text()
    assert r"\vidHeldOutALow}{\ensuremath{-}0.2500}" in (tmp_path / "macros.tex").read_text()


def test_claims_lead_with_published_paper_scale_and_this_report(folder):
    markdown = (folder / "claims.md").read_text(encoding="utf-8").splitlines()
    assert markdown[0].startswith("| Place | Sentence | Published | Paper scale | This report | Protocol |")
    assert any("No verdict: " in line for line in markdown if line.startswith("<sup>"))
    latex = (folder / "claims.tex").read_text(encoding="utf-8")
    assert r"p{0.25\linewidth}" in latex
    assert "First render, released" in latex


def test_indicators_and_stages_have_macros_by_name(folder):
    macros, _ = macros_of(folder / "macros.tex")
    rows = {(r["run"], r["motion"], r["views"], r["indicator"]): r for r in rows_of(folder, "indicators")}
    condition = "MotionOneTwoZeroViewsThree"
    expected = number("mean", rows["truth", "120", "3", "mass_between_views"]["mean"])
    assert macros[f"vidIndicatorsTruth{condition}MassBetweenViewsMean"] == expected
    assert "vidAttributionTruthMotionOneTwoZeroViewsOneEightViewsAroundLoss" in macros
    assert "vidClaimsTruthSelfReferenceMotionCostsLittlePublishedEstimate" in macros


# --- texts ------------------------------------------------------------------------------------------------------------


def test_special_characters_are_escaped_in_latex(folder):
    latex = (folder / "table1.tex").read_text(encoding="utf-8")
    escaped = (
        r"50\% of A\_1 \& B \#2 \{x\} \$y \textasciitilde{}z \textasciicircum{}w \textbackslash{}cite"
        r" \textless{}a\textbar{}b\textgreater{} ''c''"
    )
    assert exports.escape_latex(SPECIAL) == escaped
    assert escaped in latex
    for line in latex.splitlines()[1:]:  # after the comment
        plain = re.sub(r"\\[&%$#_{}]|\$-\$", "", line)
        assert not re.search(r"[%#~^_<>|\"]", plain), line
        assert plain.count("{") == plain.count("}"), line


def test_every_row_has_as_many_cells_as_the_head(folder):
    for path in sorted(folder.glob("*.tex")):
        text = path.read_text(encoding="utf-8")
        lines = re.findall(r"^(?!\\multi)(.*) \\\\$", text, re.M)
        assert len({len(re.split(r"(?<!\\)&", line)) for line in lines}) <= 1, path
        if lines:
            alignment = re.search(r"\\begin\{tabular\}\{@\{\}((?:l|r|p\{0\.25\\linewidth\})+)@\{\}\}", text)
            assert len(re.sub(r"\{[^}]*\}", "", alignment[1])) == len(re.split(r"(?<!\\)&", lines[0]))
            assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1


def test_special_characters_are_escaped_in_markdown(folder):
    markdown = (folder / "table1.md").read_text(encoding="utf-8")
    assert r"50% of A\_1 &amp; B \#2 {x} $y \~z ^w \\cite &lt;a\|b&gt;" in markdown
    widths = {len(re.split(r"(?<!\\)\|", line)) for line in markdown.splitlines() if line.startswith("|")}
    assert len(widths) == 1


def test_a_row_that_begins_with_a_bracket_is_no_argument_of_the_row_before(tmp_path):
    path = write_csv(tmp_path / "table1.csv", ["method", "run", "note"], ["[A]", "a", ""], ["*", "b", ""])
    exports.write([path], tmp_path / "macros.tex")
    assert "\n{}[A] \\\\\n{}* \\\\\n" in path.with_suffix(".tex").read_text()


def test_notes_and_stamps_stand_below_with_their_letters(folder):
    rows = rows_of(folder, "table1")
    notes = list(dict.fromkeys(row["note"] for row in rows if row["note"]))
    assert any("Synthetic." in note for note in notes)
    assert len(notes) == 2  # of quoted methods, and of what is measured
    markdown = (folder / "table1.md").read_text(encoding="utf-8")
    for letter, note in zip("ab", notes, strict=True):
        marked = sum(row["note"] == note for row in rows)
        assert markdown.count(f"<sup>{letter}</sup>") == marked + 1  # the rows, and the note itself
        assert f"<sup>{letter}</sup> {exports.escape_markdown(note)}" in markdown


def test_a_table_without_rows_can_still_be_read(tmp_path):
    path = write_csv(tmp_path / "held-out.csv", ["method", "run", "psnr_level", "note"])
    exports.write([path], tmp_path / "macros.tex")
    assert path.with_suffix(".md").read_text() == "No rows.\n"
    latex = path.with_suffix(".tex").read_text()
    assert all(line.startswith("%") for line in latex.splitlines())


# --- macros -----------------------------------------------------------------------------------------------------------


def macros_of(path):
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("%")]
    matched = [re.fullmatch(r"\\newcommand\{\\([A-Za-z]+)\}\{(.+)\}", line) for line in lines]
    assert all(matched)
    return {m[1]: m[2].replace(r"\ensuremath{-}", "-") for m in matched if m}, len(lines)


def test_every_number_of_every_table_is_a_macro_by_letters_only(folder):
    macros, lines = macros_of(folder / "macros.tex")
    assert len(macros) == lines  # no name twice
    keys = {"run", "motion", "views", "protocol", "place"}
    count = 0
    for name in NAMES:
        for row in rows_of(folder, name):
            count += sum(bool(re.fullmatch(r"-?\d+(\.\d+)?", v)) for c, v in row.items() if c not in keys)
    assert lines == count


def test_macros_say_which_number_they_are(folder):
    macros, _ = macros_of(folder / "macros.tex")
    second = {(row["run"], row["views"]): row for row in rows_of(folder, "table2")}
    protocols = {(r["run"], r["views"], r["motion"], r["protocol"]): r for r in rows_of(folder, "protocols")}
    held_out = {(row["run"], row["views"], row["motion"]): row for row in rows_of(folder, "held-out")}

    def near(name, text, digits):
        assert abs(Decimal(macros[name]) - Decimal(text)) <= Decimal(5).scaleb(-digits - 1), name

    near("vidTableTwoTruthMotionOneTwoZeroViewsNineSourceReference", second["truth", "9"]["source_reference"], 4)
    near("vidHeldOutTruthMotionOneSixZeroViewsOneEightPsnrLevel", held_out["truth", "18", "160"]["psnr_level"], 2)
    row = protocols["static-2", "18", "120", "self_reference_once"]
    name = "vidProtocolsStaticTwoMotionOneTwoZeroViewsOneEightSelfReferenceOnce"
    near(f"{name}Mean", row["mean"], 4)
    assert macros[f"{name}Rank"] == row["rank"]
    assert macros["vidTableOnePublishedDreamGaussianFourDPublished"] == "0.9227"


def test_negative_numbers_and_digits_in_names(tmp_path):
    path = write_csv(tmp_path / "table3.csv", ["method", "run", "self_reference", "note"], ["B", "run-4d", "-0.5", ""])
    exports.write([path], tmp_path / "macros.tex")
    assert (
        r"\newcommand{\vidTableThreeRunFourDSelfReference}{\ensuremath{-}0.5000}"
        in (tmp_path / "macros.tex").read_text()
    )
    assert "$-$0.5000" in path.with_suffix(".tex").read_text()


def test_two_numbers_of_one_name_are_refused(tmp_path):
    rows = [["A", "a-b", "0.5", ""], ["B", "aB", "0.6", ""]]
    path = write_csv(tmp_path / "table1.csv", ["method", "run", "self_reference", "note"], *rows)
    with pytest.raises(InputError, match=r"table1\.csv: two numbers would be \\vidTableOneABSelfReference"):
        exports.write([path], tmp_path / "macros.tex")
    assert not (tmp_path / "macros.tex").exists()


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(InputError, match=r"table1\.csv: cannot be read"):
        exports.write([tmp_path / "table1.csv"], tmp_path / "macros.tex")
