"""A summary in the headings of reproducibility reports: `python docs/results/summary.py` writes docs/summary.md.

Run in the repository's root.  Prose stands in reports/summary.md.  What it says of results follows from what is
committed in this folder; of a result that is not there it names the command.  Numbers are links (in_pages.py).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import in_pages

from vid3d.claims.claims import CLAIMS, Claim, load_claims
from vid3d.claims.decisions import IN_SMALL, NOT_TESTABLE, WORDS, worded
from vid3d.claims.published import PUBLISHED, load_published
from vid3d.files import load_json, save_text
from vid3d.hypothesis.answer import answer
from vid3d.report.templates import template
from vid3d.study.hypothesis import COMMITTED, KEPT

PAGE = "docs/summary.md"
TEMPLATE = "summary.md"
RESULTS = {  # what a result is, the file without which it is not there, the command that makes it
    "full": ("the paper's models", "claims.csv", "snakemake --cores all full"),
    "mini": ("mini models", "claims.csv", "snakemake --cores all mini"),
    "ruler": ("mini views, true seeds", "claims.csv", "snakemake --cores all ruler"),
    "truth": ("true views, mini CLIP", "agreement.json", "snakemake --cores all truth"),
    "authors": ("the authors' videos", "pairs.csv", "make authors"),
    "hypothesis": ("true seeds, true and mini views", "verdicts.json", "make hypothesis"),
}
JUDGES = ("full", "mini", "ruler")  # of these, that have a run of their name, which judges the paper's claims
DEFINITIONS = {"self_reference": "script", "source_reference": "text"}
NONE = "\N{EN DASH}"
SAME = 0.0005  # by which scores of one CLIP differ at most between processors (docs/checking.md)


@dataclass(frozen=True)
class Result:
    """What is committed of a result.

    Attributes:
        what: models and data behind it.
        command: what makes it.
        there: whether it has been committed.
        stamp: when and by which commit it was made; nothing where that was not kept.
    """

    name: str
    what: str
    command: str
    there: bool
    stamp: Mapping[str, Any]

    @property
    def when(self) -> str:
        """Commit and date, or why there is none."""
        if not self.there:
            return "not run yet"
        if not self.stamp.get("commit"):
            return "not kept"
        changed = "" if self.stamp["clean"] else " with uncommitted changes"
        return ", ".join(filter(None, (f"`{self.stamp['commit'][:12]}`{changed}", self.stamp.get("collected"))))


@dataclass(frozen=True)
class Judge:
    """A run that judges claims by one definition of CLIP-I.

    Attributes:
        definition: a word for it.
        rows: of ``claims.csv``, by the claim's name.
    """

    run: str
    definition: str
    rows: Mapping[str, Mapping[str, str]]

    @property
    def in_small(self) -> bool:
        """Whether it is none at paper scale."""
        return self.run != "full"

    @property
    def earlier(self) -> bool:
        """Whether margins were not yet shares of the embedder's range."""
        return any("margin" not in row for row in self.rows.values())

    @property
    def counts(self) -> dict[str, int]:
        """How many claims have which outcome; those that none has are left out."""
        counted = Counter(self._word(row["here"]) for row in self.rows.values())
        return {word: counted[word] for word in WORDS if counted[word]}

    def outcome(self, claim: Claim) -> str:
        """Of a claim in the words that it has now; a dash otherwise, and where the run cannot tell."""
        row = self.rows.get(claim.id)
        if row is None or row["sentence"] != claim.sentence or row["here"] == NOT_TESTABLE:
            return NONE
        return self._word(row["here"])

    def _word(self, outcome: str) -> str:
        return worded(outcome, not self.in_small)  # older tables hold the outcomes themselves


@dataclass
class Links:
    """Numbers as links, without their digits, which ``in_pages.written`` writes.

    Attributes:
        defined: what each is, by the order in which they are first named.
    """

    defined: list[str] = field(default_factory=list)

    def number(self, source: str, column: str, form: str, **where: object) -> str:
        """A link to a number.

        Args:
            source: a file, from the page's folder.
            column: the number's.
            form: a format.
            where: values of the one row that has it.
        """
        of = f" where {' '.join(f'{key}={value}' for key, value in where.items())}" if where else ""
        words = f'{source} "{column} {form}{of}"'
        if words not in self.defined:
            self.defined.append(words)
        return f"[][n-{self.defined.index(words) + 1}]"

    def definitions(self) -> str:
        """The links' definitions."""
        return "\n".join(f"[n-{number}]: {words}" for number, words in enumerate(self.defined, 1))


def committed(root: Path) -> dict[str, Result]:
    """What there is of each result."""
    found = {}
    for name, (what, file, command) in RESULTS.items():
        folder = root / "docs/results" / name
        there = (folder / file).is_file()
        stamps = [path for path in (folder / "stamp.json", folder / "verdicts.json") if there and path.is_file()]
        stamp = load_json(stamps[0]) if stamps else {}
        found[name] = Result(name, what, stamp.get("command", command), there, stamp)
    return found


