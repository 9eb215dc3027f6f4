"""The indicators of images: planted faults rank first, each by its own; known values; what changes nothing."""

from pathlib import Path

import numpy as np
import planted_faults as plant
import pytest
import yaml

from vid3d import indicators
from vid3d.indicators.reduction import reduced
from vid3d.procedural import load_objects

LIST = Path(__file__).parents[2] / "benchmark" / "procedural" / "objects.yaml"
FRAMES, MOTION, SIZE = 7, 200, 64
# Much the same from behind; nearly symmetric; fast all over; a limb faster than all; slow, and each side different.
OBJECTS = ("windmill-teal", "flower-red", "robot-red", "figure-blue", "caterpillar-yellow")
JITTER = {"shift": 1 / 64, "colour": 0.1, "noise": 0.06}  # of the image width; of the colour; on the 0-1 scale

OWN = {
    "flicker": ("shift", "colour", "noise"),
    "janus": ("two-faced", "mirrored-front", "front-again"),
    "mass_over_time": ("ball-at-times",),
    # Pictures copied from other views contradict these as well; the two-faced object is a fault of no view.
    "mass_between_views": ("ball-in-views", "mirrored-front", "front-again"),
}


def faults(obj):
    clean = plant.film(obj, range(FRAMES), MOTION, SIZE)
    ball = clean.copy()
    ball[3:5] = plant.film(obj, (3, 4), MOTION, SIZE, plant.with_ball(plant.other_colour(obj)))
    return {
        "clean": clean,
        "two-faced": plant.film(obj, range(FRAMES), MOTION, SIZE, plant.two_faced),
        "mirrored-front": plant.mirrored_front(clean),
        "front-again": plant.front_again(clean),
        "ball-at-times": ball,
        "ball-in-views": plant.ball_in_views(clean),
        "shift": plant.shift_jitter(clean, JITTER["shift"]),
        "colour": plant.colour_jitter(clean, JITTER["colour"]),
        "noise": plant.noise_jitter(clean, JITTER["noise"]),
    }


@pytest.fixture(scope="module")
def objects():
    return load_objects(yaml.safe_load(LIST.read_text()))


@pytest.fixture(scope="module")
def films(objects):
    return {name: faults(objects[name]) for name in OBJECTS}


@pytest.fixture(scope="module")
def measured(films):
    """object -> fault -> indicator -> value"""
    return {
        name: {fault: indicators.of_clip(film).clip for fault, film in kinds.items()} for name, kinds in films.items()
    }


# --- planted faults --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("indicator", OWN)
@pytest.mark.parametrize("name", OBJECTS)
def test_an_indicators_own_faults_rank_before_all_others(measured, name, indicator):
    own = {fault: values[indicator] for fault, values in measured[name].items() if fault in OWN[indicator]}
    others = {fault: values[indicator] for fault, values in measured[name].items() if fault not in OWN[indicator]}
    assert min(own.values()) > 1.5 * max(others.values()), (own, others)


@pytest.mark.parametrize("indicator", OWN)
def test_a_planted_fault_ranks_before_every_clean_object(measured, indicator):
    planted = min(kinds[fault][indicator] for kinds in measured.values() for fault in OWN[indicator])
    clean = max(kinds["clean"][indicator] for kinds in measured.values())
    assert planted > clean


def test_truth_neither_flickers_nor_contradicts_itself(films, measured):
    for name, kinds in films.items():
        clean = measured[name]["clean"]
        assert clean["mass_between_views"] == 0.0
        assert clean["mass_over_time"] < 0.001
        with_truth = indicators.of_clip(kinds["clean"], seed=kinds["clean"][:, 0], truth=kinds["clean"]).clip
        assert with_truth["flicker_beyond_seed"] == 0.0
        assert with_truth["static_change"] < 2 / 255


@pytest.mark.parametrize("jitter", [plant.shift_jitter, plant.colour_jitter, plant.noise_jitter])
def test_flicker_grows_with_jitter(films, jitter):
    unit = JITTER[jitter.__name__.split("_")[0]]
    clean = films["caterpillar-yellow"]["clean"][:, ::3]
    values = [indicators.flicker(jitter(clean, strength * unit)).mean() for strength in (0, 0.5, 1, 2)]
    assert values == sorted(values)
    assert values[1] > 1.5 * values[0]


def test_static_change_grows_with_jitter(films):
    clean = films["caterpillar-yellow"]["clean"][:, ::3]
    values = [
        np.nanmean(indicators.static_change(plant.noise_jitter(clean, noise), clean)) for noise in (0, 0.02, 0.05)
    ]
    assert values == sorted(values)
    assert values[1] > 0.015  # two errors of 0.02 differ by 2 * 0.02 / sqrt(pi) = 0.0226 in the mean


