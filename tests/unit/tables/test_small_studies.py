"""Replicates, intervals, verdicts, indicators and attribution in the tables of small studies with known numbers."""

import math

import numpy as np
import pandas as pd
import pytest
import synthetic_study as synthetic

from vid3d.claims.decisions import NOT_TESTABLE, TOO_FEW
from vid3d.claims.published import load_published
from vid3d.errors import InputError
from vid3d.indicators import INDICATORS
from vid3d.measures.intervals import mean, mean_of
from vid3d.measures.student import detectable
from vid3d.study import layout
from vid3d.study.parsing import load_study
from vid3d.study.replicates import families
from vid3d.tables.attribution import attribution_table, substitution_table, substitutions
from vid3d.tables.clip_i import table1, table2
from vid3d.tables.definitions import replicates_table
from vid3d.tables.margins import margins_table
from vid3d.tables.of_claims import claims_table, paper_scale
from vid3d.tables.of_indicators import collect_indicators, indicators_table, lay_out
from vid3d.tables.ranges import embedder_ranges
from vid3d.tables.resolution import resolution_table
from vid3d.tables.scores import collect
from vid3d.tables.table import Measured

IMAGES = [f"photo-{number:02d}" for number in range(8)]
ONE = synthetic.RUN | {
    "title": "One",
    "benchmark": "animate124",
    "images": IMAGES,
    "motion_scores": [120],
    "view_counts": [18, 9],
    "seed": {"backend": "relief", "size": 16, "frames": 2},
    "views": {"backend": "relief", "size": 16},
}
TWO = {"title": "Two", "extends": "one", "replicate": True, "seed": {"seed": 7}}
CONTROL = {"title": "Static", "extends": "one", "view_counts": [18], "render": {"backend": "static", "size": 16}}


@pytest.fixture
def build(tmp_path):
    return lambda runs, **settings: synthetic.build(tmp_path, runs, pictures=False, **settings)


def shift(study, root, run, column, by):
    """Add ``by[image]`` to a column of cosines of every clip of a run."""
    for clip in layout.conditions(study, run):
        path = root / clip.path(layout.SCORES, study)
        table = pd.read_csv(path)
        table[column] += by[clip.image]
        table.to_csv(path, index=False)


# --- intervals --------------------------------------------------------------------------------------------------------


def test_replicates_are_averaged_within_images_first():
    values = np.array([[0.1, 0.2, 0.4, 0.3, 0.6, 0.2, 0.3, 0.1], [0.3, 0.2, 0.2, 0.5, 0.4, 0.1, 0.2, 0.2]])
    found = mean(values, "score")
    assert found.estimate == pytest.approx(values.mean())
    assert (found.images, found.replicates) == (8, 2)
    assert found.low < found.estimate < found.high


def test_an_image_that_lacks_a_replicates_value_is_left_out_and_not_counted():
    values = np.array([[0.1, 0.2, np.nan, 0.3, 0.6], [0.3, 0.2, 0.2, 0.5, 0.4]])
    found = mean(values, "score")
    assert found.images == 4
    assert found.estimate == pytest.approx(values[:, [0, 1, 3, 4]].mean())
    assert math.isnan(mean([np.nan, np.nan], "score").estimate)


@pytest.mark.parametrize("values", [[0.5], np.arange(7) / 10, [0.4 + 1e-8, *[0.4] * 8], [*range(20, 29), np.inf]])
def test_without_enough_that_differs_there_is_a_mean_and_no_interval(values):
    found = mean(values, "score")
    assert found.estimate == pytest.approx(np.mean(values))
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_an_end_beyond_what_is_possible_is_the_limit():
    values = [0.2, 0.99, 0.98, 0.97, 0.99, 0.98, 0.96, 0.99]
    open_ended = mean(values, "score", (-math.inf, math.inf))
    limited = mean(values, "score")
    assert open_ended.high > 1
    assert (limited.low, limited.high) == (max(open_ended.low, -1), 1)


def test_the_same_column_gives_the_same_interval_in_any_table():
    rows = pd.DataFrame({"image": list("abcdefghi"), "score": [0.1, 0.3, 0.2, 0.5, 0.4, 0.7, 0.2, 0.6, 0.8]})
    assert mean_of(rows, "score") == mean_of(rows.iloc[::-1], "score") == mean(rows["score"], "score")


