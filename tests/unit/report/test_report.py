import json
import re
import shutil
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest
import synthetic_report
import synthetic_study as synthetic
from PIL import Image

from vid3d import files, report
from vid3d.claims.claims import load_claims
from vid3d.claims.published import load_published
from vid3d.errors import InputError
from vid3d.report import claims_by_run, deviations, explore, middle, provenance, summary, viewer
from vid3d.report.timings import stage_times, versions
from vid3d.study import layout
from vid3d.study.config import Study
from vid3d.tables import laid_out
from vid3d.tables.by_name import TABLES
from vid3d.tables.clip_i import table1
from vid3d.tables.scores import collect
from vid3d.tables.table import Measured

OWN = synthetic.RUN | {
    "title": "Own",
    "benchmark": "own",
    "motion_scores": [120],
    "view_counts": [18],
    "seed": {"backend": "relief", "size": 16, "frames": 2},
    "views": {"backend": "relief", "size": 16},
}
PAPER = load_published(synthetic.REPOSITORY)
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


@pytest.fixture(scope="module", autouse=True)
def _short_turntables():
    """Four small pictures a turn, which are quickly drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(viewer, "TURNTABLE", 32)
        patch.setattr(viewer, "TURNTABLE_IMAGES", 4)
        yield


@dataclass(frozen=True)
class Written:
    """A report of a synthetic study, below ``root``."""

    study: Study
    root: Path
    path: Path
    page: Page

    @property
    def words(self):
        return self.page.words()


def write(root, study, times=()):
    path = report.write(study, "small", root, times)
    return Written(study, root, path, Page(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """The report of two runs, which tests only read."""
    root = tmp_path_factory.mktemp("report")
    return write(root, synthetic_report.build(root))


@pytest.fixture
def copied(shared, tmp_path):
    """A copy of its root, to change and write again."""
    return Path(shutil.copytree(shared.root, tmp_path / "study"))


def test_each_table_is_a_page_of_its_own_that_says_what_the_reports_page_says(shared):
    for path in layout.table_pages("small"):
        name = Path(path).stem
        alone = Page((shared.root / path).read_text(encoding="utf-8"))
        read = laid_out.read(shared.root / layout.TABLE.format(report="small", name=name), *TABLES[name].needs)
        table = TABLES[name].lay_out(read, PAPER)
        assert len(alone.all("tr")) == sum(1 + len(group.rows) for group in table.groups) + bool(table.groups), name
        for group in table.groups:
            for row in group.rows:
                cells = " ".join(f"{cell.text} {cell.below}" if cell else "none ·" for cell in row.cells)
                assert " ".join(cells.split()) in alone.words(), name
        assert (table.caption if table.groups else "nothing to show") in alone.words(), name
        loaded = {a.get("src") or a.get("href") for _, a in alone.tags} - {None, "data:,"}
        assert not loaded, name  # one file, which opens anywhere
    stamped = (shared.root / layout.TABLE_PAGE.format(report="small", name="table2")).read_text(encoding="utf-8")
    assert "Synthetic" in Page(stamped.partition("<body>")[2]).words()


def test_the_folder_is_complete_and_nothing_points_out_of_it(shared):
    path, page = shared.path, shared.page
    loaded = [a["src"] for tag in ("img", "video", "script") for a in page.all(tag) if "src" in a]
    loaded += [a["poster"] for a in page.all("video")] + [a["href"] for a in page.all("link")]
    links = [a["href"] for a in page.all("a") if not a["href"].startswith(("#", "https://"))]
    assert len(loaded) > 10
    assert [name for name in links if name.startswith("splats/")]
    for name in set(loaded + links) - {"data:,"}:
        assert not name.startswith(("/", "http", "file:"))
        assert not name.startswith("..")
        assert (path.parent / name).is_file(), name
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    inner = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    clips = {name.removeprefix("clip=") for name in inner if name.startswith("clip=")}
    assert {name for name in inner if not name.startswith("clip=")} <= set(ids)
    assert clips == {f"truth-{image}-motion-120-views-18" for image in ("frog", "mill")}
    assert all((path.parent / "viewer" / clip / "frame-00.js").is_file() for clip in clips)


def test_files_open_in_a_window_of_their_own(shared):
    """A page that is opened from a disk would be left for them, and its viewer's state lost."""
    files = [a for a in shared.page.all("a") if not a["href"].startswith(("#", "https://"))]
    assert {Path(a["href"]).suffix for a in files} >= {".csv", ".tex", ".md", ".svg", ".pdf", ".webp", ".json", ".mp4"}
    assert all((a.get("target"), a.get("rel")) == ("_blank", "noopener") for a in files)


