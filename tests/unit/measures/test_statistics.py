"""The bootstrap against closed forms and simulated studies with known truth; every generator is seeded."""

import math

import numpy as np
import pytest
from scipy import stats

from vid3d.measures import statistics
from vid3d.measures.statistics import Bootstrap, UntestableError, bootstrap, holm, resampled

RESAMPLES = 599  # of simulated studies; 2.5 % of 600 is whole
STUDIES = 4000
DRAWS = {  # (draw of a shape, its mean, its skewness)
    "normal": (lambda rng, shape: rng.standard_normal(shape), 0.0, 0.0),
    "exponential": (lambda rng, shape: rng.exponential(size=shape), 1.0, 2.0),
    "log-normal": (lambda rng, shape: rng.lognormal(0.0, 0.5, shape), math.exp(0.125), 1.75),
    "CLIP-I-like": (lambda rng, shape: rng.beta(12, 2, shape), 12 / 14, -1.0),  # bounded by 1, mean 0.86, sd 0.09
}
BANDS = {8: (0.92, 0.97), 24: (0.93, 0.97)}


def difference(first, second, rng):
    """How conditions of one run are compared: by the differences within images and replicates."""
    return bootstrap(np.subtract(first, second), rng)


def rng_of(*key):
    return np.random.default_rng([ord(letter) for letter in repr(key)])


def coverage(studies, truth, rng):
    """Fraction of studies, each (replicates, images), whose 95 % interval holds the truth."""
    intervals = np.array([bootstrap(study, rng, RESAMPLES).interval() for study in studies])
    return np.mean((intervals[:, 0] <= truth) & (truth <= intervals[:, 1]))


@pytest.mark.parametrize("images", BANDS)
@pytest.mark.parametrize("name", DRAWS)
def test_the_interval_covers_the_mean_as_often_as_it_says(name, images):
    draw, truth, skewness = DRAWS[name]
    rng = rng_of(name, images)
    assert stats.skew(draw(rng, 400_000)) == pytest.approx(skewness, abs=0.1)  # it is the distribution that it says
    low, high = BANDS[images]
    assert low <= coverage(draw(rng, (STUDIES, 1, images)), truth, rng) <= high


@pytest.mark.parametrize("images", BANDS)
def test_nested_over_replicates_it_covers_as_well(images):
    """Skewed differences between images, and between seeds a spread of the same size."""
    rng = rng_of("nested", images)
    studies = rng.exponential(size=(STUDIES, 1, images)) + rng.standard_normal((STUDIES, 3, images))
    low, high = BANDS[images]
    assert low <= coverage(studies, 1.0, rng) <= high


def test_of_normal_scores_it_is_students_interval():
    rng, images = rng_of("student"), 24
    studies = rng.standard_normal((300, images))
    ours = np.array([bootstrap(study, rng, 1999).interval() for study in studies])
    students = np.stack(stats.ttest_1samp(studies, 0, axis=1).confidence_interval(0.95), axis=1)
    width = students[:, 1] - students[:, 0]
    assert ((ours - students) / width[:, None]).mean(axis=0) == pytest.approx([0, 0], abs=0.02)
    assert ((ours[:, 1] - ours[:, 0]) / width).mean() == pytest.approx(1, abs=0.03)


def test_the_standard_error_is_that_of_nested_sampling():
    """Variance of the mean: (variance between images + variance within / replicates) / images."""
    rng, images, between, within = rng_of("nested error"), 10, 0.5, 2.0
    for replicates in (1, 4):
        effect = rng.normal(0, np.sqrt(between), (3000, 1, images))
        studies = effect + rng.normal(0, np.sqrt(within), (3000, replicates, images))
        squared = [bootstrap(study, rng, 1).error ** 2 for study in studies]
        assert np.mean(squared) == pytest.approx((between + within / replicates) / images, rel=0.03)


def test_resampled_means_vary_as_the_closed_form_says():
    rng = rng_of("resampled")
    table = rng.normal(size=(1, 6)) + rng.normal(size=(3, 6))
    means, errors = resampled(table, rng, 200_000)
    b, w = table.mean(axis=0).var(), table.var(axis=0).mean()
    assert means.mean() == pytest.approx(table.mean(), abs=0.01)
    assert means.var() == pytest.approx((b + w / 3) / 6, rel=0.02)
    assert np.square(errors).mean() == pytest.approx(means.var(), rel=0.02)  # the sample variance is unbiased


def test_interval_and_tests_never_disagree():
    rng = rng_of("duality")
    mean = bootstrap(rng.exponential(size=(2, 9)), rng, 999)
    for level in (0.5, 0.9, 0.95, 0.99):
        low, high = mean.interval(level)
        for value in np.linspace(mean.estimate - 4 * mean.error, mean.estimate + 9 * mean.error, 301):
            significant = min(mean.p_above(value), mean.p_below(value)) <= (1 - level) / 2 + 1e-12
            assert significant == (not low <= value <= high)


def test_one_sided_and_equivalence_tests_are_scipys_for_many_normal_scores():
    rng = rng_of("tost")
    scores = rng.normal(0.02, 0.5, 300)
    mean = bootstrap(scores, rng)
    for margin in (0.03, 0.05, 0.08):
        above = stats.ttest_1samp(scores, -margin, alternative="greater").pvalue
        below = stats.ttest_1samp(scores, margin, alternative="less").pvalue
        assert mean.p_above(-margin) == pytest.approx(above, abs=0.015)
        assert mean.p_below(margin) == pytest.approx(below, abs=0.015)
        assert mean.p_within(-margin, margin) == max(mean.p_above(-margin), mean.p_below(margin))
    assert mean.p_within(-0.05, math.inf) == mean.p_above(-0.05)
    assert mean.p_outside(-0.05, 0.05) == min(mean.p_below(-0.05), mean.p_above(0.05))


