"""Verdicts on simulated studies with known truth; every generator is seeded."""

import math
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from simulated_studies import decided, verdicts_of_seeds

from vid3d.claims.claims import Difference, load_claims
from vid3d.claims.decisions import NOT_TESTABLE, TOO_FEW, decide, settled
from vid3d.claims.published import load_published
from vid3d.claims.verdicts import NO_SPAN, PUBLISHED, Evidence, Verdict, judge, published_verdicts
from vid3d.errors import InputError
from vid3d.measures.statistics import bootstrap

ROOT = Path(__file__).parents[3]
PAPER = load_published(ROOT)
CLAIMS = load_claims(ROOT, PAPER)
PROTOCOL = PAPER.metric.protocol
POSITIVE = (0.0, math.inf)
TRUTH = {  # what the paper reports
    (120, 18): 0.8946,
    (120, 9): 0.8879,
    (120, 3): 0.8532,
    (160, 18): 0.8893,
    (200, 18): 0.8897,
}
OPPOSITE = {(120, 18): 0.80, (120, 9): 0.84, (120, 3): 0.98, (160, 18): 0.95, (200, 18): 0.70}
# under OPPOSITE: 18 < 9 < 3 by more each time, 160 above 120, 200 far below both, Vid3D below both baselines
HOLDS_STILL = {"fewer-views-cost-little", "three-views-near-animate124"}  # 3 views score highest
FAILS_STILL = {"comparable-to-dreamgaussian4d", "three-views-lose-much"}  # by what the paper reports, too
UNTESTED = {claim.id for claim in CLAIMS if claim.test == "none"}
QUALITY = {claim.id for claim in CLAIMS if not claim.in_units_of_clip_i}


def study(rng, truth, images=24, replicates=1, spread=0.004, noise=0.0):
    """Scores of every image under every condition: means ``truth`` plus effects of the image, condition and seed."""
    shared = 0.01 * rng.standard_normal(images)
    parts = []
    for (motion, views), mean in truth.items():
        scores = (
            mean + shared + spread * rng.standard_normal(images) + noise * rng.standard_normal((replicates, images))
        )
        at = np.indices(scores.shape)
        parts.append({"replicate": at[0].ravel(), "image": at[1].ravel(), "scores": scores.ravel()})
        parts[-1] |= {"motion": np.full(scores.size, motion), "views": np.full(scores.size, views)}
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    table = pd.DataFrame(columns | {"image": [f"image-{number:02d}" for number in columns["image"]]})
    return table.rename(columns={"scores": PROTOCOL})


def cameras(rng, reference, images=24, frames=3):
    """Scores of single cameras: 0.8, camera 0 by ``reference`` more; frame 0 says the opposite."""
    rows = [
        {"image": f"image-{image:02d}", "motion": 120, "views": 18, "frame": frame, "camera": camera}
        | {PROTOCOL: 0.8 + (0 if frame else -5 * reference) * (camera == 0) + rng.normal(0, 0.01)}
        for image in range(images)
        for frame in range(frames)
        for camera in range(10)
    ]
    table = pd.DataFrame(rows)
    table.loc[(table["camera"] == 0) & (table["frame"] > 0), PROTOCOL] += reference
    return table


def quality(rng, images=24, loss=0.0):
    """PSNR and SSIM of every condition: alike but for ``loss`` of either kind in what should be as good."""
    base = [(image, rng.normal(25, 2), rng.normal(0.9, 0.02)) for image in range(images)]
    rows = [
        {"image": f"image-{image:02d}", "motion": motion, "views": views, "replicate": 0}
        | {"psnr": psnr - 10 * loss * (motion > 120) + rng.normal(0, 0.05)}
        | {"ssim": ssim - loss * (views < 18) + rng.normal(0, 0.001)}
        for image, psnr, ssim in base
        for motion, views in TRUTH
    ]
    return pd.DataFrame(rows)


