import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from vid3d.backends import embed_clip
from vid3d.measures import metrics
from vid3d.procedural import sample_object
from vid3d.study.specs.score import ClipEmbed
from vid3d.training import clip, clip_card
from vid3d.training.disagreeing import disagreeing

RECIPE = clip.Recipe(objects=6, views=2, splatted=1, compared=4, batch=5, steps=4, warmup=2)


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
    assert all(np.isfinite(float(row[name])) for row in rows for name in ("loss", "error_of_damage"))
    assert facts["steps_done"] == 4
    assert facts["recipe"]["objects"] == 6
    assert facts["recipe"]["slight"] == clip.SLIGHT
    assert facts["vocabulary"] <= 512


def test_its_card_says_what_it_was_shown(folder: Path, tmp_path: Path) -> None:
    """With the committed model's figures, since judging takes minutes."""
    shutil.copytree(folder, tmp_path / "model")
    for name in ("evaluation.json", "generated.json"):
        shutil.copy(Path(__file__).parents[3] / "weights/mini-clip" / name, tmp_path / "model")
    clip_card.write(tmp_path / "model")
    text = " ".join((tmp_path / "model/README.md").read_text().split())
    assert "50% of the images are damaged slightly" in text
    assert "falls with its PSNR, from 1 at 32 dB to 0 at 10 dB" in text
    assert "of splats of 1 objects" in text


def test_training_again_gives_the_same_weights(folder: Path, tmp_path: Path) -> None:
    clip.train(tmp_path, seed=3, recipe=RECIPE)
    weights = "model.safetensors"
    assert (tmp_path / weights).read_bytes() == (folder / weights).read_bytes()


def test_a_share_of_the_images_is_damaged_slightly() -> None:
    images, _ = clip.pairs(clip.Recipe(objects=6, views=4), np.random.default_rng(5))
    images = images.reshape(-1, 64, 64, 3)
    shown = clip.slightly_damaged(images, 0.5, np.random.default_rng(0))
    errors = np.square(shown - images / 255).mean(axis=(1, 2, 3))
    assert 4 <= (errors > 1e-9).sum() <= 20  # of 24
    assert errors.max() < 0.05
    np.testing.assert_allclose(clip.slightly_damaged(images, 0.0, np.random.default_rng(0)), images / 255, atol=1e-6)


def test_splats_of_views_that_disagree_are_worse_the_fewer_they_are() -> None:
    renders, truth = clip.splat_pairs(clip.Recipe(splatted=2), np.random.default_rng(1))
    assert renders.shape == truth.shape == (2 * 3 * 10, 64, 64, 3)
    assert (truth[:10] == truth[10:20]).all()  # the same object at the same moment, of 18 and of 9 views
    levels = metrics.psnr(*(images.astype(np.float32) / 255 for images in (renders, truth))).reshape(2, 3, 10)
    eighteen, _, three = levels.mean(axis=(0, 2))
    assert 15 < three < eighteen < 35


def test_views_disagree_by_the_strength_and_the_given_one_least() -> None:
    image = np.ones((64, 64, 3), np.float32)
    image[16:48, 20:44] = (0.8, 0.3, 0.1)
    views = np.repeat(image[None], 18, axis=0)
    np.testing.assert_allclose(disagreeing(views, 0.0, np.random.default_rng(0)), views, atol=1e-6)
    little, much = (metrics.psnr(disagreeing(views, by, np.random.default_rng(0)), views) for by in (0.3, 1.0))
    assert little.mean() > much.mean() + 3
    assert much[0] > much[1:].mean() + 5


def test_a_cosine_is_to_fall_with_the_damage() -> None:
    white = np.ones((3, 16, 16, 3), np.float32)
    damaged = white - np.float32([0.0, 0.1, 0.9])[:, None, None, None]  # infinite, 20 and 0.9 dB
    assert clip.wanted_cosines(damaged, white) == pytest.approx([1.0, 10 / 22, 0.0], abs=1e-5)


def test_pairs_are_the_sampled_objects_on_white_from_different_cameras() -> None:
    images, captions = clip.pairs(RECIPE, np.random.default_rng(5))
    assert images.shape == (6, 2, 64, 64, 3)
    assert captions[0] == sample_object(np.random.default_rng(5)).caption
    assert (images.min(axis=(2, 3, 4)) < 200).all()  # each image shows something
    assert (images[:, :, 0] == 255).mean() > 0.9  # on white
    assert (images[:, 0] != images[:, 1]).any(axis=(1, 2, 3)).all()  # from different cameras


def test_the_budget_ends_training_early(tmp_path: Path) -> None:
    recipe = clip.Recipe(objects=5, views=1, splatted=1, compared=4, batch=5, steps=10_000)
    clip.train(tmp_path, budget=1 / 60, recipe=recipe)
    assert 1 <= json.loads((tmp_path / "training.json").read_text())["steps_done"] < 10_000
