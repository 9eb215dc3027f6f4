"""How work is cut into jobs, and in which order they run, changes no byte of what they make; each keeps to a core."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.workflow.conftest import Workflow, copy_workflow

STUDY = """
runs:
  grain:
    title: Two motion scores and two view counts of one object, by the mini models
    extends: mini
    images: [frog-green]
    motion_scores: [120, 200]
    view_counts: [18, 3]
    frames: 2
    seed: {frames: 3, steps: 1}
    views: {steps: 1}
"""
CLIPS = [f"results/grain/frog-green/motion-{clip}" for clip in ("120/views-18", "200/views-18", "120/views-3")]
# (cores, how jobs are cut): processes that a command starts, of three clips with seeds and views of two.  Where no jobs
# are cut together, which leaves the most choice, the next job is drawn.
GRAINS = {
    "together": ("2", "{}", {"seed": 1, "views": 1, "fit": 3, "render": 3, "score": 1, "indicators": 1}),
    "apart": (
        "1",
        "{clips_per_job: {sampled: 1, scored: 1}, frames_per_job: {splat_cpu: 1}}",
        {"seed": 2, "views": 2, "fit": 6, "render": 3, "score": 3, "indicators": 3},
    ),
}
# in place of the installed command: the same, and a line about the process at its end
COMMAND = """#!{python}
import json, os, sys
from vid3d.cli import main
try:
    main()
finally:
    seen = {{"command": sys.argv[1], "tasks": len(os.listdir("/proc/self/task"))}}
    if torch := sys.modules.get("torch"):
        seen["torch"] = torch.get_num_threads()
    if cv2 := sys.modules.get("cv2"):
        seen["cv2"] = cv2.getNumThreads()
    with open({log!r}, "a") as log:
        log.write(json.dumps(seen) + "\\n")
"""
# in place of Snakemake: the same, but for the order of jobs, and a line about how it chose them at its end
DRAWN = """
import json, random, sys
from snakemake.cli import main
from snakemake.scheduling.job_scheduler import JobScheduler

choose, draw, ready = JobScheduler.job_selector, random.Random(20261130), []

def drawn(self, jobs):
    ready.append(len(jobs))
    return choose(self, {draw.choice(sorted(jobs, key=lambda job: job.jobid))} if DRAW else jobs)

JobScheduler.job_selector, DRAW = drawn, json.loads(sys.argv.pop(1))
try:
    main()
finally:
    with open("looks.json", "w") as file:
        json.dump(ready, file)
"""


def watched(folder: Path) -> Path:
    """A folder with a command `vid3d` that notes its processes in ``seen.jsonl`` beside it."""
    command = folder / "bin/vid3d"
    command.parent.mkdir()
    command.write_text(COMMAND.format(python=sys.executable, log=str(folder / "seen.jsonl")))
    command.chmod(0o755)
    return command.parent


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, tuple[Workflow, list[dict]]]:
    """By grain: the workflow after its end, and what was noted of its processes."""
    pytest.importorskip("diffusers", reason="the mini models are sampled by diffusers")
    made = {}
    for grain, (cores, execution, _) in GRAINS.items():
        workflow = copy_workflow(tmp_path_factory.mktemp(grain) / "workflow")
        (workflow.folder / "grain.yaml").write_text(f"execution: {execution}\n{STUDY}")
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("PATH", str(watched(workflow.folder)), prepend=":")
            for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
                environment.setenv(name, "2")  # what a machine of two cores may set; a job has one
            targets = [f"{clip}/{name}" for clip in CLIPS for name in ("scores.csv", "indicators.csv")]
            words = ["--cores", cores, "--configfile", "grain.yaml", "--", *targets]
            done = subprocess.run(
                [sys.executable, "-c", DRAWN, json.dumps(grain == "apart"), *words],
                cwd=workflow.folder,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        lines = (workflow.folder / "seen.jsonl").read_text().splitlines()
        made[grain] = (workflow, [json.loads(line) for line in lines])
    return made


def test_results_do_not_depend_on_how_work_is_cut_into_jobs_nor_on_their_order(runs):
    folders = [workflow.folder / "results" for workflow, _ in runs.values()]
    files = [{str(path.relative_to(folder)): path for path in folder.rglob("*.*")} for folder in folders]
    for found in files:
        found.pop("contents.json")  # when files that enter from outside were last changed
    assert files[0].keys() == files[1].keys()
    assert {Path(name).suffix for name in files[0]} >= {".png", ".ply", ".csv", ".npz", ".mp4"}
    made = [name for name in files[0] if not name.startswith("records/")]  # which say when, where and how long
    differing = [name for name in made if files[0][name].read_bytes() != files[1][name].read_bytes()]
    assert not differing


@pytest.mark.parametrize("grain", GRAINS)
def test_libraries_are_imported_once_for_clips_that_share_a_job(runs, grain):
    _, seen = runs[grain]
    counted = Counter(process["command"] for process in seen)
    assert counted == GRAINS[grain][2] | {"reference": 1}
    learned = {process["command"] for process in seen if "torch" in process}
    assert learned == {"seed", "views", "score"}


@pytest.mark.parametrize("grain", GRAINS)
def test_no_library_of_a_job_uses_more_than_its_core(runs, grain):
    _, seen = runs[grain]
    assert {process["torch"] for process in seen if "torch" in process} == {1}
    assert {process["cv2"] for process in seen if "cv2" in process} == {1}
    assert all(process["tasks"] == 1 for process in seen if process["command"] in ("fit", "indicators"))


def looks(workflow: Workflow) -> list[int]:
    """How many jobs were ready, each time that Snakemake looked for some to start."""
    return json.loads((workflow.folder / "looks.json").read_text())


def test_the_order_of_jobs_was_drawn_where_it_should_be(runs):
    workflow, _ = runs["apart"]
    assert sum(ready > 2 for ready in looks(workflow)) > 5


@pytest.mark.parametrize("grain", GRAINS)
def test_snakemake_looks_for_jobs_only_when_one_has_ended(runs, grain):
    """By itself it goes on looking, once more every second for each job that has ended (rules/snakemake.smk)."""
    workflow, seen = runs[grain]
    assert len(looks(workflow)) <= len(seen) + 1
