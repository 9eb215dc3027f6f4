"""The experiment as data: cells from blocks, what they share, and what their jobs are told."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from vid3d import files
from vid3d.errors import InputError
from vid3d.study import hypothesis
from vid3d.study.benchmark import load_benchmark

ROOT = Path(__file__).parents[3]
BENCHMARK = tuple(load_benchmark("procedural", None, ROOT))
MEASURED = {"colour": 0.05, "texture": 0.06, "grain": 0.04, "shift": 0.005, "scale": 0.01}


@pytest.fixture
def plan(tmp_path):
    """The committed experiment with numbers that were measured and chosen."""
    made = hypothesis.Plan(hypothesis.load_experiment(ROOT), BENCHMARK, tmp_path, lambda spec: "0" * 64)
    folder = tmp_path / "benchmark/hypothesis"
    folder.mkdir(parents=True)
    record = {"spec": json.loads(made.views("mini").argument())}
    (folder / "calibration.json").write_text(json.dumps(MEASURED | {"provenance": record}))
    chosen = {"smoothness": 0.003, "waves": 3, "provenance": {"spec": made.chosen_by}}
    (folder / "choice.json").write_text(json.dumps(chosen))
    return made


def test_every_cell_is_there_once_with_all_of_its_objects(plan):
    names = [cell.name for cell in plan.cells]
    assert len(names) == len(set(names)) == 94
    primary = [c for c in plan.cells if (c.input, c.budget, c.motion, c.events, c.views) == ("mini", 4, 120, False, 18)]
    assert {(c.arm, c.replicate) for c in primary if c.arm not in ("filtered", "frozen")} == {
        (arm, replicate) for arm in ("independent", "warm", "joint", "low-rank") for replicate in (1, 2, 3)
    }
    assert all(cell.objects == BENCHMARK for cell in primary)
    assert {len(cell.objects) for cell in plan.cells if cell.budget != 4} == {8}


def keep(plan, cell):
    """Outcomes of a cell as they are kept."""
    path = plan.root / hypothesis.KEPT.format(cell=cell.name)
    item = {"made_of": plan.made_of(cell)}
    files.save_rows(
        path, [{"image": name, "psnr": 24.0} for name in cell.objects], files.Provenance("cell", "{}", item)
    )
    return path


def test_kept_outcomes_are_read_if_they_are_of_what_there_is_now(plan):
    first, second = plan.cells[:2]
    assert plan.outcomes == [hypothesis.CELL.format(cell=cell.name) for cell in plan.cells]
    path = keep(plan, first)
    assert plan.outcome(first) == hypothesis.KEPT.format(cell=first.name)
    assert plan.outcome(second) == hypothesis.CELL.format(cell=second.name)
    assert replace(plan, content=lambda spec: "0" * 64).outcomes[0] == plan.outcome(first)
    fewer = plan.experiment.model_copy(update={"objects": BENCHMARK[:3]})
    for other in (replace(plan, experiment=fewer), replace(plan, experiment=longer(plan.experiment))):
        assert other.outcome(other.of_cell(first.name)) == hypothesis.CELL.format(cell=first.name)
    assert len(path.read_bytes()) < 10_000


def longer(experiment):
    return experiment.model_copy(update={"iterations": 400})


def test_kept_outcomes_of_other_weights_are_made_anew(plan):
    mini = plan.of_cell("mini_motion-120_independent_x4")
    keep(plan, mini)
    assert replace(plan, content=lambda spec: "1" * 64).outcome(mini) == hypothesis.CELL.format(cell=mini.name)


@pytest.mark.parametrize("damage", ["edited", "no record", "no outcomes", "no JSON"])
def test_kept_outcomes_that_are_not_as_recorded_are_refused(plan, damage):
    path = keep(plan, plan.cells[0])
    if damage == "edited":
        path.write_text(path.read_text().replace("24", "25", 1))
    elif damage == "no JSON":
        path.with_suffix(".json").write_text("{")
    else:
        (path if damage == "no outcomes" else path.with_suffix(".json")).unlink()
    with pytest.raises(InputError, match=rf"{path.name}: is not as \S+json records it; restore both, or delete both"):
        plan.outcomes  # noqa: B018


def test_a_frozen_arm_shares_the_independent_fits(plan):
    frozen = plan.of_cell("truth_motion-120_frozen_x4")
    assert frozen.fit(plan.experiment) == "truth_motion-120_independent_x4"
    assert plan.told(frozen.name).endswith("--reach 0 --frozen")


def test_a_filter_of_renders_shares_the_independent_fits(plan):
    filtered = plan.of_cell("mini_motion-120_filtered_x4")
    assert filtered.fit(plan.experiment) == "mini_motion-120_independent_x4"
    assert plan.splats(filtered.name) == plan.splats("mini_motion-120_independent_x4")
    assert len(plan.splats(filtered.name)) == 24 * 10
    assert "--reach 1" in plan.told(filtered.name)


def test_specs_hold_what_was_measured_and_chosen(plan):
    spec = plan.views("texture-twice")
    assert (spec.texture, spec.grain, spec.colour) == (0.12, 0.04, 0)
    spec = plan.views("recentring-half")
    assert (spec.shift, spec.scale) == (0.0025, 0.005)
    assert plan.views("mini-shared").noise == "clip"
    assert plan.views("mini-2").seed == plan.views("mini").seed + 1
    joint, low_rank = (plan.fit(plan.of_cell(f"mini_motion-120_{arm}_x4")) for arm in ("joint", "low-rank"))
    assert (joint.smoothness, low_rank.waves) == (0.003, 3)
    assert joint.iterations == low_rank.iterations == 1200
    fits = [plan.fit(cell) for cell in plan.cells]
    assert {(fit.preset, fit.splats) for fit in fits} == {("fast", 2000)}
    assert plan.fit(replace(plan.of_cell("mini_motion-120_joint_x4"), number=0.1)).smoothness == 0.1
    assert "--stored 70000" in plan.told("mini_motion-120_low-rank_x4")  # 2000 splats of 14 + 3 x 7 numbers


def test_training_objects_choose_and_are_in_no_cell_of_the_verdicts(plan):
    assert {cell.objects for cell in plan.trials} == {hypothesis.TRAINING}
    assert not {cell.name for cell in plan.trials} & {cell.name for cell in plan.cells}
    assert not set(hypothesis.TRAINING) & set(BENCHMARK)


def test_scenes_are_told_to_their_jobs():
    assert hypothesis.scene_options("motion-200") == "--motion 200"
    assert hypothesis.scene_options("motion-120-events") == "--motion 120 --events"


def test_what_is_not_there_is_named(plan, tmp_path):
    (tmp_path / "benchmark/hypothesis/choice.json").unlink()
    with pytest.raises(InputError, match=r"choice.json: there is none yet; run `snakemake hypothesis_choice`"):
        plan.fit(plan.of_cell("mini_motion-120_joint_x4"))
    (tmp_path / "config").mkdir()
    text = (ROOT / hypothesis.CONFIG).read_text().replace("arms: [filtered]", "arms: [filter]")
    (tmp_path / hypothesis.CONFIG).write_text(text)
    with pytest.raises(InputError, match=r"cells\.4\.arms: there is no 'filter'; choose of independent, warm"):
        hypothesis.load_experiment(tmp_path)


@pytest.mark.parametrize("name", ["calibration", "choice"])
@pytest.mark.parametrize(
    ("root", "content", "message"),
    [
        (
            None,
            "1" * 64,
            r"other weights \(000000000000..., now 111111111111...\)",
        ),
        (
            "size: 64",
            "0" * 64,
            r"other settings \((views.)?size: 64, now 32\)",
        ),
    ],
)
def test_numbers_of_other_weights_or_settings_are_refused_with_the_cure(plan, name, root, content, message):
    experiment = plan.experiment
    if root:
        mini = experiment.inputs["mini"]
        smaller = mini.model_copy(update={"views": mini.views.model_copy(update={"size": 32})})
        experiment = experiment.model_copy(update={"inputs": experiment.inputs | {"mini": smaller}})
    other = replace(plan, experiment=experiment, content=lambda spec: content)
    cure = rf"; run `snakemake hypothesis_{name}` and copy results/hypothesis/{name}.json there$"
    with pytest.raises(
        InputError, match=rf"^\S+/{name}\.json: was measured with {message} than the experiment has{cure}"
    ) as told:
        getattr(other, name)
    assert "\n" not in str(told.value)
    assert getattr(plan, name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Invalid JSON"),
        ('{"smoothness": 0.1, "waves": 3}', "provenance: Field required"),
        ('{"smoothness": 0.1, "waves": 0.5, "provenance": {"spec": {}}}', "waves: Input should be a valid integer"),
        ('{"smoothness": NaN, "waves": 3, "provenance": {"spec": {}}}', "smoothness: Input should be"),
    ],
)
def test_a_committed_file_that_is_not_understood_says_how_it_is_made(plan, tmp_path, text, message):
    (tmp_path / "benchmark/hypothesis/choice.json").write_text(text)
    with pytest.raises(InputError, match=rf"choice\.json: {message}.*make it anew with `snakemake hypothesis_choice`"):
        plan.choice  # noqa: B018