def everything(rng, truth, reference, loss=0.0, spread=0.004):
    """All that a run with ground truth is judged by; the truth's own cameras differ by 0.01."""
    given = {"truth": cameras(rng, 0.01), "quality": quality(rng, loss=loss)}
    return Evidence("run", study(rng, truth, spread=spread), cameras(rng, reference), **given)


def as_table(verdicts):
    """One row per verdict, one column per field."""
    return pd.DataFrame([asdict(verdict) for verdict in verdicts], columns=[field.name for field in fields(Verdict)])


def outcomes(verdicts):
    return {verdict.claim: verdict.outcome for verdict in verdicts}


def rates(region, draw, studies=1500):
    """How often each outcome is found in studies drawn as (replicates, images) of what a claim sums."""
    rng = np.random.default_rng(0)
    found = [decide([bootstrap(draw(), rng, 399)], [region])[0].outcome for _ in range(studies)]
    return {outcome: found.count(outcome) / studies for outcome in ("holds", "fails", "inconclusive")}


# --- known truth -----------------------------------------------------------------------------------------------------


def test_true_claims_are_found_to_hold():
    rng = np.random.default_rng(1)
    held = dict.fromkeys((claim.id for claim in CLAIMS), 0)
    for _ in range(20):
        evidence = everything(rng, TRUTH, 0.03, spread=0.0015)
        for name, outcome in outcomes(judge(CLAIMS, evidence, PAPER, PROTOCOL, 0, 1999)).items():
            held[name] += outcome == (NOT_TESTABLE if name in UNTESTED else "fails" if name in FAILS_STILL else "holds")
    assert min(held.values()) >= 19, held


def test_false_claims_are_found_to_fail():
    rng = np.random.default_rng(2)
    failed = dict.fromkeys((claim.id for claim in CLAIMS), 0)
    for _ in range(20):
        evidence = everything(rng, OPPOSITE, -0.03, loss=0.2)
        for name, outcome in outcomes(judge(CLAIMS, evidence, PAPER, PROTOCOL, 0, 1999)).items():
            expected = NOT_TESTABLE if name in UNTESTED else "holds" if name in HOLDS_STILL else "fails"
            failed[name] += outcome == expected
    assert min(failed.values()) >= 19, failed


def test_seeds_that_vary_are_averaged_before_images_are_compared():
    """Noise between seeds hides a difference of 0.02 from one seed, not from eight."""
    rng = np.random.default_rng(3)
    found = {
        count: rates(POSITIVE, lambda count=count: 0.02 + 0.04 * rng.standard_normal((count, 12)), 200)["holds"]
        for count in (1, 8)
    }
    assert found[1] < 0.5
    assert found[8] > 0.9


@pytest.mark.parametrize("images", [8, 24])
@pytest.mark.parametrize("kind", ["normal", "skewed"])
def test_where_nothing_differs_the_verdict_is_inconclusive(images, kind):
    """Skewed: per-image scores of two conditions are log-normal, one with the wider spread."""
    rng = np.random.default_rng(images)
    draws = {
        "normal": lambda: rng.standard_normal((1, images)),
        "skewed": lambda: rng.lognormal(-0.125, 0.5, (1, images)) - rng.lognormal(-0.02, 0.2, (1, images)),
    }
    found = rates(POSITIVE, draws[kind], 4000)
    assert found["inconclusive"] >= 0.93
    assert max(found["holds"], found["fails"]) <= 0.05


@pytest.mark.parametrize("edge", [-0.01, 0.01])
def test_at_the_edge_of_equivalence_no_more_than_the_level_holds(edge):
    rng = np.random.default_rng(4)
    found = rates((-0.01, 0.01), lambda: edge + 0.005 * rng.standard_normal((1, 16)))
    assert found["holds"] <= 0.04  # one-sided 2.5 % and three standard errors
    assert found["fails"] <= 0.04


