"""What runs cost: jobs as the workflow plans them, unit costs as data, estimates called estimates."""

import copy
from collections import Counter
from pathlib import Path

import pytest
import yaml

from vid3d import cli
from vid3d.errors import InputError
from vid3d.machine import cost
from vid3d.study.parsing import load_study
from vid3d.study.reading import load_yaml
from vid3d.weights.manifest import load_manifest

ROOT = Path(__file__).parents[3]
COSTS = load_yaml(ROOT / "config/costs.yaml", cost.Costs)
MANIFEST = load_manifest(ROOT / "config/weights.yaml")


def study(**settings):
    return load_study([ROOT / "config/study.yaml"], settings, ROOT)


def counted(*runs, **settings):
    return Counter(job.stage for job in cost.jobs(study(**settings), runs, MANIFEST, ROOT))


def total(*runs, costs=COSTS, **settings):
    return cost.total(study(**settings), runs, costs, MANIFEST, ROOT)


def test_the_papers_run_has_the_papers_jobs():
    expected = {"seed": 72, "views": 72, "splat": 120, "render": 120, "score": 24, "fetch": 24, "reference": 24}
    measured = {"indicators": 24, "stage-embeddings": 24}
    assert counted("full") == expected | measured | {"weights": 13, "convert": 1, "compile": 1}


def test_frames_per_job_cut_blocks():
    assert counted("full", execution={"frames_per_job": {"views": 10, "splat_gpu": 9}})["views"] == 72 * 3
    assert counted("full", execution={"frames_per_job": {"views": 10, "splat_gpu": 9}})["splat"] == 120 * 3
    assert counted("full-cpu-splats", execution={"frames_per_job": {"splat_cpu": 1}})["splat"] == 3000


def test_clips_per_job_cut_blocks():
    """Five clips of each of eight images; three of their seeds are sampled together, and never on a GPU."""
    scored = {"clips_per_job": {"scored": 2}}
    assert [counted("quick", execution=scored)[stage] for stage in ("score", "indicators")] == [8 * 3, 8 * 3]
    for size, jobs in ((1, 3), (2, 2), (3, 1)):
        sampled = {"clips_per_job": {"sampled": size}}
        assert [counted("quick", execution=sampled)[stage] for stage in ("seed", "views")] == [8 * jobs, 8 * jobs]
        assert counted("full", execution=sampled)["seed"] == 72


def test_the_default_report_starts_no_more_processes_than_it_did():
    """Each costs a start; the report's own four and `all` come on top.  Eight of an image are for the true views."""
    runs = study().reports["quick"].runs
    assert sum(counted(*runs).values()) <= 192 + 64
    assert sum(counted(*(run for run in runs if run != "quick-truth-views")).values()) <= 192


def test_the_true_views_of_the_default_report_share_what_comes_before_them():
    found = counted("quick", "quick-truth-views") - counted("quick")
    once = dict.fromkeys(("views", "splat", "render", "score", "indicators", "stage-embeddings"), 8)
    assert found == once | {"held-out-truth": 8, "held-out": 8}
    both, alone = total("quick", "quick-truth-views"), total("quick")
    hours = sum(one.cpu for one in both.values()) - sum(one.cpu for one in alone.values())
    assert 3600 * hours < 120  # seconds of a processor, of some 490 in all


def test_controls_without_splats_are_scored_together():
    """But only where every report shows them all; an image's clips of the run itself are another job."""
    report = {"title": "t", "runs": ["quick", "static"]}
    for alone, jobs in ((None, 3), (report, 4)):
        found = counted("quick", "shuffled", "static", "blank", "true-images", reports={"one": alone} if alone else {})
        assert found["score"] == found["indicators"] == 8 * jobs


def test_runs_that_share_stages_pay_them_once():
    both = counted("full", "full-cpu-splats")
    assert both["seed"] == both["views"] == 72
    assert both["splat"] == 120 + 120
    assert counted("static") == {"reference": 8, "render": 8, "score": 8, "indicators": 8}  # no splats


def test_time_is_in_proportion_to_the_work():
    once = total("full")["seed"]
    twice = total("full", runs={"full": {"seed": {"steps": 50}}})["seed"]
    (unit,) = [unit for unit in COSTS.time if (unit.stage, unit.backend, unit.device) == ("seed", "svd", "gpu")]
    start = 72 * unit.start / 3600
    assert twice.gpu - start == pytest.approx(2 * (once.gpu - start))
    assert once.cpu == 0
    assert once.gpu == pytest.approx(72 * (unit.start + unit.amount * (25 / 30) * 512**2 / 589824) / 3600)