def test_pictures_and_videos_have_texts_and_controls(shared):
    page = shared.page
    assert all(attributes.get("alt") for attributes in page.all("img"))
    assert all("controls" in a and "muted" in a and "loop" in a and a["aria-label"] for a in page.all("video"))
    assert [a["aria-label"] for a in page.all("video")][:4] == [
        "a caption of frog, turning. Truth, 18 views",
        "a caption of frog, turning. The same, fewer views, 3 views",
        "a caption of frog, seen from 0°",
        "a caption of frog, seen from 108°",
    ]


def test_videos_are_those_of_the_base_condition_of_runs_that_draw_splats(shared):
    names = [attributes["src"] for attributes in shared.page.all("video")]
    assert names[:2] == [f"viewer/truth-frog-motion-120-views-{views}/turntable.mp4" for views in (18, 3)]
    assert (names := names[2:]) == [
        f"media/truth-{image}-camera-{camera}.mp4" for image in ("frog", "mill") for camera in ("00", "03")
    ]
    source = layout.Condition("truth", "frog", 120, 18).path(layout.VIDEO, shared.study, camera="03")
    assert (shared.path.parent / names[1]).read_bytes() == (shared.root / source).read_bytes()


def test_the_page_shows_scores_stamps_and_what_was_not_run(shared):
    study, root, words = shared.study, shared.root, shared.words
    scores, _ = collect(study, "small", root)
    row = table1(Measured(study, "small", root, scores)).set_index("run").loc["truth"]
    for shown in (f"{row['source_reference']:.4f}", f"{row['self_reference']:.4f}", "0.8946", "0.9227", "29.00"):
        assert shown in words
    assert "Synthetic. Not comparable with published values" in words
    assert "Probably quoted from an earlier paper." in words
    for line in ("Stable Video Diffusion", "V3D", "CLIP ViT-B-32/openai", "Animate124 and DreamGaussian4D"):
        assert any(line in one.sentence for one in summary.not_run(study, "small", root, PAPER))
        assert line in words
    first = laid_out.read(root / layout.TABLE.format(report="small", name="table1"), *TABLES["table1"].needs)
    assert TABLES["table1"].lay_out(first, PAPER).heads == ("published", "self reference", "source reference")


def test_random_weights_are_shown_without_scores_and_count_as_not_run(tmp_path):
    random = {"title": "Random", "stamp": "random weights, plumbing only", "plumbing": True}
    models = {"seed": {"backend": "svd", "size": 16, "frames": 3}, "views": {"backend": "v3d", "size": 16}}
    study = synthetic_report.build(tmp_path, {"random": synthetic.RUN | random | models}, images=["frog"])
    made = write(tmp_path, study)
    words = made.words
    assert "Scores of random weights say nothing, so no table holds them." in words
    assert "random weights, plumbing only" in words
    assert len(made.page.all("video")) == 2  # renders are shown
    assert "Turn it, zoom" not in words
    assert " 19 claims can be judged" in words
    values = {f"{row.value:.4f}" for table in PAPER.tables.values() for row in table.rows}
    tables_only = words.split("All scores are CLIP-I")[1].split("Where quality is lost")[0]
    published_only = tables_only.split("What a study of the paper")[0]  # then differences of theirs
    assert set(re.findall(r"\b0\.\d{4}\b", published_only)) == values
    missing = " ".join(one.sentence for one in summary.not_run(study, "small", tmp_path, PAPER))
    assert "Stable Video Diffusion" in missing
    assert "V3D" in missing


