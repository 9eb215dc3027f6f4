import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
import synthetic_study as synthetic

from vid3d import figures, layout, report, tables
from vid3d.environment import stage_times, versions
from vid3d.errors import InputError

OWN = synthetic.RUN | {
    "title": "Own",
    "benchmark": "own",
    "motion_scores": [120],
    "view_counts": [18],
    "seed": {"backend": "relief", "size": 16, "frames": 2},
    "views": {"backend": "relief", "size": 16},
}
RELIEF = OWN | {"title": "Relief", "benchmark": "animate124"}


class Page(HTMLParser):
    """Tags with their attributes, ids, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.text += " "

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def words(self):
        return " ".join(self.text.split())


def written(root, runs=None, times=(), **settings):
    """A report of a synthetic study, and its page."""
    study = prepared(root, runs, **settings)
    path = report.write(study, "small", root, times)
    return study, path, Page(path.read_text(encoding="utf-8"))


def prepared(root, runs=None, **settings):
    """A synthetic study with its tables, and blank sheets for the figures, which the page does not look into."""
    study = synthetic.build(root, runs, **settings)
    tables.write(study, "small", root)
    for number in figures.NUMBERS:
        path = root / layout.FIGURE.format(report="small", number=number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    return study


def test_the_folder_is_complete_and_nothing_points_out_of_it(tmp_path):
    _, path, page = written(tmp_path)
    loaded = [a["src"] for tag in ("img", "video", "script") for a in page.all(tag)]
    loaded += [a["poster"] for a in page.all("video")] + [a["href"] for a in page.all("link")]
    links = [a["href"] for a in page.all("a") if not a["href"].startswith(("#", "https://"))]
    assert len(loaded) > 10
    for name in loaded + links:
        assert not name.startswith(("/", "..", "http", "file:"))
        assert (path.parent / name).is_file(), name
    anchors = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    assert anchors <= {attributes.get("id") for _, attributes in page.tags}


def test_pictures_and_videos_have_texts_and_controls(tmp_path):
    _, _, page = written(tmp_path)
    assert all(attributes.get("alt") for attributes in page.all("img"))
    assert all("controls" in a and "muted" in a and "loop" in a and a["aria-label"] for a in page.all("video"))
    assert [a["aria-label"] for a in page.all("video")][:2] == [
        "a caption of frog, seen from 0°",
        "a caption of frog, seen from 108°",
    ]


def test_videos_are_those_of_the_base_condition_of_runs_that_draw_splats(tmp_path):
    study, path, page = written(tmp_path)
    names = [attributes["src"] for attributes in page.all("video")]
    assert names == [
        f"media/truth-{image}-camera-{camera}.mp4" for image in ("frog", "mill") for camera in ("00", "03")
    ]
    source = tmp_path / layout.Condition("truth", "frog", 120, 18).path(layout.VIDEO, study, "render", camera="03")
    assert (path.parent / names[1]).read_bytes() == source.read_bytes()


def test_the_page_shows_scores_stamps_claims_and_what_was_not_run(tmp_path):
    study, _, page = written(tmp_path)
    scores, _ = tables.collect(study, "small", tmp_path)
    row = tables.table1(study, "small", tmp_path, scores).set_index("run").loc["truth"]
    words = page.words()
    for shown in (f"{row['source_reference']:.4f}", f"{row['self_reference']:.4f}", "0.8946", "0.9227", "29.00"):
        assert shown in words
    assert "Synthetic. Not comparable with published values" in words
    assert "Probably quoted from an earlier paper." in words
    for line in ("Stable Video Diffusion", "V3D", "CLIP ViT-B-32/openai", "Animate124 and DreamGaussian4D"):
        assert any(line in sentence for sentence in report.not_run(study, "small", tmp_path))
    table1 = pd.read_csv(tmp_path / layout.TABLE.format(report="small", number=1))
    assert report.score_view(table1, 1).heads == ("source reference", "self reference", "published")


def test_random_weights_are_shown_without_scores_and_count_as_not_run(tmp_path):
    random = {"title": "Random", "stamp": "random weights, plumbing only", "plumbing": True}
    models = {"seed": {"backend": "svd", "size": 16, "frames": 3}, "views": {"backend": "v3d", "size": 16}}
    study, _, page = written(tmp_path, {"random": synthetic.RUN | random | models})
    words = page.words()
    assert "Scores of random weights say nothing, so no table holds them." in words
    assert "random weights, plumbing only" in words
    assert len(page.all("video")) == 4  # renders are shown
    numbers = re.findall(r"\b0\.\d{4}\b", words)
    assert numbers, "the published numbers stand there"
    assert set(numbers) <= {"0.8544", "0.9227", "0.8946", "0.8532", "0.8879", "0.8893", "0.8897"}
    missing = " ".join(report.not_run(study, "small", tmp_path))
    assert "Stable Video Diffusion" in missing
    assert "V3D" in missing


def test_a_partial_study_says_so(tmp_path):
    _, _, page = written(tmp_path, images=["frog"], frames=2)
    assert "it covers 1 of 2 images and 2 of 3 frames" in page.words()
    assert "--config images=frog frames=2" in page.words()


def test_settings_versions_and_shared_stages_are_shown(tmp_path):
    _, path, page = written(tmp_path)
    words = page.words()
    assert "iterations 2" in words
    assert "shared with run truth" in words  # the control draws from the same seed
    assert f"numpy {versions()['numpy']}" in words
    assert '"iterations": 2' in (path.parent / "study.json").read_text(encoding="utf-8")


def test_own_image_leads_with_the_result(tmp_path):
    _, path, page = written(tmp_path, {"own": OWN}, image="My Photo.jpg")
    text = path.read_text(encoding="utf-8")
    assert text.index('id="videos"') < text.index('id="summary"')
    assert len(page.all("video")) == len(report.OWN_CAMERAS)
    assert "Table 2. " not in page.words()  # nothing of ours to put beside it
    assert "Figure 3, number of views per frame, has a single row here" in page.words()


def test_other_reports_lead_with_the_summary(tmp_path):
    _, path, _ = written(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert text.index('id="summary"') < text.index('id="videos"')


def test_known_failures_of_reliefs_stand_beside_their_videos(tmp_path):
    study = prepared(tmp_path, {"relief": RELIEF}, images=["photo-01", "photo-02"])
    synthetic.write_yaml(tmp_path / "benchmark/animate124/relief-notes.yaml", {"photo-02": "The tail is lost."})
    page = Page(report.write(study, "small", tmp_path).read_text(encoding="utf-8"))
    assert page.words().count("The tail is lost.") == 1
    assert page.words().index("photo-02") < page.words().index("The tail is lost.")


def test_texts_from_outside_are_escaped(tmp_path):
    _, path, page = written(tmp_path, {"truth": synthetic.RUN | {"title": "<b>Bold</b> & co"}})
    assert "<b>Bold</b>" not in path.read_text(encoding="utf-8")
    assert "<b>Bold</b> & co" in page.text


def test_media_of_images_no_longer_shown_are_removed(tmp_path):
    study, path, _ = written(tmp_path)
    stale = path.parent / "media/truth-gone-camera-00.mp4"
    stale.write_bytes(b"old")
    report.write(study, "small", tmp_path)
    assert not stale.exists()
    assert (path.parent / "media/truth-frog-camera-00.mp4").is_file()


@pytest.mark.parametrize("lost", ["tables/table2.csv", "figures/figure3.svg", "media"])
def test_a_missing_input_is_named_and_no_page_is_written(tmp_path, lost):
    study = prepared(tmp_path)
    folder = tmp_path / layout.REPORT.format(report="small")
    path = folder / lost
    if lost == "media":
        path = tmp_path / layout.Condition("truth", "mill", 120, 18).path(layout.VIDEO, study, "render", camera="03")
    path.unlink()
    with pytest.raises(InputError, match=re.escape(str(path))):
        report.write(study, "small", tmp_path)
    assert not (folder / "index.html").exists()


def test_times_are_summed_by_stage(tmp_path):
    paths = []
    for stage, name, seconds, memory in (
        ("seed", "a", 1.5, "-"),
        ("splat", "a/b", 2.0, "100.5"),
        ("splat", "a/c", 4.0, "90"),
    ):
        path = tmp_path / "benchmarks" / stage / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t{memory}\n", encoding="utf-8")
        paths.append(path)
    table = stage_times(paths).set_index("stage")
    assert table.loc["splat", ["jobs", "total", "mean", "longest", "memory"]].tolist() == [2, 6.0, 3.0, 4.0, 100.5]
    assert table.loc["seed", "total"] == 1.5
    _, _, page = written(tmp_path / "study", times=paths)
    assert "splat 2 6.0 3.0 4.0 100" in page.words()
    assert "GPU" not in page.words().split("Wall time of the jobs")[1].split("Versions")[0]


def test_the_use_of_gpus_stands_beside_the_times(tmp_path):
    """Where there is no record, no GPU was used: shown as absent, not as zero."""
    paths = []
    for stage, name, record in (("seed", "a", None), ("splat", "b", (70.25, 900)), ("splat", "c", (30.0, 1100))):
        path = tmp_path / "benchmarks" / stage / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("s\th:m:s\tmax_rss\n2.0\t0:00:02\t10\n", encoding="utf-8")
        if record is not None:
            used = {"device": "NVIDIA RTX A5000", "gpu_seconds": record[0], "peak_memory_mib": record[1]}
            path.with_name(f"{name}-gpu.json").write_text(json.dumps(used), encoding="utf-8")
        paths.append(path)
    table = stage_times(paths).set_index("stage")
    assert table.loc["splat", ["gpu_seconds", "gpu_memory"]].tolist() == [100.25, 1100]
    assert table.loc["seed", ["gpu_seconds", "gpu_memory"]].isna().all()
    _, _, page = written(tmp_path / "study", times=paths)
    assert "splat 2 4.0 2.0 2.0 10 100 1100" in page.words()
    assert "seed 1 2.0 2.0 2.0 10 · ·" in page.words()
    (tmp_path / "benchmarks/splat/b-gpu.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match=r"b-gpu\.json: not a record of a GPU"):
        stage_times(paths)


def test_no_times_are_no_fault(tmp_path):
    _, _, page = written(tmp_path)
    assert "No times were recorded." in page.words()


def test_a_file_that_is_no_benchmark_is_named(tmp_path):
    path = tmp_path / "benchmarks/seed/a.tsv"
    path.parent.mkdir(parents=True)
    path.write_text("nothing\n", encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(str(path))):
        stage_times([path])
