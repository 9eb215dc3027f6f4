"""docs/adding-a-table.md adds a table, and tables are found by their names, never by their places."""

import re

import pandas as pd
import pytest
import synthetic_report
import synthetic_study as synthetic

from vid3d import report, tables
from vid3d.report import explore
from vid3d.study import layout, table_list
from vid3d.tables import by_name, clip_i, exports, laid_out, table
from vid3d.tables.by_name import TABLES

DOCUMENT = synthetic.REPOSITORY / "docs/adding-a-table.md"


def use(monkeypatch, names, found):
    monkeypatch.setattr(table_list, "NAMES", tuple(names))
    for module in (by_name, exports, report, tables):
        monkeypatch.setattr(module, "TABLES", found)


def files_of_tables(name):
    return layout.tables(name) + layout.exports(name) + layout.table_pages(name)


def written(root):
    """Every file of the report of a synthetic study: its tables and its page."""
    study = synthetic_report.build(root, images=["frog"], frames=2)
    report.write(study, "small", root)
    folder = root / layout.REPORT.format(report="small")
    return {path.name: path.read_text(encoding="utf-8") for path in (*folder.glob("tables/*"), folder / "index.html")}


@pytest.fixture(scope="module")
def no_clips():
    """The page without its clips to turn, which take time and show no table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explore, "write", lambda *_: [])
        yield


@pytest.fixture(scope="module")
def as_listed(no_clips, tmp_path_factory):
    """The files with the tables as they are listed."""
    return written(tmp_path_factory.mktemp("tables"))


def test_every_name_has_a_table_and_a_caption():
    assert set(TABLES) == set(table_list.NAMES)
    assert len(set(table_list.NAMES)) == len(table_list.NAMES)
    assert set(TABLES) >= report.PLACED
    for name in table_list.NAMES:
        assert TABLES[name].name == name
        assert (synthetic.REPOSITORY / f"reports/captions/{name}.rst").is_file()


def test_the_order_of_tables_changes_no_file(as_listed, monkeypatch, tmp_path):
    use(monkeypatch, reversed(table_list.NAMES), dict(reversed(TABLES.items())))
    assert written(tmp_path) == as_listed


def test_the_documented_table_is_added_in_three_places(as_listed, monkeypatch, tmp_path):
    text = DOCUMENT.read_text(encoding="utf-8")
    steps = re.findall(r"^## \d\. .*?`([^`]+)`.*?\n\n```\w+\n(.*?)```", text, re.M | re.S)
    assert [place for place, _ in steps] == [
        "vid3d/study/table_list.py",
        "vid3d/tables/",
        "reports/captions/by-frame.rst",
    ]
    (_, name), (_, source), (_, caption) = steps
    assert len(caption.split()) > 5
    names = {**vars(clip_i), **vars(laid_out), **vars(table)}
    exec(compile(source, DOCUMENT, "exec"), names)
    added = names["BY_FRAME"]
    assert name.split('"')[1] == added.name == "by-frame"
    use(monkeypatch, [*table_list.NAMES, added.name], TABLES | {added.name: added})
    files = written(tmp_path)
    new = {f"by-frame.{suffix}" for suffix in ("csv", "tex", "md", "html")}
    assert set(files) - set(as_listed) == new
    assert {path.rsplit("/", 1)[1] for path in files_of_tables("small")} >= new
    for file, content in as_listed.items():
        if file not in ("macros.tex", "index.html"):
            assert files[file] == content
    by_frame = pd.read_csv(tmp_path / layout.TABLE.format(report="small", name="by-frame")).set_index(["run", "frame"])
    clip = layout.Condition("truth", "frog", 120, 18)
    for frame in (0, 1):
        mean = sum(synthetic.source_cosine(clip, frame, camera) for camera in range(10)) / 10
        assert by_frame.loc[("truth", frame), "score"] == pytest.approx(mean, abs=1e-6)
    shown = f"{by_frame.loc[('truth', 1), 'score']:.4f}"
    macro = r"\newcommand{\vidByFrameTruthMotionOneTwoZeroViewsOneEightOneScore}"
    assert f"{macro}{{{shown}}}" in files["macros.tex"]
    assert "CLIP-I frame by frame" in files["index.html"]
    assert files["index.html"].index("CLIP-I frame by frame") > files["index.html"].index('id="protocols"')
    assert "| CLIP-I |" in files["by-frame.md"]