def test_a_larger_ball_is_more_mass(objects):
    obj = objects["flower-red"]
    clean = plant.film(obj, (0, 1), MOTION, SIZE)
    values = []
    for radius in (0.0, 0.12, 0.2):
        change = plant.with_ball(plant.other_colour(obj), radius) if radius else None
        clip = np.concatenate([clean[:1], plant.film(obj, (1,), MOTION, SIZE, change)])
        values.append(indicators.mass_over_time(clip).mean())
    assert values[0] < values[1] < values[2]


# --- known values ----------------------------------------------------------------------------------------------------


def square(top, left, edge, colour=(0.2, 0.4, 0.6)):
    image = np.ones((SIZE, SIZE, 3), np.float32)
    image[top : top + edge, left : left + edge] = colour
    return image


def test_flicker_of_a_light_that_flashes_is_the_flash():
    clip = np.stack([square(10, 10, 40), square(10, 10, 40) - np.float32(0.1), square(10, 10, 40)])
    values = indicators.flicker(np.maximum(clip, 0)[:, None])
    assert values.shape == (1, 1)
    np.testing.assert_allclose(values, 0.1, rtol=1e-5)


def test_flicker_ignores_light_that_fades_and_squares_that_move_evenly():
    fading = np.stack([square(10, 10, 40, (0.1 * t, 0.2 + 0.05 * t, 0.5)) for t in range(6)])
    moving = np.stack([square(10, 10 + t, 30) for t in range(6)])
    for clip in (fading, moving):
        np.testing.assert_allclose(indicators.flicker(clip[:, None]), 0.0, atol=1e-6)


def test_mass_of_a_square_that_appears_and_vanishes():
    alone, both = square(10, 10, 30), square(10, 10, 30)
    both[45:55, 45:55] = 0.5
    values = indicators.mass_over_time(np.stack([alone, both, both, alone, alone])[:, None])
    np.testing.assert_allclose(values[:, 0], np.array([100, 0, 100, 0]) / (2 * 900), rtol=0.1)


def test_mass_of_small_motions_is_none():
    clip = np.stack([square(10, 10 + 4 * t, 24) for t in range(4)])
    np.testing.assert_array_equal(indicators.mass_over_time(clip[:, None]), 0.0)


def test_mass_between_views_of_a_ball_that_one_view_shows():
    row, column = np.mgrid[:SIZE, :SIZE] + 0.5
    image = np.where(np.hypot(row - 32, column - 32)[..., None] < 15, 0.3, np.ones(3)).astype(np.float32)
    clip = np.repeat(np.repeat(image[None], 10, axis=0)[None], 2, axis=0)
    np.testing.assert_array_equal(indicators.mass_between_views(clip), 0.0)
    clip[1, 4, 4:14, 4:14] = 0.3
    values = indicators.mass_between_views(clip)
    assert values[1, 4] == pytest.approx(100 / (np.pi * 15**2), rel=0.15)
    values[1, 4] = 0.0
    np.testing.assert_array_equal(values, 0.0)


@pytest.mark.parametrize(
    ("back", "sides", "expected"),
    [(0.9, 0.5, 0.8), (0.5, 0.5, 0.0), (0.2, 0.5, 0.0), (1.0, 0.5, 1.0), (1.0, 0.98, 0.2)],
)
def test_janus_of_known_similarities(back, sides, expected):
    similarity = np.array([[1, 0.7, sides, sides, 0.6, back, 0.6, sides, sides, 0.7]])
    assert indicators.janus(similarity)[0] == pytest.approx(expected)


def test_likeness_to_front_of_itself_and_of_its_mirror_image_is_one():
    image = square(10, 10, 20)
    image[30:50, 30:44] = (0.8, 0.1, 0.1)
    other = square(10, 10, 20, (0.8, 0.1, 0.9))
    likeness = indicators.likeness_to_front(np.stack([image, image[:, ::-1], 0.8 * image, other])[None])
    np.testing.assert_allclose(likeness[0, :2], 1.0)
    assert likeness[0, 3] < 0.2


def test_successive_cosines_of_known_angles():
    embeddings = np.array([[[1, 0], [2, 0]], [[0, 3], [1, 0]]], np.float32)
    np.testing.assert_allclose(indicators.successive_cosines(embeddings), [[0.0, 1.0]], atol=1e-12)


