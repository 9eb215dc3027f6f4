import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.procedural import ObjectSpec, load_objects, render
from vid3d.procedural.objects import is_held_out
from vid3d.study.reading import read_yaml
from vid3d.training import clip_judge

OBJECTS = Path(__file__).parents[3] / "benchmark" / "procedural" / "objects.yaml"


def test_held_out_objects_are_the_named_ones_and_others_of_held_out_combinations() -> None:
    named = list(load_objects(read_yaml(OBJECTS)).values())
    objects = clip_judge.held_out_objects(named, 64, np.random.default_rng(0))
    assert objects[: len(named)] == named
    assert len({obj.caption for obj in objects}) == 64
    assert all(is_held_out(obj.kind, obj.colour, obj.second) for obj in objects)


def test_a_named_object_that_training_may_draw_is_refused() -> None:
    colour = next(c for c in ("red", "blue") if not is_held_out("frog", c, "pink"))
    with pytest.raises(InputError, match="occur in training"):
        clip_judge.held_out_objects([ObjectSpec("seen", "frog", colour, "pink")], 2, np.random.default_rng(0))


@pytest.fixture
def images() -> np.ndarray:
    """(3, 64, 64, 3) uint8: a coloured chequered disc on white."""
    rows, columns = np.mgrid[:64, :64]
    disc = (rows - 32) ** 2 + (columns - 32) ** 2 < 20**2
    colour = np.where(((rows // 4 + columns // 4) % 2 == 0)[..., None], (200, 30, 40), (30, 60, 180))
    return np.repeat(np.where(disc[..., None], colour, 255).astype(np.uint8)[None], 3, axis=0)


def _mean_colour(images: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack([image.mean(axis=(0, 1)) - 100 for image in images]).astype(np.float32)


def test_nearest_captions_are_those_of_the_highest_cosine() -> None:
    shades = {"red": (250, 0, 0), "green": (0, 250, 0), "blue": (0, 0, 250)}
    images = [np.broadcast_to(np.array(rgb, np.uint8), (2, 4, 8, 8, 3)).copy() for rgb in shades.values()]
    images[2][1, :2] = shades["red"]  # two of the eight blue views look red

    def say(captions: Sequence[str]) -> np.ndarray:
        return np.array([shades[caption] for caption in captions], np.float32) - 100

    nearest = clip_judge.nearest_captions(images, list(shades), _mean_colour, say)
    assert nearest.tolist() == [[[0] * 4] * 2, [[1] * 4] * 2, [[2] * 4, [0, 0, 2, 2]]]


def test_retrieval_counts_right_captions_colours_and_classes() -> None:
    objects = [
        ObjectSpec("a", "frog", "red", "blue"),
        ObjectSpec("b", "frog", "red", "pink"),
        ObjectSpec("c", "frog", "teal", "pink"),
        ObjectSpec("d", "dog", "red", "blue"),
    ]
    nearest = np.arange(4)[:, None, None].repeat(5, axis=2)  # one frame, five cameras
    nearest[0, 0, 1:] = (1, 1, 2, 3)
    found = clip_judge.retrieval(objects, nearest)
    assert found == {"all_views": 16 / 20, "source_view": 1.0, "class_and_colour": 18 / 20, "class": 19 / 20}


def test_damages_grow_from_none() -> None:
    for strengths in clip_judge.DAMAGES.values():
        assert strengths[0] == 0
        assert np.all(np.diff(strengths) > 0)


def test_sensitivity_of_an_embedder_that_sees_pixels_falls(images: np.ndarray) -> None:
    def pixels(seen: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack([255.0 - image for image in seen]).reshape(len(seen), -1).astype(np.float32)

    curves = clip_judge.sensitivity([images[:, None]], pixels, seed=0)
    for scores in curves.values():
        assert scores[0] == pytest.approx(1.0)
        assert np.all(np.diff(scores) < 0)


def _write(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


CONDITIONS = [
    (120, 3, 0.70, 15.0),
    (120, 9, 0.80, 22.0),
    (120, 18, 0.90, 28.0),
    (160, 18, 0.85, 27.0),
    (200, 18, 0.86, 26.0),
]


def _clips(folder: Path, image: str, offset: float = 0.0) -> tuple[list[Path], list[Path]]:
    scores, held_out = [], []
    for motion, views, clip_i, psnr in CONDITIONS:
        clip = {"image": image, "motion": motion, "views": views}
        name = f"{image}-{motion}-{views}"
        rows = [
            clip | {"frame": f, "camera": 0, "source_reference": clip_i + offset + d}
            for f, d in ((0, 0.01), (1, -0.01))
        ]
        scores.append(_write(folder / f"{name}-scores.csv", rows))
        rows = [
            clip | {"frame": 0, "camera": c, "elevation": e, "psnr": psnr + d}
            for c, (e, d) in enumerate(((0.0, 0.0), (20.0, -3.0), (-20.0, -5.0)))
        ]
        held_out.append(_write(folder / f"{name}-held-out.csv", rows))
    return scores, held_out


def test_agreement_ranks_the_conditions(tmp_path: Path) -> None:
    first, second = _clips(tmp_path, "frog"), _clips(tmp_path, "dog", 0.05)
    ceiling = {(image, motion): 1.0 - motion / 1000 for image in ("frog", "dog") for motion in (120, 160, 200)}
    found = clip_judge.agreement(first[0] + second[0], first[1] + second[1], ceiling)
    assert found["spearman"] == pytest.approx(0.9)  # two neighbours of five exchanged
    assert found["spearman_within_images"] == pytest.approx(0.9)
    assert found["images"] == 2
    first_condition = {"motion": 120, "views": 3, "clip_i": 0.725, "clip_i_lost": pytest.approx(-0.155)}
    assert found["conditions"][0] == first_condition | {"psnr": 15.0, "psnr_raised": 11.0}
    assert found["spearman_raised"] == pytest.approx(0.9)
    # lost: -0.155, -0.055, 0.045, 0.035, 0.085 against 15, 22, 28, 27, 26 dB; 1 - 6 (0 + 0 + 1 + 1 + 4) / 120
    assert found["spearman_lost"] == pytest.approx(0.7)
    assert found["spearman_lost_within_images"] == pytest.approx(0.7)


def test_the_paper_s_conditions_stand_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two more view counts, ranked rightly, raise the correlation over all conditions and not that over the paper's."""
    monkeypatch.setitem(globals(), "CONDITIONS", [(120, 1, 0.4, 8.0), (120, 2, 0.5, 11.0), *CONDITIONS])
    clips = _clips(tmp_path, "frog")
    found = clip_judge.agreement(*clips, {("frog", motion): 1.0 for motion in (120, 160, 200)})
    assert found["spearman_paper"] == pytest.approx(0.9)
    assert found["spearman"] == pytest.approx(1 - 6 * 2 / (7 * 48), abs=1e-4)


def test_ceilings_are_clip_i_of_the_ground_truth(tmp_path: Path) -> None:
    objects = load_objects(read_yaml(OBJECTS))
    rows = [{"image": "frog-green", "motion": 120, "views": v, "frame": f, "camera": 0} for v in (3, 9) for f in (0, 2)]
    scores = [_write(tmp_path / "scores.csv", rows)]
    seen = np.concatenate([render(objects["frog-green"], frame, 120, orbit(10, 64))[0] for frame in (0, 2)])
    embedded = _mean_colour(list(np.round(seen * 255).astype(np.uint8)))
    found = clip_judge.ceilings(objects, scores, _mean_colour)
    assert found == {("frog-green", 120): pytest.approx(clip_judge.cosines(embedded, embedded[0]).mean())}
    with pytest.raises(InputError, match="none of the procedural objects"):
        clip_judge.ceilings({}, scores, _mean_colour)


def test_agreement_refuses_incomplete_clips(tmp_path: Path) -> None:
    scores, held_out = _clips(tmp_path, "frog")
    with pytest.raises(InputError, match="scores or in held-out files only"):
        clip_judge.agreement(scores, held_out[:-1], {})
    with pytest.raises(InputError, match="at least two conditions"):
        clip_judge.agreement(scores[:1], held_out[:1], {})
    with pytest.raises(InputError, match="lacks the column source_reference"):
        clip_judge.agreement(held_out, held_out, {})
