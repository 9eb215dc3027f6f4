"""The experiment of docs/hypothesis.md in small: its plan, a trial on one object, and what a change makes anew."""

import csv
import json
import shutil
import subprocess
import sys

import pytest

from vid3d.study import hypothesis

TRIAL = """
frames: 3
size: 32
splats: 100
iterations: 10
few: [frog-green]
objects: [frog-green]
smoothness: [0.001]
waves: [1]
score: {backend: clip, model: weights/mini-clip/config.json, weights: weights/mini-clip/model.safetensors}
inputs:
  truth: {views: {backend: procedural, size: 32}}
  mini: {views: {backend: jittered, size: 32, shift: 0.01}}  # in place of the model
  colour: {fault: colour, level: 2}
arms:
  independent: {splat: {backend: cpu}}
  joint: {splat: {backend: joint}, chosen: smoothness}
  low-rank: {splat: {backend: trajectories}, chosen: waves}
  filtered: {splat: {backend: cpu}, reach: 1}
  frozen: {splat: {backend: cpu}, frozen: true}
cells:
  - {inputs: [colour], arms: [independent, joint, filtered, frozen], budgets: [1]}
  - {inputs: [mini], arms: [independent, low-rank]}
"""


def commit(folder, **numbers):
    """What is measured and chosen before the runs."""
    made = {"colour": 0.1, "texture": 0.1, "grain": 0.05, "shift": 0.01, "scale": 0.02}
    spec = numbers.get("spec", {"backend": "jittered", "revision": 1, "size": 32, "shift": 0.01})
    (folder / "benchmark/hypothesis").mkdir(exist_ok=True)
    (folder / "benchmark/hypothesis/calibration.json").write_text(json.dumps(made | {"provenance": {"spec": spec}}))
    plan = hypothesis.Plan(hypothesis.load_experiment(folder), ("frog-green",), folder, lambda spec: None)
    choice = {"smoothness": numbers.get("smoothness", 0.001), "waves": 1, "provenance": {"spec": plan.chosen_by}}
    (folder / "benchmark/hypothesis/choice.json").write_text(json.dumps(choice))


def sit(workflow, *words):
    """What a sitting says."""
    command = [sys.executable, "docs/results/hypothesis.py", "--cores", "2", *words]
    done = subprocess.run(command, cwd=workflow.folder, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def trial(fresh):
    (fresh.folder / "config/hypothesis.yaml").write_text(TRIAL)
    commit(fresh.folder)
    return fresh


def test_the_whole_grid_is_planned_once_measured_and_chosen(fresh):
    refused = fresh.run("--dry-run", "hypothesis")
    assert "there is none yet; run `snakemake hypothesis_" in refused.stdout
    calibration = fresh.planned("hypothesis_calibration")
    assert calibration == {"hypothesis_calibration": 1}
    choice = fresh.planned("hypothesis_choice")
    assert choice["hypothesis_cell"] == 10  # five strengths, four numbers of waves, and none
    assert choice["hypothesis_fit"] == 60


def test_faults_measured_with_another_model_are_refused(trial):
    commit(trial.folder, spec={"backend": "jittered"})
    refused = trial.run("--dry-run", "hypothesis")
    assert "calibration.json: was measured with other settings (revision: none, now 1)" in refused.stdout
    assert refused.returncode != 0


def test_a_trial_runs_and_a_changed_strength_makes_its_arm_anew(trial):
    done = trial.run("--", "hypothesis")
    assert done.returncode == 0, done.stdout
    folder, kept = trial.folder / "results/hypothesis", trial.folder / "docs/results/hypothesis/cells"
    cells = sorted(path.stem for path in (folder / "cells").glob("*.csv"))
    assert cells == [
        *(f"colour_motion-120_{arm}_x1" for arm in ("filtered", "frozen", "independent", "joint")),
        *(f"mini_motion-120_{arm}_x4" for arm in ("independent", "low-rank")),
    ]
    rows = [next(csv.DictReader((folder / f"cells/{cell}.csv").open())) for cell in cells]
    assert all(row["image"] == "frog-green" and float(row["psnr"]) > 10 for row in rows)
    filtered, frozen, independent = rows[:3]
    assert float(filtered["flicker"]) < float(independent["flicker"])
    assert float(frozen["flicker"]) == float(frozen["motion_kept"]) == 0
    assert all(0 < float(row["flip"]) < 1 for row in rows)
    assert all(0 <= float(row["seconds"]) < 60 for row in rows)  # 0: too short to be seen
    assert float(independent["bytes_per_second"]) == 4 * 14 * 100 * 10
    spec = json.loads((folder / "fits/colour_motion-120_joint_x1/frog-green/frame-00-fit.json").read_text())
    assert spec["provenance"]["spec"]["smoothness"] == 0.001
    verdicts = json.loads((folder / "verdicts.json").read_text())
    assert set(verdicts["verdicts"].values()) == {"not testable"}
    assert verdicts["measured_at"].keys() == set(cells)
    assert len(list(csv.reader((folder / "table4.csv").open()))) == 7
    assert (folder / "figure11.webp").stat().st_size > 1000
    assert (folder / "films/frog-green.mp4").stat().st_size > 1000
    assert trial.planned("hypothesis") == {}

    assert "6 of 6 cells are left; commit" in sit(trial, "--minutes", "0")
    assert not kept.exists()
    assert "docs/results/hypothesis.md: written" in sit(trial)
    assert sorted(path.stem for path in kept.glob("*.csv")) == cells
    assert (trial.folder / "docs/results/hypothesis.md").read_text().startswith("# Does modelling time in 3D help?")
    assert (kept.parent / "films/frog-green.mp4").is_file()
    assert (kept.parent / "verdicts.json").read_text() == (folder / "verdicts.json").read_text()

    # another machine, which has what was committed
    shutil.rmtree(trial.folder / "results")
    film = {"hypothesis_objects": 1, "hypothesis_truth": 1, "hypothesis_views": 1, "hypothesis_fit": 2}
    ends = {"hypothesis_verdicts": 1, "hypothesis_figure": 1, "hypothesis_film": 1, "hypothesis": 1}
    assert trial.planned("hypothesis") == film | ends
    done = trial.run("--", "results/hypothesis/verdicts.json")
    assert done.returncode == 0, done.stdout
    again = json.loads((folder / "verdicts.json").read_text())
    assert again["tests"] == verdicts["tests"]

    commit(trial.folder, smoothness=0.01)
    joint = trial.planned("results/hypothesis/verdicts.json")
    assert (joint["hypothesis_cell"], joint["hypothesis_fit"], joint["hypothesis_verdicts"]) == (1, 1, 1)
