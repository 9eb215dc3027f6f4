"""The judge of the mini models, on models whose quality is known."""

import numpy as np
import pytest

from vid3d.cameras import orbit
from vid3d.procedural import render, sample_object
from vid3d.procedural.motion import solve_amplitude
from vid3d.scene import Clip, Views
from vid3d.training import judge, scenes


@pytest.fixture(autouse=True)
def few_objects_calibrate(monkeypatch):
    monkeypatch.setattr(judge, "CALIBRATION_OBJECTS", 5)


@pytest.fixture(scope="module")
def objects():
    rng = np.random.default_rng(5)
    return {f"object-{k}": sample_object(rng) for k in range(3)}


def test_the_flow_estimator_recovers_ground_truth_scores(objects) -> None:
    gain = judge.calibrate(64, 13, seed=0)
    for obj in objects.values():
        for score in (80, 160):
            measured = gain * judge.mean_flow(judge.video(obj, solve_amplitude(obj, score), 13, 64))
            assert measured == pytest.approx(score, rel=0.2)
    assert judge.mean_flow(np.full((3, 64, 64, 3), 255, np.uint8)) == 0.0


def _truth(objects, turn: int):
    def multiview(frame, rng):
        obj = objects[frame.reference.name]
        images, _ = render(obj, float(frame.index), judge.MOTION, orbit(6, 64))
        turned = np.roll(images[::turn], 1 if turn < 0 else 0, axis=0)
        return Views(np.clip(turned + np.float32(1e-3), 0, 1), orbit(6, 64))  # finite PSNR

    return multiview


def test_views_are_judged_by_direction_and_against_not_generating(objects, monkeypatch) -> None:
    monkeypatch.setattr(scenes, "VIEWS", 6)
    trained = scenes.render_scenes(0, 4, seed=0).orbits
    right = judge.judge_views(objects, _truth(objects, 1), trained, seed=0)
    assert right["turned_right"] == 1.0
    assert right["means"]["generated"] > 55
    assert right["means"]["generated_iou"] == pytest.approx(1.0, abs=0.01)
    assert right["means"]["generated"] > right["means"]["repeated"] + 3
    assert right["above_nearest"] == 1.0
    assert right["means"]["generated_gradient"] == pytest.approx(1.0, abs=0.01)
    assert right["means"]["generated_flip"] < 0.01 < right["means"]["nearest_flip"]
    assert right["sheet"].shape == (3 * 2 * 2 * 64, 6 * 64, 3)
    wrong = judge.judge_views(objects, _truth(objects, -1), trained, seed=0)
    assert wrong["turned_right"] == 0.0
    assert wrong["means"]["first_view"] > 55


def test_a_memorised_orbit_gains_nothing_over_the_nearest(objects, monkeypatch) -> None:
    monkeypatch.setattr(scenes, "VIEWS", 6)
    trained = scenes.render_scenes(0, 4, seed=0).orbits
    memory = trained.astype(np.float32) / np.float32(255)

    def recall(frame, rng):
        errors = ((memory[:, 0] - frame.image) ** 2).sum(axis=(1, 2, 3))
        return Views(memory[errors.argmin()], orbit(6, 64))

    judged = judge.judge_views(objects, recall, trained, seed=0)
    assert judged["means"]["generated"] == pytest.approx(judged["means"]["nearest"])
    assert judged["above_nearest"] == 0.0


def test_seeds_are_judged_by_the_motion_they_show(objects) -> None:
    def half_speed(reference, motion, rng):
        obj = objects[reference.name]
        images = judge.video(obj, solve_amplitude(obj, motion / 2), 13, 64)
        return Clip(images.astype(np.float32) / np.float32(255))

    judged = judge.judge_seeds(objects, half_speed, 64, seed=0, count=13)
    measured = [judged["means"][str(score)]["measured"] for score in judge.SCORES]
    assert measured == sorted(measured)
    for score, value in zip(judge.SCORES, measured, strict=True):
        assert value == pytest.approx(score / 2, rel=0.3)
        assert judged["means"][str(score)]["truth"] == pytest.approx(score, rel=0.15)
        assert judged["means"][str(score)]["first_frame"] > 30
