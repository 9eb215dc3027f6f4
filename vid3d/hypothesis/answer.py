"""Does modelling time in 3D help?  The answer in plain words, by rules over verdicts and controls, not estimates."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vid3d.hypothesis import analysis
from vid3d.study.reading import read_yaml

WORDS = "reports/experiment.yaml"
_RATIO = math.exp(analysis.RATIO_MARGIN) - 1
CONTROLS = ("negative", "positive", "frozen")
_FOLLOWING = ("supported", "grows, but not from zero")  # verdicts on H2 by which gains follow the faults of views


@dataclass(frozen=True)
class Answer:
    """What the verdicts come to, in sentences.

    Attributes:
        headline: the answer on H1.
        findings: on the other hypotheses.
        holds: the range in which the answer holds: units, controls, sensitivity, convergence.
        changes: what would change it.
    """

    headline: str
    findings: tuple[str, ...]
    holds: tuple[str, ...]
    changes: tuple[str, ...]


def answer(verdicts: Mapping[str, Any], root: Path) -> Answer:
    """The answer that follows from ``verdicts.json``.

    Args:
        root: the folder that holds ``reports/``.

    Raises:
        KeyError: a verdict that the words do not know.
        InputError: the words cannot be read.
    """
    words = read_yaml(root / WORDS)
    decided = verdicts["verdicts"]
    failed = [name for name in CONTROLS if not _shown(verdicts, name)]
    return Answer(
        _headline(verdicts["H1 by motion"], failed, words),
        tuple(_bounded(found[decided[name]]) for name, found in words["findings"].items()),
        (
            words["units"].format(objects=max((test["objects"] for test in verdicts["tests"]), default=0)),
            _controls(failed, decided["H1"], words),
            _sensitivity(verdicts),
            _converged(verdicts["convergence"]),
        ),
        _changes(decided, words["changes"]),
    )


def _bounded(text: str) -> str:
    ratio, share = (f"{part:.0%}".replace("%", "\N{NO-BREAK SPACE}%") for part in (_RATIO, analysis.CLIP_SHARE))
    return text.format(psnr=f"{analysis.PSNR_MARGIN:g}\N{NO-BREAK SPACE}dB", ratio=ratio, share=share)


def _headline(by_motion: Mapping[str, str], failed: list[str], words: Mapping[str, Any]) -> str:
    said = {motion: _bounded(words["independence"][verdict]) for motion, verdict in by_motion.items()}
    if "positive" in failed:  # a difference that is shown stands; that none is there does not
        said = {motion: words["blind"] if by_motion[motion] == "supported" else text for motion, text in said.items()}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return " ".join(f"At motion {motion}: {text}" for motion, text in said.items())


def _shown(verdicts: Mapping[str, Any], control: str) -> bool:
    own = [test["shown"] for test in verdicts["controls"] if test["control"] == control]
    return bool(own) and all(own)


def _controls(failed: list[str], verdict: str, words: Mapping[str, Any]) -> str:
    if not failed:
        return f"All controls are shown: {'; '.join(words['controls'][name] for name in CONTROLS)}."
    told = f"Not shown of the controls: {'; '.join(words['controls'][name] for name in failed)}."
    if "negative" in failed and ("mixed" in verdict or "refuted" in verdict):
        told += f" {words['confounded']}"
    return told


def _sensitivity(verdicts: Mapping[str, Any]) -> str:
    main = verdicts["verdicts"]["H1"]
    others = {
        f"with {name}".replace("with without", "without"): found["H1"]
        for name, found in verdicts["sensitivity"].items()
        if name != "all objects"
    }
    differing = [f"{name}, H1 is {verdict}" for name, verdict in others.items() if verdict != main]
    if differing:
        return f"It depends on how one counts: H1 is {main} with all objects; {'; '.join(differing)}."
    return f"H1 is {main} however one counts: also {'; also '.join(others)}."


def _converged(arms: list[dict[str, Any]]) -> str:
    bound = f"{analysis.STILL_GAINING:g} dB"
    gaining = [f"{entry['arm']} ({entry['input']})" for entry in arms if entry["converged"] is False]
    if any(entry["converged"] is None for entry in arms):
        return "Whether all arms had converged is not known."
    if gaining:
        return f"Not converged, as they gain {bound} or more from twice to four times the budget: {', '.join(gaining)}."
    return f"All arms gain less than {bound} from twice to four times the budget: none was cut short."


def _changes(decided: Mapping[str, str], words: Mapping[str, Any]) -> tuple[str, ...]:
    views = words["following" if decided["H2"] in _FOLLOWING else "unknown"]
    unsettled = any(word in decided["H1"] for word in ("undecided", "not testable"))
    return (views, *words["always"], *([words["open"]] if unsettled else []))