def judges(results: Mapping[str, Result], root: Path) -> list[Judge]:
    """All that there are, by both definitions."""
    found = []
    for run in (name for name in JUDGES if results[name].there):
        rows = [row for row in in_pages.rows_of(f"docs/results/{run}/claims.csv", root) if row["run"] == run]
        for protocol, definition in DEFINITIONS.items():
            found.append(Judge(run, definition, {row["claim"]: row for row in rows if row["protocol"] == protocol}))
    return found


def by_claim(claims: Iterable[Claim], judging: list[Judge]) -> list[dict[str, Any]]:
    """The claims that any of the judges can tell something of, with all outcomes."""
    lines = []
    for claim in claims:
        cells = [judge.outcome(claim) for judge in judging]
        telling = [judge.rows[claim.id] for judge, cell in zip(judging, cells, strict=True) if cell != NONE]
        if telling:
            said = {"id": claim.id, "sentence": claim.sentence, "published": telling[0]["published"]}
            lines.append(said | {"cells": cells})
    return lines


def turned(judging: list[Judge], run: str) -> tuple[int, int]:
    """Of the claims that a run decides by both definitions, how many it decides one way each; and how many they are."""
    pair = [judge.rows for judge in judging if judge.run == run]
    both = [{worded(rows[claim]["here"], False) for rows in pair} for claim in (pair[0] if pair else ())]
    decided = [outcomes for outcomes in both if outcomes <= {IN_SMALL["holds"], IN_SMALL["fails"]}]
    return sum(len(outcomes) == 2 for outcomes in decided), len(decided)


def resolved(results: Mapping[str, Result], root: Path) -> dict[str, Any] | None:
    """Which published differences 24 images would show, if they vary as the images of the first run here that tells."""
    for run in (name for name in ("mini", "ruler") if results[name].there):
        path = root / f"docs/results/{run}/resolution.csv"
        rows = in_pages.rows_of(path.name, path.parent) if path.is_file() else []
        told = [(row["difference"], row["resolved"]) for row in rows if row["run"] == run and row["resolved"]]
        if told:
            kinds = dict.fromkeys(outcome for _, outcome in told)
            by_kind = {kind: [difference for difference, outcome in told if outcome == kind] for kind in kinds}
            return {"run": run, "outcomes": by_kind}
    return None


def flicker(root: Path) -> dict[str, Any]:
    """Of the authors' pairs of videos, in how many the side camera flickers more; those with the least and most."""
    rows = [row for row in in_pages.rows_of("docs/results/authors/pairs.csv", root) if row["indicator"] == "flicker"]
    pairs = {row["image"]: float(row["ratio"]) for row in rows}
    more = sum(ratio > 1 for ratio in pairs.values())
    return {
        "pairs": len(pairs),
        "more": more,
        "least": min(pairs, key=pairs.__getitem__),
        "most": max(pairs, key=pairs.__getitem__),
    }


def retrained(root: Path) -> bool:
    """Whether the mini CLIP scores the renders of run ``ruler`` otherwise than the committed table has it."""
    base = {"motion": 120, "views": 18}
    table = in_pages.value("docs/results/ruler/table2.csv", "source_reference", root, run="ruler", **base)
    return abs(in_pages.value(f"{in_pages.GENERATED}#conditions", "clip_i", root, **base) - table) > SAME


def experiment(root: Path) -> str:
    """The answer of docs/hypothesis.md, with whether its controls are shown."""
    said = answer(load_json(root / COMMITTED / "verdicts.json"), root)
    _, controls, *_ = said.holds
    return " ".join((said.headline, *said.findings, controls))


def page(root: Path) -> str:
    """The page.

    Args:
        root: the repository's folder.
    """
    results, links = committed(root), Links()
    claims, judging = load_claims(root, load_published(root)), judges(results, root)
    tested = by_claim(claims, judging)
    told = {line["id"] for line in tested}
    text = template(TEMPLATE, root).render(
        number=links.number,
        definitions=links.definitions,
        published=f"../{PUBLISHED}",
        listed=f"../{CLAIMS}",
        judged=f"../{in_pages.GENERATED}",
        results=results,
        cards=sorted(path.stem for path in (root / "docs/results/gpu").glob("*.json")),
        claims=claims,
        judges=judging,
        in_small=any(judge.in_small for judge in judging),
        tested=tested,
        untested=[claim.id for claim in claims if claim.id not in told],
        turned=turned(judging, "mini"),
        retrained=results["ruler"].there and retrained(root),
        resolved=resolved(results, root),
        flicker=flicker(root) if results["authors"].there else None,
        experiment=experiment(root) if results["hypothesis"].there else None,
        kept=len(list(root.glob(KEPT.format(cell="*")))),
    )
    return in_pages.written(text, (root / PAGE).parent)


if __name__ == "__main__":
    save_text(PAGE, page(Path()))
