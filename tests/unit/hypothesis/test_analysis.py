"""The registered analysis on made-up cells, in each of which the answer is known."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
from made_up_cells import MADE_AT, OBJECTS, fake, row

from vid3d import files, journal
from vid3d.commands import hypothesis_choose
from vid3d.errors import InputError
from vid3d.figures import dose_response
from vid3d.hypothesis import analysis, registration
from vid3d.hypothesis.choice import chosen
from vid3d.study import committed


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"H1": "supported", "H3": "supported"}),
        ({"gain": 0.5}, {"H1": "mixed: fidelity kept, time worse", "H2": "supported", "H4": "supported"}),
        ({"gain": 0.5, "lost": 1.0}, {"H1": "refuted"}),
        ({"lost": 1.0}, {"H1": "mixed: time kept, fidelity worse"}),
        ({"gain": -0.5, "event": 0.0}, {"H1": "supported", "H2": "refuted", "H3": "refuted"}),
        ({"event": 0.5}, {"H3": "undecided", "H4": "not testable: the arms are not shown to differ in time"}),
        ({"on_motion_200": False}, {"H1": "motion 120 supported; motion 200 not testable"}),
    ],
    ids=str,
)
def test_verdicts_are_what_was_put_in(settings, expected):
    cells = analysis.Cells(fake(**settings))
    assert {name: analysis.HYPOTHESES[name](cells)[0] for name in expected} == expected


def test_controls_sensitivity_and_convergence_are_told():
    found = analysis.analysed(fake(gain=0.5))
    assert [control["control"] for control in found["controls"]] == ["negative"] * 6 + ["positive"] * 2 + ["frozen"] * 2
    assert all(control["shown"] for control in found["controls"])
    assert found["H1 by motion"] == dict.fromkeys(("120", "200"), found["verdicts"]["H1"])
    assert found["sensitivity"]["all objects"] == found["verdicts"]
    assert set(found["sensitivity"]) == {"all objects", "without the pilot's objects", "classes instead of objects"}
    by_class = [t for t in found["tests"] if t["name"].startswith("H1, motion 120: PSNR, independent - joint")]
    assert by_class[0]["objects"] == len(OBJECTS)
    assert len(found["convergence"]) == 8
    assert all(entry["converged"] == (entry["gain_db"] < 0.05) for entry in found["convergence"])
    without = analysis.Cells(fake(), analysis.SEEN_BEFORE).paired(
        "psnr", {"input": "mini", "arm": "joint"}, {"input": "mini", "arm": "warm"}
    )
    assert without.shape == (3, len(OBJECTS) - 3)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("changed", "failing"),
    [
        ({"arm": "frozen", "motion_kept": 0.7}, "frozen control: 0.5 of the motion that independent keeps"),
        ({"arm": "frozen", "flicker": 0.9}, "frozen control: flicker"),
        ({"input": "planted", "arm": "low-rank", "temporal_error": 0.04}, "positive control: 0.5 of that"),
        ({"input": "planted", "temporal_error": 0.02}, "positive control: temporal error that a planted jitter costs"),
        ({"input": "truth", "arm": "joint", "psnr": 22.0}, "negative control, no jitter: PSNR, independent - joint"),
    ],
    ids=str,
)
def test_a_control_that_fails_says_so(changed, failing):
    where = {key: value for key, value in changed.items() if key in ("input", "arm")}
    rng = np.random.default_rng(1)
    rows = []
    for old in fake(gain=0.5):
        new = {key: value + rng.normal(0, 1e-3) for key, value in changed.items() if key not in where}
        rows.append(old | new if all(old[key] == value for key, value in where.items()) else old)
    failed = [control["name"] for control in analysis.controls(analysis.Cells(rows)) if not control["shown"]]
    assert any(name.startswith(failing) for name in failed)


def test_controls_without_their_cells_are_not_shown():
    rows = [line for line in fake() if line["input"] != "planted" and line["arm"] != "frozen"]
    lacking = [control for control in analysis.controls(analysis.Cells(rows)) if control["why"]]
    assert [control["control"] for control in lacking] == ["positive"] * 2 + ["frozen"] * 2
    assert not any(control["shown"] for control in lacking)


def test_no_cells_decide_nothing():
    found = analysis.analysed([row(image, "mini", "independent", 0.1) for image in OBJECTS])
    assert set(found["verdicts"].values()) == {"not testable"}


def test_the_commands_write_verdicts_a_table_a_figure_and_the_scripts_checksum(made_up_result):
    found = json.loads((made_up_result / "verdicts.json").read_text())
    assert found["verdicts"]["H1"] == "mixed: fidelity kept, time worse"
    assert found["sha256"]["analysis.py"] == hashlib.sha256(Path(analysis.__file__).read_bytes()).hexdigest()
    assert found["measured_at"] == dict.fromkeys(("first", "second"), MADE_AT)
    assert (found["commit"], found["clean"]) == tuple(registration.stamp(journal.commit()).values())
    assert found["registration"] == registration.registered(Path(analysis.__file__).parents[2])
    table = files.load_rows(
        made_up_result / "table4.csv", {"input": str, "arm": str, "motion": int, "log_error_ratio": float}
    )
    (ratio,) = [
        line["log_error_ratio"]
        for line in table
        if [line[key] for key in ("input", "arm", "motion", "events", "budget")] == ["mini", "low-rank", 120, "0", "4"]
    ]
    assert ratio == pytest.approx(-0.5, abs=0.02)
    doses = files.load_rows(made_up_result / "figure11.csv", dose_response.COLUMNS)
    gains = {
        dose["level"]: math.log(dose["mean"])
        for dose in doses
        if [dose[key] for key in ("fault", "arm", "outcome")] == ["colour", "low-rank", "error_ratio"]
    }
    assert gains == pytest.approx({0: 0, 0.5: 0.25, 1: 0.5, 2: 1}, abs=0.02)
    assert all(dose["low"] < dose["mean"] < dose["high"] for dose in doses if dose["arm"] == "low-rank")
    assert all((made_up_result / f"figure11.{suffix}").stat().st_size > 5000 for suffix in ("svg", "pdf", "webp"))


def test_the_strength_is_the_least_error_among_those_that_are_true_and_move():
    def tried(number, psnr, error, kept, arm="joint"):
        return [row(f"o-{k}", "mini", arm, error, psnr, number=number, motion_kept=kept) for k in range(3)]

    base = tried("", 24.0, 0.1, 0.8, "independent")
    rows = base + tried("0.1", 24.0, 0.09, 0.8) + tried("1", 23.95, 0.07, 0.75) + tried("10", 23.8, 0.05, 0.74)
    assert chosen(rows, "joint") == 1
    assert chosen(rows + tried("5", 24.02, 0.01, 0.5), "joint") == 1  # it freezes
    assert chosen([r | {"motion_kept": 0.1} if r["arm"] == "joint" else r for r in rows], "joint") == 1
    with pytest.raises(InputError, match="the choice of low-rank needs rows"):
        chosen(rows, "low-rank")


def test_the_choice_is_written_as_a_plan_reads_it(tmp_path):
    rows = [
        row("o", "mini", arm, 0.1, number=n) for arm, n in (("independent", ""), ("joint", "0.001"), ("low-rank", "4"))
    ]
    files.save_rows(tmp_path / "a.csv", rows, files.Provenance("cell", "{}"))
    measured = {"views": {"content": "0" * 64}, "fits": {"a": {}}}
    out = tmp_path / "choice.json"
    hypothesis_choose.run(cells=[tmp_path / "a.csv"], measured=json.dumps(measured), output=out)
    made = committed.load(out, committed.Choice, "hypothesis_choice", "there")
    assert (made.smoothness, made.waves, made.provenance.spec) == (0.001, 4, measured)
