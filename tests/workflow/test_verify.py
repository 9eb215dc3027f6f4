"""A finished study is verified: every damaged file and every changed number is found, and none that is well."""

import csv
import json
import os
import runpy
from collections import Counter
from pathlib import Path

import pytest

from tests.workflow.conftest import ROOT
from vid3d import cli, journal
from vid3d.checking import cells, verdict
from vid3d.study import layout, table_list

TABLES = "results/reports/tiny/tables"
KINDS = {  # a file of every kind that jobs make
    "reference": "results/tiny/frog-green/reference.png",
    "foreground": "results/tiny/frog-green/reference-foreground.png",
    "subject": "results/tiny/frog-green/subject.json",
    "seed": "results/tiny/frog-green/motion-120/seed/frame-01.png",
    "views": "results/tiny/frog-green/motion-120/orbit/frame-00.png",
    "truth": "results/tiny/frog-green/motion-120/held-out/frame-01.png",
    "splats": "results/tiny/frog-green/motion-120/views-3/splats/frame-01.ply",
    "loss curve": "results/tiny/frog-green/motion-120/views-18/splats/frame-00-fit.json",
    "render": "results/tiny/frog-green/motion-120/views-3/renders/frame-00.png",
    "video": "results/tiny/frog-green/motion-120/views-3/renders/camera-07.mp4",
    "embeddings": "results/tiny/frog-green/motion-120/views-3/embeddings.npz",
    "stages": "results/tiny/frog-green/motion-120/stages.npz",
    "scores": "results/tiny/frog-green/motion-120/views-3/scores.csv",
    "sidecar": "results/tiny/frog-green/motion-120/views-3/scores.json",
    "held-out": "results/tiny/frog-green/motion-120/views-3/held-out.csv",
    "indicators": "results/tiny/frog-green/motion-120/views-3/indicators.csv",
    "table": f"{TABLES}/table1.csv",
    "LaTeX": f"{TABLES}/table1.tex",
    "Markdown": f"{TABLES}/table1.md",
    "macros": f"{TABLES}/macros.tex",
    "figure": "results/reports/tiny/figures/figure2.svg",
    "print": "results/reports/tiny/figures/figure2.pdf",
    "picture": "results/reports/tiny/figures/figure2.webp",
    "captions": "results/reports/tiny/figures/figures.json",
    "page": "results/reports/tiny/index.html",
}


@pytest.fixture(scope="module")
def folder(_finished):
    """The finished study; tests put back what they spoil."""
    return _finished.folder


@pytest.fixture
def vid3d(folder, monkeypatch, capsys):
    """Run the command in the study; its exit code and what it printed."""

    def run(*words):
        monkeypatch.chdir(folder)
        monkeypatch.setattr("sys.argv", ["vid3d", *words, "--report", "tiny"])
        try:
            cli.main()
        except SystemExit as stop:
            return stop.code, "".join(capsys.readouterr())
        return 0, "".join(capsys.readouterr())

    return run


class Spoilt:
    """A file with other content, and the old date, for a block."""

    def __init__(self, path, change):
        self.path, self.change = path, change

    def __enter__(self):
        self.content, self.times = self.path.read_bytes(), self.path.stat()
        self.put(self.change(self.content))

    def __exit__(self, *error):
        self.put(self.content)

    def put(self, content):
        self.path.write_bytes(content)
        os.utime(self.path, ns=(self.times.st_atime_ns, self.times.st_mtime_ns))


def flipped(content):
    """One bit of the middle."""
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def made(folder):
    """All files in results/ but the records and what they cannot be of: the memory of checksums from outside."""
    found = {path.relative_to(folder).as_posix() for path in (folder / "results").rglob("*") if path.is_file()}
    return {path for path in found if not path.startswith(journal.RECORDS)} - {layout.CONTENTS}


def test_every_file_of_a_study_has_a_record_and_is_as_it_was_made(folder):
    found = verdict.verify("tiny", folder, None, 0.0)
    assert found.wrong == []
    assert found.files.unrecorded == []
    assert set(found.files.paths) == made(folder)
    assert found.against is None


