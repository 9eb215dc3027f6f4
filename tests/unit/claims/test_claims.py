"""The paper's claims as data: what is read, what is refused, and which region each kind of test means."""

import math
import shutil
from pathlib import Path

import pytest
import yaml

from vid3d.claims.claims import CLAIMS, load_claims
from vid3d.claims.published import load_published
from vid3d.errors import InputError

REPOSITORY = Path(__file__).parents[3]
PUBLISHED = load_published(REPOSITORY)
LOSS = {
    "id": "loss",
    "place": "Table 2",
    "sentence": "3 views lose.",
    "test": "difference",
    "terms": [{"motion": 120, "views": 9, "weight": 1}, {"motion": 120, "views": 3, "weight": -1}],
}
ONE = [{"motion": 120, "views": 18, "weight": 1}]
QUOTED = LOSS | {"id": "quoted", "test": "constant", "terms": ONE, "above": "Animate124"}


def load(root, *claims):
    path = root / CLAIMS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"claims": list(claims)}), encoding="utf-8")
    return load_claims(root, PUBLISHED)


def test_the_repositorys_claims_hold_what_the_study_promises_to_judge():
    claims = {claim.id: claim for claim in load_claims(REPOSITORY, PUBLISHED)}
    assert {
        "nine-views-never-above-eighteen",
        "three-views-never-above-nine",
        "later-drop-is-larger",
        "nine-views-look-alike",
        "three-views-lose-much",
        "motion-160-loses",
        "motion-200-like-160",
        "between-the-baselines",
        "comparable-to-dreamgaussian4d",
        "coherent-over-time",
        "ten-minutes",
        "motion-keeps-quality",
        "more-motion-more-poses",
        "other-views-worse",
    } <= set(claims)
    assert claims["between-the-baselines"].region(PUBLISHED) == (0.8544, 0.9227)
    assert claims["later-drop-is-larger"].region(PUBLISHED) == (0.0, math.inf)
    assert claims["motion-200-like-160"].test == "equivalence"


def test_margins_are_the_published_gaps_that_their_reasons_name():
    claims = {claim.id: claim for claim in load_claims(REPOSITORY, PUBLISHED)}
    quoted = {row.method: row.value for row in PUBLISHED.tables[1].rows}
    gap = quoted["DreamGaussian4D"] - quoted["Vid3D"]
    assert gap == pytest.approx(0.0281)
    assert claims["motion-costs-little"].margin == pytest.approx(gap / 3, abs=0.001)
    spread = quoted["DreamGaussian4D"] - quoted["Animate124"]
    assert claims["fewer-views-cost-little"].margin == pytest.approx(spread)
    assert claims["motion-200-like-160"].margin < PUBLISHED.value(120, 18) - PUBLISHED.value(160, 18)


def test_the_abstract_and_the_text_contradict_each_other_about_three_views():
    claims = {claim.id: claim for claim in load_claims(REPOSITORY, PUBLISHED)}
    little, much = (claims[name] for name in ("fewer-views-cost-little", "three-views-lose-much"))
    assert {(t.views, t.weight) for t in little.terms} == {(t.views, -t.weight) for t in much.terms}
    assert little.region(PUBLISHED)[0] == -much.region(PUBLISHED)[0]  # no difference lies in both


def test_claims_that_nothing_here_can_test_say_what_would():
    untested = [claim for claim in load_claims(REPOSITORY, PUBLISHED) if claim.test == "none"]
    assert len(untested) >= 4
    for claim in untested:
        assert len(claim.reason.split()) >= 6
        assert not claim.terms


@pytest.mark.parametrize(
    ("change", "region"),
    [
        ({}, (0.0, math.inf)),
        ({"test": "non-inferiority", "margin": 0.02, "margin_reason": "so"}, (-0.02, math.inf)),
        ({"test": "superiority", "margin": 0.02, "margin_reason": "so"}, (0.02, math.inf)),
        ({"test": "equivalence", "margin": 0.02, "margin_reason": "so"}, (-0.02, 0.02)),
        ({"test": "constant", "terms": ONE, "above": "Animate124"}, (0.8544, math.inf)),
        ({"test": "constant", "terms": ONE, "below": "DreamGaussian4D"}, (-math.inf, 0.9227)),
        (
            {"test": "constant", "terms": ONE, "above": "Animate124", "margin": 0.01, "margin_reason": "so"},
            (0.8444, math.inf),
        ),
    ],
)
def test_the_region_of_each_test(tmp_path, change, region):
    (claim,) = load(tmp_path, LOSS | change)
    assert claim.region(PUBLISHED) == pytest.approx(region)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (LOSS | {"test": "guess"}, r"claims\.0: .*guess"),
        (LOSS | {"margin": 0.1}, r"claims\.0\.difference\.margin: unknown key"),
        (LOSS | {"test": "equivalence"}, r"claims\.0\.equivalence\.margin: Field required"),
        (LOSS | {"test": "equivalence", "margin": 0.1}, r"claims\.0\.equivalence\.margin_reason: Field required"),
        (LOSS | {"test": "equivalence", "margin": -1, "margin_reason": "so"}, r"margin: .*greater than 0"),
        (LOSS | {"terms": ONE}, r"claims\.0\.difference: terms: the weights sum to 1, not 0"),
        (LOSS | {"terms": []}, r"claims\.0\.difference\.terms: .*at least 1"),
        (LOSS | {"terms": [{"motion": 120, "views": 9}]}, r"terms\.0\.weight: Field required"),
        (LOSS | {"terms": [ONE[0] | {"motion": 300}]}, r"terms\.0\.motion: .*less than or equal to 255"),
        (LOSS | {"terms": [ONE[0] | {"cameras": "back"}]}, r"terms\.0\.cameras: .*'others'"),
        (LOSS | {"sentence": ""}, r"sentence: .*at least 1 character"),
        (QUOTED | {"above": None}, "name a method of Table 1"),
        (QUOTED | {"margin": 0.1}, "margin_reason: a margin needs one"),
        (QUOTED | {"terms": LOSS["terms"]}, "the weights sum to 0, not 1"),
        (QUOTED | {"above": "Vid3D"}, "quoted: no table quotes 'Vid3D'; choose one of .*Animate124"),
    ],
)
def test_a_claim_that_makes_no_sense_is_named(tmp_path, claim, message):
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path, claim)
    assert str(tmp_path / CLAIMS) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_claim_that_is_there_twice_is_named(tmp_path):
    with pytest.raises(InputError, match=r"claims\.yaml: .*loss is there twice"):
        load(tmp_path, LOSS, LOSS)


def test_a_file_that_is_missing_or_broken_is_named(tmp_path):
    with pytest.raises(InputError, match=r"claims\.yaml: No such file"):
        load_claims(tmp_path, PUBLISHED)
    shutil.copytree(REPOSITORY / "benchmark/published", tmp_path / "benchmark/published")
    (tmp_path / CLAIMS).write_text("claims: [", encoding="utf-8")
    with pytest.raises(InputError, match=r"claims\.yaml: not valid YAML"):
        load_claims(tmp_path, PUBLISHED)
