from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.unit.splatting import scenes, twin
from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.scene import Splats
from vid3d.splatting.native import Rasterisation, load, resolve
from vid3d.splatting.rasteriser import Drawn, render

BACKGROUND = (0.2, 0.5, 0.9)


@pytest.fixture(params=["avx2", "portable"])
def instruction_set(request):
    if request.param == "avx2" and not load("portable").supports_avx2():
        pytest.skip("this machine has no AVX2")
    return request.param


def relative(ours, exact):
    return np.linalg.norm(ours - exact) / np.linalg.norm(exact)


@pytest.mark.parametrize("alpha_cap", [0.99, 0.999])
@pytest.mark.parametrize("name", scenes.SCENES)
def test_images_and_gradients_are_those_of_the_twin(name, alpha_cap, instruction_set):
    rng = np.random.default_rng(7)
    splats, cameras = scenes.SCENES[name](rng), scenes.cameras()
    weights = rng.normal(size=(2, cameras.height, cameras.width, 3)).astype(np.float32)
    images, gradients = twin.gradients(splats, cameras, weights, background=BACKGROUND, alpha_cap=alpha_cap)
    rasterisation = Rasterisation(BACKGROUND, alpha_cap=alpha_cap)
    ours = render(splats, cameras, rasterisation, instruction_set)
    assert np.ptp(images) > 0.3  # the scene is in sight
    assert np.abs(ours - images).max() < 1e-5
    tolerance = 5e-4 if name == "needles" else 1e-4
    drawn = [Drawn(splats, cameras.select([k]), rasterisation, instruction_set) for k in range(2)]
    ours_by_camera = [one.backward(weight)[0] for one, weight in zip(drawn, weights, strict=True)]
    for field in twin.FIELDS:
        our_gradients = sum(getattr(gradient, field) for gradient in ours_by_camera)
        assert relative(our_gradients, gradients[field]) < tolerance, field


def test_a_drawn_view_is_a_render_with_its_gradients_and_those_of_the_centres(instruction_set):
    rng = np.random.default_rng(8)
    splats, camera = scenes.random(rng), scenes.cameras().select([1])
    weights = rng.normal(size=(camera.height, camera.width, 3)).astype(np.float32)
    rasterisation = Rasterisation(BACKGROUND, alpha_cap=0.999)
    drawn = Drawn(splats, camera, rasterisation, instruction_set)
    np.testing.assert_array_equal(drawn.image, render(splats, camera, rasterisation, instruction_set)[0])
    gradients, centres = drawn.backward(weights)
    _, expected = twin.gradients(splats, camera, weights[None], background=BACKGROUND, alpha_cap=0.999)
    for field in twin.FIELDS:
        assert relative(getattr(gradients, field), expected[field]) < 1e-4, field
    shift = torch.zeros((len(splats), 2), dtype=torch.float64, requires_grad=True)
    image = twin.render_one(twin.parameters(splats), camera, 0, background=BACKGROUND, alpha_cap=0.999, shift=shift)
    (image * torch.from_numpy(weights).double()).sum().backward()
    assert relative(centres, shift.grad.numpy()) < 1e-4
    assert drawn.visible[np.abs(centres).sum(axis=1) > 0].all()


def test_what_lies_behind_the_camera_is_not_visible(instruction_set):
    splats, camera = scenes.random(np.random.default_rng(0), 6), orbit(1, 16)
    splats.positions[::2, 0] += 10.0  # the camera is at x = 2, looking towards the origin
    drawn = Drawn(splats, camera, instruction_set=instruction_set)
    np.testing.assert_array_equal(drawn.visible, [False, True] * 3)


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (64, 64), (65, 129)])
def test_image_sizes_around_tiles_and_vectors(size, instruction_set):
    width, height = size
    splats, cameras = scenes.random(np.random.default_rng(3), 40, log_scale=-1.5), scenes.cameras(width, height)
    exact = twin.render(twin.parameters(splats), cameras).detach().numpy()
    assert np.abs(render(splats, cameras, instruction_set=instruction_set) - exact).max() < 1e-5


def test_nothing_in_sight_is_background(instruction_set):
    splats = scenes.random(np.random.default_rng(0), 5)
    splats.positions[:, 0] += 100.0
    drawn = Drawn(splats, orbit(1, 16), Rasterisation(BACKGROUND), instruction_set)
    np.testing.assert_array_equal(drawn.image, np.broadcast_to(np.float32(BACKGROUND), drawn.image.shape))
    gradients, _ = drawn.backward(np.ones_like(drawn.image))
    assert not gradients.positions.any()


def test_no_splats_is_background(instruction_set):
    empty = Splats(*(np.zeros(shape, np.float32) for shape in [(0, 3), (0, 4), (0, 3), (0,), (0, 3)]))
    assert (render(empty, orbit(2, 8), instruction_set=instruction_set) == 1.0).all()


@pytest.mark.parametrize("field", twin.FIELDS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(field, value):
    splats = scenes.random(np.random.default_rng(0), 5)
    array = getattr(splats, field).copy()
    array[3] = value
    with pytest.raises(InputError, match=f"{field} of splat 3 hold NaN or infinity"):
        render(replace(splats, **{field: array}), orbit(1, 8))


def test_a_rotation_without_direction_is_refused():
    splats = scenes.random(np.random.default_rng(0), 5)
    splats.quaternions[2] = 0.0
    with pytest.raises(InputError, match="quaternion has length 0"):
        render(splats, orbit(1, 8))


def test_image_gradients_are_checked():
    splats, cameras = scenes.random(np.random.default_rng(0), 5), orbit(1, 8)
    drawn = Drawn(splats, cameras)
    with pytest.raises(ValueError, match=r"\(8, 8, 3\)"):
        drawn.backward(np.zeros((8, 9, 3), np.float32))
    with pytest.raises(InputError, match="NaN"):
        drawn.backward(np.full((8, 8, 3), np.nan, np.float32))


def test_one_drawn_view_has_one_camera():
    with pytest.raises(ValueError, match="one camera, not by 2"):
        Drawn(scenes.random(np.random.default_rng(0), 5), orbit(2, 8))


def test_unknown_instruction_set_is_refused():
    with pytest.raises(InputError, match="choose auto, avx2 or portable"):
        resolve("avx1024")  # type: ignore[arg-type]
