"""What the training rules are told."""

import re

import pytest

TRAIN = ("--dry-run", "--printshellcmds", "--forcerun", "train_mini_clip", "train_pipeline")


def budgets(workflow, *config):
    """Minutes that each planned training is given, by what it trains."""
    done = workflow.run(*TRAIN, "--config", "images=frog-green", "frames=1", *config, "--", "train")
    assert done.returncode == 0, done.stdout
    found = re.findall(r"vid3d train-((?:clip(?= )|part \S+)) (.*)", done.stdout)
    return [(command, re.findall(r"--budget (\S+)", options)) for command, options in found]


def test_a_budget_is_shared_by_all_models(fresh):
    told = budgets(fresh, "training={minutes: 10}")
    assert sorted(command for command, _ in told) == [
        "clip",
        "part autoencoder",
        "part image-encoder",
        "part seed",
        "part views",
    ]
    assert sum(float(minutes) for _, (minutes,) in told) == pytest.approx(10)


def test_without_a_budget_all_steps_are_made(fresh):
    assert [minutes for _, minutes in budgets(fresh)] == [[]] * 5
