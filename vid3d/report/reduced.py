"""A reduced copy of a report's page: its text, tables and figures, and as many clips as a bound of bytes has room for.

Left out are clips to turn but for the first ones, videos but for those of each run's first image, and files to download
but for the tables' CSV.  Nothing on the copy points to what is left out, and its head says what that is.
"""

import html
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from vid3d.errors import InputError
from vid3d.report.markup import Element, parsed

LIMIT = 8_000_000  # bytes
PAGE = "index.html"
_LEFT_OUT = (".svg", ".pdf", ".tex", ".md", ".zip")  # files that are not copied
_MARK = '<p class="remark reduced">'  # before what the copy says of itself
_NOTE = 1000  # bytes of that at most

Clip = dict[str, Any]  # or sheet: what vid3d/report/viewer.py describes to the scripts


def write(source: Path, target: Path, limit: int = LIMIT) -> int:
    """Write the copy, all or nothing; returns its bytes.

    Args:
        source: the folder of a report's page.
        target: a folder that is not there yet, or holds such a copy, which is replaced.

    Raises:
        InputError: a page or a file of it that is missing, a target that holds something else, or a page that is larger
            than ``limit`` with one clip for each of its viewers.
    """
    page = source / PAGE
    if not page.is_file():
        raise InputError(f"{page}: was not made yet; snakemake --cores all {page}")
    if target.exists() and not _is_copy(target):
        raise InputError(f"{target}: is there and no reduced copy of a page; name another folder")
    text = page.read_text(encoding="utf-8")
    viewers = [list(data["clips"]) for _, data in _viewers(parsed(text))]
    kept = _within(limit, source, text, viewers)
    tree, files = _thinned(text, kept)
    clips = sum("sheet" not in one for ones in viewers for one in ones)
    next(one for one in tree.elements if one.tag == "header").parts.insert(0, _said(f"{len(kept)} of {clips}"))
    made = target.with_name(f".{target.name}-{os.getpid()}")
    try:
        for file in files:
            (made / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / file, made / file)
        (made / PAGE).write_text(str(tree), encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        made.replace(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


def _is_copy(folder: Path) -> bool:
    page = folder / PAGE
    return page.is_file() and _MARK in page.read_text(encoding="utf-8")


def _said(clips: str) -> str:
    """What the copy says at its head."""
    return (
        f"{_MARK}This is a reduced copy of the page, to be small: it has {clips} clips to turn, videos of one image by"
        " each run, and of the files that the page speaks of only pictures of figures and CSV files of tables. How the"
        ' whole page is made stands under <a href="#reproduce">Reproduce</a>.</p>\n'
    )


def _viewers(tree: Element) -> Iterator[tuple[Element, dict[str, Any]]]:
    """The scripts that hold what viewers show, and what that is."""
    for element in tree.elements:
        if element.tag == "script" and element.attributes.get("type") == "application/json":
            yield element, json.loads("".join(map(str, element.parts)))


# --- which clips -----------------------------------------------------------------------------------------------------


def _within(limit: int, source: Path, text: str, viewers: Sequence[Sequence[Clip]]) -> list[str]:
    """The keys of the clips that there is room for: the first of each viewer, then one after the other."""
    of_viewers = [[one for one in ones if "sheet" not in one] for ones in viewers]
    kept = [clips[0]["key"] for clips in of_viewers]
    files = _thinned(text, kept)[1]
    size = _size(source, files) + len(text.encode()) + _NOTE
    if size > limit:
        raise InputError(
            f"{source / PAGE}: its reduced copy has {size} bytes with one clip, more than {limit}; allow more"
        )
    for ones, clips in zip(viewers, of_viewers, strict=True):
        for clip in clips[1:]:
            more = {file for one in _shown(ones, [clip["key"]]) for file in _files_of(one)} - files
            size += _size(source, more)
            if size > limit:
                return kept
            files |= more
            kept.append(clip["key"])
    return kept


def _size(source: Path, files: Iterable[str]) -> int:
    try:
        return sum((source / file).stat().st_size for file in files)
    except FileNotFoundError as error:
        raise InputError(f"{error.filename}: is missing, which {PAGE} shows; make the page again") from None


def _shown(ones: Iterable[Clip], kept: Collection[str]) -> Iterator[Clip]:
    """The clips that are kept, with what may be downloaded of them, and the pictures to see beside them."""
    ones = list(ones)
    subjects = {one["subject"] for one in ones if one["key"] in kept}
    for one in ones:
        if "sheet" in one and one["subject"] in subjects:
            yield one
        elif one["key"] in kept:
            yield one | {"downloads": [file for file in one["downloads"] if not file["file"].endswith(_LEFT_OUT)]}


def _files_of(clip: Clip) -> Iterator[str]:
    if "sheet" in clip:
        yield clip["sheet"]
        return
    yield clip["poster"]
    yield from (f"{clip['folder']}/frame-{frame:02d}.js" for frame in range(clip["frames"]))
    yield from (file["file"] for file in clip["downloads"])


# --- what stays of the page ------------------------------------------------------------------------------------------


def _thinned(text: str, kept: Collection[str]) -> tuple[Element, set[str]]:
    """The page with these clips, and the files that it needs, relative to its folder."""
    tree, files = parsed(text), set()
    for element, data in _viewers(tree):
        data["clips"] = list(_shown(data["clips"], kept))
        element.parts = [json.dumps(data).replace("<", "\\u003c")]
        files |= {file for one in data["clips"] for file in _files_of(one)}
    for element in [tree, *tree.elements]:
        if "scenes" in element.classes:
            scenes: list[Element | str] = [part for part in element.parts if isinstance(part, Element)]
            element.parts = scenes[:1]
        element.parts = [left for part in element.parts for left in _left(part, element, kept)]
    return tree, files | set(_named(tree))


def _left(part: Element | str, parent: Element, kept: Collection[str]) -> list[Element | str]:
    """What stays of a part: nothing of an offer or a button for what is left out, the words of another link to it."""
    if isinstance(part, str):
        return [part]
    if "data-clips" in part.attributes:
        pairs = json.loads(part.attributes["data-clips"] or "{}")
        pairs = {subject: keys for subject, keys in pairs.items() if {*keys} <= {*kept}}
        part.opening = f'<button type="button" data-clips="{html.escape(json.dumps(pairs))}">'
        return [part] if pairs else []
    if "pairs" in part.classes and not any(_left(one, part, kept) for one in part.elements if one.tag == "button"):
        return []
    if part.tag == "a" and _is_lost(part.attributes.get("href") or "", kept):
        return [] if "files" in parent.classes else part.parts
    if "viewer-files" in parent.classes and any(
        _is_lost(one.attributes.get("href") or "", kept) for one in part.elements
    ):
        return []
    return [part]


def _is_lost(address: str, kept: Collection[str]) -> bool:
    if address.startswith("#clip="):
        return address.removeprefix("#clip=") not in kept
    return not address.startswith("http") and address.endswith(_LEFT_OUT)


def _named(tree: Element) -> Iterator[str]:
    """The files that the page shows or offers."""
    for element in tree.elements:
        for attribute in ("src", "poster", "srcset", "href"):
            address = element.attributes.get(attribute) or ""
            if address and not address.startswith(("#", "http", "data:")):
                yield address
