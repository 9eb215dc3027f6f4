import numpy as np
import pandas as pd
import pytest
import synthetic_study as synthetic

from vid3d import tables
from vid3d.claims.published import PUBLISHED, load_published
from vid3d.errors import InputError
from vid3d.measures import protocols
from vid3d.study import layout
from vid3d.tables import laid_out
from vid3d.tables.by_name import TABLES
from vid3d.tables.clip_i import table1, table2, table3
from vid3d.tables.definitions import protocol_table
from vid3d.tables.quality import held_out_table
from vid3d.tables.scores import collect
from vid3d.tables.table import Measured

EMPTY = ("replicates", "substitution", "margins")  # where a report has one run of its kind, and two images
FULL_SCORE = {"backend": "clip", "model": "ViT-B-32", "weights": "openai"}
PHOTOGRAPHS = synthetic.RUN | {
    "benchmark": "animate124",
    "motion_scores": [120],
    "view_counts": [18, 9],
    "seed": {"backend": "relief", "size": 16, "frames": 25},
    "views": {"backend": "relief", "size": 16},
    "score": FULL_SCORE,
}


@pytest.fixture
def root(tmp_path):
    return tmp_path


@pytest.fixture
def study(root):
    return build(root)


def build(root, runs=None, **settings):
    return synthetic.build(root, runs, pictures=False, **settings)


def scores_path(root, study, clip):
    return root / clip.path(layout.SCORES, study)


def expected(study, run, motion, views):
    """All protocols by plain loops over the known cosines."""
    frames, cameras = range(study.runs[run].used_frames), range(10)
    scores = []
    for image in study.runs[run].images:
        clip = layout.Condition(run, image, motion, views)
        source, foreground, own = (
            [cosine(clip, f, c) for f in frames for c in cameras]
            for cosine in (synthetic.source_cosine, synthetic.foreground_cosine, synthetic.self_cosine)
        )
        again = [np.mean([1.0] + [synthetic.self_cosine(clip, f, c) for f in frames]) for c in cameras]
        scores.append([np.mean(source), np.mean(foreground), np.mean(again), np.mean(own), np.mean(own[1:])])
    return dict(zip(protocols.NAMES, np.mean(scores, axis=0), strict=True))


def test_collect_returns_every_frame_and_camera_of_every_clip(study, root):
    scores, held_out = collect(study, "small", root)
    assert len(scores) == (4 + 1) * 2 * 3 * 10  # conditions of both runs, images, frames, cameras
    assert len(held_out) == 4 * 2 * 3 * 30  # the control has no ground truth of its own
    assert set(scores["run"]) == {"truth", "static"}


def test_means_follow_every_protocol(study, root):
    scores, _ = collect(study, "small", root)
    table = table2(Measured(study, "small", root, scores))
    ours = table[table["run"] == "truth"].set_index("views")
    assert list(ours.index) == [3, 9, 18]
    for views in (3, 9, 18):
        for name, mean in expected(study, "truth", 120, views).items():
            assert ours.loc[views, name] == pytest.approx(mean, abs=1e-12), name


def test_tables_hold_published_rows_runs_and_controls(study, root):
    scores, _ = collect(study, "small", root)
    first = table1(Measured(study, "small", root, scores))
    assert list(first["method"]) == ["Animate124", "DreamGaussian4D", "Vid3D", "Truth", "Static"]
    assert list(first["published"].dropna()) == [0.8544, 0.9227, 0.8946]
    assert "quoted" in first["note"][0]
    assert first["note"][2] == ""
    third = table3(Measured(study, "small", root, scores))
    assert list(third[third["run"] == "truth"]["motion"]) == [120, 160]
    assert "static" not in set(third["run"])  # a control does not move


def test_scores_of_random_weights_are_in_no_table(root):
    random = synthetic.RUN | {"title": "Random", "plumbing": True}
    study = build(root, {"truth": synthetic.RUN, "random": random})
    assert scores_path(root, study, layout.Condition("random", "frog", 120, 18)).is_file()
    for path in tables.write(study, "small", root):
        runs = set(pd.read_csv(path)["run"].dropna())
        assert runs == (set() if path.stem in EMPTY else {"truth"}), path


