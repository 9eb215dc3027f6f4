"""A fit by the C++ core is the same on 64-bit Arm, emulated, as on the processor of this machine."""

import re
from pathlib import Path

import pytest

from tests.processors import core, page

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(bool(core.ARM.missing()), reason=core.ARM.missing())
def test_a_fit_on_arm_is_the_same():
    here = next(processor for processor in core.PROCESSORS if not processor.missing())
    assert core.difference(core.numbers(here), core.numbers(core.ARM)) == (0, 0.0)


def test_a_difference_is_seen():
    assert core.difference({"loss 0": 1.0, "loss 1": 2.0}, {"loss 0": 1.0, "loss 1": 2.5}) == (1, 0.5)
    assert core.difference({"loss 0": 1.0}, {"loss 1": 1.0}) == (2, float("inf"))


def test_the_programs_are_compiled_as_the_module_is():
    built = (ROOT / "CMakeLists.txt").read_text()
    assert f"CMAKE_CXX_STANDARD {core.FLAGS[0].removeprefix('-std=c++')})" in built
    assert re.search(r"PRIVATE (-O3 .+) \$\{ARGN\}", built)[1].split() == list(core.FLAGS[1:])
    assert "add_splatting_module(_avx2 -mavx2)" in built


def test_a_part_of_the_page_is_replaced_and_no_other(tmp_path):
    place = tmp_path / "page.md"
    place.write_text(f"before\n{page.mark('core')}\nold\n{page.END}\nbetween\n{page.mark('sweep')}\nkept\n{page.END}\n")
    page.write("core", ["new"], place)
    assert place.read_text().split() == (
        f"before {page.mark('core')} new {page.END} between {page.mark('sweep')} kept {page.END}".split()
    )
    with pytest.raises(ValueError, match="has no"):
        page.write("other", [], place)