@pytest.mark.parametrize("truth", [-0.5, 0.5])
def test_at_the_margin_equivalence_is_found_as_often_as_the_level_says(truth):
    rng = rng_of("tost size", truth)
    found = [
        bootstrap(study, rng, 399).p_within(-0.5, 0.5) <= 0.05
        for study in rng.normal(truth, 0.5, (2000, 16))  # the other margin is eight standard errors away
    ]
    assert np.mean(found) == pytest.approx(0.05, abs=0.015)


def test_the_observed_statistic_counts_so_that_no_p_value_is_zero():
    mean = Bootstrap(1.0, 0.1, np.linspace(-3, 3, 99), images=8, replicates=1)
    assert mean.p_above(0.0) == 0.01
    assert mean.p_below(0.0) == 1.0
    assert mean.p_above(1.0) == pytest.approx(0.51)  # 50 roots of 99 are at least 0


def test_holm_by_hand():
    """0.005 * 4, 0.01 * 3, 0.03 * 2, and 0.04 * 1, which may not be below the 0.06 before it."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]) == pytest.approx([1.0, 1.0])
    assert holm([0.02]) == pytest.approx([0.02])
    assert len(holm([])) == 0


@pytest.mark.parametrize("wrong", [[0.5, 1.5], [float("nan")], [[0.1]]])
def test_holm_refuses_what_is_no_p_value(wrong):
    with pytest.raises(ValueError, match="p values must be"):
        holm(wrong)


def test_a_paired_difference_does_not_see_what_images_share():
    rng = rng_of("paired")
    first, second = rng.normal(0.01, 0.01, (2, 2, 12))
    shared = rng.normal(0.8, 0.2, 12)
    plain = difference(first, second, np.random.default_rng(1))
    paired = difference(first + shared, second + shared, np.random.default_rng(1))
    assert paired.interval() == pytest.approx(plain.interval(), abs=1e-12)
    alone = bootstrap(first + shared, np.random.default_rng(1))
    assert alone.error > 10 * paired.error


def test_units_do_not_matter():
    scores = rng_of("units").exponential(size=9)
    low, high = bootstrap(scores, np.random.default_rng(2)).interval()
    scaled = bootstrap(100 - 10 * scores, np.random.default_rng(2)).interval()
    assert scaled == pytest.approx((100 - 10 * high, 100 - 10 * low))


def test_replicates_that_agree_are_as_good_as_one():
    scores = rng_of("agree").normal(size=8)
    one, three = (bootstrap(np.tile(scores, (count, 1)), np.random.default_rng(3)) for count in (1, 3))
    assert (three.estimate, three.error) == pytest.approx((one.estimate, one.error))
    assert three.interval() == pytest.approx(one.interval(), rel=0.2)  # other draws


def test_the_generator_decides_the_draws():
    scores = rng_of("draws").normal(size=10)
    first, again, other = (bootstrap(scores, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert np.array_equal(first.roots, again.roots)
    assert not np.array_equal(first.roots, other.roots)


@pytest.mark.parametrize("images", [1, 2, 3])
def test_too_few_images_have_no_interval(images):
    with pytest.raises(UntestableError, match=f"^{images} images?; at least 4 are needed$"):
        bootstrap(np.arange(images) / 10, np.random.default_rng(0))


def test_three_images_are_too_few_because_resamples_repeat_one():
    table = np.array([[0.1, 0.2, 0.4]])
    _, errors = resampled(table, np.random.default_rng(0), 20_000)
    assert np.mean(errors < 1e-9) == pytest.approx(1 / 9, abs=0.01)  # 3 of 27 draws: more than 2.5 % at each end


def test_four_images_have_an_interval_that_covers():
    rng = rng_of("four")
    assert 0.92 <= coverage(rng.standard_normal((STUDIES, 1, statistics.MINIMUM_IMAGES)), 0.0, rng) <= 0.97


@pytest.mark.parametrize("scores", [np.ones(8), np.zeros((2, 8)), 0.7 - np.tile(0.1, 8) * 3, np.full(8, 0.3) + 1e-16])
def test_scores_that_do_not_vary_have_no_interval(scores):
    with pytest.raises(UntestableError, match="all 8 images have the same score"):
        bootstrap(scores, np.random.default_rng(0))


def test_one_image_that_differs_leaves_the_interval_open():
    """A third of the resamples lack it: nothing bounds what else is rare; but it is no evidence on the other side."""
    mean = bootstrap([0.0] * 7 + [1.0], np.random.default_rng(0))
    low, high = mean.interval()
    assert math.isinf(high)
    assert high > 0
    assert low < 0.0
    assert mean.p_above(0.0) > 0.05
    assert mean.p_below(10.0) > 0.05


@pytest.mark.parametrize("wrong", [[], [[]], [0.1, float("nan"), 0.2, 0.3], np.zeros((2, 2, 4))])
def test_scores_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match="finite and not empty"):
        bootstrap(wrong, np.random.default_rng(0))


@pytest.mark.parametrize(("resamples", "level"), [(19, 0.95), (999, 1.0), (999, -0.5)])
def test_an_interval_wants_enough_resamples(resamples, level):
    mean = bootstrap(np.arange(8.0), np.random.default_rng(0), resamples)
    with pytest.raises(ValueError, match="have no interval at level"):
        mean.interval(level)
