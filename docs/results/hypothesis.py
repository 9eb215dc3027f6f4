"""The experiment of docs/hypothesis.md in sittings, and its page: `make hypothesis`.

Run in the repository's root.  Asks Snakemake for groups of cells, all arms of the same views, and keeps the outcomes of
each cell that is done in docs/results/hypothesis/cells, which is to be committed: the next sitting, on this machine or
another, makes only what is not there.  When all cells are, it makes verdicts, Table 4, Figure 11 and films, and writes
docs/results/hypothesis.md.
"""

import argparse
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vid3d.errors import InputError
from vid3d.files import atomic, load_json, load_provenance, load_rows, save_text
from vid3d.hypothesis import registration
from vid3d.hypothesis.answer import WORDS, answer
from vid3d.report.modelling_time import stamped
from vid3d.study import hypothesis
from vid3d.study.benchmark import load_benchmark
from vid3d.study.layout import CONTENTS, FIGURE_FORMATS
from vid3d.study.parsing import load_study
from vid3d.study.reading import read_yaml
from vid3d.tables import exports, of_experiment
from vid3d.weights.contents import Record, content
from vid3d.weights.manifest import load_manifest

ROOT = Path()
PAGE = Path("docs/results/hypothesis.md")
LARGEST = 3_000_000  # bytes of all films


def planned() -> hypothesis.Plan:
    """The plan that Snakemake makes when it is told nothing."""
    study = load_study([ROOT / "config/study.yaml"], {}, ROOT)
    manifest, record = load_manifest(ROOT / "config/weights.yaml"), Record(Path(CONTENTS))
    names = load_benchmark("procedural", None, ROOT)
    return hypothesis.planned(study, names, ROOT, lambda spec: content(spec, manifest, record, ROOT))


def groups(plan: hypothesis.Plan) -> Iterator[list[hypothesis.Cell]]:
    """Cells that are not kept, those of the same views together, in the plan's order."""
    for views in dict.fromkeys((cell.source, cell.scene) for cell in plan.cells):
        own = [cell for cell in plan.cells if (cell.source, cell.scene) == views]
        left = [cell for cell in own if plan.outcome(cell) == hypothesis.CELL.format(cell=cell.name)]
        if left:
            yield left


def keep(plan: hypothesis.Plan, cells: Sequence[hypothesis.Cell]) -> None:
    """Copy the outcomes of cells that are done, with their records, to where they are committed."""
    for cell in cells:
        made = ROOT / hypothesis.CELL.format(cell=cell.name)
        if not made.is_file() or load_provenance(made)["item"].get("made_of") != plan.made_of(cell):
            continue
        kept = ROOT / hypothesis.KEPT.format(cell=cell.name)
        for suffix in (".csv", ".json"):
            with atomic(kept.with_suffix(suffix)) as temporary:
                shutil.copyfile(made.with_suffix(suffix), temporary)


def snakemake(targets: Sequence[str], cores: str) -> int:
    """Run Snakemake; its exit code.

    An interrupt of the terminal reaches Snakemake by itself, which ends its jobs; it is waited for, so that what is
    done by then can be kept.  A termination is passed on.
    """
    running = subprocess.Popen([sys.executable, "-m", "snakemake", "--cores", cores, "--", *targets])
    handlers = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: running.terminate()),
    }
    try:
        return running.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def sitting(plan: hypothesis.Plan, minutes: float, cores: str) -> int:
    """Make groups until all are there or the time is up, within which no group is begun; how many cells are left."""
    end = time.monotonic() + 60 * minutes
    for cells in list(groups(plan)):
        if time.monotonic() >= end:
            break
        failed = snakemake([hypothesis.CELL.format(cell=cell.name) for cell in cells], cores)
        keep(plan, cells)
        if failed:
            raise SystemExit(failed)
    return sum(len(cells) for cells in groups(plan))


def collect(folder: Path) -> None:
    """Copy what the experiment made into the folder that is committed, beside the kept outcomes.

    Raises:
        InputError: films that are too large to be committed.
    """
    figure = [hypothesis.FIGURE.format(suffix=suffix) for suffix in FIGURE_FORMATS]
    files = [hypothesis.VERDICTS, hypothesis.TABLE, hypothesis.DOSES, *figure]
    films = sorted((ROOT / hypothesis.FOLDER / "films").glob("*.mp4"))
    size = sum(film.stat().st_size for film in films)
    if size > LARGEST:
        raise InputError(f"{films[0].parent}: {size} bytes are more than {LARGEST} to commit; film fewer objects")
    shutil.rmtree(folder / "films", ignore_errors=True)
    (folder / "films").mkdir(parents=True)
    for file in files:
        shutil.copy(ROOT / file, folder)
    for film in films:
        shutil.copy(film, folder / "films")


