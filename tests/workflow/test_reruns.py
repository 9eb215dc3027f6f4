"""What re-runs after a change: only what depends on it."""

import re

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


def test_changing_the_fit_reruns_the_fit_and_what_follows(finished):
    finished.edit("tiny.yaml", "iterations: 60", "iterations: 61")
    planned = kinds(finished.planned())
    assert planned["splat"] == 2 * 2 * 2  # images x frames x view counts
    assert not {"reference", "seed", "seed_frames", "views", "views_", "held_out_truth"} & planned.keys()
    assert planned["score"] == 4


def test_changing_the_embedder_reruns_scores_only(finished):
    finished.edit("tiny.yaml", "backend: clip, model", "backend: clip, quick_gelu: true, model")
    planned = kinds(finished.planned())
    assert planned["score"] == 4
    assert not {"splat", "held_out"} & planned.keys()


def test_editing_one_object_reruns_that_object_only(finished):
    text = (finished.folder / "benchmark/procedural/objects.yaml").read_text()
    entry = re.search(r"^ *windmill-orange:.*?(?=^ *[a-z-]+:\s*(?:\{|$)|\Z)", text, re.MULTILINE | re.DOTALL)
    assert entry is not None
    assert "blue" in entry.group() or "red" in entry.group() or "green" in entry.group()
    changed = re.sub(r"\b(blue|red|green)\b", lambda m: {"blue": "red"}.get(m.group(), "blue"), entry.group(), count=1)
    finished.edit("benchmark/procedural/objects.yaml", entry.group(), changed)
    planned = kinds(finished.planned())
    assert planned["reference"] == 1
    assert planned["splat"] == 4


@pytest.mark.parametrize("file", ["rules/splat.smk", "rules/seed.smk", "rules/score.smk"])
def test_reformatting_a_rule_reruns_nothing(finished, file):
    path = finished.folder / file
    path.write_text("# a comment\n" + path.read_text().replace("        mem_mb", "        # why\n        mem_mb"))
    assert finished.planned() == {}


def test_a_new_field_at_its_default_reruns_nothing(finished):
    """A field that is written out with its default value is no change to the jobs' arguments."""
    finished.edit("tiny.yaml", "iterations: 60", "iterations: 60, opacity_weight: 0.1, preset: as-released")
    assert finished.planned() == {}


def test_a_run_that_extends_another_shares_its_seeds_and_views(finished):
    planned = kinds(finished.planned("refit"))
    assert planned["splat"] == 8
    assert not {"reference", "seed", "seed_frames", "views", "views_", "held_out_truth"} & planned.keys()


def test_one_image_and_fewer_frames_on_the_command_line(finished):
    planned = kinds(finished.planned("--config", "images=windmill-orange", "frames=1"))
    assert "splat" not in planned  # they are there already
    assert planned["score"] == 2  # of one frame instead of two
