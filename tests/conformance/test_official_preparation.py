"""What V3D is shown equals what the released code shows it (``tests/data/multiview`` and ``rembg``, each ORIGIN.md)."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vid3d.images import preparation
from vid3d.study.specs.views import V3dViews

DATA = Path(__file__).parents[1] / "data"
SIZE = 64


def pixels(name: str) -> np.ndarray:
    return np.asarray(Image.open(DATA / name))


def spec(**settings: object) -> V3dViews:
    model = str(DATA / "rembg/tiny_u2net.onnx")
    return V3dViews(backend="v3d", size=SIZE, cutout_model=model, **settings)


def prepared(frame: np.ndarray, settings: V3dViews, cut_out: object) -> np.ndarray:
    (image,) = preparation.prepare({Path("frame.png"): frame}, settings, cut_out, {})
    return image


def different(image: np.ndarray, expected: np.ndarray) -> tuple[float, float]:
    """The share of the 8-bit values that differ, and by how many levels at most."""
    levels = np.abs(image - expected) * 255
    return float((levels > 0.5).mean()), float(levels.max())


# --- a frame with alpha: the released code takes it as it is ----------------------------------------------------------


@pytest.fixture(scope="module")
def with_alpha() -> np.ndarray:
    return pixels("multiview/input_frame_10.png")


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    """(64, 64, 3) in [-1, 1]."""
    with np.load(DATA / "multiview/expected_frame_10.npz") as numbers:
        return numbers["image"][0].transpose(1, 2, 0)


def never(image: np.ndarray) -> np.ndarray:
    raise AssertionError("the frame has alpha already")


@pytest.mark.parametrize("cutout", ["rembg", "alpha"])
def test_a_frame_with_alpha(with_alpha, expected, cutout, bounds):
    image = prepared(with_alpha, spec(cutout=cutout), never)
    np.testing.assert_allclose(image * 2 - 1, expected, rtol=0, atol=bounds["every value"])


def test_its_alpha_is_applied_once(with_alpha, expected):
    """The outline is soft, so that whoever applies alpha twice here is far off."""
    alpha = Image.fromarray(with_alpha[..., 3])
    twice = preparation.cut(with_alpha[..., :3], lambda _: np.asarray(alpha), twice=True)
    share, worst = different(prepared(twice, spec(), never), (expected + 1) / 2)
    assert share > 0.1
    assert worst > 50


def test_every_truncation_counts(with_alpha, expected, monkeypatch):
    """Rounding instead moves some values by a level or two: the comparison above would notice."""
    monkeypatch.setattr(preparation, "_truncated", lambda image: np.rint(image * 255).astype(np.uint8))
    share, worst = different(prepared(with_alpha, spec(), never), (expected + 1) / 2)
    assert 0.01 < share < 0.5
    assert worst < 4


def test_the_last_row_and_column_are_left_out(with_alpha, expected):
    box = preparation.bounds(with_alpha, "frame")
    inclusive = box._replace(bottom=box.bottom + 1, right=box.right + 1)
    assert different(preparation.recentre(with_alpha, inclusive, SIZE, 0.3), (expected + 1) / 2)[0] > 0.1


# --- a frame without alpha: rembg ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rembg() -> object:
    pytest.importorskip("onnxruntime")
    from vid3d.backends import cutout_u2net

    return cutout_u2net.build(spec())


def test_the_cut_out_is_that_of_rembg(rembg):
    cut = preparation.cut(pixels("rembg/frame.png"), rembg, twice=True)
    np.testing.assert_array_equal(cut, pixels("rembg/cutout.png"))


def test_a_frame_without_alpha(rembg, bounds):
    image = prepared(pixels("rembg/frame.png"), spec(), rembg)
    np.testing.assert_allclose(np.rint(image * 255), pixels("rembg/prepared.png"), rtol=0, atol=bounds["every value"])


def test_its_alpha_is_applied_twice(rembg):
    once = prepared(pixels("rembg/frame.png"), spec(soft_edges="once"), rembg)
    share, worst = different(once, pixels("rembg/prepared.png") / 255)
    assert share > 0.05
    assert worst > 20
    darker = pixels("rembg/prepared.png") / 255 - once
    assert darker.min() < -0.1
    assert darker.max() < 2 / 255
