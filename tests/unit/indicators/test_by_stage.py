"""Where quality is lost: similarity by stage, ground truth in place of a stage, heat maps."""

import numpy as np
import pytest

from vid3d import indicators
from vid3d.indicators.by_stage import around_orbit


def at_angles(degrees):
    """Unit embeddings whose cosine with (1, 0) is that of the angle."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1).astype(np.float32)


def test_similarity_by_stage_of_known_angles():
    rows = indicators.by_stage(
        reference=at_angles(0.0),
        seed=at_angles([10.0, 20.0]),
        views=at_angles([[20.0, 50.0, 60.0, 50.0]] * 2),
        renders=at_angles([[30.0, 60.0, 70.0, 60.0]] * 2),
    )
    cos = {angle: np.cos(np.radians(angle)) for angle in range(0, 80, 10)}
    seed = (cos[10] + cos[20]) / 2
    views, renders = (cos[20] + 2 * cos[50] + cos[60]) / 4, (cos[30] + 2 * cos[60] + cos[70]) / 4
    expected = {
        ("seed", "front"): (seed, 1 - seed),
        ("views", "front"): (cos[20], seed - cos[20]),
        ("renders", "front"): (cos[30], cos[20] - cos[30]),
        ("views", "around"): (views, seed - views),
        ("renders", "around"): (renders, views - renders),
    }
    assert {(row.stage, row.place): (row.similarity, row.loss) for row in rows} == {
        key: pytest.approx(values, abs=1e-6) for key, values in expected.items()
    }


def test_perfect_stages_lose_nothing():
    still = np.broadcast_to(at_angles(0.0), (3, 18, 2))
    rows = indicators.by_stage(at_angles(0.0), still[:, 0], still, still[:, :10])
    assert [row.loss for row in rows] == pytest.approx([0.0] * 5)


def test_views_are_interpolated_round_the_orbit():
    degrees = np.arange(0, 360, 20)
    values = np.cos(np.radians(degrees))[None]
    there = around_orbit(values, 10)
    np.testing.assert_allclose(there[0], np.cos(np.radians(np.arange(0, 360, 36))), atol=0.02)
    np.testing.assert_allclose(around_orbit(values[:, ::9], 4), [[1.0, 0.0, -1.0, 0.0]], atol=1e-12)


def test_stages_of_different_frames_are_refused():
    views = at_angles(np.zeros((2, 18)))
    with pytest.raises(ValueError, match="same frames"):
        indicators.by_stage(at_angles(0.0), at_angles(np.zeros(3)), views, views)


def test_losses_by_substitution_sum_to_the_whole():
    rng = np.random.default_rng(0)
    generated, seed, both, ceiling = np.sort(rng.uniform(size=(4, 24)), axis=0)
    rows = indicators.by_substitution(generated, seed, both, ceiling)
    np.testing.assert_allclose(sum(row.losses for row in rows), ceiling - generated)
    assert sum(row.share for row in rows) == pytest.approx(1.0)
    assert [row.stage for row in rows] == ["seed", "views", "splats"]


def test_without_a_true_seed_alone_seed_and_views_are_one():
    rng = np.random.default_rng(0)
    generated, views, ceiling = np.sort(rng.uniform(size=(3, 24)), axis=0)
    before, splats = indicators.by_substitution(generated, None, views, ceiling, views)
    assert (before.stage, splats.stage) == ("seed and views", "splats")
    np.testing.assert_allclose(before.losses, views - generated)
    np.testing.assert_allclose(splats.losses, ceiling - views)
    assert before.share + splats.share == pytest.approx(1.0)
    assert before.alone == before.loss
    assert np.isnan(splats.alone)


@pytest.mark.parametrize("stage", ["seed", "views", "splats"])
def test_the_only_faulty_stage_gets_the_whole_loss(stage):
    worse, true = np.full(5, 0.6), np.full(5, 0.9)
    runs = {
        "generated": worse,
        "truth_seed": true if stage == "seed" else worse,
        "truth_both": worse if stage == "splats" else true,
        "ceiling": true,
        "truth_views": true if stage == "views" else worse,
    }
    for row in indicators.by_substitution(**runs):
        assert row.loss == pytest.approx(0.3 if row.stage == stage else 0.0)
        assert row.share == pytest.approx(1.0 if row.stage == stage else 0.0)
        if stage != "splats" and row.stage != "splats":
            assert row.alone == pytest.approx(row.loss)


def test_shares_of_no_loss_are_undefined():
    score = np.full(3, 0.8)
    rows = indicators.by_substitution(score, score, score, score)
    assert np.isnan([row.share for row in rows]).all()


@pytest.mark.parametrize("bad", [np.ones(3), np.full(4, np.nan)])
def test_scores_that_do_not_pair_are_refused(bad):
    score = np.ones(4)
    with pytest.raises(ValueError, match=r"same images|not finite"):
        indicators.by_substitution(score, score, bad, score)
