import csv
import json
from pathlib import Path

import numpy as np
import pytest

from vid3d.backends import embed_clip
from vid3d.procedural import sample_object
from vid3d.study.specs import ClipEmbed
from vid3d.training import clip

RECIPE = clip.Recipe(objects=6, views=2, batch=5, steps=4, warmup=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mini-clip") / "model"
    clip.train(path, seed=3, recipe=RECIPE)
    return path


def _spec(folder: Path) -> ClipEmbed:
    return ClipEmbed(backend="clip", model=str(folder / "config.json"), weights=str(folder / "model.safetensors"))


def test_what_is_written_can_embed_images_and_captions(folder: Path) -> None:
    images = [np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8) for _ in range(2)]
    seen = embed_clip.build(_spec(folder))(images)
    said = embed_clip.build_captions(_spec(folder), folder / "vocabulary.txt")(["a red frog", "a blue fish", "a dog"])
    width = json.loads((folder / "config.json").read_text())["embed_dim"]
    assert seen.shape == (2, width)
    assert said.shape == (3, width)
    assert np.isfinite(seen).all()
    assert np.linalg.matrix_rank(said) == 3


def test_the_log_holds_every_step_and_the_facts_hold_the_recipe(folder: Path) -> None:
    rows = list(csv.DictReader((folder / "training.csv").open()))
    facts = json.loads((folder / "training.json").read_text())
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4]
    assert all(np.isfinite(float(row["loss"])) for row in rows)
    assert facts["steps_done"] == 4
    assert facts["recipe"]["objects"] == 6
    assert facts["vocabulary"] <= 512


def test_training_again_gives_the_same_weights(folder: Path, tmp_path: Path) -> None:
    clip.train(tmp_path, seed=3, recipe=RECIPE)
    weights = "model.safetensors"
    assert (tmp_path / weights).read_bytes() == (folder / weights).read_bytes()


def test_pairs_are_the_sampled_objects_on_white_from_different_cameras() -> None:
    images, captions = clip.pairs(RECIPE, np.random.default_rng(5))
    assert images.shape == (6, 2, 64, 64, 3)
    assert captions[0] == sample_object(np.random.default_rng(5)).caption
    assert (images.min(axis=(2, 3, 4)) < 200).all()  # each image shows something
    assert (images[:, :, 0] == 255).mean() > 0.9  # on white
    assert (images[:, 0] != images[:, 1]).any(axis=(1, 2, 3)).all()  # from different cameras


def test_the_budget_ends_training_early(tmp_path: Path) -> None:
    recipe = clip.Recipe(objects=5, views=1, batch=5, steps=10_000)
    clip.train(tmp_path, budget=1 / 60, recipe=recipe)
    assert 1 <= json.loads((tmp_path / "training.json").read_text())["steps_done"] < 10_000