# --- replicates -------------------------------------------------------------------------------------------------------


def test_replicates_share_a_row_and_are_shown_by_themselves(build, tmp_path):
    study = build({"one": ONE, "two": TWO})
    shift(study, tmp_path, "two", "source_reference", dict.fromkeys(IMAGES, -0.1))
    (family,) = families(study, "small")
    assert (family.name, family.members) == ("one", ("one", "two"))
    scores, _ = collect(study, "small", tmp_path)
    table = table2(Measured(study, "small", tmp_path, scores))
    ours = table[table["run"].notna()].set_index("views")
    assert list(ours["run"]) == ["one", "one"]
    assert set(ours["replicates"]) == {2}
    assert set(ours["n"]) == {8}
    apart = replicates_table(Measured(study, "small", tmp_path, scores)).set_index(["run", "views"])
    assert list(apart["row"]) == ["one"] * 4
    for views in (18, 9):
        both = [apart.loc[(run, views), "source_reference"] for run in ("one", "two")]
        assert both[0] - both[1] == pytest.approx(0.1)
        assert ours.loc[views, "source_reference"] == pytest.approx(np.mean(both))
        low, high = (ours.loc[views, f"source_reference_{end}"] for end in ("low", "high"))
        assert low < ours.loc[views, "source_reference"] < high


def test_a_replicate_alone_is_a_row_of_its_own(build, tmp_path):
    study = build({"one": ONE, "two": TWO})
    alone = study.model_copy(
        update={"reports": {"small": study.reports["small"].model_copy(update={"runs": ("two",)})}}
    )
    scores, _ = collect(alone, "small", tmp_path)
    table = table1(Measured(alone, "small", tmp_path, scores))
    assert list(table["run"].dropna()) == ["two"]
    assert replicates_table(Measured(alone, "small", tmp_path, scores)).empty


# --- claims -----------------------------------------------------------------------------------------------------------


def test_verdicts_follow_the_scores_and_controls_are_not_judged(build, tmp_path):
    study = build({"one": ONE, "static": CONTROL})
    scores, _ = collect(study, "small", tmp_path)
    spread = scores["image"].map({image: 0.001 * number for number, image in enumerate(IMAGES)})
    nine = scores["views"] == 9
    for column in ("source_reference", "self_reference"):  # 18 views score above 9 by 0.05 to 0.055
        scores.loc[nine, column] -= 0.05 + spread[nine]
    table = claims_table(Measured(study, "small", tmp_path, scores))
    assert set(table["run"]) == {"one"}
    assert set(table["protocol"]) == {"self_reference", "source_reference"}
    assert (table.columns[3], table.columns[4], table.columns[5]) == ("published", "paper_scale", "here")
    assert set(table["paper_scale"]) == {"not run here"}
    by_claim = table[table["protocol"] == "source_reference"].set_index("claim")
    never_above = by_claim.loc["nine-views-never-above-eighteen"]
    assert (never_above["published"], never_above["here"]) == ("holds", "same direction")
    assert never_above["published_estimate"] == pytest.approx(0.8946 - 0.8879)
    assert 0 < never_above["low"] < never_above["estimate"] < never_above["high"]
    assert never_above["above"] == 0
    assert math.isnan(never_above["below"])
    assert "no motion 120 with 3 views" in by_claim.loc["fewer-views-cost-little", "reason"]
    assert by_claim.loc["motion-160-loses", "here"] == "not testable here"
    assert "no motion 160" in by_claim.loc["motion-160-loses", "reason"]
    assert pd.isna(by_claim.loc["motion-160-loses", "n"])
    assert by_claim.loc["other-views-worse", "published"] == "no number given"


def agree(table):
    """Whether each row's verdict is what its interval says; the verdicts that occur."""
    judged = table[table["estimate"].notna() & (table["here"] != TOO_FEW)]
    inside = (judged["low"] > judged["above"].fillna(-np.inf)) & (judged["high"] < judged["below"].fillna(np.inf))
    outside = (judged["low"] > judged["below"].fillna(np.inf)) | (judged["high"] < judged["above"].fillna(-np.inf))
    expected = np.select([inside, outside], ["same direction", "opposite"], "undecided")
    assert list(judged["here"]) == list(expected)
    without = table[table["estimate"].isna() | (table["here"] == TOO_FEW)]
    assert without["low"].isna().all()
    assert set(without["here"]) <= {TOO_FEW, NOT_TESTABLE, "not run here"}
    return set(expected)