def test_a_partial_study_says_so(tmp_path):
    words = write(tmp_path, synthetic_report.build(tmp_path, images=["frog"], frames=2)).words
    assert "it covers 1 of the 2 procedural objects and 2 of 3 frames" in words
    assert "--config images=frog frames=2" in words


def test_settings_versions_and_shared_stages_are_shown(shared):
    words = shared.words
    assert "iterations 2" in words
    assert "shared with run truth" in words  # the control draws from the same seed
    assert f"numpy {versions()['numpy']}" in words
    assert '"iterations": 2' in (shared.path.parent / "study.json").read_text(encoding="utf-8")


def test_own_image_leads_with_the_result(tmp_path):
    made = write(tmp_path, synthetic_report.build(tmp_path, {"own": OWN}, image="My Photo.jpg"))
    text = made.path.read_text(encoding="utf-8")
    assert text.index('id="explore"') < text.index('id="claims"')
    assert 'id="summary"' not in text
    assert "<h1>A small report</h1>" in text
    assert len(made.page.all("video")) == len(report.OWN_CAMERAS)
    assert "Table 2. Number" not in made.words  # nothing of ours to put beside it
    assert "No Figure 3, title of figure3: no run of this report varies the number of views." in made.words


def test_other_reports_lead_with_what_was_found(shared):
    text = shared.path.read_text(encoding="utf-8")
    assert text.index("<h1>None of the paper") < text.index('id="summary"') < text.index('id="explore"')
    assert text.index('id="explore"') < text.index('id="claims"')


def test_the_first_screen_shows_what_there_is(shared, tmp_path):
    """One motion score, one number of views, no run from true views: the image and the clip, no empty box."""
    assert shared.page.text.count("all that the method sees") == 1
    study = synthetic_report.build(tmp_path, {"relief": RELIEF}, images=["photo-01", "photo-02"])
    made = write(tmp_path, study)
    videos = [a["src"] for a in made.page.all("video") if a["src"].startswith("viewer/")]
    assert videos == ["viewer/relief-photo-02-motion-120-views-18/turntable.mp4"]
    first = made.words.split("Summary Explore Claims")[0]  # it stands before the list of sections
    assert "Shown is the image in the middle by CLIP-I, photo-02, 1 of 2 from below." in first
    leading = re.findall(rf"paper [+{laid_out.MINUS}]0\.0\d+ not testable here", first)
    assert len(leading) == 3


def test_the_object_in_the_middle_is_neither_the_best_nor_the_worst(tmp_path):
    objects = ("frog", "bird", "fish", "sailboat", "caterpillar")
    study = synthetic.build(tmp_path, {"truth": synthetic.RUN}, pictures=False, objects=objects)
    scores, _ = collect(study, "small", tmp_path)
    ranked = sorted(objects, key=lambda image: synthetic.source_cosine(layout.Condition("truth", image, 120, 18), 0, 0))
    assert middle.middle(study, "truth", scores) == middle.Middle(ranked[2], 3, 5)
    four = scores[scores["image"] != ranked[4]]
    assert middle.middle(study, "truth", four) == middle.Middle(ranked[1], 2, 4)


def test_known_failures_of_reliefs_stand_beside_their_videos(tmp_path):
    study = synthetic_report.build(tmp_path, {"relief": RELIEF}, images=["photo-01", "photo-02"])
    synthetic.write_yaml(tmp_path / "benchmark/animate124/relief-notes.yaml", {"photo-02": "The tail is lost."})
    words = write(tmp_path, study).words
    assert words.count("The tail is lost.") == 1
    assert words.index("photo-02") < words.index("The tail is lost.")


