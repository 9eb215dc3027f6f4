"""Orbits: axes, what the camera sees where, and which views stand for which orbit."""

import numpy as np
import pytest

from vid3d.cameras import GENERATED_VIEWS, held_out, look_at_origin, orbit, view_indices
from vid3d.errors import InputError


def project(cameras, camera, point):
    """Pixel (column, row) of a world point by the textbook pinhole model."""
    x, y, z = (cameras.world_to_camera[camera] @ [*point, 1.0])[:3]
    focal, centre = cameras.intrinsics[0, 0], cameras.intrinsics[0, 2]
    return focal * x / z + centre, focal * y / z + centre


def test_origin_is_the_image_centre():
    cameras = orbit(7, 64)
    for camera in range(7):
        assert project(cameras, camera, (0, 0, 0)) == pytest.approx((32.0, 32.0))


def test_up_is_up_and_view_0_sees_plus_y_on_the_right():
    cameras = orbit(18, 64)
    assert project(cameras, 0, (0, 0, 0.3))[1] < 32.0
    assert project(cameras, 0, (0, 0.3, 0))[0] > 32.0


def test_azimuth_is_counter_clockwise_from_above():
    centre = look_at_origin(90.0, 0.0)[:3, 3]
    np.testing.assert_allclose(centre, [0.0, 2.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("elevation", [-60.0, 0.0, 35.0])
def test_poses_are_rotations_at_the_asked_elevation(elevation):
    pose = look_at_origin(123.0, elevation, radius=3.0)
    rotation, centre = pose[:3, :3], pose[:3, 3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    assert np.degrees(np.arcsin(centre[2] / 3.0)) == pytest.approx(elevation)
    assert rotation[2, 0] == pytest.approx(0.0)  # the horizon is level


@pytest.mark.parametrize(("elevation", "radius"), [(90.0, 2.0), (-90.0, 2.0), (0.0, 0.0), (0.0, -1.0)])
def test_degenerate_poses_are_refused(elevation, radius):
    with pytest.raises(ValueError, match="elevation"):
        look_at_origin(0.0, elevation, radius)


@pytest.mark.parametrize("used", [18, 9, 3, 1])
def test_sampled_views_are_the_smaller_orbit(used):
    sampled = orbit(GENERATED_VIEWS, 8).select(view_indices(GENERATED_VIEWS, used))
    np.testing.assert_allclose(sampled.camera_to_world, orbit(used, 8).camera_to_world, atol=1e-12)


@pytest.mark.parametrize("used", [0, -3, 4, 5, 19, 36])
def test_view_counts_that_do_not_divide_are_refused(used):
    with pytest.raises(InputError) as error:
        view_indices(GENERATED_VIEWS, used)
    message = str(error.value)
    assert str(used) in message
    assert "[1, 2, 3, 6, 9, 18]" in message
    assert "\n" not in message


def test_held_out_cameras_are_none_of_the_training_ones():
    cameras, angles = held_out(16)
    assert len(cameras) == len(angles) == 30
    training = orbit(GENERATED_VIEWS, 16).camera_to_world[:, :3, 3]
    distances = np.linalg.norm(cameras.camera_to_world[:, None, :3, 3] - training[None], axis=-1)
    halfway = 2 * 2.0 * np.sin(np.radians(5.0))  # chord of 10 degrees on the orbit
    assert distances.min() == pytest.approx(halfway)


def test_held_out_angles_describe_the_cameras():
    cameras, angles = held_out(16)
    centres = cameras.camera_to_world[:, :3, 3]
    azimuths = np.degrees(np.arctan2(centres[:, 1], centres[:, 0])) % 360
    elevations = np.degrees(np.arcsin(centres[:, 2] / np.linalg.norm(centres, axis=1)))
    np.testing.assert_allclose(np.stack([azimuths, elevations], axis=1), angles, atol=1e-9)