def scattered(scores, seed):
    """Scores to each of which an effect of its clip is added."""
    rng = np.random.default_rng(seed)
    by = scores.groupby(["run", "image", "motion", "views"], sort=False).ngroup()
    for column in ("source_reference", "self_reference"):
        scores[column] += 0.01 * rng.normal(size=by.max() + 1)[by]
    return scores


@pytest.mark.parametrize("seed", range(3))
def test_no_row_has_an_interval_and_a_verdict_that_disagree(build, tmp_path, seed):
    study = build({"one": ONE | {"motion_scores": [120, 160, 200], "view_counts": [18, 9, 3]}})
    scores = scattered(collect(study, "small", tmp_path)[0], seed)
    table = claims_table(Measured(study, "small", tmp_path, scores))
    assert len(agree(table)) > 1
    assert (table["level"] > 0.95).any()


@pytest.mark.parametrize("report", ["quick", "mini", "truth"])
def test_no_row_of_the_study_s_own_reports_does(tmp_path, report):
    """Their runs, images, replicates and conditions, with one frame of random scores."""
    synthetic.copy_sources(tmp_path)
    (tmp_path / "benchmark/procedural").symlink_to(synthetic.REPOSITORY / "benchmark/procedural")
    study = load_study([synthetic.REPOSITORY / "config/study.yaml"], {}, synthetic.REPOSITORY).only(report)
    runs = {name: run.model_copy(update={"frames": 1}) for name, run in study.runs.items()}
    study = study.model_copy(update={"runs": runs})
    synthetic.write_results(tmp_path, study, report, pictures=False)
    scores, held_out = collect(study, report, tmp_path)
    table = claims_table(Measured(study, report, tmp_path, scattered(scores, 0), held_out))
    assert len(agree(table)) > 1


def test_a_run_at_paper_scale_fills_its_column(build, tmp_path):
    full = ONE | {
        "images": None,
        "seed": {"backend": "svd", "frames": 25},
        "views": {"backend": "v3d"},
        "score": {"backend": "clip", "model": "ViT-B-32", "weights": "openai"},
        "view_counts": [18],
    }
    study = build({"full": full})
    published = load_published(tmp_path)
    assert paper_scale(study.runs["full"], published)
    scores, _ = collect(study, "small", tmp_path)
    scores["self_reference"] -= 0.2  # far below Animate124's
    table = claims_table(Measured(study, "small", tmp_path, scores))
    assert list(table["paper_scale"]) == list(table["here"])
    between = table.set_index(["claim", "protocol"]).loc[("between-the-baselines", "self_reference")]
    assert between["here"] == "fails"
    assert between["n"] == 24
    sampled = study.runs["full"].model_copy(update={"images": study.runs["full"].images[:8]})
    assert not paper_scale(sampled, published)


# --- margins ----------------------------------------------------------------------------------------------------------

OBJECTS = [f"object-{number}" for number in range(8)]
SMALL = synthetic.RUN | {"images": OBJECTS, "motion_scores": [120, 160]}


def test_the_range_is_from_the_truth_to_another_object(build, tmp_path):
    study = build({"small": SMALL}, objects=OBJECTS)
    ranges = embedder_ranges(study, tmp_path, "small")
    clips = [layout.Condition("small", image, 120, 18) for image in OBJECTS]
    truths = [synthetic.turned(synthetic.directions(synthetic.stage_cosines(c)["truth"]), c) for c in clips]
    references = [synthetic.turned(np.array([1.0, 0.0]), clip) for clip in clips]
    source = np.array([[truth @ reference for reference in references] for truth in truths])
    own = np.array([[truth @ other for other in truths] for truth in truths])
    apart = ~np.eye(8, dtype=bool)
    assert ranges["source_reference"].ceiling == pytest.approx(np.trace(source) / 8, abs=1e-6)
    assert ranges["source_reference"].other == pytest.approx(source[apart].mean(), abs=1e-6)
    assert ranges["self_reference"].ceiling == pytest.approx(1, abs=1e-6)
    assert ranges["self_reference"].other == pytest.approx(own[apart].mean(), abs=1e-6)


def test_photographs_have_no_range(build, tmp_path):
    assert embedder_ranges(build({"one": ONE}), tmp_path, "one") == {}


