"""What a run says and leaves, and what re-runs after a change: only what depends on it."""

import json
import re
import shutil

import pytest


def kinds(planned: dict[str, int]) -> dict[str, int]:
    """Jobs per stage, whatever the block or the number of frames in the rule's name."""
    counts: dict[str, int] = {}
    for rule, count in planned.items():
        stage = re.match(r"[a-z]+(?:_[a-z]+)*", rule)
        assert stage is not None
        counts[stage.group()] = counts.get(stage.group(), 0) + count
    return counts


def test_a_second_run_does_nothing(finished):
    assert finished.planned() == {}


def test_a_run_says_in_few_lines_how_far_it_is(finished):
    lines = (finished.folder / "said.txt").read_text().splitlines()
    assert len(lines) < 30
    assert re.search(r"^vid3d: (\d+) jobs, about .* at a time$", "\n".join(lines), re.MULTILINE)
    assert any(re.match(r"done: \d+ jobs in ", line) for line in lines)
    assert any(line.endswith("/results/reports/tiny/index.html") and "file:///" in line for line in lines)
    assert not any(line.startswith(("failed", "Building")) for line in lines)


def test_its_log_says_what_each_job_does_and_neither_why_nor_where(finished):
    log = min((finished.folder / ".snakemake/log").glob("*.log"))  # the study's own; later ones list its rules
    said = log.read_text()
    assert "Fit frog-green, motion 120, 18 views, frames 0 1" in said
    assert "Score frog-green, motion 120, 18 views; motion 120, 3 views" in said
    assert "Reason" not in said
    assert "Host" not in said


def test_jobs_without_a_gpu_leave_empty_records_of_its_use(finished):
    """Snakemake does, for logs that a job does not write; the report, which was made, reads them as no use."""
    records = {path.relative_to(finished.folder / "benchmarks"): path for path in finished.folder.rglob("*-gpu.json")}
    assert {str(name.parts[0]) for name in records} == {"seed", "views", "splat", "render", "held-out"}
    assert not any(path.stat().st_size for path in records.values())


def test_seed_views_and_splats_are_compared_by_what_finished_studies_recorded(finished):
    """Another parameter of a rule, or one less, would make anew what took days."""
    recorded: dict[str, set[str]] = {}
    for path in (finished.folder / ".snakemake/metadata").rglob("*"):
        entry = json.loads(path.read_text()) if path.is_file() else {}
        recorded.setdefault(entry.get("rule", ""), set()).update(entry.get("params", ()))
    assert recorded["seed_2_frames"] == {"""'{"backend":"procedural","frames":2,"revision":1,"size":32}'"""}
    assert recorded["views_00_01"] == {"""'{"backend":"procedural","revision":1,"size":32}'""", "'0 1'"}
    fit = """'{"backend":"cpu","iterations":60,"revision":2,"splats":300}'"""
    assert recorded["splat_cpu_00_01"] == {fit, "18", "'0 1'"}


def test_changing_the_fit_reruns_the_fit_and_what_follows(finished):
    finished.edit("tiny.yaml", "iterations: 60", "iterations: 61")
    planned = kinds(finished.planned())
    assert planned["splat_cpu"] == 2 * 2  # images x view counts
    assert not {"reference", "seed", "seed_frames", "views", "views_", "held_out_truth"} & planned.keys()
    assert planned["score"] == 2


def test_changing_the_embedder_reruns_scores_only(finished):
    weights = finished.folder / "weights"
    shutil.copy(weights / "mini-clip/model.safetensors", weights / "another.safetensors")
    finished.edit("tiny.yaml", "weights: weights/mini-clip/model", "weights: weights/another")
    planned = kinds(finished.planned())
    assert planned["score"] == 2
    assert not {"splat_cpu", "held_out"} & planned.keys()


def test_editing_one_object_reruns_that_object_only(finished):
    text = (finished.folder / "benchmark/procedural/objects.yaml").read_text()
    entry = next(line for line in text.splitlines() if line.startswith("windmill-orange:"))
    finished.edit("benchmark/procedural/objects.yaml", entry, entry.replace("girth: 0.", "girth: 0.1"))
    planned = kinds(finished.planned())
    assert planned["reference"] == 1
    assert planned["splat_cpu"] == 2  # view counts
    assert planned["score"] == 1


@pytest.mark.parametrize("file", ["rules/splat.smk", "rules/seed.smk", "rules/score.smk"])
def test_reformatting_a_rule_reruns_nothing(finished, file):
    path = finished.folder / file
    text = re.sub(r"^( *)(mem_mb)", r"\1# why\n\1\2", path.read_text(), flags=re.MULTILINE)
    path.write_text("# a comment\n" + text)
    assert finished.planned() == {}


def test_a_new_field_at_its_default_reruns_nothing(finished):
    """A field that is written out with its default value is no change to the jobs' arguments."""
    finished.edit("tiny.yaml", "iterations: 60", "iterations: 60, opacity_weight: 0.1, preset: as-released")
    assert finished.planned() == {}


def test_a_run_that_extends_another_shares_its_seeds_and_views(finished):
    planned = kinds(finished.planned("refit"))
    assert planned["splat_cpu"] == 4
    assert not {"reference", "seed", "seed_frames", "views", "views_", "held_out_truth"} & planned.keys()


def test_one_image_on_the_command_line_reruns_nothing_but_the_report(finished):
    planned = kinds(finished.planned("--config", "images=windmill-orange"))
    assert planned.keys() == {"tables", "figures_of_tiny", "page", "all"}


def test_fewer_frames_on_the_command_line_plan_fewer_jobs(fresh):
    planned = kinds(fresh.planned("--config", "images=windmill-orange", "frames=1"))
    assert planned["splat_cpu"] == 2  # view counts
    assert planned["score"] == 1
