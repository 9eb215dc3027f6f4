"""Numbers of results in README and docs: written by ``docs/results/in_pages.py``, none typed."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPECIFICATION = importlib.util.spec_from_file_location("numbers_of_pages", ROOT / "docs/results/in_pages.py")
numbers = importlib.util.module_from_spec(SPECIFICATION)
SPECIFICATION.loader.exec_module(numbers)
RESULTS = {page: ROOT / page for page in numbers.RESULTS}


@pytest.mark.parametrize("page", RESULTS)
def test_numbers_are_those_of_the_results(page):
    text = RESULTS[page].read_text(encoding="utf-8")
    assert numbers.written(text, RESULTS[page].parent) == text, "run python docs/results/in_pages.py"


@pytest.mark.parametrize("page", RESULTS)
def test_no_number_of_a_result_is_typed(page):
    assert numbers.typed(page, RESULTS[page].read_text(encoding="utf-8")) == []


def test_every_page_tells_results_or_says_what_its_numbers_are():
    pages = {
        path.relative_to(ROOT).as_posix() for folder in (".", "docs", "config") for path in ROOT.glob(f"{folder}/*.md")
    }
    assert pages == numbers.RESULTS.keys() | numbers.OTHERS.keys()
    assert not numbers.RESULTS.keys() & numbers.OTHERS.keys()


@pytest.mark.parametrize("page", [page for page, sections in numbers.RESULTS.items() if sections])
def test_sections_that_tell_results_are_there(page):
    headings = set(re.findall(r"^#+ (.+)$", RESULTS[page].read_text(encoding="utf-8"), re.MULTILINE))
    assert set(numbers.RESULTS[page]) <= headings


PAGE = """Of `mini`, {number} was lost [as before][n-share], at 5 % (section 12.5, https://example.org/1.5, `0.5`).

[n-share]: shares.csv "share .0% where stage=views protocol=self"
"""


def test_a_number_is_written_and_a_typed_one_found(tmp_path):
    (tmp_path / "shares.csv").write_text("stage,protocol,share\nviews,self,0.8149\nviews,source,0.3\nseed,self,-0.1\n")
    text = numbers.written(PAGE.format(number="much"), tmp_path)
    assert "[81 %][n-share]" in text
    assert numbers.typed("docs/statistics.md", text) == []
    for typed in ("0.81", "81 %", "81%", "-0.4", "7 dB", "7.25 dB", "+0.5"):
        assert numbers.typed("docs/statistics.md", text.replace("much", typed)) == [typed]
    block = "<!-- answer: written by a command -->\n0.81\n<!-- end of answer -->"
    assert numbers.typed("docs/statistics.md", text.replace("much", block)) == []
    with pytest.raises(ValueError, match="2 rows have"):
        numbers.value("shares.csv", "share", tmp_path, stage="views")


def test_keys_lead_into_json_and_yaml(tmp_path):
    (tmp_path / "a.json").write_text('{"of": {"rows": [{"views": 3, "psnr": -20.96}, {"views": 9, "psnr": 22.0}]}}')
    (tmp_path / "b.yaml").write_text("metric: {span: 0.5}\ntables: {1: {value: 0.9}}\n")
    assert numbers.shown(numbers.value("a.json#of.rows", "psnr", tmp_path, views=3), ".1f") == "\N{MINUS SIGN}21.0"
    assert numbers.value("b.yaml#metric", "span", tmp_path) == 0.5
    assert numbers.value("b.yaml#tables.1", "value", tmp_path) == 0.9