def test_a_doubtful_cut_out_is_said_beside_its_videos(tmp_path):
    study = synthetic_report.build(tmp_path, {"own": OWN}, image="My Photo.jpg")
    (subject,) = tmp_path.glob("results/**/subject.json")
    described = files.load_json(subject)
    assert "doubtful" not in write(tmp_path, study).words
    files.save_json(subject, described | {"doubt": "the cut-out is doubtful: half of it is floor"})
    assert "The cut-out is doubtful: half of it is floor." in write(tmp_path, study).words


def test_texts_from_outside_are_escaped(copied, shared):
    run = shared.study.runs["truth"].model_copy(update={"title": "<b>Bold</b> & co", "stamp": "<i>stamp</i>"})
    study = shared.study.model_copy(update={"runs": shared.study.runs | {"truth": run}})
    made = write(copied, study)
    text = made.path.read_text(encoding="utf-8")
    assert "<b>Bold</b>" not in text
    assert "<i>stamp</i>" not in text
    assert "<b>Bold</b> & co" in made.page.text


def test_what_is_no_longer_shown_is_removed(copied, shared):
    folder = copied / layout.REPORT.format(report="small")
    stale = [folder / "media/truth-gone-camera-00.mp4", folder / "viewer/truth-gone/poster.webp"]
    stale.append(folder / "splats/truth-gone.zip")
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"old")
    write(copied, shared.study)
    assert not [path for path in stale if path.exists()]
    assert (folder / "media/truth-frog-camera-00.mp4").is_file()
    assert (folder / "viewer/truth-frog-motion-120-views-18/poster.webp").is_file()


@pytest.mark.parametrize(
    "lost",
    ["tables/table2.csv", "tables/claims.csv", "figures/figure3.svg", "video", "splats", "reports/template.html"],
)
def test_a_missing_input_is_named_and_no_page_is_written(copied, shared, lost):
    folder = copied / layout.REPORT.format(report="small")
    clip = layout.Condition("truth", "mill", 120, 18)
    elsewhere = {
        "video": clip.path(layout.VIDEO, shared.study, camera="03"),
        "splats": clip.path(layout.SPLATS, shared.study, frame="01"),
        "reports/template.html": lost,
    }
    path = copied / elsewhere[lost] if lost in elsewhere else folder / lost
    path.unlink()
    (folder / "index.html").unlink()
    with pytest.raises(InputError, match=re.escape(str(path))):
        report.write(shared.study, "small", copied)
    assert not (folder / "index.html").exists()


# --- claims ----------------------------------------------------------------------------------------------------------


def test_every_claim_has_its_three_columns_and_verdicts_in_words(shared):
    table = laid_out.read(shared.root / layout.TABLE.format(report="small", name="claims"), *TABLES["claims"].needs)
    claims = claims_by_run.claims(table, load_claims(shared.root, PAPER))
    assert [(judge.run, judge.definition) for judge in claims.judges] == [
        ("truth", "released script's definition"),
        ("truth", "paper's definition"),
    ]
    assert len(claims.claims) == table["claim"].nunique()
    for claim in claims.claims:
        assert claim.sentence in shared.words
        assert claim.scale.outcome == "not run here"
        assert len(claim.here) == 2
    for judge in claims.judges:
        assert sum(count for _, count in judge.tally) == len(claims.claims)
        for outcome, count in judge.tally:
            assert f"{count} {outcome}" in shared.words
    by_name = {claim.name: claim for claim in claims.claims}
    quoted = by_name["between-the-baselines"]
    assert quoted.published == claims_by_run.Mark("holds", "0.8946, where the claim needs 0.8544 to 0.9227")
    assert {(mark.outcome, mark.detail) for mark in quoted.here} == {
        ("not testable here", "not comparable with published scores")
    }


def test_a_claim_with_a_margin_says_why_it_is_that_large(shared):
    """Beside the claim, to be read without a mouse."""
    stated = load_claims(shared.root, PAPER)
    with_margin = [claim for claim in stated if claim.slack]
    assert 0 < len(with_margin) < len(stated)
    words = shared.words.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    for claim in with_margin:
        reason = " ".join(claim.slack_reason.split())
        assert f"{claim.sentence} {claim.place}. Margin {claim.slack:g}: {reason[0].lower()}{reason[1:]}" in words


