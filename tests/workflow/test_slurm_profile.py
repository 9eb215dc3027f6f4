"""What profiles/slurm asks of a cluster, planned without one (tests/slurm runs it on one)."""

import re
import subprocess
import sys
from collections import Counter

import pytest
import yaml

from tests.workflow.conftest import ROOT, copy_workflow

PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
CLIPS = 24 * (3 + 2)  # images x conditions, of run `full` and of run `full-cpu-splats`
LOCAL = {"fetch", "weights_file", "full", "full-cpu-splats", "tiny-full"}  # need the internet, or run nothing


@pytest.fixture(scope="module")
def quiet_rules(tmp_path_factory):
    """The workflow without messages, so that Snakemake shows each job's rule and resources instead."""
    workflow = copy_workflow(tmp_path_factory.mktemp("slurm-profile") / "workflow")
    for path in workflow.folder.glob("rules/*.smk"):
        path.write_text(re.sub(r"^ +message:\n.*\n", "", path.read_text(), flags=re.MULTILINE))
    return workflow


@pytest.fixture(scope="module")
def plan(quiet_rules):
    """(rule, its resources) of every job of the largest reports."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "host", "--profile", "profiles/slurm"]
    targets = ["full", "full-cpu-splats", "tiny-full", "--config", "benchmark_dir=nowhere"]
    done = subprocess.run(
        [*command, *targets],
        cwd=quiet_rules.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    rules = re.findall(r"^(?:local)?rule (\S+):$", done.stdout, re.MULTILINE)
    resources = re.findall(r"^ +resources: (.+)$", done.stdout, re.MULTILINE)
    return [
        (rule, dict(pair.split("=") for pair in text.split(", "))) for rule, text in zip(rules, resources, strict=True)
    ]


def test_thousands_of_fits_become_hundreds_of_jobs(plan):
    fits = Counter(rule for rule, _ in plan if rule.startswith("splat_"))
    blocks = ["splat_gpu_00_24", "splat_cpu_00_09", "splat_cpu_10_19", "splat_cpu_20_24"]
    assert fits == dict.fromkeys(blocks, CLIPS) | {"splat_cpu_00_01": 1}  # the last one of run `tiny-full`


def test_all_runs_of_the_paper_are_fewer_jobs_than_the_splats_of_one(plan):
    submitted = [rule for rule, _ in plan if rule not in LOCAL]
    assert len(submitted) < CLIPS * 25 / 2


def test_no_job_asks_for_more_than_one_gpu(plan):
    asked = {(re.match("[a-z]+", rule).group(), int(r.get("gpu", 0))) for rule, r in plan}
    on_gpu = {rule for rule, gpus in asked if gpus == 1}
    assert on_gpu == {"gsplat", "seed", "views", "splat", "render"}
    assert {gpus for _, gpus in asked} == {0, 1}


def test_every_job_names_memory_and_time_and_nothing_of_slurms_own(plan):
    for rule, resources in plan:
        assert {"mem_mb", "runtime"} <= resources.keys() or rule in LOCAL, rule
        assert resources.keys() <= {"gpu", "mem", "mem_mb", "mem_mib", "runtime", "tmpdir"}, rule


def test_a_retry_asks_for_more(quiet_rules):
    (quiet_rules.folder / "broken.png").write_text("no image")
    words = ("--quiet", "host")  # those of Snakemake, with resources
    done = quiet_rules.run("--retries", "2", "own", *words, "--config", "image=broken.png", "--until", "reference")
    assert done.returncode == 1
    assert re.findall(r"mem_mb=(\d+)", done.stdout) == ["1500", "3000", "4500"]
    assert re.findall(r"runtime=(\d+)", done.stdout) == ["10", "20", "30"]


@pytest.mark.parametrize("rule", ["fetch", "weights_file"])
def test_what_needs_the_internet_runs_where_snakemake_does(rule):
    rules = [text for path in ROOT.glob("rules/*.smk") for text in path.read_text().split("\nrule ")]
    (text,) = [text for text in rules if text.startswith(f"{rule}:")]
    assert "localrule: True" in text


def test_the_profile_never_submits_arrays_nor_overrides_what_the_rules_ask_for():
    assert PROFILE["executor"] == "slurm"
    assert PROFILE["slurm-status-command"] == "squeue"
    assert not {"slurm-array-jobs", "set-resources", "default-resources"} & PROFILE.keys()


def test_what_makes_a_job_re_run_is_the_same_as_locally():
    local = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text())
    assert PROFILE["rerun-triggers"] == local["rerun-triggers"]
