"""Cutting out and recentring, on small pictures whose true foreground is known."""

import cv2
import numpy as np
import pytest

from vid3d.errors import InputError
from vid3d.images.foreground import cut_out, framed


def disc(height: int, width: int, row: float, column: float, radius: float) -> np.ndarray:
    y, x = np.mgrid[:height, :width] + 0.5
    return np.hypot(y - row, x - column) < radius


def painted(background: np.ndarray, mask: np.ndarray, colour: tuple[float, float, float]) -> np.ndarray:
    image = np.where(mask[..., None], np.array(colour), background)
    return cv2.GaussianBlur(image, (0, 0), 0.7).astype(np.float32)


def overlap(found: np.ndarray, true: np.ndarray) -> float:
    return ((found > 0.5) & true).sum() / ((found > 0.5) | true).sum()


def studio(height: int, width: int) -> np.ndarray:
    """Light grey with a gradient and a vignette."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.stack([0.85 - 0.06 * y - 0.05 * (x**2 + y**2) + tint for tint in (0.0, 0.01, 0.03)], axis=-1)


@pytest.mark.parametrize(("height", "width"), [(160, 160), (120, 260), (700, 500)])
def test_object_before_a_studio_background(height: int, width: int) -> None:
    true = disc(height, width, 0.5 * height, 0.45 * width, 0.3 * min(height, width))
    image = painted(studio(height, width), true, (0.7, 0.15, 0.1))
    found = cut_out(image).mask
    assert found.shape == (height, width)
    assert found.dtype == np.float32
    assert overlap(found, true) > 0.93


def test_soft_shadow_is_left_out() -> None:
    true = disc(200, 200, 90, 100, 50)
    y, x = np.mgrid[:200, :200]
    shadow = np.exp(-(((x - 110) / 40.0) ** 2) - ((y - 145) / 14.0) ** 2)
    ground = studio(200, 200) * (1.0 - 0.4 * shadow[..., None])
    assert overlap(cut_out(painted(ground, true, (0.1, 0.3, 0.7))).mask, true) > 0.93


def test_background_seen_through_the_object_is_left_out() -> None:
    ring = disc(200, 200, 100, 100, 70) & ~disc(200, 200, 100, 100, 35)
    assert overlap(cut_out(painted(studio(200, 200), ring, (0.2, 0.5, 0.2))).mask, ring) > 0.9


def places(side: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0 : 1 : side * 1j, 0 : 1 : side * 1j]
    return y, x


def test_a_floor_below_the_object_is_left_out() -> None:
    y, _ = places(240)
    floor = (1 / (1 + np.exp(-(y - 0.8) / 0.04)))[..., None]
    ground = np.array([0.55, 0.53, 0.5]) * (1 - floor) + np.array([0.8, 0.77, 0.74]) * floor
    figure = disc(240, 240, 80, 120, 40)
    figure[80:216, 105:135] = True  # it stands on the floor
    cut = cut_out(painted(ground, figure, (0.15, 0.3, 0.7)))
    assert overlap(cut.mask, figure) > 0.9
    assert cut.doubt == ""


def test_an_object_that_crosses_the_border_is_no_way_in() -> None:
    true = disc(240, 240, 90, 120, 50)
    true[90:, 100:140] = True  # smooth down to the border, as a rocket's exhaust is
    assert overlap(cut_out(painted(np.full((240, 240, 3), 0.45), true, (1.0, 0.97, 0.9))).mask, true) > 0.9


@pytest.mark.parametrize("place", [(0.4, 0.3), (0.5, 0.5)])
def test_a_spot_of_light_on_the_background_is_left_out(place: tuple[float, float]) -> None:
    y, x = places(240)
    light = np.exp(-((y - place[0]) ** 2 + (x - place[1]) ** 2) / 0.08)[..., None]
    ground = np.array([0.2, 0.25, 0.4]) + light * np.array([0.5, 0.5, 0.45])
    true = disc(240, 240, 150, 130, 45)
    cut = cut_out(painted(ground, true, (0.85, 0.4, 0.1)))
    assert overlap(cut.mask, true) > 0.9
    assert cut.doubt == ""


def test_an_outline_without_an_edge_is_called_doubtful() -> None:
    """Half of the object runs out into the background, as a candle does into its glow."""
    y, x = places(240)
    hard = disc(240, 240, 120, 120, 60).astype(np.float64)
    coverage = np.where(x < 0.5, hard, cv2.GaussianBlur(hard, (0, 0), 12.0))[..., None]
    wall = np.array([0.35, 0.45, 0.6]) + 0.1 * (y + np.sin(9.0 * x) * np.cos(7.0 * y))[..., None]
    image = wall * (1.0 - coverage) + np.array([0.95, 0.85, 0.7]) * coverage
    cut = cut_out(image.astype(np.float32))
    assert cut.doubt.startswith("the cut-out is doubtful: only ")
    assert cut.doubt.endswith("; a PNG with alpha settles it")


def clutter() -> np.ndarray:
    noise = cv2.GaussianBlur(np.random.default_rng(1).uniform(0.0, 1.0, (160, 160)), (0, 0), 2.0)[..., None]
    return (noise - noise.min()) / np.ptp(noise) * np.array([0.2, 0.6, 0.9])


def test_what_has_no_edge_at_all_is_cut_out_and_called_doubtful() -> None:
    coverage = cv2.GaussianBlur(disc(240, 240, 120, 120, 50).astype(np.float64), (0, 0), 14.0)[..., None]
    cut = cut_out((0.6 - 0.15 * coverage * np.array([1.0, 0.2, 1.0])).astype(np.float32))
    assert overlap(cut.mask, disc(240, 240, 120, 120, 50)) > 0.5
    assert "doubtful" in cut.doubt


def test_another_object_from_another_start_is_called_doubtful() -> None:
    """A ball on a rug: either may be meant."""
    noise = cv2.GaussianBlur(np.random.default_rng(2).normal(size=(160, 160)), (0, 0), 1.5)[..., None]
    woven = 0.12 * noise / noise.std()
    image = np.where(disc(160, 160, 80, 80, 65)[..., None], np.array([0.2, 0.45, 0.6]) + woven, clutter())
    image = np.where(disc(160, 160, 80, 80, 35)[..., None], np.array([0.9, 0.3, 0.1]) + woven, image)
    cut = cut_out(np.clip(image, 0.0, 1.0).astype(np.float32))
    assert "other places to start from give another outline" in cut.doubt


def test_object_before_a_cluttered_background() -> None:
    true = disc(160, 160, 80, 80, 45)
    assert overlap(cut_out(painted(clutter(), true, (0.95, 0.5, 0.1))).mask, true) > 0.85


def test_alpha_is_taken_as_it_is() -> None:
    alpha = np.random.default_rng(0).uniform(size=(40, 30)).astype(np.float32)
    cut = cut_out(np.ones((40, 30, 3), np.float32), alpha)
    np.testing.assert_array_equal(cut.mask, alpha)
    assert cut.doubt == ""


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_a_uniform_image_has_no_foreground(grey: float) -> None:
    with pytest.raises(InputError, match="no foreground"):
        cut_out(np.full((64, 64, 3), grey, np.float32))


def test_a_transparent_image_has_no_foreground() -> None:
    with pytest.raises(InputError, match="no foreground"):
        cut_out(np.ones((64, 64, 3), np.float32), np.zeros((64, 64), np.float32))


def test_the_cut_does_not_depend_on_what_ran_before() -> None:
    image = painted(clutter(), disc(160, 160, 80, 80, 45), (0.15, 0.45, 0.6))  # hardly told from the background
    cuts = []
    for seed in range(5):
        cv2.setRNGSeed(seed)
        cuts.append(cut_out(image).mask)
    for cut in cuts[1:]:
        np.testing.assert_array_equal(cut, cuts[0])


@pytest.mark.parametrize(("height", "width"), [(300, 200), (200, 300), (60, 60)])
@pytest.mark.parametrize("size", [64, 129])
@pytest.mark.parametrize("border", [0.0, 0.3])
def test_recentring_fills_the_frame_as_asked(height: int, width: int, size: int, border: float) -> None:
    mask = np.zeros((height, width), np.float32)
    mask[5:45, 10:30] = 1.0  # twice as high as wide, off centre
    image = np.where(mask[..., None] > 0, np.array([0.2, 0.4, 0.6]), 0.0).astype(np.float32)
    foreground, alpha = framed(image, mask, size, border)
    assert foreground.shape == (size, size, 3)
    assert foreground.dtype == alpha.dtype == np.float32
    assert alpha.sum(axis=0).max() == pytest.approx((1.0 - border) * size, abs=0.75)  # height in pixels
    assert alpha.sum(axis=1).max() == pytest.approx((1.0 - border) * size / 2, abs=0.75)
    y, x = np.mgrid[:size, :size] + 0.5
    assert (alpha * x).sum() / alpha.sum() == pytest.approx(size / 2, abs=0.5)
    assert (alpha * y).sum() / alpha.sum() == pytest.approx(size / 2, abs=0.5)
    np.testing.assert_allclose(foreground[size // 2, size // 2], [0.2, 0.4, 0.6], atol=1e-3)
    np.testing.assert_allclose(foreground[size // 2, 0], 1.0, atol=1e-6)
