"""The report's section on docs/hypothesis.md: what is committed of the experiment, once it has been run in full."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from vid3d.errors import InputError
from vid3d.figures.catalogue import Entry
from vid3d.files import load_json, load_rows
from vid3d.hypothesis.answer import WORDS, Answer, answer
from vid3d.report.gallery import copy
from vid3d.study.hypothesis import COMMITTED
from vid3d.study.layout import FIGURE_FORMATS
from vid3d.study.reading import read_yaml
from vid3d.tables import of_experiment
from vid3d.tables.laid_out import LaidOut

FOLDER = "hypothesis"  # within the report's


@dataclass(frozen=True)
class Section:
    """What the page shows of the experiment.

    Attributes:
        answer: in plain words.
        verdicts: hypotheses and verdicts, in order.
        controls: the tests of the controls, as ``analysis.controls`` has them.
        stamp: commits and the script's checksum, in a sentence.
        table: Table 4.
        figure: Figure 11.
        films: object and file, relative to the report's folder.
    """

    answer: Answer
    verdicts: dict[str, str]
    controls: list[dict[str, Any]]
    stamp: str
    table: LaidOut
    figure: Entry
    films: tuple[tuple[str, str], ...]


def section(root: Path, folder: Path) -> Section | None:
    """The section from what is committed, whose files are copied into the report's folder; None if there is no result.

    Args:
        root: the folder that holds ``docs/``.
        folder: the report's.

    Raises:
        InputError: a result that lacks a file, or one that is not understood.
    """
    source, target = root / COMMITTED, folder / FOLDER
    if not (source / "verdicts.json").is_file():  # outcomes of some cells may be kept there already
        return None
    verdicts, words = load_json(source / "verdicts.json"), read_yaml(root / WORDS)
    try:
        said, stamp = answer(verdicts, root), stamped(verdicts)
        decided, controls = dict(verdicts["verdicts"]), list(verdicts["controls"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{source / 'verdicts.json'}: lacks {error}; make it anew with `make hypothesis`") from None
    rows = load_rows(source / "table4.csv", of_experiment.COLUMNS, cure="`make hypothesis`")
    for name in ("table4.csv", *(f"figure11.{suffix}" for suffix in FIGURE_FORMATS)):
        copy(source / name, target / name)
    films = sorted((source / "films").glob("*.mp4"))
    for film in films:
        copy(film, target / film.name)
    return Section(
        said,
        decided,
        controls,
        stamp,
        of_experiment.lay_out(rows, words["table"]),
        _figure(target / "figure11.webp", words["figure"]),
        tuple((film.stem, f"{FOLDER}/{film.name}") for film in films),
    )


def _figure(drawn: Path, words: dict[str, str]) -> Entry:
    with Image.open(drawn) as picture:
        width, height = picture.size
    files = {suffix: f"{FOLDER}/figure11.{suffix}" for suffix in FIGURE_FORMATS}
    return Entry(name="figure11", number=11, **words, files=files, width=width, height=height)


def stamped(verdicts: dict[str, Any]) -> str:
    """Where the numbers come from, in a sentence."""
    if verdicts["commit"] is None:
        return "Made outside of a repository, so that no commit can be named."
    at = sorted({str(made["commit"])[:12] for made in verdicts["measured_at"].values()})
    clean = all(made["clean"] for made in (verdicts, *verdicts["measured_at"].values()))
    return (
        f"{verdicts['cells']} cells measured at commit {', '.join(at)}, analysed at {verdicts['commit'][:12]} "
        f"{'with all files as committed' if clean else 'with files that were not as committed'}; registered before, at "
        f"{str(verdicts['registration'])[:12]}; sha256 of the analysis script {verdicts['sha256']['analysis.py'][:12]}."
    )
