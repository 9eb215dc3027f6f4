"""docs/summary.md: what docs/results/summary.py makes of the committed results, whichever there are."""

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READ = ("*.json", "*.csv")  # of docs/results, the files that pages are made from


@pytest.fixture
def summary(monkeypatch):
    """The module, which finds in_pages beside itself as a script does."""
    monkeypatch.syspath_prepend(str(ROOT / "docs/results"))
    specification = importlib.util.spec_from_file_location("summary_page", ROOT / "docs/results/summary.py")
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, "summary_page", module)  # where dataclasses look for it
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def copied(tmp_path):
    """A folder with all that the page is made from."""
    for folder in ("reports", "benchmark", "weights"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    for pattern in READ:
        for path in (ROOT / "docs/results").rglob(pattern):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return tmp_path


def replaced(path, old, new):
    """A file with a text replaced that it has."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_page_is_that_of_the_committed_results(summary):
    page = (ROOT / summary.PAGE).read_text(encoding="utf-8")
    assert page == summary.page(ROOT), "run python docs/results/summary.py"


SENTENCE = "Going from 9 views to 3 costs more than going from 18 to 9."


def claims(run: str, script: str, text: str) -> str:
    """A table in which a claim has these outcomes by the two definitions, and another one is in other words."""
    header = "claim,sentence,published,here,run,protocol,margin,note"
    rows = [
        f"later-drop-is-larger,{SENTENCE},holds,{script},{run},self_reference,,",
        f"later-drop-is-larger,{SENTENCE},holds,{text},{run},source_reference,,",
        f"motion-160-loses,In other words.,holds,holds,{run},self_reference,,",
        f"motion-160-loses,In other words.,holds,not testable here,{run},source_reference,,",
    ]
    return "\n".join([header, *rows]) + "\n"


def test_verdicts_are_those_of_the_tables(summary, copied):
    """In small as directions, at paper scale as verdicts; and of a claim in other words none."""
    shutil.rmtree(copied / "docs/results/ruler", ignore_errors=True)
    for run, outcomes in (("mini", ("holds", "fails")), ("full", ("inconclusive", "fails"))):
        (copied / f"docs/results/{run}").mkdir(exist_ok=True)
        (copied / f"docs/results/{run}/claims.csv").write_text(claims(run, *outcomes))
    page = summary.page(copied)
    assert f"| {SENTENCE} | holds | inconclusive | fails | same direction | opposite |" in page
    assert "- `mini`, of 2 claims; script: 2 same direction; text: 1 opposite, 1 not testable here\n" in page
    assert "both decide 1 claims, and 1 of them one way each" in page
    assert "A motion score of 160 scores lower" not in page
    assert "`motion-160-loses`" in page  # among those that no run tests
    assert "No number of the paper was measured again" not in page
    assert "- `ruler`: not run yet: `snakemake --cores all ruler`\n" in page


def test_a_changed_number_is_noticed(summary, copied):
    before = summary.page(copied)
    row = next(line for line in summary.in_pages.rows_of("docs/results/authors/pairs.csv", copied))
    assert row["indicator"] == "flicker"
    replaced(copied / "docs/results/authors/pairs.csv", f"{row['side']},{row['ratio']}", f"{row['side']},0.71")
    after = summary.page(copied)
    assert "[0.7][n-" not in before
    assert "[0.7][n-" in after
    assert "In 3 of 4 pairs the side camera flickers more" in after


def test_without_results_their_commands_are_named(summary, copied):
    shutil.rmtree(copied / "docs/results")
    page = summary.page(copied)
    for _, _, command in summary.RESULTS.values():
        assert f"not run yet: `{command}`" in page or f"| not run yet | `{command}` |" in page
    assert "](results/" not in page
    assert "]: results/" not in page


def test_the_experiment_is_answered_by_its_verdicts(summary, copied, made_up_result):
    folder = copied / "docs/results/hypothesis"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made_up_result / "cells", folder / "cells")
    assert "not run yet: `make hypothesis` (2 cells are done)" in summary.page(copied)
    shutil.copy(made_up_result / "verdicts.json", folder)
    page = summary.page(copied)
    said = summary.answer(summary.load_json(folder / "verdicts.json"), copied)
    assert all(sentence in page for sentence in (said.headline, *said.findings))
    assert "`make hypothesis` (" not in page
    assert summary.in_pages.typed(summary.PAGE, page) == []


def test_what_was_made_with_changed_files_says_so(summary, copied):
    made = {"command": "make it", "commit": "1" * 40, "clean": False, "collected": "2026-01-02"}
    (copied / "docs/results/authors/stamp.json").write_text(json.dumps(made))
    assert f"| `{'1' * 12}` with uncommitted changes, 2026-01-02 | `make it` |" in summary.page(copied)