def test_equal_conditions_are_equivalent_and_no_point_estimate_says_so():
    rng, margins = np.random.default_rng(5), (-0.01, 0.01)
    precise = rates(margins, lambda: 0.01 * rng.standard_normal((1, 24)), 300)
    vague = rates(margins, lambda: 0.02 * rng.standard_normal((1, 8)), 300)  # 84 % of estimates are within
    assert precise["holds"] > 0.9
    assert vague["holds"] < 0.05
    assert vague["inconclusive"] > 0.9


def test_a_family_of_null_claims_has_a_false_verdict_as_often_as_the_level_says():
    """Of eight true null hypotheses a third of the studies find one to differ if nothing is corrected."""
    rng = np.random.default_rng(6)
    wrong, uncorrected = [], []
    for _ in range(500):
        family = [bootstrap(scores, rng, 799) for scores in rng.standard_normal((8, 1, 24))]
        decisions = decide(family, [POSITIVE] * 8)
        wrong.append(any(decision.outcome != "inconclusive" for decision in decisions))
        uncorrected.append(any(decision.p <= 0.05 for decision in decisions))
    assert np.mean(wrong) <= 0.08  # 5 % and three standard errors
    assert np.mean(uncorrected) > 0.25


def test_a_verdict_needs_its_interval_on_its_side():
    rng = np.random.default_rng(7)
    seen = set()
    for spread in (0.002, 0.02, 0.06):
        for _ in range(5):
            truth = {condition: rng.normal(0.87, 0.03) for condition in TRUTH}
            evidence = Evidence("run", study(rng, truth, 12, spread=spread))
            for verdict in judge(CLAIMS, evidence, PAPER, PROTOCOL, 0, 999):
                inside = verdict.above < verdict.low and verdict.high < verdict.below
                outside = verdict.high < verdict.above or verdict.low > verdict.below
                assert (verdict.outcome == "holds") == inside
                assert (verdict.outcome == "fails") == outside
                assert (verdict.corrected <= 0.05) == (inside or outside)
                alone = [verdict.alone_low <= verdict.low, verdict.alone_high >= verdict.high]
                assert not any(alone) or verdict.level == pytest.approx(0.95) or verdict.outcome == NOT_TESTABLE
                seen.add(verdict.outcome)
    assert seen == {"holds", "fails", "inconclusive", NOT_TESTABLE}


# --- chance -----------------------------------------------------------------------------------------------------------


def test_no_seed_of_the_bootstrap_changes_a_verdict_of_the_default_study():
    """Eight objects and one replicate, with the means and spreads of `mini`."""
    rng = np.random.default_rng(21)
    for _ in range(3):
        by_claim = verdicts_of_seeds(8, 1, range(200), rng)
        assert {len(outcomes) for outcomes in by_claim} == {1}
    assert len(set().union(*by_claim)) > 1  # there are verdicts to change


def test_more_resamples_are_drawn_where_chance_would_decide():
    """Of 16 images in three replicates; 999 resamples by themselves decide this claim either way."""
    scores = {"claim": np.random.default_rng(0).normal(0.165, 1, (3, 16))}
    few, settled_ = set(), set()
    for seed in range(12):
        few |= {decide([bootstrap(scores["claim"], np.random.default_rng(seed), 999)], [POSITIVE])[0].outcome}
        means, decisions = settled(scores, {"claim": POSITIVE}, seed, 999)
        settled_ |= {decisions["claim"].outcome}
        assert means["claim"].resamples > 999
    assert (len(few), len(settled_)) == (2, 1)


def test_a_huge_effect_gets_its_verdict_from_as_few_images_as_are_judged():
    rng = np.random.default_rng(22)
    assert decided(8, 30, 1000.0, rng) == 1
    assert decided(6, 30, 1000.0, rng) == 1
    assert decided(4, 30, 1000.0, rng) == 0  # which are therefore too few