def test_verdicts_are_shown_with_other_margins(build, tmp_path):
    study = build({"small": SMALL}, objects=OBJECTS)
    scores, held_out = collect(study, "small", tmp_path)
    rng = np.random.default_rng(0)
    for _, clip in scores.groupby(["image", "motion", "views"]):
        scores.loc[clip.index, "source_reference"] += 0.003 * rng.normal()
    span = embedder_ranges(study, tmp_path, "small")["source_reference"].span
    margin = span * 0.0683 / 0.5
    scores.loc[scores["views"] == 3, "source_reference"] -= 1.3 * margin - 0.1 / 3 + 0.1 / 18
    table = margins_table(Measured(study, "small", tmp_path, scores, held_out, ()))
    row = table[table["protocol"] == "source_reference"].set_index("claim").loc["fewer-views-cost-little"]
    assert row["margin"] == pytest.approx(margin)
    assert row["share"] == pytest.approx(0.0683 / 0.5)
    assert (row["half"], row["as_it_is"], row["double"]) == ("opposite", "opposite", "same direction")
    assert margin < row["fails_below"] < 1.3 * margin < row["holds_from"] < 2 * margin
    claims = claims_table(Measured(study, "small", tmp_path, scores)).set_index(["protocol", "claim"])
    verdict = claims.loc[("source_reference", "fewer-views-cost-little")]
    assert (verdict["here"], verdict["published"]) == ("opposite", "holds")
    assert verdict["above"] == pytest.approx(-margin)
    assert verdict["published_above"] == -0.0683
    assert set(table["claim"]) == {"fewer-views-cost-little", "three-views-lose-much"}


# --- claims against the truth -----------------------------------------------------------------------------------------


def test_other_views_are_compared_with_the_truths_own(build, tmp_path):
    """Renders fall from the front to the sides by what each image says; the truth of these studies not at all."""
    study = build({"small": SMALL}, objects=OBJECTS)
    scores, held_out = collect(study, "small", tmp_path)
    noise = dict(zip(OBJECTS, np.linspace(0.01, 0.02, 8), strict=True))
    scores.loc[scores["camera"] > 0, "source_reference"] -= scores["image"].map(noise)[scores["camera"] > 0]
    table = claims_table(Measured(study, "small", tmp_path, scores, held_out)).set_index(["protocol", "claim"])
    verdict = table.loc[("source_reference", "other-views-worse")]
    assert verdict["estimate"] == pytest.approx(0.015 + 0.002 * 5)  # 0.002 a camera, which is 1 to 9
    assert (verdict["here"], verdict["published"]) == ("same direction", "no number given")


def test_quality_claims_are_judged_at_held_out_cameras(build, tmp_path):
    study = build({"small": SMALL | {"motion_scores": [120, 200]}}, objects=OBJECTS)
    scores, held_out = collect(study, "small", tmp_path)
    lost = dict(zip(OBJECTS, np.linspace(0.05, 0.15, 8), strict=True))
    moved, level = held_out["motion"] == 200, held_out["elevation"] == 0
    held_out.loc[moved & level, "psnr"] -= held_out["image"].map(lost)[moved & level]
    held_out.loc[moved & ~level, "psnr"] -= 9  # not at the orbit's cameras
    few = held_out["views"] == 9
    held_out.loc[few & level, "ssim"] -= held_out["image"].map(lost)[few & level]
    table = claims_table(Measured(study, "small", tmp_path, scores, held_out)).set_index(["protocol", "claim"])
    for protocol in ("source_reference", "self_reference"):
        kept, alike = (table.loc[(protocol, name)] for name in ("motion-keeps-quality", "nine-views-look-alike"))
        assert kept["estimate"] == pytest.approx(-0.1)
        assert (kept["here"], kept["above"]) == ("same direction", -0.5)  # dB, whatever the embedder's range
        assert alike["estimate"] == pytest.approx(0.1)
        assert alike["here"] == "opposite"


# --- resolution -------------------------------------------------------------------------------------------------------