def test_a_report_of_random_weights_alone_has_published_rows_only(root):
    study = build(root, {"random": synthetic.RUN | {"plumbing": True}})
    written = {path.stem: pd.read_csv(path) for path in tables.write(study, "small", root)}
    for name in ("table1", "table2", "table3"):
        table = written.pop(name)
        assert table["run"].isna().all()
        assert table["published"].notna().all()
        assert table[list(protocols.NAMES)].isna().all(axis=None)
    claims = written.pop("claims")
    assert set(claims["here"]) == set(claims["paper_scale"]) == {"not run here"}
    resolution = written.pop("resolution")
    assert resolution["change"].notna().all()
    assert resolution[["run", "spread", "resolved"]].isna().all(axis=None)
    assert all(table.empty for table in written.values())


def test_no_difference_where_not_comparable(study, root):
    scores, _ = collect(study, "small", root)
    ours = table1(Measured(study, "small", root, scores)).set_index("run").loc["truth"]
    assert np.isnan(ours["difference"])
    assert np.isnan(ours["published"])
    assert ours["note"].startswith("Synthetic. Not comparable with published values: benchmark procedural")


def test_difference_of_the_released_protocol_where_all_is_as_published(root):
    study = build(root, {"photographs": PHOTOGRAPHS})
    scores, _ = collect(study, "small", root)
    table = table2(Measured(study, "small", root, scores))
    ours = table[table["run"] == "photographs"].set_index("views")
    for views, published in ((9, 0.8879), (18, 0.8946)):
        own = expected(study, "photographs", 120, views)["self_reference"]
        assert ours.loc[views, "published"] == published
        assert ours.loc[views, "difference"] == pytest.approx(own - published, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "settings", "reason"),
    [
        ({}, {"images": ["photo-01", "photo-02"]}, "2 of the paper's 24 photographs"),
        ({}, {"frames": 5}, "5 frames a clip, not 25"),
        ({"score": synthetic.TINY_CLIP}, {}, "embedder tiny, not ViT-B-32/openai"),
    ],
)
def test_a_study_of_less_than_the_paper_is_not_compared(root, change, settings, reason):
    study = build(root, {"photographs": PHOTOGRAPHS | change}, **settings)
    scores, _ = collect(study, "small", root)
    ours = table1(Measured(study, "small", root, scores)).set_index("run").loc["photographs"]
    assert np.isnan(ours["difference"])
    assert reason in ours["note"]


def test_partial_studies_are_labelled(root):
    study = build(root, images=["frog"], frames=2)
    scores, _ = collect(study, "small", root)
    ours = table1(Measured(study, "small", root, scores)).set_index("run").loc["truth"]
    assert (ours["images"], ours["frames"]) == ("1 of the 2 procedural objects", "2 of 3 frames")
    assert ours["source_reference"] == pytest.approx(expected(study, "truth", 120, 18)["source_reference"], abs=1e-12)


def test_frames_beyond_the_study_are_not_averaged(study, root):
    restricted = study.model_copy(
        update={"runs": {name: run.model_copy(update={"frames": 2}) for name, run in study.runs.items()}}
    )
    scores, _ = collect(restricted, "small", root)
    assert set(scores["frame"]) == {0, 1}


def test_a_missing_row_is_named(study, root):
    path = scores_path(root, study, layout.Condition("truth", "mill", 120, 9))
    table = pd.read_csv(path)
    table[(table["frame"] != 1) | (table["camera"] != 7)].to_csv(path, index=False)
    with pytest.raises(InputError, match="run truth, image mill, motion 120, views 9, frame 1, camera 7"):
        collect(study, "small", root)


