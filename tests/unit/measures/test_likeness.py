"""The figures by which generated images are judged, on images whose errors are known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from vid3d.measures import likeness


@pytest.fixture
def truth() -> np.ndarray:
    """Two chequered orange squares on white."""
    images = np.ones((2, 32, 32, 3), np.float32)
    rows, columns = np.mgrid[:32, :32]
    chequered = np.where(((rows // 2 + columns // 2) % 2 == 0)[..., None], (0.9, 0.5, 0.1), (0.7, 0.3, 0.1))
    images[:, 8:24, 8:24] = chequered[8:24, 8:24]
    return images


# published with the formula: Sharma, Wu and Dalal 2005, table 1
PAIRS = [
    ((50.0000, 2.6772, -79.7751), (50.0000, 0.0000, -82.7485), 2.0425),
    ((50.0000, -1.3802, -84.2814), (50.0000, 0.0000, -82.7485), 1.0000),
    ((50.0000, 2.5000, 0.0000), (73.0000, 25.0000, -18.0000), 27.1492),
    ((50.0000, 2.5000, 0.0000), (56.0000, -27.0000, -3.0000), 31.9030),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


def test_colour_differences_are_the_published_ones() -> None:
    one, other, wanted = (np.array(column) for column in zip(*PAIRS, strict=True))
    np.testing.assert_allclose(likeness.ciede2000(one, other), wanted, atol=1e-4)
    np.testing.assert_allclose(likeness.ciede2000(other, one), wanted, atol=1e-4)


def test_nothing_differs_from_itself(truth: np.ndarray) -> None:
    assert likeness.gradient_energy(truth, truth) == likeness.gradient_energy(truth, truth, inside=True) == 1.0
    assert likeness.colour_difference(truth, truth) == 0.0
    assert likeness.hue_error(truth, truth) == 0.0
    np.testing.assert_array_equal(likeness.overlap(truth, truth), 1.0)


def test_blur_costs_gradient_energy(truth: np.ndarray) -> None:
    blurred = gaussian_filter(truth, (0, 1.5, 1.5, 0))
    assert likeness.gradient_energy(blurred, truth) < 0.2
    assert likeness.gradient_energy(blurred, truth, inside=True) < 0.3


def test_a_wrong_hue_is_seen(truth: np.ndarray) -> None:
    pink = truth[..., [0, 2, 1]]
    assert likeness.hue_error(pink, truth) > 50
    assert likeness.colour_difference(pink, truth) > 30
    assert np.isnan(likeness.hue_error(np.ones_like(truth), truth))


def test_the_error_is_told_apart(truth: np.ndarray) -> None:
    darker = np.where(likeness.shown(truth)[..., None], truth - np.float32(0.05), truth)
    flat = truth.copy()
    flat[:, 8:24, 8:24] = truth[:, 8:24, 8:24].mean(axis=(1, 2), keepdims=True)
    moved = np.ones_like(truth)
    moved[:, 8:24, :8] = truth[:, 8:24, 8:16]
    for images, kind in ((darker, "colour"), (flat, "texture"), (moved, "silhouette")):
        shares = likeness.error_shares(images, truth)
        assert sum(shares.values()) == pytest.approx(1.0)
        assert shares[kind] > 0.999


def test_rows_by_camera_hold_every_measure(truth: np.ndarray) -> None:
    images = truth.copy()
    images[1] = gaussian_filter(truth[1], (1.5, 1.5, 0))
    same, blurred = likeness.by_camera(images, truth, [(0.0, 0.0), (40.0, 20.0)])
    assert (same["psnr"], same["ssim"], same["iou"], same["gradient"]) == (np.inf, pytest.approx(1.0), 1.0, 1.0)
    assert (blurred["camera"], blurred["azimuth"], blurred["elevation"]) == (1, 40.0, 20.0)
    assert blurred["gradient"] < 0.2
    assert blurred["flip"] > 0.01 > same["flip"]


def test_flip_grows_with_the_error(truth: np.ndarray) -> None:
    near, far = (likeness.flip(np.clip(truth + np.float32(by), 0, 1), truth) for by in (-0.02, -0.3))
    np.testing.assert_allclose(likeness.flip(truth, truth), 0.0, atol=1e-6)
    assert near.shape == (2,)
    assert 0.0 < near.max() < far.min() < 1.0
