"""`vid3d cost` counts the jobs that Snakemake plans."""

import re
from collections import Counter

import pytest

from vid3d.machine import cost
from vid3d.study.parsing import load_study
from vid3d.study.reading import load_yaml
from vid3d.weights.manifest import load_manifest

STAGES = {
    "weights_file": "weights",
    "convert_v_d": "convert",
    "stage_embeddings": "stage-embeddings",
    "gsplat_extension": "compile",
    "seed_frames": "seed",
    "seed_frames_motion": "seed",
    "views_motion": "views",
    "splat_gpu": "splat",
    "splat_cpu": "splat",
    "render_frames": "render",
    "held_out_truth": "held-out-truth",
    "held_out": "held-out",
}
# of reports, which are not counted
BEYOND = {"tables", "page"}


def stages(planned: dict[str, int], report: str) -> Counter[str]:
    """Planned jobs by stage: the names of rules without the numbers of frames in them."""
    found: Counter[str] = Counter()
    for rule, count in planned.items():
        name = re.sub(r"[\d_]*\d[\d_]*", "_", rule).strip("_")
        if name not in BEYOND | {report} and not name.startswith("figures_of_"):
            found[STAGES.get(name, name)] += count
    return found


@pytest.mark.parametrize(
    ("report", "overlay"),
    [
        ("full", "{}"),
        ("quick", "{}"),
        ("full-one", "{}"),
        ("full-cpu-splats", "execution: {frames_per_job: {views: 10, splat_cpu: 7}}"),
    ],
)
def test_jobs_are_those_of_the_plan(fresh, report, overlay):
    (fresh.folder / "overlay.yaml").write_text(overlay)
    settings = {"benchmark_dir": "nowhere"}
    planned = fresh.planned("--configfile", "overlay.yaml", "--config", "benchmark_dir=nowhere", "--", report)
    layers = [fresh.folder / "config/study.yaml", fresh.folder / "overlay.yaml"]
    study = load_study(layers, settings, fresh.folder)
    manifest = load_manifest(fresh.folder / "config/weights.yaml")
    runs = study.reports[report].runs
    assert Counter(job.stage for job in cost.jobs(study, runs, manifest, fresh.folder)) == stages(planned, report)


def test_memory_is_what_the_rules_ask_for(fresh):
    """`vid3d doctor` compares it with the machine's."""
    for path in fresh.folder.glob("rules/*.smk"):  # without messages Snakemake shows resources instead
        path.write_text(re.sub(r"^ +message:\n.*\n", "", path.read_text(), flags=re.MULTILINE))
    settings = ("benchmark_dir=nowhere", "images=fish", "execution={frames_per_job: {splat_cpu: 10}}")
    done = fresh.run("--dry-run", "--quiet", "host", "--config", *settings, "--", "full", "full-cpu-splats")
    asked: dict[str, set[float]] = {}
    for rule, megabytes in re.findall(
        r"^rule (\S+):\n(?:.+\n)*?^ +resources: .*?mem_mb=(\d+)", done.stdout, re.MULTILINE
    ):
        asked.setdefault(rule.split("_")[0], set()).add(int(megabytes) / 1000)
    costs = load_yaml(fresh.folder / "config/costs.yaml", cost.Costs)
    said: dict[str, set[float]] = {}
    for unit in costs.memory:
        said.setdefault(unit.stage, set()).add(unit.amount)
    assert said == {stage: asked[stage] for stage in said}
