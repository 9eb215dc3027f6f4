"""Controls that draw no splats: what they show does not depend on splats or cameras."""

from pathlib import Path

import numpy as np
import pytest

from vid3d.backends import render_blank, render_static, render_truth
from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.images.reference import make_reference
from vid3d.procedural import truth
from vid3d.scene import Moment, Reference
from vid3d.study.benchmark import load_benchmark
from vid3d.study.specs.reference import ReferenceSpec
from vid3d.study.specs.render import BlankRender, StaticRender, TruthRender

ROOT = Path(__file__).parents[3]
RAMP = np.linspace(0, 1, 32, dtype=np.float32)


def reference():
    foreground = np.stack(np.broadcast_arrays(RAMP[:, None], RAMP[None, :], np.float32(0.25)), axis=-1)
    alpha = np.ones((32, 32), np.float32)
    return Reference("ramp", "a ramp", np.zeros((5, 7, 3), np.float32), np.ascontiguousarray(foreground), alpha)


def test_blank_is_white():
    images = render_blank.build(BlankRender(backend="blank", size=24))(None, orbit(10, 24), reference())
    assert images.shape == (10, 24, 24, 3)
    assert images.dtype == np.float32
    assert (images == 1.0).all()


def test_truth_is_the_object_at_each_moment():
    entry = load_benchmark("procedural", None, ROOT)["windmill-orange"]
    image = make_reference("windmill-orange", entry, ReferenceSpec(size=24))
    draw = render_truth.build(TruthRender(backend="truth", size=24))
    for frame, expected in enumerate(truth(image.procedural, 3, 120, 24)):
        shown = draw(None, orbit(10, 8), image, Moment(frame, 120))
        np.testing.assert_allclose(shown, expected, atol=1e-6)
        assert frame == 0 or np.abs(shown - draw(None, orbit(10, 8), image, Moment(0, 120))).max() > 0.1
    with pytest.raises(InputError, match="ramp: render backend truth needs a procedural object"):
        draw(None, orbit(10, 8), reference(), Moment(0, 120))


@pytest.mark.parametrize("size", [16, 32, 48])
def test_static_shows_the_foreground_to_every_camera(size):
    images = render_static.build(StaticRender(backend="static", size=size))(None, orbit(10, size), reference())
    assert images.shape == (10, size, size, 3)
    assert images.dtype == np.float32
    assert (images == images[:1]).all()
    assert images.min() >= 0.0
    assert images.max() <= 1.0
    pixels = (np.arange(size) + 0.5) * 32 / size - 0.5  # where our pixel centres lie on the foreground's grid
    inner = slice(size // 8, -size // 8)  # cubic interpolation treats borders in its own way
    expected = np.interp(pixels, np.arange(32), RAMP)
    np.testing.assert_allclose(
        images[0, inner, size // 2, 0], expected[inner], atol=2e-3
    )  # OpenCV cubic ripples by 1.5e-3
    np.testing.assert_allclose(
        images[0, size // 2, inner, 1], expected[inner], atol=2e-3
    )  # OpenCV cubic ripples by 1.5e-3


def test_static_of_the_foreground_size_is_the_foreground_itself():
    shown = render_static.build(StaticRender(backend="static", size=32))(None, orbit(1, 32), reference())
    np.testing.assert_array_equal(shown[0], reference().foreground)