def page(folder: Path) -> str:
    """The page of what is collected in a folder beside it."""
    verdicts, words = load_json(folder / "verdicts.json"), read_yaml(ROOT / WORDS)
    said = answer(verdicts, ROOT)
    rows = load_rows(folder / "table4.csv", of_experiment.COLUMNS)
    name = folder.name
    lines = ["# Does modelling time in 3D help?", "", f"**{said.headline}**", "", *_listed(said.findings)]
    lines += ["The range in which this holds:", "", *_listed(said.holds), "What would change it:", ""]
    lines += [
        *_listed(said.changes),
        f"Made by `make hypothesis`, collected on {datetime.now(UTC):%Y-%m-%d} by `docs/results/hypothesis.py`.",
        f"{stamped(verdicts)} The registration: [docs/hypothesis.md](../hypothesis.md).",
        "",
        *_listed([f"Against the registration: {line}" for line in registration.complaints(verdicts, ROOT)]),
        "## Verdicts",
        "",
        "| hypothesis | verdict |",
        "|---|---|",
        *[f"| {about} | {verdict} |" for about, verdict in verdicts["verdicts"].items()],
        *[f"| H1, motion {motion} | {verdict} |" for motion, verdict in verdicts["H1 by motion"].items()],
        f"| H4, released definition of CLIP-I | {verdicts['H4 by the released definition']} |",
        *[
            f"| {about}, {who} | {verdict} |"
            for who, found in verdicts["sensitivity"].items()
            if who != "all objects"
            for about, verdict in found.items()
        ],
        "",
        "## Controls",
        "",
        *_tests(verdicts["controls"]),
        "## Tests behind the verdicts",
        "",
        *_tests(verdicts["tests"]),
        "## Convergence",
        "",
        "| input | arm | gain from twice to four times the budget, dB |",
        "|---|---|---:|",
        *[f"| {e['input']} | {e['arm']} | {_number(e['gain_db'])} |" for e in verdicts["convergence"]],
        "",
        "## Table 4",
        "",
        exports.markdown(of_experiment.without_groups(of_experiment.lay_out(rows, words["table"]))).strip(),
        "",
        f"{words['table']} [CSV]({name}/table4.csv)",
        "",
        "## Figure 11",
        "",
        f"![{words['figure']['alt']}]({name}/figure11.webp)",
        "",
        f"**Figure 11. {words['figure']['title']}.** {words['figure']['caption']} [SVG]({name}/figure11.svg),",
        f"[numbers]({name}/figure11.csv)",
        "",
        "## Films",
        "",
        "Truth, independent and low-rank, the same camera at the same time:",
        ", ".join(f"[{film.stem}]({name}/films/{film.name})" for film in sorted((folder / "films").glob("*.mp4"))),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _listed(sentences: Sequence[str]) -> list[str]:
    return [*(f"- {sentence}" for sentence in sentences), *([""] if sentences else [])]


def _tests(tests: Sequence[dict[str, Any]]) -> list[str]:
    lines = ["| test | estimate | 95 % interval | objects | shown |", "|---|---:|---:|---:|---|"]
    for test in tests:
        interval = f"{_number(test['low'])} to {_number(test['high'])}" if test["low"] is not None else test["why"]
        shown = {True: "yes", False: "no"}.get(test.get("shown"), "")  # type: ignore[arg-type]
        lines.append(f"| {test['name']} | {_number(test['estimate'])} | {interval} | {test['objects']} | {shown} |")
    return [*lines, ""]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:+.4f}"


def main(words: Sequence[str]) -> int:
    """One sitting; the exit code: that of Snakemake if it failed, 2 if something given is wrong."""
    parser = argparse.ArgumentParser(prog="hypothesis.py", description=str(__doc__).partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=120, help="after which no group of cells is begun")
    parser.add_argument("--cores", default="all")
    given = parser.parse_args(words)
    try:
        plan = planned()
        left = sitting(plan, given.minutes, given.cores)
        if left:
            print(f"{left} of {len(plan.cells)} cells are left; commit {hypothesis.COMMITTED}/cells and run this again")
            return 0
        failed = snakemake(["hypothesis"], given.cores)
        if failed:
            return failed
        collect(ROOT / hypothesis.COMMITTED)
        save_text(ROOT / PAGE, page(ROOT / hypothesis.COMMITTED))
    except InputError as error:
        print(f"vid3d: {error}", file=sys.stderr)
        return 2
    print(f"{PAGE}: written; commit it with {hypothesis.COMMITTED}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
