"""The reduced copy of a page: what is on it is there, what is not is not pointed to, and it keeps to its bound."""

import json
import re
import shutil

import pytest
import synthetic_report

from vid3d import report
from vid3d.errors import InputError
from vid3d.report import reduced, viewer
from vid3d.report.markup import parsed


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The folder of a page of five clips of each of two images."""
    root = tmp_path_factory.mktemp("reduced")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(viewer, "TURNTABLE", 32)
        patch.setattr(viewer, "TURNTABLE_IMAGES", 4)
        return report.write(synthetic_report.build(root, frames=1), "small", root).parent


@pytest.fixture
def copied(source, tmp_path):
    """The smallest copy: its folder, and its page as a tree."""
    smallest = next(limit for limit in range(100_000, 2_000_000, 20_000) if _fits(source, tmp_path / "page", limit))
    assert smallest < reduced.LIMIT
    return tmp_path / "page", parsed((tmp_path / "page/index.html").read_text(encoding="utf-8"))


def _fits(source, target, limit):
    try:
        return reduced.write(source, target, limit)
    except InputError:
        return False


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def addresses(tree):
    return {one.attributes[name] for one in tree.elements for name in ("src", "poster", "srcset", "href")
            if one.attributes.get(name)}  # fmt: skip


def clips(tree):
    (data,) = (
        json.loads("".join(map(str, one.parts)))
        for one in tree.elements
        if "json" in (one.attributes.get("type") or "")
    )
    return [one for one in data["clips"] if "sheet" not in one]


def test_a_page_is_read_and_written_as_it_is(source):
    text = (source / "index.html").read_text(encoding="utf-8")
    assert str(parsed(text)) == text
    with pytest.raises(ValueError, match="<p> is not closed"):
        parsed("<div><p></p></div><p>")


def test_all_that_the_copy_names_is_in_its_folder_and_nothing_else_is(copied):
    folder, tree = copied
    named = {one for one in addresses(tree) if not one.startswith(("#", "https://", "data:"))}
    frames = {f"{one['folder']}/frame-{frame:02d}.js" for one in clips(tree) for frame in range(one["frames"])}
    shown = named | frames | {file["file"] for one in clips(tree) for file in one["downloads"]}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert shown <= there
    sheets = {path for path in there if path.endswith("/sheet.webp")}
    assert there - shown - sheets - {f"{one['folder']}/poster.webp" for one in clips(tree)} == {"index.html"}
    assert not [path for path in there if path.endswith((".zip", ".pdf", ".svg", ".tex", ".md"))]
    ids = {one.attributes["id"] for one in tree.elements if "id" in one.attributes}
    inner = {one[1:] for one in addresses(tree) if one.startswith("#")}
    assert {name for name in inner if not name.startswith("clip=")} <= ids
    assert {name.removeprefix("clip=") for name in inner if name.startswith("clip=")} <= {
        one["key"] for one in clips(tree)
    }


def test_the_copy_says_what_it_is_and_keeps_its_text(source, copied):
    folder, tree = copied
    whole, text = ((at / "index.html").read_text(encoding="utf-8") for at in (source, folder))
    everything = len(clips(parsed(whole)))
    assert f"This is a reduced copy of the page, to be small: it has {len(clips(tree))} of {everything} clips" in text
    assert len(clips(tree)) < everything
    assert re.findall("<h[23].*", text) == re.findall("<h[23].*", whole)
    assert text.count("<table") == whole.count("<table")
    assert text.count('class="plate"') == whole.count('class="plate"')
    assert whole.count('class="scene"') > text.count('class="scene"') == 1
    buttons = [one for one in tree.elements if "data-clips" in one.attributes]
    kept = {one["key"] for one in clips(tree)}
    assert all({*keys} <= kept for one in buttons for keys in json.loads(one.attributes["data-clips"]).values())


@pytest.mark.parametrize("more", [0, 20_000, 10**7])
def test_there_are_as_many_clips_as_there_is_room_for(source, copied, tmp_path, more):
    folder, tree = copied
    limit = size(folder) + 20_000 + more
    assert reduced.write(source, tmp_path / "other", limit) == size(tmp_path / "other") <= limit
    found = len(clips(parsed((tmp_path / "other/index.html").read_text(encoding="utf-8"))))
    assert found >= len(clips(tree))
    if more == 10**7:
        assert found == len(clips(parsed((source / "index.html").read_text(encoding="utf-8"))))


def test_a_copy_is_replaced_and_nothing_else_is(source, copied, tmp_path):
    folder, _ = copied
    (folder / "old.webp").touch()
    reduced.write(source, folder)
    assert not (folder / "old.webp").exists()
    with pytest.raises(InputError, match="no reduced copy of a page; name another folder"):
        reduced.write(source, source)
    with pytest.raises(InputError, match="was not made yet; snakemake"):
        reduced.write(tmp_path, tmp_path / "none")
    broken = shutil.copytree(source, tmp_path / "broken")
    next(broken.glob("viewer/*/frame-00.js")).unlink()
    with pytest.raises(InputError, match=r"frame-00.js: is missing, which index.html shows"):
        reduced.write(broken, folder)
    assert size(folder), "the copy before stays"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_page_that_cannot_be_that_small_is_refused(source, tmp_path):
    with pytest.raises(InputError, match="bytes with one clip, more than 10000"):
        reduced.write(source, tmp_path / "page", 10_000)
    assert not (tmp_path / "page").exists()
