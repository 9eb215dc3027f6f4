"""Controls: what a planted jitter costs and what an arm takes back, what nothing costs, and an arm that freezes."""

import numpy as np
import pytest

from vid3d import cameras
from vid3d.hypothesis.clips import quantised, views_of
from vid3d.hypothesis.filtering import median_over_time
from vid3d.hypothesis.outcomes import along, of_clip, steadiness, tracks
from vid3d.procedural import load_objects, render
from vid3d.randomness import generator
from vid3d.scene import Views
from vid3d.splatting import rasteriser
from vid3d.stages import build
from vid3d.study.registry import parse_spec

SIZE, FRAMES, MOTION = 32, 6, 120
JITTER = 0.2  # of each channel's distance from white
FITS = {
    "independent": '{"backend":"cpu","preset":"fast","splats":400,"iterations":400}',
    "low-rank": '{"backend":"trajectories","preset":"fast","splats":400,"iterations":400,"waves":3}',
}
VIEWS = {
    "truth": '{"backend":"procedural","size":32,"count":12}',
    "colour": f'{{"backend":"jittered","size":32,"count":12,"colour":{JITTER}}}',
}


@pytest.fixture(scope="module")
def obj():
    return load_objects({"robot": {"kind": "robot", "colour": "blue", "second": "orange"}})["robot"]


@pytest.fixture(scope="module")
def unseen():
    return cameras.sphere([15.0, 105.0, 195.0, 285.0], 0.0, SIZE)


@pytest.fixture(scope="module")
def truth(obj, unseen):
    return np.stack([render(obj, float(frame), MOTION, unseen)[0] for frame in range(FRAMES)])


@pytest.fixture(scope="module")
def followed(obj, unseen):
    return tracks(obj, MOTION, unseen, FRAMES)


@pytest.fixture(scope="module")
def measured(obj, unseen, truth, followed):
    """{(views, arm): outcomes} of one clip."""
    found = {}
    for given, views in VIEWS.items():
        (images,) = views_of(parse_spec("views", views), [obj], MOTION, FRAMES)
        around = cameras.orbit(12, SIZE)
        moments = [Views(np.ascontiguousarray(shown), around) for shown in images]
        for arm, spec in FITS.items():
            rngs = [generator(0, "splat", "robot", frame) for frame in range(FRAMES)]
            fitted = build(parse_spec("splat", spec))(moments, rngs)
            drawn = [np.clip(rasteriser.render(splats, unseen), 0, 1) for splats, _ in fitted]
            found[given, arm] = of_clip(quantised(np.stack(drawn)), truth, followed)
    return found


def test_low_rank_takes_back_at_least_half_of_what_a_planted_jitter_costs_in_time(measured):
    error = {key: outcomes["temporal_error"] for key, outcomes in measured.items()}
    planted = error["colour", "independent"] - error["truth", "independent"]
    left = error["colour", "low-rank"] - error["truth", "low-rank"]
    assert planted > 0.3 * error["truth", "independent"]
    assert left < 0.5 * planted


def test_without_jitter_the_arms_agree_within_the_registered_bounds(measured):
    one, other = measured["truth", "independent"], measured["truth", "low-rank"]
    assert abs(one["psnr"] - other["psnr"]) < 0.5
    assert abs(np.log(one["temporal_error"] / other["temporal_error"])) < np.log(1.2)


def test_a_clip_that_stands_still_is_caught_though_it_flickers_least(truth, followed, measured):
    frozen = np.repeat(truth[2:3], FRAMES, axis=0)
    found = of_clip(frozen, truth, followed)
    assert steadiness(frozen) == 0.0
    assert abs(found["motion_kept"]) < 0.05
    assert measured["truth", "independent"]["motion_kept"] > 0.6
    assert found["temporal_error"] > 1.5 * measured["truth", "independent"]["temporal_error"]
    assert found["gradient_energy"] == pytest.approx(1, abs=0.1)


def test_the_truth_has_no_error_and_a_fault_that_stays_with_its_point_hardly_any(obj, unseen, truth, followed):
    own = of_clip(truth, truth, followed)
    assert own["temporal_error"] == own["warped_excess"] == 0
    assert (own["psnr"], own["motion_kept"], own["gradient_energy"]) == (100, pytest.approx(1), pytest.approx(1))
    fading = of_clip(1 - 0.7 * (1 - truth), truth, followed)  # every frame alike
    flashing = 1 - (1 - truth) * np.where(np.arange(FRAMES) % 2, 0.7, 1)[:, None, None, None, None]
    flashes = of_clip(flashing.astype(np.float32), truth, followed)
    assert fading["temporal_error"] < 0.2 * flashes["temporal_error"]
    assert fading["psnr"] < flashes["psnr"]
    assert own["flip"] < 1e-6 < flashes["flip"] < fading["flip"] < 1
    assert fading["warped_excess"] < 0 < flashes["warped_excess"]


def test_tracks_lead_where_the_same_colours_are(truth, followed):
    """Followed points keep their colour better than pixels that stay where they are, interpolation and all."""
    frame, camera, row, column = followed.points.T.astype(int)
    still = np.abs(truth[frame + 1, camera, row, column] - truth[frame, camera, row, column]).mean()
    assert np.abs(along(truth, followed)).mean() < 0.85 * still
    assert len(followed.points) > 0.6 * (truth[:-1] < 0.97).any(axis=-1).sum()


def test_the_median_takes_out_a_flash_and_leaves_a_steady_change():
    ramp = np.linspace(0, 1, 7, dtype=np.float32)[:, None, None, None, None] * np.ones((1, 1, 2, 2, 3), np.float32)
    np.testing.assert_array_equal(median_over_time(ramp, 1), ramp)
    np.testing.assert_array_equal(median_over_time(ramp, 0), ramp)
    flash = ramp.copy()
    flash[3] = 1
    np.testing.assert_allclose(median_over_time(flash, 1)[3], ramp[4])