def test_every_table_is_stamped(shared):
    """Of each group that is not published, and so of each run, controls too."""
    tables_only = shared.page.text.split("All scores are")[1].split("Provenance")[0]
    captions = [
        laid_out.text(name) for name in ("Table 1.", "Table 2.", "Table 3.", "Held-out", "definition of the metric")
    ]
    captions += ["Beyond CLIP-I", "stage by stage"]
    for caption in captions:
        after = tables_only.split(caption, 1)[1]
        assert "Synthetic." in after.split("CSV", 1)[0], caption


# --- clips to turn ---------------------------------------------------------------------------------------------------


def test_clips_are_the_base_each_number_of_views_and_the_largest_motion(shared):
    folder = shared.path.parent / "viewer"
    kinds = ("motion-120-views-18", "motion-120-views-9", "motion-120-views-3", "motion-160-views-18")
    assert {path.name for path in folder.glob("truth-*/")} == {
        f"truth-{i}-{kind}" for i in ("frog", "mill") for kind in kinds
    }
    assert "not embedded here" not in shared.words
    pairs = {}
    for button in shared.page.all("button"):
        if "data-clips" in button:
            pairs |= json.loads(button["data-clips"])
    labels = [a["data-clips"] for a in shared.page.all("button") if "data-clips" in a]
    assert [json.loads(clips)["mill"] for clips in labels] == [
        ["truth-mill-motion-120-views-18", "truth-mill-motion-120-views-3"],
        ["truth-mill-motion-120-views-18", "truth-mill-motion-120-views-9"],
        ["truth-mill-motion-120-views-18", "truth-mill-motion-160-views-18"],
    ]


def test_a_page_that_would_grow_too_large_embeds_fewer_clips(copied, shared, monkeypatch):
    monkeypatch.setattr(explore, "LIMIT", 1.0)
    made = write(copied, shared.study)
    assert [path.name for path in (made.path.parent / "viewer").glob("truth-*/")] == ["truth-frog-motion-120-views-18"]
    assert "7 more clips are not embedded here" in made.words
    assert "mill 0." in made.words  # its scores, without a clip to open
    assert made.words.count("not embedded") == 2
    assert not [a for a in made.page.all("button") if "data-clips" in a]


def test_the_first_image_is_embedded_whole_then_every_base(copied, shared, monkeypatch):
    clip = layout.Condition("truth", "frog", 120, 18)
    one = sum(
        (copied / clip.path(layout.SPLATS, shared.study, frame=frame)).stat().st_size for frame in ("00", "01", "02")
    )
    monkeypatch.setattr(explore, "LIMIT", 5.5 * explore.SHARE * one)
    made = write(copied, shared.study)
    embedded = {path.name.removeprefix("truth-") for path in (made.path.parent / "viewer").glob("truth-*/")}
    assert len([name for name in embedded if name.startswith("frog")]) == 4
    assert embedded - {name for name in embedded if name.startswith("frog")} == {"mill-motion-120-views-18"}


def test_beside_clips_stand_their_reference_and_the_true_images(tmp_path):
    truth = synthetic.STATIC | {"title": "The true images", "render": {"backend": "truth", "size": 16}}
    study = synthetic.build(tmp_path, {"truth": synthetic.RUN, "images": truth}, images=["frog"])
    scores, _ = collect(study, "small", tmp_path)
    (one,) = explore.write(study, "small", tmp_path, tmp_path / "page", scores)
    reference, true = one.shown.sheets
    assert (reference.label, reference.cameras, reference.frames) == ("the reference image", 1, 1)
    assert (true.label, true.cameras, true.frames) == ("the true images, motion 120", 10, 3)
    with Image.open(tmp_path / "page" / true.sheet) as sheet:
        assert sheet.size == (10 * 16, 3 * 16)
        assert abs(sheet.convert("L").getpixel((7 * 16 + 8, 2 * 16 + 8)) - (20 * 7 + 2)) < 8  # lossy; camera 7, frame 2
    assert one.true_images
    clip = one.shown.clips[0]
    assert clip.scores[2][3] == pytest.approx(
        synthetic.source_cosine(layout.Condition("truth", "frog", 120, 18), 2, 3), abs=1e-4
    )
    assert clip.place == "results/truth/frog/motion-120/views-18/splats"