def test_no_interval_ends_beyond_what_is_possible():
    """One object in six differs: the bootstrap cannot bound the mean, but a difference of cosines is at most 2."""
    scores = study(np.random.default_rng(23), dict.fromkeys(TRUTH, 0.8), 6, spread=0.0)
    odd = (scores["image"] == "image-00") & (scores["views"] == 18)
    scores.loc[odd, PROTOCOL] += 0.05
    verdicts = {verdict.claim: verdict for verdict in judge(CLAIMS, Evidence("run", scores), PAPER, PROTOCOL)}
    assert verdicts["nine-views-never-above-eighteen"].high == 2
    assert verdicts["later-drop-is-larger"].low == -4
    for claim in CLAIMS:
        verdict = verdicts[claim.id]
        ends = [verdict.low, verdict.high, verdict.alone_low, verdict.alone_high]
        assert max(np.abs(ends)) <= claim.largest or math.isnan(verdict.p)


# --- what is judged --------------------------------------------------------------------------------------------------


def test_numbers_of_one_verdict_by_hand():
    rng = np.random.default_rng(8)
    scores = study(rng, TRUTH, 10, 2, noise=0.01)
    by_condition = scores.groupby(["motion", "views", "image"])[PROTOCOL].mean()
    drops = 2 * by_condition[120, 9] - by_condition[120, 18] - by_condition[120, 3]
    (claim,) = [claim for claim in CLAIMS if claim.id == "later-drop-is-larger"]
    (verdict,) = judge([claim], Evidence("mini", scores), PAPER, PROTOCOL)
    assert (verdict.run, verdict.protocol, verdict.images, verdict.replicates) == ("mini", PROTOCOL, 10, 2)
    assert verdict.test == "paired studentised bootstrap"
    assert verdict.estimate == pytest.approx(drops.mean())
    assert verdict.statistic == pytest.approx(drops.mean() / (drops.std(ddof=1) / math.sqrt(10)))
    assert verdict.low < verdict.estimate < verdict.high
    assert (verdict.above, verdict.below) == (0.0, math.inf)
    assert verdict.corrected == verdict.p  # a family of one


def test_single_cameras_leave_frame_0_out():
    rng = np.random.default_rng(9)
    (claim,) = [claim for claim in CLAIMS if claim.id == "other-views-worse"]
    rows, truth = cameras(rng, 0.03), cameras(rng, 0.01)
    (verdict,) = judge([claim], Evidence("run", study(rng, TRUTH), rows, truth), PAPER, PROTOCOL)
    means = [
        given[(given["frame"] > 0) & ((given["camera"] == 0) == front)][PROTOCOL].mean()
        for given in (rows, truth)
        for front in (True, False)
    ]
    assert verdict.estimate == pytest.approx((means[0] - means[1]) - (means[2] - means[3]))
    assert verdict.outcome == "holds"  # all frames together say the opposite
    reference = rows["camera"] == 0
    assert rows[reference][PROTOCOL].mean() < rows[~reference][PROTOCOL].mean()
    (vacuous,) = judge([claim], Evidence("run", study(rng, TRUTH), truth, truth.copy()), PAPER, PROTOCOL)
    assert vacuous.outcome == NOT_TESTABLE  # no difference to the truth in any image: nothing to judge by


def test_the_same_seed_gives_the_same_verdicts_whatever_the_order_of_rows():
    rng = np.random.default_rng(10)
    scores, rows = study(rng, TRUTH, replicates=2), cameras(rng, 0.03)
    truth = cameras(rng, 0.01)
    first = judge(CLAIMS, Evidence("run", scores, rows, truth), PAPER, PROTOCOL, 5, 999)
    shuffled = Evidence("run", *(t.sample(frac=1, random_state=i) for i, t in enumerate((scores, rows, truth))))
    again = judge(CLAIMS, shuffled, PAPER, PROTOCOL, 5, 999)
    pd.testing.assert_frame_equal(as_table(first), as_table(again), rtol=1e-9)
    other = judge(CLAIMS, Evidence("run", scores, rows, truth), PAPER, PROTOCOL, 6, 999)
    assert [verdict.low for verdict in other] != [verdict.low for verdict in first]