def test_a_measurement_at_another_size_is_an_estimate():
    assert "cpu" not in total("quick")["splat"].estimates
    assert "cpu" in total("relief")["splat"].estimates  # 96 pixels; measured at 64 and 128
    assert "gpu" in total("full")["seed"].estimates  # published for 576 x 1024
    assert "disk" not in total("full")["weights"].estimates
    assert total("full")["weights"].disk == sum(
        file.size for model in MANIFEST.models.values() for file in model.files.values()
    )


def test_the_nearest_measurement_is_taken():
    paper = total("full-cpu-splats")["splat"]
    assert paper.cpu == pytest.approx(120 * (0.25 + 25 * 4000 * 0.114) / 3600)  # 25 fits a job
    assert not {"cpu", "gpu"} & paper.estimates


@pytest.mark.parametrize(
    "run",
    [
        *("quick", "quick-truth-views", "truth", "static", "blank", "relief"),
        *("full", "full-one", "full-six", "full-cpu-splats"),
    ],
)
def test_every_stage_of_every_run_has_a_unit_cost(run):
    sums = total(run)
    assert not {stage: found.unknown for stage, found in sums.items() if found.unknown and stage != "fetch"}


def test_a_models_cost_says_nothing_of_another_model():
    other = {"full": {"seed": {"model": "my/svd"}}}
    sums = total("full", runs=other)
    assert sums["seed"].unknown == 72
    assert sums["seed"].gpu == 0
    assert sums["weights"].jobs == 13 - 9
    assert "seed: time of 72 jobs unknown and left out" in cost.table(sums)


def test_the_table_marks_estimates_and_names_sources():
    text = cost.table(total("full"))
    rows = {line.split()[0]: line.split() for line in text.splitlines() if line}
    assert rows["views"][:2] == ["views", "72"]
    assert rows["views"][2].startswith("~")
    assert rows["score"][3].startswith("1.")
    assert rows["all"][1] == "519"
    assert rows["all"][2].startswith("~")
    assert "seed: time published for another size: about 180 s" in text
    assert "https://huggingface.co/stabilityai/stable-video-diffusion-img2vid-xt" in text
    assert max(len(line) for line in text.splitlines()[:15]) < 100


def test_every_unit_cost_has_a_source_and_published_ones_an_address():
    for unit in (*COSTS.time, *COSTS.disk, *COSTS.gpu_memory):
        assert unit.source
        assert unit.known != "published" or "https://" in unit.source


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"known": "sure"}, "time.0.known"),
        ({"at": {"pixel": 3}}, "time.0.at.pixel"),
        ({"at": {"pixels": 0}}, "time.0.at.pixels"),
        ({"amounts": 3}, "time.0.amounts: unknown key"),
    ],
)
def test_wrong_unit_costs_are_refused_saying_where(tmp_path, change, message):
    raw = copy.deepcopy(yaml.safe_load((ROOT / "config/costs.yaml").read_text()))
    raw["time"][0] |= change
    (tmp_path / "costs.yaml").write_text(yaml.safe_dump(raw))
    with pytest.raises(InputError, match=r"costs\.yaml: ") as error:
        load_yaml(tmp_path / "costs.yaml", cost.Costs)
    assert message in str(error.value)


@pytest.fixture
def vid3d(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["vid3d", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_the_command_reads_the_study_as_the_workflow_does(vid3d, tmp_path):
    code, out, _ = vid3d("cost", "--run", "full")
    assert code == 0
    assert out.startswith("Run full, as if nothing were there yet\n")
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("runs: {full: {images: [fish]}}")
    one = vid3d("cost", "--run", "full", "--configfile", str(overlay), "--config", "frames=5")[1]
    assert [line.split()[1] for line in one.splitlines() if line.startswith("seed  ")] == ["3"]
    runs = "quick and quick-truth-views and shuffled and true-images and static and blank"
    assert vid3d("cost")[1].startswith(f"Run {runs},")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--run", "fool"], "--run: there is no run 'fool'"),
        (["--config", "frames"], "--config frames: give it as KEY=VALUE"),
        (["--config", "frames=[1"], "--config frames: not valid YAML"),
        (["--configfile", "nowhere.yaml"], "nowhere.yaml: No such file"),
    ],
)
def test_what_is_wrong_is_one_line(vid3d, arguments, message):
    code, out, err = vid3d("cost", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"vid3d: {message}")
    assert err.count("\n") == 1
