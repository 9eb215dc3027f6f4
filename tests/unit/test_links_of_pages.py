"""Links of README and docs: each leads to a file of the repository, and to a heading of it where it names one."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in (".", "config", "docs", "docs/results", "weights/mini-*")
    for path in ROOT.glob(f"{folder}/*.md")
)
_LINK = re.compile(r"\]\(([^()\s]+)\)|^\[[^\]\n]+\]: (\S+)", re.MULTILINE)
_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")


def links(text: str) -> list[str]:
    """Where a page leads to in the repository: files, from its own folder, with headings after ``#``."""
    found = [inline or defined for inline, defined in _LINK.findall(_CODE.sub("", _BLOCK.sub("", text)))]
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def headings(text: str) -> list[str]:
    """The names by which GitHub links a page's headings; of several alike the later ones have numbers."""
    found: list[str] = []
    for heading in re.findall(r"^#+ (.+)$", _BLOCK.sub("", text), re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        earlier = sum(re.fullmatch(rf"{re.escape(name)}(-\d+)?", other) is not None for other in found)
        found.append(f"{name}-{earlier}" if earlier else name)
    return found


def broken(page: str, root: Path) -> Iterator[str]:
    """The links of a page that lead nowhere."""
    path = root / page
    for link in links(path.read_text(encoding="utf-8")):
        name, _, heading = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (
            heading and target.suffix == ".md" and heading not in headings(target.read_text(encoding="utf-8"))
        ):
            yield f"{page}: {link}"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    assert not list(broken(page, ROOT))


def test_every_page_can_be_reached_from_the_readme():
    reached, open_ones = {"README.md"}, ["README.md"]
    while open_ones:
        path = ROOT / open_ones.pop()
        for link in links(path.read_text(encoding="utf-8")):
            target = (path.parent / link.partition("#")[0]).resolve()
            name = target.relative_to(ROOT).as_posix()
            if name in PAGES and name not in reached:
                reached.add(name)
                open_ones.append(name)
    assert sorted({*PAGES} - reached) == [], "no page that is reached leads to these"


PAGE = """# One `page` of (two)

## Again, and

## Again and

![a picture](there.png) and [a file](there.png), [above](#one-page-of-two), [below](#again-and-1), [other][n-other].
`[code](nowhere.md)`, [elsewhere](https://example.org/nowhere)

[n-other]: there.csv#rows "share .0% where stage=views"
"""


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    for name in ("there.png", "there.csv"):
        (tmp_path / name).touch()
    (tmp_path / "page.md").write_text(PAGE)
    assert list(broken("page.md", tmp_path)) == []
    for old, new in (("(there.png)", "(nowhere.png)"), ("there.csv", "nowhere.csv"), ("and-1)", "and-2)")):
        (tmp_path / "page.md").write_text(PAGE.replace(old, new))
        assert len(set(broken("page.md", tmp_path))) == 1, new