def test_other_claims_change_nothing_but_the_correction():
    rng = np.random.default_rng(11)
    evidence = Evidence("run", study(rng, TRUTH, 10, spread=0.01))
    together = {verdict.claim: verdict for verdict in judge(CLAIMS, evidence, PAPER, PROTOCOL, 0, 999)}
    (alone,) = judge([c for c in CLAIMS if c.id == "motion-160-loses"], evidence, PAPER, PROTOCOL, 0, 999)
    family = together[alone.claim]
    assert (alone.alone_low, alone.alone_high, alone.p) == (family.alone_low, family.alone_high, family.p)
    assert (alone.low, alone.high) == (alone.alone_low, alone.alone_high)
    assert alone.corrected == alone.p <= family.corrected


# --- what is not testable --------------------------------------------------------------------------------------------


def reasons(evidence, protocol=PROTOCOL, lacking=frozenset(QUALITY)):
    """Why claims are not judged, but for those that nothing tests and those that the evidence is ``lacking``."""
    verdicts = judge(CLAIMS, evidence, PAPER, protocol, 0, 399)
    assert [verdict.claim for verdict in verdicts] == [claim.id for claim in CLAIMS]  # in their order
    for verdict in verdicts:
        assert (verdict.outcome in (NOT_TESTABLE, TOO_FEW)) == bool(verdict.reason) == math.isnan(verdict.p)
    found = {verdict.claim: verdict.reason for verdict in verdicts if verdict.reason}
    assert set(found) >= UNTESTED
    return {name: reason for name, reason in found.items() if name not in UNTESTED | lacking}


QUOTING = {claim.id for claim in CLAIMS if claim.quotes}


def test_quoted_scores_are_not_for_other_benchmarks_or_embedders():
    scores = study(np.random.default_rng(12), TRUTH)
    obstacles = ("benchmark procedural, not animate124", "embedder mini-clip")
    why = reasons(Evidence("mini", scores, obstacles=obstacles, spans={PROTOCOL: 0.9}))
    assert set(why) == QUOTING | {"other-views-worse"}
    expected = "not comparable with published scores: benchmark procedural, not animate124; embedder mini-clip"
    assert {why[name] for name in QUOTING} == {expected}
    assert why["other-views-worse"] == "scores of single cameras are not given"


# --- margins ----------------------------------------------------------------------------------------------------------

FOREIGN = ("embedder mini-clip",)
MARGINS = {c.id: c.slack for c in CLAIMS if c.slack and c.in_units_of_clip_i and not c.quotes}


def test_margins_are_shares_of_the_embedders_range():
    scores = study(np.random.default_rng(30), TRUTH)
    own = {v.claim: v for v in judge(CLAIMS, Evidence("full", scores), PAPER, PROTOCOL)}
    foreign = {
        v.claim: v
        for v in judge(CLAIMS, Evidence("mini", scores, obstacles=FOREIGN, spans={PROTOCOL: 1.0}), PAPER, PROTOCOL)
    }
    assert len(MARGINS) >= 4
    for name, margin in MARGINS.items():
        assert own[name].margin == margin
        assert abs(own[name].above) == margin
        assert foreign[name].margin == pytest.approx(2 * margin)  # the paper's range is taken to be 0.5
        assert abs(foreign[name].above) == pytest.approx(2 * margin)
    assert own["motion-160-loses"].margin == 0
    assert math.isnan(own["motion-160-loses"].holds_from)


def test_without_a_range_no_claim_with_a_margin_is_judged():
    why = reasons(Evidence("relief", study(np.random.default_rng(31), TRUTH), obstacles=FOREIGN))
    assert {name for name, reason in why.items() if reason == NO_SPAN} == set(MARGINS)