def test_janus_of_embeddings():
    angles = np.radians([0, 20, 60, 60, 40, 0, 40, 60, 60, 20])
    embeddings = np.stack([np.cos(angles), np.sin(angles)], axis=-1)[None].astype(np.float32)
    assert indicators.janus(indicators.cosines_with_front(embeddings))[0] == pytest.approx(1.0)


# --- what changes nothing --------------------------------------------------------------------------------------------


def test_a_clip_that_never_changes(films):
    moment = films["windmill-teal"]["clean"][3]
    clip = np.stack([moment] * 4)
    embeddings = np.broadcast_to(np.random.default_rng(0).normal(size=(10, 5)), (4, 10, 5)).astype(np.float32)
    found = indicators.of_clip(clip, seed=clip[:, 0], embeddings=embeddings, truth=clip).clip
    for name in ("flicker", "flicker_beyond_seed", "static_change", "mass_over_time"):
        assert found[name] == 0.0
    assert found["frame_consistency"] == pytest.approx(1.0)
    longer = indicators.of_clip(np.stack([moment] * 7)).clip
    assert longer["janus"] == pytest.approx(found["janus"])
    assert longer["mass_between_views"] == pytest.approx(found["mass_between_views"])


def test_larger_images_of_the_same_give_the_same(films):
    clip = films["flower-red"]["noise"][:3]
    larger = clip.repeat(2, axis=2).repeat(2, axis=3)
    found, again = indicators.of_clip(clip).clip, indicators.of_clip(larger).clip
    assert again == pytest.approx(found, abs=1e-6)


def test_reduction_keeps_the_mean_of_any_size():
    image = np.random.default_rng(0).uniform(size=(1, 100, 100, 3)).astype(np.float32)
    small = reduced(image)
    assert small.shape == (1, 64, 64, 3)
    assert small.mean() == pytest.approx(image.mean(), abs=1e-5)


def test_a_blank_clip():
    found = indicators.of_clip(np.ones((3, 10, 16, 16, 3), np.float32)).clip
    assert found["flicker"] == found["mass_over_time"] == found["mass_between_views"] == 0.0
    assert np.isnan(found["janus"])


# --- the interface ---------------------------------------------------------------------------------------------------


def test_of_clip_gives_what_can_be_told():
    clip = np.random.default_rng(0).uniform(size=(3, 4, 16, 16, 3)).astype(np.float32)
    embeddings = np.random.default_rng(1).normal(size=(3, 4, 6)).astype(np.float32)
    plain = indicators.of_clip(clip)
    full = indicators.of_clip(clip, seed=clip[:, 0], embeddings=embeddings, truth=clip)
    assert list(full.clip) == list(indicators.HIGHER_IS_WORSE)
    assert set(plain.clip) == {"flicker", "mass_over_time", "mass_between_views", "janus"}
    assert {values.shape for values in full.cameras.values()} == {(4,)}
    assert full.clip["flicker"] == pytest.approx(full.cameras["flicker"].mean())


def test_too_few_frames_or_cameras_are_undefined_not_zero():
    found = indicators.of_clip(np.zeros((1, 1, 16, 16, 3), np.float32), seed=np.zeros((1, 16, 16, 3), np.float32)).clip
    assert np.isnan(list(found.values())).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"renders": np.zeros((3, 16, 16, 3))}, "renders must be"),
        ({"renders": np.zeros((3, 4, 16, 8, 3))}, "images must be"),
        ({"renders": np.full((3, 4, 16, 16, 3), np.nan)}, "not finite"),
        ({"seed": np.zeros((2, 16, 16, 3))}, "seed must be"),
        ({"embeddings": np.ones((3, 5, 2))}, "embeddings must be"),
        ({"embeddings": np.zeros((3, 4, 2))}, "zero or not finite"),
        ({"truth": np.zeros((3, 4, 8, 8, 3))}, "truth must be"),
    ],
)
def test_of_clip_refuses_what_does_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        indicators.of_clip(**{"renders": np.zeros((3, 4, 16, 16, 3), np.float32), **arguments})


def test_functions_refuse_other_shapes():
    images = np.zeros((2, 10, 16, 16, 3), np.float32)
    for function, bad in (
        (indicators.flicker, images),
        (indicators.mass_over_time, images[:1]),
        (indicators.mass_between_views, images[:, :2]),
        (indicators.likeness_to_front, images[0]),
        (indicators.successive_cosines, np.ones((1, 2, 3))),
        (indicators.janus, np.ones((2, 5))),
        (indicators.cosines_with_front, np.ones((2, 5))),
    ):
        with pytest.raises(ValueError, match="must be"):
            function(bad)
