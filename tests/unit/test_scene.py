"""What travels between the stages says which shapes and dtypes it wants."""

import dataclasses

import numpy as np
import pytest

from vid3d.cameras import orbit
from vid3d.scene import Cameras, Clip, Reference, SeedFrame, Splats, Views


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


def reference(size=8):
    return Reference("cat", "a cat", zeros(5, 7, 3), zeros(size, size, 3), zeros(size, size))


def splats(n=4, **changed):
    arrays = {
        "positions": zeros(n, 3),
        "quaternions": zeros(n, 4),
        "log_scales": zeros(n, 3),
        "opacity_logits": zeros(n),
        "colours": zeros(n, 3),
    }
    return Splats(**(arrays | changed))


def test_world_to_camera_inverts_camera_to_world():
    cameras = orbit(5, 16)
    product = cameras.world_to_camera @ cameras.camera_to_world
    np.testing.assert_allclose(product, np.broadcast_to(np.eye(4), (5, 4, 4)), atol=1e-12)


def test_intrinsics_of_an_image_that_is_not_square():
    cameras = Cameras(orbit(1, 16).camera_to_world, 90.0, 40, 20)
    np.testing.assert_allclose(cameras.intrinsics, [[20, 0, 20], [0, 10, 10], [0, 0, 1]], atol=1e-12)


def test_select_keeps_order_and_size():
    cameras = orbit(6, 16)
    chosen = cameras.select([4, 1])
    np.testing.assert_array_equal(chosen.camera_to_world, cameras.camera_to_world[[4, 1]])
    assert (len(chosen), chosen.width, chosen.height, chosen.fov) == (2, 16, 16, cameras.fov)


@pytest.mark.parametrize(
    ("matrices", "fov", "size"),
    [
        (zeros(2, 4, 4), 60.0, 8),  # float32
        (zeros(4, 4, dtype=np.float64), 60.0, 8),
        (zeros(2, 3, 4, dtype=np.float64), 60.0, 8),
        (zeros(2, 4, 4, dtype=np.float64), 180.0, 8),
        (zeros(2, 4, 4, dtype=np.float64), 60.0, 0),
    ],
)
def test_cameras_are_checked(matrices, fov, size):
    with pytest.raises(ValueError, match=r"camera_to_world|fov"):
        Cameras(matrices, fov, size, size)


def test_a_reference_needs_one_alpha_per_pixel():
    with pytest.raises(ValueError, match="alpha must have shape"):
        Reference("cat", "", zeros(5, 7, 3), zeros(8, 8, 3), zeros(8, 9))
    with pytest.raises(ValueError, match="image must be float32, not uint8"):
        Reference("cat", "", zeros(5, 7, 3, dtype=np.uint8), zeros(8, 8, 3), zeros(8, 8))


def test_a_frame_of_a_clip_knows_what_the_clip_was_asked_for():
    images = np.arange(2 * 4 * 4 * 3, dtype=np.float32).reshape(2, 4, 4, 3) / 100
    frame = Clip(images, images[..., 0]).frame(1, 120, reference())
    np.testing.assert_array_equal(frame.image, images[1])
    np.testing.assert_array_equal(frame.alpha, images[1, ..., 0])
    assert (frame.index, frame.motion, frame.reference.name) == (1, 120, reference().name)
    assert Clip(images).frame(0, 120, reference()).alpha is None
    with pytest.raises(IndexError):
        Clip(images).frame(2, 120, reference())


def test_a_clip_may_lack_alpha_but_not_have_the_wrong_one():
    assert Clip(zeros(3, 8, 8, 3)).alpha is None
    with pytest.raises(ValueError, match="alpha"):
        Clip(zeros(3, 8, 8, 3), zeros(2, 8, 8))


def test_a_seed_frame_is_one_image():
    with pytest.raises(ValueError, match="image must have shape"):
        SeedFrame(zeros(1, 8, 8, 3), None, 0, 120, reference())


def test_views_and_cameras_agree():
    assert len(Views(zeros(3, 16, 16, 3), orbit(3, 16)).cameras) == 3
    with pytest.raises(ValueError, match="images"):
        Views(zeros(3, 16, 16, 3), orbit(4, 16))
    with pytest.raises(ValueError, match="images"):
        Views(zeros(3, 16, 16, 3), orbit(3, 17))


@pytest.mark.parametrize("field", ["quaternions", "log_scales", "opacity_logits", "colours"])
def test_splats_agree_on_their_number(field):
    assert len(splats()) == 4
    shape = getattr(splats(5), field).shape
    with pytest.raises(ValueError, match=field):
        splats(**{field: zeros(*shape)})


def test_splats_are_float32():
    with pytest.raises(ValueError, match="positions must be float32"):
        splats(positions=zeros(4, 3, dtype=np.float64))


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        splats().positions = zeros(4, 3)