@pytest.mark.parametrize("loss", [-0.3, -0.07, 0.0, 0.07])
def test_the_margins_that_turn_a_verdict_turn_it(loss):
    """One claim each, so that the interval is the same whatever the margin."""
    truth = TRUTH | {(120, 3): TRUTH[120, 18] + loss, (120, 9): TRUTH[120, 18] + loss / 7}
    scores = study(np.random.default_rng(32), truth, 10, spread=0.02)
    for claim in CLAIMS:
        if claim.id not in MARGINS:
            continue
        (verdict,) = judge([claim], Evidence("run", scores), PAPER, PROTOCOL)
        for turning, above, below in (
            (verdict.holds_from, {"holds"}, {"inconclusive", "fails"}),
            (verdict.fails_below, {"inconclusive", "holds"}, {"fails"}),
            (verdict.holds_to, {"inconclusive", "fails"}, {"holds"}),
            (verdict.fails_above, {"fails"}, {"inconclusive", "holds"}),
        ):
            if turning > 0:  # not 0, not NaN
                outcomes_ = [
                    judge([claim], Evidence("run", scores), PAPER, PROTOCOL, stretch=share * turning / claim.margin)[0]
                    for share in (1.001, 0.999)
                ]
                assert outcomes_[0].outcome in above
                assert outcomes_[1].outcome in below


def test_quoted_scores_are_for_their_own_protocol():
    scores = study(np.random.default_rng(13), TRUTH).rename(columns={PROTOCOL: "source_reference"})
    why = reasons(Evidence("full", scores), "source_reference")
    assert set(why) == QUOTING | {"other-views-worse"}
    assert {why[name] for name in QUOTING} == {f"published scores follow protocol {PROTOCOL}"}


def test_conditions_that_the_run_lacks_are_named():
    truth = {condition: value for condition, value in TRUTH.items() if condition not in ((120, 9), (160, 18))}
    why = reasons(Evidence("relief", study(np.random.default_rng(14), truth)))
    assert why["later-drop-is-larger"] == "the run has no motion 120 with 9 views"
    assert why["motion-160-loses"] == "the run has no motion 160 with 18 views"
    assert "motion-costs-little" not in why


def test_a_run_whose_scores_mean_nothing_judges_nothing():
    scores = study(np.random.default_rng(15), TRUTH)
    why = reasons(Evidence("tiny-full", scores, unusable="random weights, plumbing only"), lacking=set())
    assert set(why.values()) == {"random weights, plumbing only"}
    assert len(why) == len(CLAIMS) - len(UNTESTED)


@pytest.mark.parametrize("images", [1, 5])
def test_few_images_have_an_estimate_and_no_verdict(images):
    scores = study(np.random.default_rng(16), TRUTH, images)
    for verdict in judge(CLAIMS, Evidence("own", scores), PAPER, PROTOCOL):
        if verdict.outcome == NOT_TESTABLE:
            assert verdict.claim in UNTESTED | QUALITY | {"other-views-worse"}
        else:
            assert verdict.outcome == TOO_FEW
            why, each = verdict.reason.split("; each has ")
            assert why == f"{images} image{'s' if images > 1 else ''}; at least 6 are needed"
            assert np.mean([float(value) for value in each.split(" ")]) == pytest.approx(verdict.estimate, abs=1e-4)
            assert len(each.split(" ")) == images
            assert (verdict.images, verdict.replicates) == (images, 1)
            assert math.isfinite(verdict.estimate)
            assert math.isnan(verdict.low)
            assert math.isnan(verdict.corrected)


def test_equal_scores_judge_nothing():
    rng = np.random.default_rng(16)
    constant = study(rng, TRUTH).assign(**{PROTOCOL: 1.0})  # a blank scene under the released script's protocol
    rows = cameras(rng, 0.1).assign(**{PROTOCOL: 1.0})
    why = reasons(Evidence("blank", constant, rows, rows))
    assert set(why.values()) == {"all 24 images have the same score, which tells nothing of its uncertainty"}


