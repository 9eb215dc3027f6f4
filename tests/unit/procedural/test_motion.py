import numpy as np
import pytest

from vid3d.cameras import orbit, sphere
from vid3d.errors import InputError
from vid3d.procedural import PERIOD, SCORE_UNIT, ObjectSpec, render
from vid3d.procedural.kinds import KINDS
from vid3d.procedural.motion import flow, motion_score, solve_amplitude
from vid3d.procedural.objects import sculpt
from vid3d.procedural.raycast import cast

CORNERS = [(0, 0, 0, -20), (1, 0, 1, -20), (0, 1, 1, 20), (1, 0, 0, 20)]  # girth, head, limbs, yaw


@pytest.mark.parametrize("kind", KINDS)
def test_flow_leads_to_where_the_same_material_is_seen_next(kind):
    """Independently of flow's own projection: look up the point of the same part nearest at rest in the next frame."""
    obj, motion, frame, camera = ObjectSpec("x", kind, "red", "blue"), 160, 2, sphere([25.0], 10.0, 160)
    rig, amplitude = sculpt(obj), solve_amplitude(obj, motion)
    now, then = (cast(rig, rig.pose(f, amplitude), camera, 0, 1) for f in (frame, frame + 1))
    vectors, mask = flow(rig, frame, amplitude, camera)
    assert np.array_equal(np.flatnonzero(mask), np.sort(now.rays))
    checked, errors = 0, []
    for k in range(0, len(now.rays), 37):
        same = then.part == now.part[k]
        if not same.any():
            continue
        distance = np.linalg.norm(then.rest[same] - now.rest[k], axis=1)
        if distance.min() > 0.012:  # hidden in the next frame; a pixel is 0.0144 scene units wide
            continue
        row, column = divmod(int(now.rays[k]), 160)
        found = np.array(divmod(int(then.rays[same][distance.argmin()]), 160))[::-1]
        errors.append(np.abs(vectors[row, column] - (found - (column, row))).max())
        checked += 1
    assert checked > 25
    assert np.mean(np.array(errors) < 1.01) > 0.97  # found to the nearest pixel; steep surfaces blur the look-up
    assert np.median(errors) < 0.55


def test_flow_of_a_turning_sail_is_that_of_a_circle():
    """The windmill's sails turn about the x axis by a fixed angle: chords of known length, whatever the frame."""
    obj = ObjectSpec("x", "windmill", "red", "blue")
    rig, amplitude = sculpt(obj), solve_amplitude(obj, 160)
    axle = next(k for k, joint in enumerate(rig.joints) if joint.turn.turning)
    angle = amplitude * rig.joints[axle].turn.gain
    pivot = np.asarray(rig.joints[axle].pivot)
    point = pivot + np.array([0.0, 0.3, 0.0])
    places = [m[axle, :3, :3] @ point + m[axle, :3, 3] for m in (rig.pose(f, amplitude) for f in (0, 1, 2, 3))]
    chords = np.linalg.norm(np.diff(places, axis=0), axis=1)
    np.testing.assert_allclose(chords, 2 * 0.3 * np.sin(angle / 2), rtol=1e-12)


def test_the_score_is_the_mean_flow_over_pixels_then_frames_in_its_unit(benchmark):
    for obj in list(benchmark.values())[::5]:
        for score in (120, 200):
            camera, means = orbit(1, 128), []
            for frame in range(PERIOD):
                vectors, mask = flow(sculpt(obj), frame, solve_amplitude(obj, score), camera)
                _, alpha = render(obj, frame, score, camera, supersampling=1)
                assert np.array_equal(mask, alpha[0] == 1)
                means.append(np.mean([np.sqrt(u * u + v * v) for u, v in vectors[mask].astype(float)]))
                assert np.all(vectors[~mask] == 0)
            assert np.mean(means) == pytest.approx(score * SCORE_UNIT * 128, rel=0.01)


def test_solving_gives_the_score_asked_for(benchmark):
    for obj in list(benchmark.values())[::2]:
        for score in (40, 120, 200):
            assert motion_score(obj, solve_amplitude(obj, score)) == pytest.approx(score, rel=0.002)


def test_amplitude_grows_with_the_score_from_none_at_0(benchmark):
    for obj in list(benchmark.values())[::2]:
        amplitudes = [solve_amplitude(obj, score) for score in (0, 40, 120, 200, 255)]
        assert amplitudes[0] == 0.0
        assert np.all(np.diff(amplitudes) > 0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_class_reaches_the_largest_score_whatever_its_proportions(kind):
    for girth, head, limbs, yaw in CORNERS:
        obj = ObjectSpec("x", kind, "red", "blue", "plain", girth, head, limbs, yaw)
        assert motion_score(obj, KINDS[kind].largest_amplitude) > 255


@pytest.mark.parametrize("score", [-1.0, float("nan"), float("inf"), 5000.0])
def test_impossible_scores_are_refused(score):
    with pytest.raises(InputError, match="motion score"):
        solve_amplitude(ObjectSpec("x", "truck", "red", "blue"), score)
