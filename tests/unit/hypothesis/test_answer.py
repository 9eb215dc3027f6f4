"""The answer in plain words: every verdict that the analysis can give has one, and estimates do not enter."""

from pathlib import Path

import pytest
from made_up_cells import fake

from vid3d.hypothesis import analysis
from vid3d.hypothesis import answer as rules

ROOT = Path(__file__).parents[3]
CONTROLS = [{"control": name, "shown": True} for name in ("negative", "positive", "frozen")]
VIEWS = ("all objects", "without the pilot's objects", "classes instead of objects")
KNOWN = {
    "H1": ("supported", "mixed: fidelity kept, time worse", "mixed: time kept, fidelity worse", "refuted", "undecided"),
    "H2": ("supported", "grows, but not from zero", "refuted", "undecided", "not testable"),
    "H3": ("supported", "refuted", "undecided", "not testable"),
    "H4": ("supported", "refuted", "undecided", "not testable: the arms are not shown to differ in time"),
}


def answer(found):
    return rules.answer(found, ROOT)


def verdicts(motions=("supported", "supported"), controls=CONTROLS, **decided):
    h1 = motions[0] if motions[0] == motions[1] else f"motion 120 {motions[0]}; motion 200 {motions[1]}"
    found = {"H1": h1, "H2": "supported", "H3": "supported", "H4": "supported"} | decided
    return {
        "verdicts": found,
        "H1 by motion": dict(zip(("120", "200"), motions, strict=True)),
        "controls": controls,
        "sensitivity": {
            "all objects": found,
            "without the pilot's objects": found,
            "classes instead of objects": found,
        },
        "tests": [{"objects": 24}],
        "convergence": [{"input": "mini", "arm": "joint", "gain_db": 0.01, "converged": True}],
    }


def test_each_verdict_has_its_own_words():
    headlines = {answer(verdicts((verdict, verdict))).headline for verdict in (*KNOWN["H1"], "not testable")}
    assert len(headlines) == 6
    for name in ("H2", "H3", "H4"):
        assert len({answer(verdicts(**{name: verdict})).findings for verdict in KNOWN[name]}) == len(KNOWN[name])


def test_motion_scores_that_differ_are_told_apart():
    told = answer(verdicts(("supported", "refuted"))).headline
    assert told.startswith("At motion 120: No: ")
    assert " At motion 200: Yes: " in told


@pytest.mark.parametrize("failed", ["negative", "positive", "frozen"])
def test_a_control_that_fails_is_told(failed):
    controls = [control | {"shown": control["control"] != failed} for control in CONTROLS]
    told = answer(verdicts(controls=controls))
    assert told.holds[1].startswith("Not shown of the controls: ")
    assert told.headline.startswith("It cannot be told") == (failed == "positive")
    worse = answer(verdicts(("refuted", "refuted"), controls))
    assert worse.headline.startswith("Yes: ")
    assert ("another reason" in worse.holds[1]) == (failed == "negative")


def test_controls_that_were_not_run_are_not_shown():
    assert answer(verdicts(controls=CONTROLS[:1])).headline.startswith("It cannot be told: the positive control")


def test_sensitivity_and_convergence_are_told():
    one = verdicts()
    assert answer(one).holds[2] == (
        "H1 is supported however one counts: also without the pilot's objects; also with classes instead of objects."
    )
    one["sensitivity"][VIEWS[1]] = one["verdicts"] | {"H1": "undecided"}
    one["convergence"][0]["converged"] = False
    assert "without the pilot's objects, H1 is undecided" in answer(one).holds[2]
    assert "budget: joint (mini)" in answer(one).holds[3]


def test_words_are_those_that_the_analysis_can_say():
    words = rules.read_yaml(ROOT / rules.WORDS)
    assert words["independence"].keys() == {*KNOWN["H1"], "not testable"}
    assert words["findings"].keys() == KNOWN.keys() - {"H1"}
    for name, found in words["findings"].items():
        assert found.keys() == {*KNOWN[name], "not testable"}
    assert words["controls"].keys() == set(rules.CONTROLS)


def test_estimates_do_not_enter():
    """The same verdicts with other numbers are the same answer."""
    found = analysis.analysed(fake(gain=0.5))
    for test in (*found["tests"], *found["controls"]):
        test |= {"estimate": -99.0, "low": -99.0, "high": 99.0}
    for entry in found["convergence"]:
        entry["gain_db"] = 99.0
    assert answer(found) == answer(analysis.analysed(fake(gain=0.5)))
    assert answer(found).headline.startswith("Not for fidelity, but for steadiness in time: ")