def test_what_needs_the_truth_is_not_judged_without_it():
    rng = np.random.default_rng(24)
    why = reasons(Evidence("full", study(rng, TRUTH), cameras(rng, 0.03)), lacking=set())
    assert {name: why[name] for name in QUALITY} == dict.fromkeys(
        QUALITY, "the seed is sampled, so that its frames have no truth to compare with"
    )
    assert why["other-views-worse"] == "no truth is known of these images"


def test_clips_of_one_frame_have_no_other_views_to_compare():
    rng = np.random.default_rng(17)
    rows = cameras(rng, 0.1, frames=1)
    why = reasons(Evidence("run", study(rng, TRUTH), rows, rows))
    assert why == {"other-views-worse": "clips of one frame, whose camera 0 is the reference itself"}


def test_a_missing_score_is_an_error_that_names_it():
    scores = study(np.random.default_rng(18), TRUTH, replicates=2)
    gap = (scores["image"] == "image-07") & (scores["views"] == 9) & (scores["replicate"] == 1)
    for broken in (scores[~gap], scores.assign(**{PROTOCOL: scores[PROTOCOL].where(~gap)})):
        with pytest.raises(InputError, match="run mini: image image-07 lacks a score of those that nine-views-never"):
            judge(CLAIMS, Evidence("mini", broken), PAPER, PROTOCOL, 0, 399)


def test_replicates_that_are_not_told_apart_are_an_error():
    scores = study(np.random.default_rng(19), TRUTH, replicates=2).drop(columns="replicate")
    with pytest.raises(InputError, match="run mini: image image-00 is there twice under motion 120, views 18"):
        judge(CLAIMS, Evidence("mini", scores), PAPER, PROTOCOL, 0, 399)


# --- the published column and the table ------------------------------------------------------------------------------


def test_published_numbers_are_points_and_say_so():
    verdicts = {verdict.claim: verdict for verdict in published_verdicts(CLAIMS, PAPER)}
    assert list(verdicts) == [claim.id for claim in CLAIMS]
    for verdict in verdicts.values():
        assert (verdict.run, verdict.test) == ("published", PUBLISHED)
        assert math.isnan(verdict.low)
        assert math.isnan(verdict.p)
    drop = verdicts["later-drop-is-larger"]
    assert drop.estimate == pytest.approx((0.8879 - 0.8532) - (0.8946 - 0.8879))
    assert drop.outcome == "holds"
    assert verdicts["other-views-worse"].outcome == NOT_TESTABLE
    assert verdicts["other-views-worse"].reason == "the paper gives no number for it"


def test_published_numbers_may_contradict_a_claim():
    terms = [{"motion": 120, "views": views, "weight": weight} for views, weight in ((3, 1), (18, -1))]
    reverse = Difference(id="reverse", place="nowhere", sentence="3 views win.", test="difference", terms=terms)
    (verdict,) = published_verdicts([reverse], PAPER)
    assert verdict.outcome == "fails"


def test_the_table_survives_a_csv(tmp_path):
    rng = np.random.default_rng(20)
    verdicts = judge(CLAIMS, Evidence("run", study(rng, TRUTH)), PAPER, PROTOCOL, 0, 399)
    as_table(verdicts).to_csv(tmp_path / "verdicts.csv", index=False)
    read = pd.read_csv(tmp_path / "verdicts.csv")
    assert list(read["claim"]) == [claim.id for claim in CLAIMS]
    judged = len(CLAIMS) - len(UNTESTED | QUALITY) - 1  # single cameras are not given
    assert read["corrected"].notna().sum() == (read["outcome"] != NOT_TESTABLE).sum() == judged
    assert read.set_index("claim").loc["motion-160-loses", "below"] == math.inf
    assert list(as_table([]).columns) == list(read.columns)