def test_a_missing_held_out_camera_is_named(study, root):
    path = root / layout.Condition("truth", "frog", 160, 18).path(layout.HELD_OUT, study)
    table = pd.read_csv(path)
    table.iloc[:-1].to_csv(path, index=False)
    with pytest.raises(InputError, match="image frog, motion 160, views 18, frame 2, camera 29"):
        collect(study, "small", root)


def test_a_missing_file_is_named(study, root):
    scores_path(root, study, layout.Condition("static", "frog", 120, 18)).unlink()
    with pytest.raises(InputError, match="run static, image frog, motion 120, views 18, frame 0, camera 0"):
        collect(study, "small", root)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda table: table.drop(columns="self_reference"),
            "lacks the column self_reference; delete it and run again",
        ),
        (lambda table: table.drop(columns="foreground_reference"), "lacks the column foreground_reference; delete it"),
        (lambda table: pd.concat([table, table.iloc[:1]]), "lists a frame and camera twice"),
        (lambda table: table.assign(source_reference=float("nan")), "source_reference nan at run truth.*out of range"),
        (lambda table: table.assign(source_reference=1.5), "source_reference 1.5 at run truth.*out of range"),
    ],
)
def test_bad_scores_are_refused_in_one_line(study, root, spoil, message):
    path = scores_path(root, study, layout.Condition("truth", "frog", 120, 18))
    spoil(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(InputError, match=message) as caught:
        collect(study, "small", root)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_held_out_quality_level_and_raised_apart(study, root):
    _, held_out = collect(study, "small", root)
    table = held_out_table(Measured(study, "small", root, held_out=held_out))
    assert set(table["run"]) == {"truth"}
    row = table[(table["motion"] == 120) & (table["views"] == 9)].iloc[0]
    assert (row["psnr_level"], row["psnr_raised"]) == pytest.approx((24.5, 19.5))
    assert (row["ssim_level"], row["ssim_raised"]) == pytest.approx((0.9, 0.8))
    assert (row["iou_level"], row["iou_change"]) == pytest.approx((0.909, -0.009))
    assert (row["gradient_change"], row["flip_change"]) == pytest.approx((0, 0))


def test_written_tables_read_back_and_are_the_same_each_time(study, root):
    paths = tables.write(study, "small", root)
    assert [path.as_posix() for path in paths] == [(root / path).as_posix() for path in layout.tables("small")]
    before = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in tables.write(study, "small", root)] == before
    own = pd.read_csv(paths[1]).set_index(["run", "views"]).loc[("truth", 3), "self_reference"]
    assert own == pytest.approx(expected(study, "truth", 120, 3)["self_reference"], abs=1e-6)


def test_without_ground_truth_the_held_out_table_is_empty(root):
    study = build(root, {"photographs": PHOTOGRAPHS}, images=["photo-01"], frames=1)
    paths = tables.write(study, "small", root)
    assert pd.read_csv(paths[3]).empty


# --- protocols --------------------------------------------------------------------------------------------------------


def test_each_condition_is_ranked_under_each_protocol(study, root):
    scores, _ = collect(study, "small", root)
    table = protocol_table(Measured(study, "small", root, scores))
    assert len(table) == (4 + 1) * len(protocols.NAMES)  # conditions of both runs
    assert set(table["n"]) == {2}
    assert set(table["of"]) == {5}
    for name in protocols.NAMES:
        ours = table[table["protocol"] == name].set_index(["run", "motion", "views"])
        assert ours.loc[("truth", 120, 9), "mean"] == pytest.approx(expected(study, "truth", 120, 9)[name], abs=1e-12)
        assert ours.loc[("truth", 120, 18), "rank"] == ours.loc[("static", 120, 18), "rank"] == 1  # equal scores
        assert list(ours["rank"].sort_values()) == [1, 1, 3, 4, 5]
        best_first = ours.sort_values("rank", kind="stable")["mean"]
        assert best_first.is_monotonic_decreasing or best_first.diff().max() < 1e-9


