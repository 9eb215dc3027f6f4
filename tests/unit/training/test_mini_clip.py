"""The committed mini CLIP is what its card says, and a usable ruler."""

import json
from pathlib import Path

import numpy as np
import pytest

from vid3d.backends import embed_clip
from vid3d.procedural import ObjectSpec, load_objects
from vid3d.procedural.objects import vocabulary
from vid3d.study.reading import read_yaml
from vid3d.study.specs.score import ClipEmbed
from vid3d.training import clip_card, clip_judge
from vid3d.weights import open_clip_models

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "weights" / "mini-clip"
SPEC = ClipEmbed(backend="clip", model=str(FOLDER / "config.json"), weights=str(FOLDER / "model.safetensors"))


@pytest.fixture(scope="module")
def named() -> list[ObjectSpec]:
    return list(load_objects(read_yaml(ROOT / "benchmark" / "procedural" / "objects.yaml")).values())


@pytest.fixture(scope="module")
def evaluation() -> dict:
    return json.loads((FOLDER / "evaluation.json").read_text())


def test_the_card_is_made_from_the_measured_files() -> None:
    assert (FOLDER / "README.md").read_text() == clip_card.card(FOLDER)


def test_the_model_is_of_the_size_asked_for() -> None:
    model = open_clip_models.load_model(SPEC)
    facts = json.loads((FOLDER / "training.json").read_text())
    tower = sum(value.numel() for value in model.visual.parameters())
    assert tower == facts["image_tower_parameters"]
    assert 1_000_000 <= tower <= 3_000_000
    assert model.visual.image_size in (64, (64, 64))
    assert model.vocab_size <= 512
    assert (FOLDER / "model.safetensors").stat().st_size < 8_000_000


def test_it_knows_the_words_of_the_family() -> None:
    assert set(vocabulary()) <= set((FOLDER / "vocabulary.txt").read_text().split())


def test_the_card_shows_a_usable_ruler(evaluation: dict) -> None:
    assert len(evaluation["objects"]) == clip_judge.CANDIDATES
    assert evaluation["retrieval"]["all_views"] >= 0.8
    for scores in evaluation["clip_i_under_damage"].values():
        assert np.all(np.diff(scores) < 0)


def test_the_evaluation_is_of_the_benchmark_as_it_stands(evaluation: dict, named: list[ObjectSpec]) -> None:
    assert {obj.name: obj.caption for obj in named}.items() <= evaluation["objects"].items()


def test_benchmark_objects_find_their_captions_and_blur_lowers_the_score(
    evaluation: dict, named: list[ObjectSpec]
) -> None:
    """Six objects anew, against all 64 captions, from the images up."""
    embed, say = embed_clip.build(SPEC), embed_clip.build_captions(SPEC, FOLDER / "vocabulary.txt")
    few = named[::4]
    images = [clip_judge.views(obj) for obj in few]
    captions = [obj.caption for obj in few] + [
        c for c in evaluation["objects"].values() if c not in {o.caption for o in few}
    ]
    nearest = clip_judge.nearest_captions(images, captions, embed, say)
    right = nearest == np.arange(len(few))[:, None, None]
    assert np.mean(right) >= 0.75  # six objects scatter more than 64

    blur = clip_judge.sensitivity(images, embed, seed=1)["blur"]
    assert np.all(np.diff(blur) < 0)
