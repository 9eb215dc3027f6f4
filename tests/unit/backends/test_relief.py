"""The relief backends, on synthetic cut-outs: the warp by what its images show, the solid by known geometry."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import LinearNDInterpolator

from vid3d.backends import seed_relief, views_relief
from vid3d.cameras import orbit
from vid3d.measures.metrics import psnr
from vid3d.procedural import PERIOD, SCORE_UNIT
from vid3d.scene import Clip, Reference, SeedFrame
from vid3d.study.specs.seed import ReliefSeed
from vid3d.study.specs.views import ReliefViews

SIZE = 96


def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixel centres in image widths."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    return x, y


def creature(size: int = SIZE) -> Reference:
    """A body with a head to its upper right and a tail to its left, in a texture that differs everywhere."""
    x, y = grid(4 * size)
    parts = [
        np.hypot((x - 0.5) / 0.16, (y - 0.6) / 0.25) < 1.0,
        np.hypot(x - 0.6, y - 0.3) < 0.12,
        (np.abs(y - 0.65 - 0.2 * (0.4 - x)) < 0.03) & (x > 0.16) & (x < 0.45),
    ]
    coverage = np.any(parts, axis=0).astype(float)
    colours = np.stack([0.2 + 0.6 * x, 0.3 + 0.5 * y, 0.5 + 0.3 * np.sin(20.0 * x) * np.sin(20.0 * y)], axis=-1)
    colours[parts[1]] *= 0.6
    fine = np.dstack([colours * coverage[..., None], coverage])
    mean = fine.reshape(size, 4, size, 4, 4).mean(axis=(1, 3)).astype(np.float32)
    foreground = (mean[..., :3] + 1.0 - mean[..., 3:]).astype(np.float32)
    return Reference("creature", "a creature", foreground, foreground, mean[..., 3])


def coordinates(size: int) -> Reference:
    """The creature's silhouette, with a colour that says where in the rest pose a point is: red x, green y."""
    shape = creature(size)
    place = np.stack([*grid(size), np.zeros((size, size))], axis=-1)
    alpha = shape.alpha[..., None]
    return replace(shape, foreground=(place * alpha + 1.0 - alpha).astype(np.float32))


def moved(reference: Reference, motion: int, frames: int, seed: int = 0, size: int = SIZE) -> Clip:
    spec = ReliefSeed(backend="relief", size=size, frames=frames)
    return seed_relief.build(spec)(reference, motion, np.random.default_rng(seed))


def turned(image: np.ndarray, alpha: np.ndarray | None, count: int = 18, thickness: float = 0.45) -> np.ndarray:
    spec = ReliefViews(backend="relief", size=SIZE, count=count, thickness=thickness)
    frame = SeedFrame(image, alpha, 0, 120, creature())
    views = views_relief.build(spec)(frame, np.random.default_rng(0))
    np.testing.assert_array_equal(views.cameras.camera_to_world, orbit(count, SIZE).camera_to_world)
    return views.images


def shown(images: np.ndarray) -> np.ndarray:
    """Coverage (..., h, w) of a black object on white."""
    return 1.0 - images.mean(axis=-1)


def decibels(image: np.ndarray, truth: np.ndarray) -> float:
    return float(psnr(image[None], truth[None])[0])


def black(alpha: np.ndarray) -> np.ndarray:
    return np.repeat(1.0 - alpha[..., None], 3, axis=-1).astype(np.float32)


def round_alpha(radius: float) -> np.ndarray:
    x, y = grid(SIZE)
    return np.clip((radius - np.hypot(x - 0.5, y - 0.5)) * SIZE + 0.5, 0.0, 1.0).astype(np.float32)


@pytest.mark.parametrize(("motion", "seed"), [(120, 0), (160, 1), (200, 2)])
def test_motion_score_is_the_one_asked_for(motion: int, seed: int) -> None:
    """Measured in the images alone: which rest point each pixel shows, and where the next frame shows it."""
    size = 128
    clip = moved(coordinates(size), motion, PERIOD, seed, size)
    centres = np.stack(grid(size), axis=-1)
    means = []
    for now in range(PERIOD):
        then = (now + 1) % PERIOD  # the motion is periodic
        clear, clear_then = (clip.alpha[t] > 0.999 for t in (now, then))
        find = LinearNDInterpolator(clip.images[then][clear_then][:, :2], centres[clear_then])
        flow = find(clip.images[now][clear][:, :2]) - centres[clear]
        means.append(np.nanmean(np.hypot(*flow.T)))
    assert np.mean(means) / SCORE_UNIT == pytest.approx(motion, rel=0.04)


def test_the_clip_starts_from_the_reference_and_is_periodic() -> None:
    reference = creature()
    clip = moved(reference, 160, PERIOD + 1)
    assert decibels(clip.images[0], reference.foreground) > 38.0
    np.testing.assert_allclose(clip.images[PERIOD], clip.images[0], atol=1e-4)
    assert decibels(clip.images[3], reference.foreground) < 25.0


def test_longer_clips_begin_like_shorter_ones() -> None:
    long, short = (moved(creature(), 120, frames) for frames in (5, 3))
    np.testing.assert_array_equal(long.images[:3], short.images)
    np.testing.assert_array_equal(long.alpha[:3], short.alpha)


