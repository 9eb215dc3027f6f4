"""Indicators of one camera's video, on discs whose movement is known."""

import numpy as np
import pytest

from vid3d.indicators import STEADINESS, of_video
from vid3d.indicators.steadiness import centre_jitter, flicker_share, scale_jitter, warped_error

SIDE, FRAMES = 64, 9


def disc(x=32.0, y=32.0, radius=12.0, colour=(0.8, 0.3, 0.2)):
    """A textured disc with a soft rim of one pixel on white, (64, 64, 3)."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    inside = np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1)[..., None]
    waves = 0.15 * np.sin(0.9 * (columns - x)) * np.cos(0.7 * (rows - y))
    return (1 - inside * (1 - np.array(colour) - waves[..., None])).astype(np.float32)


def clip(frames):
    """(frames, 1, 64, 64, 3)."""
    return np.stack(list(frames))[:, None]


STEPS = np.arange(FRAMES)
STILL = clip(disc() for _ in STEPS)
EVEN = clip(disc(x=20 + 2 * t) for t in STEPS)
SHAKEN = clip(disc(x=32 + 3 * (t % 2)) for t in STEPS)
PUMPED = clip(disc(radius=12 + 3 * (t % 2)) for t in STEPS)
BLINKING = clip(disc(colour=(0.8, 0.3, 0.2 + 0.3 * (t % 2))) for t in STEPS)


def test_a_still_video_has_nothing_of_any():
    found = of_video(STILL[:, 0], np.random.default_rng(0))
    assert list(found) == list(STEADINESS)
    assert np.isnan(found.pop("flicker_share"))  # in no order does it flicker
    assert all(value == pytest.approx(0, abs=1e-6) for value in found.values()), found


def test_the_centre_jitters_by_what_it_is_shaken():
    """To and fro by 3 of 64 pixels along one of two axes: second differences of 6 pixels there, else 0."""
    assert centre_jitter(SHAKEN) == pytest.approx(np.full((FRAMES - 2, 1), 6 / 64 / 2), rel=0.05)
    assert centre_jitter(EVEN).max() < 0.1 * centre_jitter(SHAKEN).min()
    assert centre_jitter(PUMPED).max() < 0.1 * centre_jitter(SHAKEN).min()


def test_the_scale_jitters_by_what_it_is_pumped():
    """Silhouettes have a rim of about one pixel, so radii of 13 and 16."""
    assert scale_jitter(PUMPED) == pytest.approx(np.full((FRAMES - 2, 1), 2 * np.log(16 / 13)), rel=0.1)
    assert scale_jitter(SHAKEN).max() < 0.1 * scale_jitter(PUMPED).min()


def test_the_warped_error_follows_what_moves_and_sees_what_changes():
    as_it_is = np.abs(np.diff(EVEN, axis=0)).mean(axis=-1)[EVEN[:-1].min(axis=-1) < 0.9].mean()
    assert warped_error(EVEN).mean() < 0.5 * as_it_is
    assert warped_error(BLINKING).mean() > 3 * warped_error(EVEN).mean()
    assert warped_error(BLINKING).mean() == pytest.approx(0.3 / 3, rel=0.3)  # one of three channels by 0.3


def test_only_a_video_whose_order_says_something_flickers_less_than_chance():
    rng = np.random.default_rng(0)
    noise = clip(disc(colour=rng.uniform(0, 0.8, 3)) for _ in range(20))
    fading = clip(disc(colour=(0.8 - 0.03 * t, 0.3, 0.2)) for t in range(20))
    assert flicker_share(noise, np.random.default_rng(1)) == pytest.approx([1], abs=0.25)
    assert flicker_share(fading, np.random.default_rng(1))[0] < 0.05
    assert flicker_share(BLINKING, np.random.default_rng(1))[0] > 1  # worse than chance: every frame there and back


def test_nothing_in_sight_is_undefined():
    white = np.ones_like(STILL)
    for table in (warped_error(white), centre_jitter(white), scale_jitter(white)):
        assert np.isnan(table).all()
    found = of_video(white[:, 0], np.random.default_rng(0))
    assert np.isnan(found["warped_error"])


def test_unusable_videos_are_refused():
    with pytest.raises(ValueError, match="at least 3 frames"):
        of_video(STILL[:2, 0], np.random.default_rng(0))
    with pytest.raises(ValueError, match="too small for optical flow"):
        warped_error(STILL[:, :, :8, :8])