def test_published_differences_are_weighed_against_the_spread_of_one_seed(build, tmp_path):
    study = build({"one": ONE, "two": TWO, "static": CONTROL})
    rng = np.random.default_rng(0)
    noise = {run: dict(zip(IMAGES, rng.normal(0, 0.01, 8), strict=True)) for run in ("one", "two")}
    scores, _ = collect(study, "small", tmp_path)
    for (run, image), rows in scores[scores["views"] == 9].groupby(["run", "image"]):
        scores.loc[rows.index, "self_reference"] += (
            1.5 * noise[run][image]
        )  # of three scores one is the reference's own
    held_out = pd.DataFrame()
    table = resolution_table(Measured(study, "small", tmp_path, scores, held_out, ())).set_index("difference")
    assert len(table) == 6
    views = table.loc["18 less 9 views"]
    assert views["change"] == pytest.approx(0.0067)
    assert views["shown_below"] == pytest.approx(0.0159, abs=5e-5)  # 0.0067 * sqrt(24) / 2.0687
    assert (views["run"], views["n"]) == ("one", 8)
    variances = [np.var(list(noise[run].values()), ddof=1) for run in noise]
    assert views["spread"] == pytest.approx(math.sqrt(np.mean(variances)))
    motion = table.loc["motion 160 less 200"]
    assert motion["change"] == pytest.approx(-0.0004)
    assert pd.isna(motion["run"])  # which the run lacks


@pytest.mark.parametrize(("spread", "resolved"), [(0.010, "yes"), (0.014, "by luck"), (0.018, "no")])
def test_a_difference_is_resolved_where_the_spread_is_small(build, tmp_path, spread, resolved):
    study = build({"one": ONE})
    scores, _ = collect(study, "small", tmp_path)
    unit = dict(zip(IMAGES, np.linspace(-1, 1, 8) / np.std(np.linspace(-1, 1, 8), ddof=1), strict=True))
    nine = scores["views"] == 9
    scores.loc[nine, "self_reference"] += 1.5 * spread * scores["image"].map(unit)[nine]
    table = resolution_table(Measured(study, "small", tmp_path, scores, pd.DataFrame(), ()))
    row = table.set_index("difference").loc["18 less 9 views"]
    assert row["spread"] == pytest.approx(spread)
    assert row["resolved"] == resolved
    detected = detectable(row["found_below"] / math.sqrt(24), 24, 0.05)
    assert detected == pytest.approx(0.0067)


# --- indicators -------------------------------------------------------------------------------------------------------


def test_indicators_are_means_over_images_with_intervals(build, tmp_path):
    study = build({"one": ONE, "static": CONTROL})
    measured = collect_indicators(study, "small", tmp_path)
    table = indicators_table(Measured(study, "small", tmp_path), measured).set_index(["run", "views", "indicator"])
    assert {name for run, _, name in table.index if run == "one"} == set(INDICATORS) - {"static_change"}
    assert ("static", 18, "flicker") in table.index
    assert ("static", 18, "janus") not in table.index  # a control shows no views
    row = table.loc[("one", 9, "janus")]
    expected = [synthetic.indicator("janus", layout.Condition("one", image, 120, 9)) for image in IMAGES]
    assert row["mean"] == pytest.approx(np.mean(expected))
    assert row["low"] < row["mean"] < row["high"]
    assert (row["n"], row["worse"]) == (8, "higher")
    assert np.isnan(row["beyond"])  # of photographs there is no truth
    assert table.loc[("one", 9, "frame_consistency"), "worse"] == "lower"


def test_indicators_of_time_are_placed_between_the_truth_and_random_order(build, tmp_path):
    render = {"backend": "cpu", "size": 16}
    controls = {
        name: {"title": name, "extends": "small", "motion_scores": [120], "view_counts": [18], "render": spec}
        for name, spec in {
            "mixed": render | {"backend": "shuffled"},
            "true": render | {"backend": "truth"},
            "larger": {"backend": "truth", "size": 32},  # is not comparable
        }.items()
    }
    study = build({"larger-first": controls.pop("larger"), "small": SMALL, **controls}, objects=OBJECTS)
    measured = collect_indicators(study, "small", tmp_path)
    measured["truth"] = measured["truth"].where(
        measured["indicator"] != "flicker"
    )  # known of single images, or by a control
    by = {"mixed": 0.3, "true": -0.1, "larger-first": 5.0}
    measured["value"] += measured["run"].map(by).fillna(0)
    table = indicators_table(Measured(study, "small", tmp_path), measured).set_index(
        ["run", "motion", "views", "indicator"]
    )
    row = table.loc[("small", 120, 18, "flicker")]
    assert row["shuffled"] - row["mean"] == pytest.approx(0.3)
    assert row["mean"] - row["truth"] == pytest.approx(0.1)
    assert row["position"] == pytest.approx(0.25)
    row = table.loc[("small", 120, 18, "frame_consistency")]
    assert row["truth"] == synthetic.TRUTH
    assert row["beyond"] == pytest.approx(row["mean"] - synthetic.TRUTH)
    assert row["position"] == pytest.approx(row["beyond"] / (row["beyond"] + 0.3))
    elsewhere = table.drop([("small", 120, 18, name) for name in ("flicker", "frame_consistency")])
    assert elsewhere["position"].isna().all()  # other conditions, other indicators, the controls themselves
    lines = lay_out(table.reset_index(), load_published(tmp_path))
    rows = [row for group in lines.groups for row in group.rows if row.label.startswith("from the truth")]
    assert [cell.text for row in rows for cell in row.cells if cell] == ["25 %", f"{100 * row['position']:.0f} %"]