def test_images_are_on_white_and_stay_in_the_frame() -> None:
    clip = moved(creature(), 200, PERIOD)
    for border in (clip.alpha[:, 0], clip.alpha[:, -1], clip.alpha[:, :, 0], clip.alpha[:, :, -1]):
        assert border.max() == 0.0
    np.testing.assert_allclose(clip.images[clip.alpha == 0.0], 1.0)
    areas = clip.alpha.sum(axis=(1, 2))
    assert areas.min() > 0.85 * areas[0]
    assert areas.max() < 1.15 * areas[0]


def test_the_seed_draws_the_mixture_and_nothing_else_does() -> None:
    first, again, other = (moved(creature(), 120, 3, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.images, again.images)
    assert np.abs(first.images - other.images).max() > 0.1


def test_view_0_shows_the_frame() -> None:
    reference = creature()
    views = turned(reference.foreground, reference.alpha)
    assert views.shape == (18, SIZE, SIZE, 3)
    assert views.dtype == np.float32
    assert decibels(views[0], reference.foreground) > 32.0


def test_the_back_is_the_mirrored_silhouette_in_other_colours() -> None:
    reference = creature()
    back = turned(reference.foreground, reference.alpha, count=2)[1][:, ::-1]
    front = reference.foreground
    both = (front.min(axis=-1) < 0.9) & (back.min(axis=-1) < 0.9)
    either = (front.min(axis=-1) < 0.9) | (back.min(axis=-1) < 0.9)
    assert both.sum() > 0.75 * either.sum()  # perspective alone makes them differ
    assert np.abs(front - back)[both].mean() > 0.02


def test_a_disc_becomes_a_solid_whose_profile_is_known() -> None:
    """For a disc of radius r, L w = 1 has w = (r^2 - d^2) / 4, so that the solid is an ellipsoid of depth sqrt(2) r."""
    radius = 0.3
    relief = views_relief.inflate(black(round_alpha(radius)), round_alpha(radius), 2.0, SIZE)
    x, y = grid(views_relief.GRID)
    distance = np.hypot(x - 0.5, y - 0.5)
    inner = distance < 0.9 * radius
    depth = relief.heights.sum(axis=-1)[inner]
    expected = 2.0 * np.sqrt((radius**2 - distance[inner] ** 2) / 2.0) * views_relief.GRID_STEP * views_relief.GRID
    np.testing.assert_allclose(depth, expected, rtol=0.05)
    assert (relief.heights[distance > radius + 0.02] < 0.0).all()


def test_the_side_view_shows_front_and_back_where_the_cameras_say() -> None:
    """At azimuth 90 degrees the camera's right is -x: the front, which bulges more, appears on the left."""
    radius = 0.3
    side = shown(turned(black(round_alpha(radius)), round_alpha(radius), count=4, thickness=2.0))[1]
    row = side[SIZE // 2]
    pixels_per_unit = orbit(1, SIZE).intrinsics[0, 0] / 2.0  # at the origin, 2 scene units away
    extent = radius * views_relief.GRID_STEP * views_relief.GRID  # scene units; towards the camera as well as across
    nearness = 1.0 / np.sqrt(1.0 - (extent / 2.0) ** 2)  # an outline seen from 2 units away lies before the middle
    half_depth = extent / np.sqrt(2.0) * pixels_per_unit * nearness
    left, right = row[: SIZE // 2].sum(), row[SIZE // 2 :].sum()
    assert left == pytest.approx(2.0 * views_relief.FRONT_SHARE * half_depth, rel=0.06)
    assert right == pytest.approx(2.0 * (1.0 - views_relief.FRONT_SHARE) * half_depth, rel=0.06)
    height = (side > 0.5).any(axis=1).sum()
    assert height == pytest.approx(2.0 * radius * SIZE * nearness, rel=0.06)


def test_thickness_is_the_depth_seen_from_the_side() -> None:
    reference = creature()
    widths = []
    for thickness in (0.2, 0.4):
        side = shown(turned(black(reference.alpha), reference.alpha, count=4, thickness=thickness))[1]
        widths.append((side > 0.5).any(axis=0).sum() / np.sqrt((reference.alpha > 0.5).sum()))
    assert widths[0] == pytest.approx(0.2, abs=0.06)
    assert widths[1] == pytest.approx(0.4, abs=0.08)


def test_the_side_is_neither_a_sheet_nor_a_balloon() -> None:
    reference = creature()
    views = shown(turned(black(reference.alpha), reference.alpha, count=4))
    areas = (views > 0.5).sum(axis=(1, 2))
    assert 0.3 * areas[0] < areas[1] < 0.9 * areas[0]
    assert areas[3] == pytest.approx(areas[1], rel=0.25)  # what sticks out is nearer to one of the two


def test_a_frame_without_alpha_is_cut_out() -> None:
    reference = creature()
    known = turned(reference.foreground, reference.alpha)
    found = turned(reference.foreground, None)
    assert decibels(found[0], reference.foreground) > 25.0
    assert psnr(found, known).mean() > 22.0


def test_an_empty_frame_gives_white_views() -> None:
    white = np.ones((SIZE, SIZE, 3), np.float32)
    np.testing.assert_array_equal(turned(white, np.zeros((SIZE, SIZE), np.float32)), 1.0)


def test_views_are_the_same_every_time() -> None:
    reference = creature()
    first, again = (turned(reference.foreground, reference.alpha) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_neighbouring_moments_look_alike_from_everywhere() -> None:
    clip = moved(creature(), 120, PERIOD)
    rest, soon, later = (turned(clip.images[t], clip.alpha[t], count=6) for t in (0, 1, 3))
    assert np.abs(rest - soon).mean() < np.abs(rest - later).mean()
    assert np.abs(rest - soon).mean(axis=(1, 2, 3)).max() < 0.04