def test_the_protocol_alone_can_turn_a_ranking(study, root):
    """A control that never changes, and shows something else than the source."""
    path = {image: scores_path(root, study, layout.Condition("static", image, 120, 18)) for image in ("frog", "mill")}
    for file in path.values():
        pd.read_csv(file).assign(source_reference=0.1, self_reference=1.0).to_csv(file, index=False)
    scores, _ = collect(study, "small", root)
    table = protocol_table(Measured(study, "small", root, scores))
    ranks = table[table["run"] == "static"].set_index("protocol")["rank"]
    assert ranks["source_reference"] == 5
    assert ranks["self_reference"] == ranks["self_reference_left_out"] == 1


def test_scores_of_other_images_or_embedders_are_not_ranked_together(root):
    others = synthetic.RUN | {"title": "Others", "images": ["mill"], "motion_scores": [120], "view_counts": [18]}
    study = build(root, {"truth": synthetic.RUN, "others": others})
    scores, _ = collect(study, "small", root)
    table = protocol_table(Measured(study, "small", root, scores))
    assert table[table["run"] == "others"]["rank"].isna().all()
    assert set(table[table["run"] == "truth"]["of"]) == {4}


def test_stamps_stand_in_every_table(study, root):
    for path in tables.write(study, "small", root):
        table = pd.read_csv(path)
        ours = table[table["run"].notna()]
        assert len(ours) or path.stem in EMPTY, path
        assert ours["note"].str.contains("Synthetic").all(), path


def test_published_values_by_condition(root):
    build(root)
    published = load_published(root)
    conditions = [(120, 3), (120, 9), (120, 18), (160, 18), (200, 18)]
    assert [published.value(*condition) for condition in conditions] == [0.8532, 0.8879, 0.8946, 0.8893, 0.8897]
    assert published.value(200, 3) is None


def test_a_broken_published_table_is_named(root):
    build(root)
    text = (root / PUBLISHED).read_text(encoding="utf-8").replace("0.8532", "high")
    (root / PUBLISHED).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"tables\.yaml: tables\.2\.rows\.0\.value"):
        load_published(root)


def test_published_values_stand_beside_our_rows_of_the_same_condition(study, root):
    made = tables.write(study, "small", root)
    read = {path.stem: laid_out.read(path, *TABLES[path.stem].needs) for path in made}
    paper = load_published(root)
    second = TABLES["table2"].lay_out(read["table2"], paper)
    assert second.heads == ("published", "self reference", "source reference")
    assert [(row.label, row.cells[0].text) for row in second.groups[0].rows] == [
        ("3 views", "0.8532"),
        ("9 views", "0.8879"),
        ("18 views", "0.8946"),
    ]
    assert len(second.groups) == 1  # nothing is published beyond them
    third = TABLES["table3"].lay_out(read["table3"], paper)
    alone = third.groups[-1]
    assert [(row.label, row.cells[0].text, row.cells[1:]) for row in alone.rows] == [
        ("motion 200", "0.8897", (None, None))
    ]
    first = TABLES["table1"].lay_out(read["table1"], paper)
    shown = {row.label: row.cells[0] and row.cells[0].text for group in first.groups for row in group.rows}
    assert shown == {"Truth": "0.8946", "Static": None, "Animate124": "0.8544", "DreamGaussian4D": "0.9227"}


@pytest.mark.parametrize(
    ("low", "high", "most", "digits"),
    [
        (0.9102, 0.9361, 4, 3),
        (0.182, 1.0, 4, 2),
        (-2.0, 0.3, 4, 1),
        (30.0, 31.0, 2, 2),
        (28.0, 34.0, 2, 1),
        (0.0012, 0.0019, 4, 4),
        (0.004, 0.8, 4, 3),  # which is above 0, and must not be shown as 0
        (0.0, 0.8, 4, 2),
        (0.5, 0.5, 4, 4),
    ],
)
def test_digits_are_those_that_an_interval_makes_sense_of(low, high, most, digits):
    assert laid_out.fitting(low, high, most) == digits
