"""docs/reliability.md, made of what `make faults` and `make fuzz` noted in docs/results/reliability/."""

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reliability.md"
FAULTS = ROOT / "docs/results/reliability/faults.json"
FUZZ = ROOT / "docs/results/reliability/fuzz.json"


def load(path: Path) -> dict[str, Any]:
    """What was noted; nothing where nothing was."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def store(path: Path, told: Mapping[str, Any]) -> None:
    """Note it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def cell(text: str) -> str:
    """A text as a cell of a table; what a user sees as code."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """A message as a cell; empty for none."""
    return f"`{cell(text).replace('`', '')}`" if text else ""


def _filled(text: str) -> list[str]:
    """A paragraph's lines."""
    return textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False)


def page(faults: Mapping[str, Any], fuzz: Mapping[str, Any]) -> str:
    """The page."""
    rows = [row for rows in faults.get("rows", {}).values() for row in rows]
    tried, survived, lost = (sum(row[key] for row in rows) for key in ("tried", "survived", "lost"))
    lines = [
        "# Reliability: what was done to it, and what came of it",
        "",
        *_filled(
            "Written by `make faults`, which takes an hour of a quiet machine and kills at 20 random moments if not"
            " told otherwise (`KILLS=20`), and by `make fuzz` (`INPUTS=10000`). What was really tried is in the tables."
            " Short versions of both are part of `make test`."
        ),
        "",
        "## Faults",
        "",
        *_filled(
            "A small study (one image, two frames, two view counts, from the reference to the tables) is disturbed and"
            " then resumed as the last column says. It survived if all its files and tables are those of an"
            f" undisturbed study, byte for byte ({faults.get('files', 0)} files); what is missing or different counts"
            f" as lost. Moments are random, drawn from seed {faults.get('seed', 0)} over the time of an undisturbed"
            " study; a study is stopped again and again until it is done."
            f" In all: {tried} tried, {survived} survived, {lost} bytes lost."
            f" Processor: {faults.get('processor', 'unknown')}."
        ),
        "",
        "| Fault | Tried | Survived | Bytes lost | What a user sees | What one does |",
        "|---|---:|---:|---:|---|---|",
    ]
    for row in rows:
        numbers = f"{row['tried']} | {row['survived']} | {row['lost']}"
        lines.append(f"| {cell(row['fault'])} | {numbers} | {code(row['says'])} | {cell(row['cure'])} |")
    for name, why in faults.get("open", {}).items():
        lines += ["", *_filled(f"Open: `{name}`. {why}")]
    kinds = fuzz.get("kinds", {})
    count = sum(kind["inputs"] for kind in kinds.values())
    bad = sum(kind["failed"] for kind in kinds.values())
    lines += [
        "",
        "## Hostile and odd input",
        "",
        *_filled(
            "Inputs are drawn by [Hypothesis](https://hypothesis.readthedocs.io): valid files with bytes, fields and"
            " lengths changed, cut and repeated, and files that were never valid, with path traversal, shell signs,"
            " HTML and what terminals obey in names and texts. Each goes to the function that reads such files for the"
            " command line. It must be read, or refused with one line (exit code 2); anything else, a crash, another"
            " exception or more memory than the bound, counts as failed. The C++ core runs under AddressSanitizer and"
            f" UBSan; there a report of either is a failure. In all: {count} inputs, {bad} failed."
        ),
        "",
        "| Input | Inputs | Read | Refused | Failed | Memory, at most |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for name, kind in kinds.items():
        numbers = f"{kind['inputs']} | {kind['read']} | {kind['refused']} | {kind['failed']}"
        lines.append(f"| {cell(name)} | {numbers} | {cell(kind['memory'])} |")
    return "\n".join(lines) + "\n"


def rewrite() -> None:
    """Write the page."""
    PAGE.write_text(page(load(FAULTS), load(FUZZ)), encoding="utf-8")