def test_images_in_which_an_indicator_is_undefined_are_not_counted(build, tmp_path):
    study = build({"one": ONE})
    path = tmp_path / layout.Condition("one", IMAGES[0], 120, 18).path(layout.INDICATORS, study)
    rows = pd.read_csv(path)
    rows.loc[rows["indicator"] == "janus", "value"] = np.nan
    rows.to_csv(path, index=False)
    measured = collect_indicators(study, "small", tmp_path)
    table = indicators_table(Measured(study, "small", tmp_path), measured).set_index(["views", "indicator"])
    assert [table.loc[(18, name), "n"] for name in ("janus", "flicker")] == [7, 8]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t[t["indicator"] != "janus"], r"lacks the indicator janus \(run one\)"),
        (lambda t: t.drop(columns="camera"), "lacks the column camera"),
        (lambda t: t.assign(value="much"), "value 'much' of row 1 is no number"),
        (lambda t: t.assign(value=np.inf), "static_change inf is out of range"),
        (lambda t: pd.concat([t, t]), "lists an indicator twice"),
    ],
)
def test_bad_indicators_are_refused_in_one_line(build, tmp_path, spoil, message):
    study = build({"one": ONE})
    path = tmp_path / layout.Condition("one", IMAGES[2], 120, 9).path(layout.INDICATORS, study)
    spoil(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(InputError, match=message) as caught:
        collect_indicators(study, "small", tmp_path)
    assert str(path) in str(caught.value)
    path.unlink()
    with pytest.raises(InputError, match=f"missing .run one, image {IMAGES[2]}, motion 120, views 9"):
        collect_indicators(study, "small", tmp_path)


# --- attribution ------------------------------------------------------------------------------------------------------


def test_similarity_by_stage_and_what_each_loses(build, tmp_path):
    study = build({"one": ONE, "two": TWO, "static": CONTROL})
    table = attribution_table(Measured(study, "small", tmp_path))
    assert set(table["run"]) == {"one"}  # a control's renders come from no stage
    assert set(table["replicates"]) == {2}
    found = table.set_index(["stage", "place"])
    cosines = [synthetic.stage_cosines(layout.Condition("one", image, 120, 18)) for image in IMAGES]
    of = {stage: np.mean([cosine[stage] for cosine in cosines]) for stage in cosines[0]}
    for stage in ("seed", "views", "renders"):
        assert found.loc[(stage, "front"), "similarity"] == pytest.approx(of[stage], abs=1e-6)
    assert found.loc[("renders", "around"), "loss"] == pytest.approx(of["views"] - of["renders"], abs=1e-6)
    row = found.loc[("renders", "front")]
    assert (row["before"], row["n"]) == ("views front", 8)
    assert row["loss_low"] < row["loss"] < row["loss_high"]


@pytest.mark.parametrize("missing", ["seed", "views"])
def test_embeddings_without_a_stage_are_refused_by_name(build, tmp_path, missing):
    study = build({"one": ONE})
    path = tmp_path / layout.Condition("one", IMAGES[1], 120, 18).path(layout.STAGE_EMBEDDINGS, study)
    with np.load(path) as stored:
        kept = {name: array for name, array in stored.items() if name != missing}
    np.savez(path, **kept)
    with pytest.raises(InputError, match=f"has no embeddings of {missing}"):
        attribution_table(Measured(study, "small", tmp_path))
    np.savez(path, **kept, **{missing: np.ones((1, 18, 2) if missing == "views" else (1, 2), np.float32)})
    with pytest.raises(InputError, match=f"{missing} has not 2 frames"):
        attribution_table(Measured(study, "small", tmp_path))


# --- substitution -----------------------------------------------------------------------------------------------------

SAMPLED = ONE | {"benchmark": "procedural", "images": ["frog", "mill"]}
TRUE_SEED = {"title": "True seed", "extends": "one", "seed": {"backend": "procedural", "size": 16, "frames": 2}}
TRUE_VIEWS = {"title": "True views", "extends": "one", "views": {"backend": "procedural", "size": 16}}
TRUE_BOTH = {"title": "Truth", "extends": "seed", "views": {"backend": "procedural", "size": 16}}


def test_runs_with_ground_truth_attribute_the_loss(build, tmp_path):
    study = build({"one": SAMPLED, "seed": TRUE_SEED, "views": TRUE_VIEWS, "both": TRUE_BOTH})
    (of,) = substitutions(study, "small")
    assert (of.generated, of.seed, of.both, of.views) == ("one", "seed", "both", "views")
    for run, by in {"seed": 0.01, "views": 0.02, "both": 0.03}.items():
        shift(study, tmp_path, run, "source_reference", dict.fromkeys(("frog", "mill"), by))
    scores, _ = collect(study, "small", tmp_path)
    table = substitution_table(Measured(study, "small", tmp_path, scores))
    assert set(table["protocol"]) == {"source_reference", "self_reference"}
    rows = table[table["protocol"] == "source_reference"].set_index("stage")
    assert list(rows.index) == ["seed", "views", "splats"]
    assert set(rows["runs"]) == {"one seed both views"}
    assert rows.loc["seed", "loss"] == pytest.approx(0.01)
    assert rows.loc["views", "loss"] == pytest.approx(0.02)
    assert rows.loc["views", "alone"] == pytest.approx(0.02)
    clips = [layout.Condition("both", image, 120, 18) for image in ("frog", "mill")]
    truth = np.mean([synthetic.stage_cosines(clip)["truth"] for clip in clips])
    ours = np.mean([synthetic.source_cosine(clip, f, c) + 0.03 for clip in clips for f in range(2) for c in range(10)])
    assert rows.loc["splats", "loss"] == pytest.approx(truth - ours, abs=1e-6)
    assert rows["share"].sum() == pytest.approx(1)


def test_true_views_alone_attribute_the_loss_to_what_comes_before_the_splats_or_to_them(build, tmp_path):
    """As in report `quick`: they hide the seed, so that the two stages before are one."""
    study = build({"one": SAMPLED, "views": TRUE_VIEWS})
    (of,) = substitutions(study, "small")
    assert (of.generated, of.seed, of.both, of.views, of.names) == ("one", None, "views", "views", ["one", "views"])
    shift(study, tmp_path, "views", "source_reference", dict.fromkeys(("frog", "mill"), 0.02))
    scores, held_out = collect(study, "small", tmp_path)
    table = substitution_table(Measured(study, "small", tmp_path, scores))
    rows = table[table["protocol"] == "source_reference"].set_index("stage")
    assert list(rows.index) == ["seed and views", "splats"]
    assert rows.loc["seed and views", "loss"] == pytest.approx(0.02)
    assert rows["share"].sum() == pytest.approx(1)
    assert set(rows["runs"]) == {"one views"}
    assert set(held_out["run"]) == {"views"}  # their splats can be held against the truth, whatever the seed shows


def test_the_default_report_can_say_where_most_is_lost():
    study = load_study([synthetic.REPOSITORY / "config/study.yaml"], {}, synthetic.REPOSITORY).only("quick")
    (of,) = substitutions(study, "quick")
    assert of.names == ["quick", "quick-truth-views"]
    assert study.runs["shuffled"].render.control  # and what CLIP-I cannot see


def test_runs_that_differ_in_more_than_the_truth_are_not_compared(build, tmp_path):
    refit = TRUE_BOTH | {"splat": {"iterations": 3}}
    study = build({"one": SAMPLED, "seed": TRUE_SEED, "both": refit})
    assert substitutions(study, "small") == []
    scores, _ = collect(study, "small", tmp_path)
    assert substitution_table(Measured(study, "small", tmp_path, scores)).empty
