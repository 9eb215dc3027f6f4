"""What a report says in eight lines, and the page that is meant where none is named."""

import os

import pytest

from vid3d.checking import result
from vid3d.checking.files import Examined
from vid3d.checking.verdict import Verified
from vid3d.commands import open as opening
from vid3d.errors import InputError

TABLE1 = """run,kind,method,source_reference,source_reference_low,source_reference_high,self_reference,\
self_reference_low,self_reference_high,published
,published,Animate124,,,,,,,0.8544
,published,Vid3D,,,,,,,0.8946
quick,run,Small,0.46,0.389,0.525,0.885,,,
blank,control,White,0.1,,,1.0,,,
"""
CLAIMS = """claim,run,protocol,here,sentence,n,estimate,low,high,note
a,quick,self_reference,inconclusive,A.,8,0.1,-0.1,0.3,Mini.
b,quick,self_reference,not testable here,B.,8,,,,Mini.
a,quick,source_reference,holds,A.,8,0.2,0.1,0.3,Mini.
b,quick,source_reference,not testable here,B.,8,,,,Mini.
"""
SUBSTITUTION = "run,protocol,stage,loss,loss_low,loss_high,note\n"


@pytest.fixture
def study(tmp_path):
    """A folder with two reports' tables and pages; that of `quick` was written last."""
    for age, name in ((2, "quick"), (1, "truth"), (0, "authors")):
        tables = tmp_path / f"results/reports/{name}/tables"
        tables.mkdir(parents=True)
        page = tables.parent / "index.html"
        page.touch()
        os.utime(page, (100 + age if name != "authors" else 999,) * 2)
        if name != "authors":  # a page of no report
            for table, text in (("table1", TABLE1), ("claims", CLAIMS), ("substitution", SUBSTITUTION)):
                (tables / f"{table}.csv").write_text(text)
    return tmp_path


def test_eight_lines_say_what_was_found_and_whether_it_is_right(study):
    verified = Verified("quick", Examined(paths=["a", "b"]))
    finding, table1, ours, script, files, numbers, page, how = result.lines("quick", study, verified)
    assert finding == (
        "finding   Of 2 claims 1 holds here by the paper's definition of CLIP-I: "
        "“A”: holds, +0.200 (+0.100 to +0.300). (Mini)"
    )
    assert table1 == (
        "Table 1   quick: 0.460 (0.389 to 0.525) by the paper's definition, 0.885 by the released script's definition; "
        "paper 0.8946"
    )
    assert {ours, script} == {
        "verdicts  paper's definition: holds 1, not testable here 1",
        "verdicts  released script's definition: inconclusive 1, not testable here 1",
    }
    assert files == "files     2 files, 2 as they were made"
    assert numbers == "numbers   no expected values of report quick; vid3d verify --expect writes them"
    assert page == f"page      {(study / 'results/reports/quick/index.html').as_uri()}"
    assert "make open" in how


def test_what_is_wrong_is_said(study):
    verified = Verified("quick", Examined(paths=["a", "b"], findings=["a: is not as it was made"]))
    assert "files     2 files, 1 as they were made" in list(result.lines("quick", study, verified))


def test_the_report_that_was_written_last_is_meant(study):
    assert result.latest(study) == "quick"
    os.utime(study / "results/reports/truth/index.html", (500, 500))
    assert result.latest(study) == "truth"


def test_no_report_is_refused_with_the_way_to_one(tmp_path):
    with pytest.raises(InputError, match="no report was made yet"):
        result.latest(tmp_path)


def test_a_machine_without_a_screen_is_told_where_the_page_is(study, monkeypatch, capsys):
    monkeypatch.chdir(study)
    monkeypatch.setattr("sys.platform", "linux")
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("subprocess.run", lambda *given, **more: pytest.fail("there is nothing to open it on"))
    opening.run()
    assert capsys.readouterr().out == f"{(study / 'results/reports/quick/index.html').as_uri()}\n"
    with pytest.raises(InputError, match=r"nothing/index\.html: was not made yet"):
        opening.run(report="nothing")


def test_a_machine_with_a_screen_opens_it(study, monkeypatch):
    opened = []
    monkeypatch.chdir(study)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("subprocess.run", lambda words, **more: opened.append([str(word) for word in words]))
    opening.run(report="truth")
    assert opened == [["xdg-open", "results/reports/truth/index.html"]]
