"""The section on the experiment: what is committed, or one line; and the experiment's page in the repository."""

import importlib.util
import json
import re
import shutil
from pathlib import Path

import pytest

from vid3d.errors import InputError
from vid3d.report import modelling_time
from vid3d.report.templates import template
from vid3d.study import hypothesis

ROOT = Path(__file__).parents[3]
TEMPLATE = "page/modelling-time.html"


@pytest.fixture
def committed(made_up_result, tmp_path):
    """A repository's folder with a result."""
    shutil.copytree(made_up_result, tmp_path / hypothesis.COMMITTED)
    (tmp_path / "reports").symlink_to(ROOT / "reports")
    return tmp_path


def shown(root):
    """The section's HTML, and the report's folder."""
    section = modelling_time.section(root, root / "report")
    return template(TEMPLATE, root).render(experiment=section, filmed=[]), root / "report"


def test_before_it_was_run_in_full_one_line_says_so(committed):
    (committed / hypothesis.COMMITTED / "verdicts.json").unlink()  # outcomes of some cells are kept
    page, folder = shown(committed)
    assert re.sub(r"\s+", " ", re.sub("<.*?>", "", page)).strip() == (
        "Does modelling time in 3D help? The experiment that asks this with everything else equal (docs/hypothesis.md) "
        "has not been run in full."
    )
    assert not folder.exists()
    assert hypothesis.committed(committed) == []


def test_the_committed_result_is_shown_with_its_commits(committed):
    page, folder = shown(committed)
    said = re.sub(r"\s+", " ", re.sub("<.*?>", "", page))
    assert "Not for fidelity, but for steadiness in time" in said
    assert "2 cells measured at commit 111111111111, analysed at " in said
    for file in re.findall(r'(?:src|href)="([^"#]+)"', page):
        assert (folder / file).is_file(), file
    assert page.count("<video") == 2
    verdicts = json.loads((committed / hypothesis.COMMITTED / "verdicts.json").read_text())
    assert all(control["name"] in page for control in verdicts["controls"])
    assert len(re.findall("<tr[ >]", page)) > len((folder / "hypothesis/table4.csv").read_text().splitlines())
    named = {Path(path).name for path in hypothesis.committed(committed)}
    assert {"verdicts.json", "table4.csv", "figure11.csv", "figure11.svg", "figure-blue.mp4"} <= named
    assert "first.csv" not in named


@pytest.mark.parametrize("lost", ["table4.csv", "figure11.svg"])
def test_a_result_that_lacks_a_file_is_refused(committed, lost):
    (committed / hypothesis.COMMITTED / lost).unlink()
    with pytest.raises(InputError, match=lost):
        shown(committed)


def test_verdicts_that_are_not_understood_are_refused_with_the_cure(committed):
    (committed / hypothesis.COMMITTED / "verdicts.json").write_text('{"verdicts": {"H1": "perhaps"}}')
    with pytest.raises(InputError, match=r"verdicts.json: lacks .*; make it anew with `make hypothesis`"):
        shown(committed)


def test_the_page_in_the_repository_has_all_of_it(committed, monkeypatch):
    specification = importlib.util.spec_from_file_location("experiment_page", ROOT / "docs/results/hypothesis.py")
    collected = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(collected)
    monkeypatch.setattr(collected, "ROOT", committed)
    page = collected.page(committed / hypothesis.COMMITTED)
    assert page.startswith("# Does modelling time in 3D help?\n\n**Not for fidelity, but for steadiness in time")
    for target in re.findall(r"\]\(((?!\.\.)[^)]+)\)", page):
        assert (committed / "docs/results" / target).is_file(), target
    for heading in (
        "Verdicts",
        "Controls",
        "Tests behind the verdicts",
        "Convergence",
        "Table 4",
        "Figure 11",
        "Films",
    ):
        assert f"\n## {heading}\n" in page
    (row,) = [
        line for line in page.splitlines() if line.startswith("| mini, motion 120: low-rank, budget 4, 24 objects |")
    ]
    assert "| 0.61 " in row
    assert "Against the registration: Commit " in page or "The verdicts carry no commit" in page
