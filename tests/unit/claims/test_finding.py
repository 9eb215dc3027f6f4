"""What a report found, by a rule over verdicts and intervals."""

import pandas as pd
import pytest

from vid3d.claims.finding import findings

NAN = float("nan")


def lost(*rows):
    """A table of substitution from (stage, loss, low, high)."""
    given = [
        {"run": "mini", "protocol": "source_reference", "stage": stage, "loss": loss, "note": "Mini."}
        | {"loss_low": low, "loss_high": high}
        for stage, loss, low, high in rows
    ]
    return pd.DataFrame(given, columns=["run", "protocol", "stage", "loss", "loss_low", "loss_high", "note"])


def judged(*rows, run="mini"):
    """A table of claims from (claim, protocol, verdict)."""
    given = [
        {"claim": claim, "run": run, "protocol": protocol, "here": here, "sentence": f"Claim {claim}.", "n": 16}
        | {"estimate": 0.1, "low": 0.05, "high": 0.15, "note": "Mini."}
        for claim, protocol, here in rows
    ]
    columns = ["claim", "run", "protocol", "here", "sentence", "n", "estimate", "low", "high", "note"]
    return pd.DataFrame(given, columns=columns)


PAPER, SCRIPT = "source_reference", "self_reference"
OPEN = judged(("a", PAPER, "inconclusive"), ("a", SCRIPT, "inconclusive"))


def test_the_stage_that_surely_loses_most_comes_first():
    first, *_ = findings(OPEN, lost(("seed", 0.1, 0.05, 0.15), ("views", 0.4, 0.3, 0.5), ("splats", 0.0, -0.01, 0.01)))
    assert first.headline == (
        "Most is lost in the generated views, not in the seed video or splats fitted frame by frame"
    )
    assert first.detail == (
        "of CLIP-I 0.400 (0.300 to 0.500) there, 0.100 (0.050 to 0.150) in the seed video, "
        "0.000 (-0.010 to 0.010) in splats fitted frame by frame"
    )
    assert first.sentence == f"{first.headline}: {first.detail}."
    assert (first.table, first.stamp) == ("substitution", "Mini")


def test_where_true_views_hide_the_seed_the_two_are_one_place():
    first, *_ = findings(OPEN, lost(("seed and views", 0.4, 0.3, 0.5), ("splats", 0.01, 0.0, 0.02)))
    assert first.headline == (
        "Most is lost in the seed video and the generated views, not in splats fitted frame by frame"
    )


@pytest.mark.parametrize(
    "rows",
    [
        [("seed", 0.1, 0.05, 0.32), ("views", 0.4, 0.3, 0.5)],  # intervals overlap
        [("seed", 0.1, NAN, NAN), ("views", 0.9, NAN, NAN)],  # too few images for intervals
        [("seed", -0.2, -0.3, -0.1), ("views", 0.1, -0.05, 0.2)],  # maybe nothing is lost
        [("views", 0.4, 0.3, 0.5)],  # beside nothing
    ],
)
def test_estimates_alone_find_nothing(rows):
    (only,) = findings(OPEN, lost(*rows))
    assert only.sentence == "None of the paper's 1 claims is decided by 16 images: most are inconclusive."


def test_verdicts_that_turn_around_come_before_counts():
    claims = judged(("a", PAPER, "holds"), ("a", SCRIPT, "fails"), ("b", PAPER, "fails"), ("b", SCRIPT, "inconclusive"))
    turned, counted = findings(claims, lost())
    assert turned.sentence == (
        "1 claim turns around with the definition of CLIP-I: "
        "“Claim a”: holds by the paper's, fails by the released script's."
    )
    assert counted.sentence == (
        "Of 2 claims 1 holds and 1 fails here by the paper's definition of CLIP-I: "
        "“Claim b”: fails, +0.100 (+0.050 to +0.150)."
    )


def test_of_a_small_run_directions_are_counted():
    claims = judged(*((claim, PAPER, "same direction") for claim in "ab"), ("c", PAPER, "opposite"))
    (only,) = findings(claims, lost())
    assert only.sentence == (
        "Of 3 claims 2 go in the claimed direction and 1 in the opposite one here by the paper's definition of CLIP-I: "
        "“Claim c”: opposite, +0.100 (+0.050 to +0.150)."
    )


def test_verdicts_of_different_runs_do_not_contradict_each_other():
    claims = pd.concat([judged(("a", PAPER, "holds")), judged(("a", SCRIPT, "fails"), run="truth")])
    assert [one.sentence[:10] for one in findings(claims, lost())] == ["Of 1 claim"]


def test_a_report_without_judges_says_so():
    claims = judged(("a", PAPER, "not run here"))
    claims["run"] = None
    (only,) = findings(claims, lost())
    assert only.sentence == "No run of this report can judge the paper's claims."


def test_what_the_released_scripts_definition_alone_decides_is_said_with_its_name():
    claims = judged(("a", PAPER, "inconclusive"), ("a", SCRIPT, "holds"), ("b", PAPER, "not testable here"))
    (only,) = findings(claims, lost())
    assert only.sentence == (
        "Of 1 claims 1 holds here by the released script's definition of CLIP-I, none by the paper's: "
        "“Claim a”: holds, +0.100 (+0.050 to +0.150)."
    )
