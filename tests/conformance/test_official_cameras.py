"""Our orbits are the cameras that the released code trained on and evaluated at."""

from pathlib import Path

import numpy as np
import pytest

from vid3d.cameras import EVALUATION_CAMERAS, FIELD_OF_VIEW, GENERATED_VIEWS, orbit

DATA = Path(__file__).parents[1] / "data" / "cameras"


@pytest.fixture(params=[("train18.npz", GENERATED_VIEWS), ("test10.npz", EVALUATION_CAMERAS)], ids=["train", "test"])
def pair(request):
    """Official arrays, and our cameras of the same image size."""
    file, count = request.param
    official = dict(np.load(DATA / file, allow_pickle=False))
    assert official["width"] == official["height"]
    return official, orbit(count, int(official["width"]))


def test_camera_to_world(pair, bounds):
    official, ours = pair
    np.testing.assert_allclose(ours.camera_to_world, official["c2w_opencv"], rtol=0, atol=bounds["poses"])


def test_world_to_camera_is_the_transposed_official_one(pair, bounds):
    official, ours = pair
    transposed = ours.world_to_camera.transpose(0, 2, 1)
    np.testing.assert_allclose(transposed, official["world_view_transform"], rtol=0, atol=bounds["poses"])
    np.testing.assert_allclose(ours.world_to_camera, official["gsplat_viewmats"], rtol=0, atol=bounds["poses"])


def test_centres(pair, bounds):
    official, ours = pair
    np.testing.assert_allclose(ours.camera_to_world[:, :3, 3], official["camera_center"], rtol=0, atol=bounds["poses"])


def test_field_of_view_and_intrinsics(pair, bounds):
    (official, ours), within = pair, bounds["intrinsics, relative"]
    assert ours.fov == FIELD_OF_VIEW == official["fov_deg"]
    np.testing.assert_allclose(ours.intrinsics, official["gsplat_K"], rtol=within)
    np.testing.assert_allclose(2 * ours.intrinsics[0, 0] / ours.width, official["projection_matrix"][0, 0], rtol=within)