def test_plys_are_offered_of_the_first_clips_only(copied, shared, monkeypatch):
    monkeypatch.setattr(explore, "PLY_LIMIT", 1)
    made = write(copied, shared.study)
    assert [path.stem for path in (made.path.parent / "splats").iterdir()] == ["truth-frog-motion-120-views-18"]
    assert made.path.read_text(encoding="utf-8").count("PLY sequence (zip)") == 2  # below the poster, and in the data


def test_runs_of_one_benchmark_share_a_viewer_and_are_compared(tmp_path):
    again = {"title": "Again", "label": "longer", "extends": "truth", "motion_scores": [120], "view_counts": [18]}
    runs = {"truth": synthetic.RUN, "again": again | {"splat": {"iterations": 3}}}
    study = synthetic.build(tmp_path, runs, images=["frog"])
    (one,) = explore.write(study, "small", tmp_path, tmp_path / "page", collect(study, "small", tmp_path)[0])
    assert [clip.label for clip in one.shown.clips] == [
        "truth: 18 views, motion 120",
        "truth: 3 views, motion 120",
        "truth: 9 views, motion 120",
        "truth: 18 views, motion 160",
        "longer: 18 views, motion 120",
    ]
    assert [pair.label for pair in one.pairs] == [
        "truth: 18 and 3 views",
        "truth: 18 and 9 views",
        "truth: motion 120 and 160",
        "truth and longer",
    ]
    assert one.pairs[3].keys == {"frog": ("truth-frog-motion-120-views-18", "again-frog-motion-120-views-18")}
    assert one.left_out == 0
    assert one.stamps == ("synthetic",)


def test_controls_and_random_weights_have_nothing_to_turn(tmp_path):
    runs = {"truth": synthetic.RUN | {"plumbing": True}, "static": synthetic.STATIC}
    study = synthetic.build(tmp_path, runs, images=["frog"])
    assert explore.write(study, "small", tmp_path, tmp_path / "page", collect(study, "small", tmp_path)[0]) == ()


# --- where it comes from ---------------------------------------------------------------------------------------------


def test_weights_are_named_with_their_checksums(copied, shared):
    run = shared.study.runs["truth"]
    score = run.score.model_copy(
        update={"model": "weights/ours/config.json", "weights": "weights/ours/model.safetensors"}
    )
    run = run.model_copy(update={"score": score})
    study = shared.study.model_copy(update={"runs": shared.study.runs | {"truth": run}})

    def ours() -> provenance.Weights:
        (found,) = (file for file in provenance.weights(study, "small", copied) if "ours" in file.file)
        return found

    before = ours()
    assert (before.file, before.sha256) == ("weights/ours/model.safetensors", "")
    (copied / "weights/ours").mkdir(parents=True)
    (copied / "weights/ours/model.safetensors").write_bytes(b"abc")
    found = ours()
    assert found.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert found.used_by == "score of truth"


def test_pinned_weights_are_not_read(shared):
    score = shared.study.runs["truth"].score.model_copy(update={"model": "ViT-B-32", "weights": "openai"})
    runs = {name: run.model_copy(update={"score": score}) for name, run in shared.study.runs.items()}
    (found,) = provenance.weights(shared.study.model_copy(update={"runs": runs}), "small", shared.root)
    assert found.known == provenance.PINNED
    assert re.fullmatch("[0-9a-f]{64}", found.sha256)
    assert found.used_by == "score of truth, static"


