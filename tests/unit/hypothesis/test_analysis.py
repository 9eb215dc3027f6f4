"""The registered analysis on made-up cells, in each of which the answer is known."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest

from vid3d import files
from vid3d.commands import hypothesis_choose, hypothesis_verdicts
from vid3d.errors import InputError
from vid3d.hypothesis import analysis
from vid3d.hypothesis.choice import chosen
from vid3d.study import committed

KINDS = ("figure", "frog", "windmill", "fish", "dog", "bird", "truck", "robot")
OBJECTS = [f"{kind}-{colour}" for kind in KINDS for colour in ("blue", "orange", "red")]


def row(image, given, arm, error, psnr=24.0, clip=0.8, noise=0.0, **other):
    base = {"budget": 4.0, "motion": 120, "events": 0, "views": 18, "replicate": 1, "number": ""}
    rest = dict.fromkeys(analysis.OUTCOMES, 0.5)
    values = {"psnr": psnr + noise, "temporal_error": error * math.exp(noise / 10), "clip_source": clip + noise / 500}
    return {"input": given, "arm": arm, **base, "image": image, **rest, **values, **other}


def fake(gain=0.0, lost=0.0, event=2.0, on_motion_200=True):
    """Cells in which low-rank and joint err exp(gain) times less in time with mini views, and independence loses
    ``lost`` dB; the gain is in proportion to the level of a fault, and nothing at none.
    """
    rng, rows = np.random.default_rng(0), []
    for image in OBJECTS:
        for arm in ("independent", "warm", "joint", "low-rank"):
            modelled, clear = arm in analysis.RIVALS, arm == "independent"

            def add(given, error, psnr=24.0, clip=0.8, image=image, arm=arm, **other):
                rows.append(row(image, given, arm, error, psnr, clip, rng.normal(0, 0.1), **other))

            for motion in (120, 200) if on_motion_200 else (120,):
                error = 0.1 * math.exp(-gain * modelled)
                for replicate in (1, 2, 3) if motion == 120 else (1,):
                    add("mini", error, 24 - lost * clear, motion=motion, replicate=replicate)
            add("truth", 0.02)
            for fault in analysis.FAULTS:
                for level, name in ((0.5, f"{fault}-half"), (1, fault), (2, f"{fault}-twice")):
                    add(name, 0.05 * math.exp(-gain * level * modelled * (fault != "recentring")))
            for given in ("truth", "mini"):
                add(given, 0.1, 24 + event * clear, events=1)
                add(given, 0.1, 23.98, budget=2.0)
        rows.append(row(image, "mini", "independent", 0.1, clip=0.7, noise=rng.normal(0, 0.1), views=3))
    return rows


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
    assert all(control["agree"] for control in found["negative control"])
    assert len(found["negative control"]) == 6
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


def test_no_cells_decide_nothing():
    found = analysis.analysed([row(image, "mini", "independent", 0.1) for image in OBJECTS])
    assert set(found["verdicts"].values()) == {"not testable"}


def test_the_command_writes_verdicts_a_table_and_the_scripts_checksum(tmp_path):
    rows = fake(gain=0.5)
    parts = [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
    for number, part in enumerate(parts):
        files.save_rows(tmp_path / f"{number}.csv", part, files.Provenance("cell", "{}"))
    cells = [tmp_path / "0.csv", tmp_path / "1.csv"]
    hypothesis_verdicts.run(cells=cells, output=tmp_path / "verdicts.json", table=tmp_path / "table4.csv")
    found = json.loads((tmp_path / "verdicts.json").read_text())
    assert found["verdicts"]["H1"] == "mixed: fidelity kept, time worse"
    assert found["sha256"]["analysis.py"] == hashlib.sha256(Path(analysis.__file__).read_bytes()).hexdigest()
    table = files.load_rows(
        tmp_path / "table4.csv", {"input": str, "arm": str, "motion": int, "log_error_ratio": float}
    )
    (ratio,) = [
        line["log_error_ratio"]
        for line in table
        if [line[key] for key in ("input", "arm", "motion", "events", "budget")] == ["mini", "low-rank", 120, "0", "4"]
    ]
    assert ratio == pytest.approx(-0.5, abs=0.02)


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