def test_kinds_are_complete(folder):
    """Of what stages make, by folder and form; a report has more of a kind than is flipped here."""

    def kinds(paths):
        stages = ("seed", "orbit", "held-out", "splats", "renders")
        parts = [(Path(path).parent.name, Path(path).suffix) for path in paths if "/reports/" not in path]
        return {(folder if folder in stages else "", suffix) for folder, suffix in parts}

    assert kinds(made(folder)) == kinds(KINDS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_one_flipped_bit_is_found(folder, kind):
    with Spoilt(folder / KINDS[kind], flipped):
        (found,) = verdict.verify("tiny", folder, None, 0.0).files.findings
    assert found.startswith(f"{KINDS[kind]}: is not as vid3d ")
    assert found.endswith(f"make it anew: snakemake --cores all --force {KINDS[kind]}")


def test_a_missing_file_and_one_made_of_another_are_found(folder):
    path = folder / KINDS["splats"]
    place = folder / journal.RECORDS / path.relative_to(folder / "results").with_name("frame-01-fit.json.json")

    def of_other_views(content):
        record = json.loads(content)
        record["reads"] = dict.fromkeys(record["reads"], "0" * 64)
        return json.dumps(record).encode()

    with Spoilt(place, of_other_views):
        findings = verdict.verify("tiny", folder, None, 0.0).files.findings
    views = "results/tiny/frog-green/motion-120/orbit/frame-01.png"
    assert f"{KINDS['splats']}: was made of another {views} than is there now" in " ".join(findings)
    path.rename(path.with_suffix(".gone"))
    try:
        findings = verdict.verify("tiny", folder, None, 0.0).files.findings
    finally:
        path.with_suffix(".gone").rename(path)
    assert findings == [f"{KINDS['splats']}: is missing; {journal.anew(KINDS['splats'])}"]


def changed_digit(text):
    """Another last digit of the last number with a point; None where there is none."""
    rows = [row[:] for row in csv.reader(text.splitlines())]
    for row in reversed(rows[1:]):
        for column, cell in enumerate(row):
            if cell.replace(".", "").removeprefix("-").isdigit() and "." in cell:
                row[column] = cell[:-1] + str((int(cell[-1]) + 1) % 10)
                return "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows) + "\n"
    return None


def test_a_changed_digit_is_found_in_every_table(folder, tmp_path):
    changed = []
    for path in sorted((folder / TABLES).glob("*.csv")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
        other = changed_digit(path.read_text())
        if other is not None:
            changed.append(path.stem)
            (tmp_path / path.name).write_text(other)
    compared = cells.compare(folder / TABLES, tmp_path, 0.0)
    assert sorted(cell.table for cell in compared if cell.verdict == "different") == changed
    near = cells.compare(folder / TABLES, tmp_path, cells.TOLERANCE)
    assert {cell.verdict for cell in near} == {"identical", "within"}
    with_rows = [path.stem for path in (folder / TABLES).glob("*.csv") if len(path.read_text().splitlines()) > 1]
    assert changed == sorted(with_rows)


def test_expected_values_are_written_compared_and_differ_by_the_exit_code(folder, vid3d):
    code, said = vid3d("verify", "--expect")
    assert code == 0, said
    code, said = vid3d("verify")
    assert code == 0, said
    assert ", 0 within 0.0005, 0 different" in said
    expected = folder / "benchmark/expected/tiny/table2.csv"
    expected.write_text(expected.read_text().replace("0.8532", "0.8542"))
    code, said = vid3d("verify")
    assert code == 2
    assert "table2, row 1, published: 0.853200, not 0.854200" in said
    assert "vid3d: report tiny: 1 number wrong; see the lines above" in said
    assert vid3d("verify", "--tolerance", "0.01")[0] == 0
    settings = folder / "benchmark/expected/tiny/study.json"
    settings.write_text(settings.read_text().replace('"iterations": 60', '"iterations": 61'))
    code, said = vid3d("verify")
    assert code == 0
    assert "not compared with benchmark/expected/tiny, which is of a study with other settings" in said


def test_the_demonstration_finds_what_it_breaks_and_leaves_the_study_alone(folder, vid3d):
    before = {path: (folder / path).stat().st_mtime_ns for path in made(folder)}
    code, said = vid3d("verify", "--demo")
    assert code == 0, said
    assert "Both were found." in said
    assert before == {path: (folder / path).stat().st_mtime_ns for path in made(folder)}


def test_a_study_from_before_there_were_records_is_verified_as_far_as_it_goes(finished):
    """Its files are read, and planned no job; the report, which is made anew in minutes, gets records."""
    for path in (finished.folder / journal.RECORDS / "tiny").rglob("*.json"):
        path.unlink()
    assert finished.planned() == {}
    found = verdict.verify("tiny", finished.folder, None, 0.0)
    assert found.wrong == []
    assert KINDS["splats"] in found.files.unrecorded
    assert KINDS["table"] not in found.files.unrecorded


def test_a_damaged_file_stops_the_stage_that_reads_it(finished):
    path = finished.folder / KINDS["splats"]
    content = path.read_bytes()
    path.write_bytes(flipped(content))
    done = finished.run("--", "results/tiny/frog-green/motion-120/views-3/scores.csv")
    assert done.returncode != 0
    assert f"vid3d: {KINDS['splats']}: is not as vid3d fit wrote it" in done.stdout
    assert journal.anew(KINDS["splats"]) in done.stdout
    done = finished.run("--force", "--", KINDS["splats"])  # as it says
    assert done.returncode == 0, done.stdout
    assert path.read_bytes() == content


@pytest.mark.parametrize("cell", ["1 published", "run=tiny self_reference"])
def test_a_number_is_traced_to_the_reference_images(folder, vid3d, tmp_path, cell):
    code, said = vid3d("trace", "table1", *cell.split(), "--json", str(tmp_path / "traced.json"))
    assert code == 0, said
    traced = json.loads((tmp_path / "traced.json").read_text())
    assert f" = {traced['value']}\n" in said
    files, jobs = traced["files"], traced["jobs"]
    assert all(file["sha256"] == journal.sha256(folder / path) for path, file in files.items())
    assert {path for file in files.values() for path in file["of"]} == set(files) - {f"{TABLES}/table1.csv"}
    if "run" in cell:
        assert Counter(job["command"] for job in jobs) == {
            "tables": 1,
            **dict.fromkeys(("score", "render", "fit", "views", "seed", "reference"), 2),
        }
        assert KINDS["reference"] in files
        assert KINDS["table"] in files
        assert all(job["seconds"] > 0 and job["machine"] for job in jobs)
    else:
        assert [job["command"] for job in jobs] == ["tables"]
        assert "benchmark/published/tables.yaml" in files


def test_the_page_of_traced_numbers_has_one_of_each_table(folder):
    """That of the documentation is of a report with other tables without rows."""
    write = runpy.run_path(str(ROOT / "docs/traced.py"))["page"]
    for page in (write("tiny", folder), (ROOT / "docs/traced.md").read_text(encoding="utf-8")):
        sections = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
        assert list(sections) == list(table_list.NAMES)
        traced = {name for name, text in sections.items() if "reference.png" in text and "\ncommit: " in text}
        untraced = {name for name, text in sections.items() if "This report has no number in it." in text}
        assert traced | untraced == set(table_list.NAMES)
        assert {"table1", "table2", "held-out", "protocols", "indicators", "attribution"} <= traced


def test_the_page_of_claims_says_what_each_verdict_took(folder):
    page = runpy.run_path(str(ROOT / "docs/artifact.py"))["page"]("tiny", folder, "--config", "images=a, b")
    assert "which `snakemake --cores all tiny --config 'images=a, b'` makes" in page
    with (folder / TABLES / "claims.csv").open(newline="") as stream:
        claims = list(csv.DictReader(stream))
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert [row[3] for row in rows] == [claim["here"] for claim in claims]
    for row in rows:
        jobs, minutes, size = row[4:7]
        decided = row[3] != "not testable here"
        # 1 of tables; 2 images: reference, seed, views, truth, stages, score; 4 clips: fit, render, held-out
        assert (jobs.strip() == "25") == decided
        where, command = row[7:9]
        assert (where == f"`{TABLES}/claims.csv`") == decided
        assert (command == f"`snakemake --cores all --config 'images=a, b' -- {TABLES}/claims.csv`") == decided
        assert not decided or (0 < float(minutes) < 60 and 1 < float(size) < 100)