def test_deviations_are_those_of_the_document(shared):
    found = deviations.load(shared.root)
    assert len(found.rows) == 19
    assert "the render of frame 0, view 0" in shared.words
    assert str(deviations.inline("a `<b>` *c* [d](e)")) == "a <code>&lt;b&gt;</code> <i>c</i> <span>d</span>"


def test_a_document_without_a_table_is_named(copied):
    (copied / "docs/deviations.md").write_text("nothing", encoding="utf-8")
    with pytest.raises(InputError, match="holds no table"):
        deviations.load(copied)


def test_numbers_have_a_minus_and_no_negative_zero():
    assert laid_out.number(-0.125, 2) == f"{laid_out.MINUS}0.12"
    assert laid_out.number(-0.00001) == "0.0000"
    assert laid_out.number(0.5, 2, sign=True) == "+0.50"
    assert laid_out.number(float("nan")) == ""


def test_times_are_summed_by_stage(copied, shared, tmp_path):
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
    words = write(copied, shared.study, paths).words
    assert "splat 2 6.0 3.0 4.0 100" in words
    assert "GPU" not in words.split("Wall time of the jobs")[1].split("Versions")[0]


def test_the_use_of_gpus_stands_beside_the_times(copied, shared, tmp_path):
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
    (tmp_path / "benchmarks/seed/a-gpu.json").touch()  # as Snakemake leaves one that the job did not write
    words = write(copied, shared.study, paths).words
    assert "splat 2 4.0 2.0 2.0 10 100 1100" in words
    assert "seed 1 2.0 2.0 2.0 10 no GPU used · no GPU used ·" in words
    assert "GPUs of the jobs NVIDIA RTX A5000" in words
    (tmp_path / "benchmarks/splat/b-gpu.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match=r"b-gpu\.json: not a record of a GPU"):
        stage_times(paths)


def test_no_times_are_no_fault(shared):
    assert "No times were recorded." in shared.words


def test_a_file_that_is_no_benchmark_is_named(tmp_path):
    path = tmp_path / "benchmarks/seed/a.tsv"
    path.parent.mkdir(parents=True)
    path.write_text("nothing\n", encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(str(path))):
        stage_times([path])


# --- where the numbers come from --------------------------------------------------------------------------------------


def record(root, commit):
    """A record of the tables, as `vid3d tables` leaves it."""
    table = "results/reports/small/tables/table1.csv"
    made = {
        "command": "tables",
        "options": {},
        "vid3d": "0.1.0",
        "commit": commit,
        "machine": "A Chip, Linux on x86_64",
    }
    made |= {"ended": "2026-11-30T10:00:00Z", "seconds": 1.0, "reads": {}, "writes": {table: "0" * 64}}
    path = root / "results/records/reports/small/tables/table1.csv.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(made))


def test_a_shared_link_has_a_description(shared):
    told = {a.get("name") or a.get("property"): a.get("content", "") for a in shared.page.all("meta")}
    assert "reproducibility study" in told["description"]
    assert told["og:description"] == told["description"]
    assert told["og:title"]


def test_the_page_says_when_where_and_by_which_commit_its_numbers_were_made(shared, copied):
    assert provenance.origin("small", shared.root) is None
    assert "Numbers of" not in shared.words
    commit = "ab" * 20
    record(copied, commit)
    assert provenance.origin("small", copied) == provenance.Origin("2026-11-30", commit, "A Chip, Linux on x86_64")
    words = write(copied, shared.study).words
    for said in (f"git checkout {commit}", "Numbers of 2026-11-30", "A Chip", f"commit {commit[:12]}", "To cite:"):
        assert said in words


def test_a_commit_that_says_only_half_is_not_checked_out(shared, copied):
    record(copied, "ab" * 20 + "-dirty")
    words = write(copied, shared.study).words
    assert "git checkout" not in words
    assert f"differed from commit {'ab' * 20} ," in words or f"differed from commit {'ab' * 20}," in words
