import base64
import io
import itertools
import json
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import synthetic_study as synthetic
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image

from vid3d import figures
from vid3d.claims.published import load_published
from vid3d.errors import InputError
from vid3d.external import scoring
from vid3d.figures import crop, films, sheet
from vid3d.figures.source import fitted, moments
from vid3d.measures import protocol_tables, protocols
from vid3d.study import figure_list, layout

IMAGES = [f"photo-{number:02d}" for number in range(6)]
OURS = synthetic.RUN | {
    "title": "Ours",
    "benchmark": "animate124",
    "images": IMAGES,
    "motion_scores": [120, 160],
    "seed": {"backend": "relief", "size": 16, "frames": 3},
    "views": {"backend": "relief", "size": 16},
}
BASE = {"extends": "ours", "motion_scores": [120], "view_counts": [18]}
RUNS = {
    "ours": OURS,
    "again": BASE | {"title": "Ours, longer fits", "splat": {"iterations": 3}},
    "still": BASE | {"title": "Control", "render": {"backend": "static", "size": 16}},
}
ONE = synthetic.RUN | {"motion_scores": [120], "view_counts": [18], "images": ["frog"]}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("figures")


@pytest.fixture(scope="module")
def study(root):
    """Two runs of six images, a control, and another method that has renders of the third image."""
    made = synthetic.build(root, RUNS, external=["theirs"])
    for camera, grey in ((0, 40), (4, 80)):
        for frame in range(4):
            path = root / f"benchmark/external/theirs/photo-02/camera-0{camera}/frame-0{frame}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (32, 16), (grey + frame,) * 3).save(path)
    return made


@pytest.fixture(scope="module")
def scored(study, root):
    """The file of the other method's scores, as `vid3d score-external` writes it."""
    path = root / layout.EXTERNAL_SCORES.format(method="theirs", run="ours")
    rows = [{"image": "photo-02", "frame": f, "camera": c} for f, c in itertools.product(range(4), (0, 4))]
    synthetic.write_csv(path, [row | dict.fromkeys(protocols.COSINES, 0.5) for row in rows])
    extent = scoring.Extent(frames=4, cameras=(0, 4))
    covered = scoring.Scored(method="theirs", images={"photo-02": extent}, of=24)
    sidecar = {"item": covered.model_dump(), "spec": study.runs["ours"].score.model_dump()}
    path.with_suffix(".json").write_text(json.dumps(sidecar), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def entries(study, root, scored):
    """All figures, written once."""
    written = figures.write(study, "small", root, [scored])
    assert written == [root / path for path in layout.figures(study, "small")]
    return {entry.name: entry for entry in figures.listing("small", root)}


@pytest.fixture(scope="module")
def source(study, root, scored):
    return figures.Source(study, "small", root, tuple(scoring.collect(study, [scored], root)))


@pytest.fixture(scope="module")
def drawn(source):
    """All figures as matplotlib has them."""
    with style.context(source.root / figures.STYLE):
        return {name: draw(source) for name, draw in figures.DRAW.items()}


def pictures(figure):
    """The pictures on a sheet in drawing order, without those that are plots."""
    return [np.asarray(image.get_array()) for image in figure.axes[0].images]


def greys(figure):
    """Grey level of each picture of one grey; references are red."""
    flat = [image.reshape(-1, 3) for image in pictures(figure)]
    return [int(pixels[0, 0]) for pixels in flat if np.ptp(pixels) == 0]


# --- all of them -----------------------------------------------------------------------------------------------------


def test_every_figure_is_there_in_three_formats(entries, root):
    folder = root / layout.REPORT.format(report="small")
    assert list(entries) == list(figure_list.NAMES) == list(figures.DRAW)
    for entry in entries.values():
        assert not entry.absent
        assert entry.title
        assert entry.alt
        assert entry.caption.endswith("Synthetic.")
        assert "{" not in entry.caption + entry.alt + entry.title
        assert ElementTree.parse(folder / entry.files["svg"]).getroot().tag.endswith("svg")
        pdf = (folder / entry.files["pdf"]).read_bytes()
        assert pdf.startswith(b"%PDF")
        assert b"/FontFile2" in pdf  # embedded TrueType
        webp = folder / entry.files["webp"]
        assert webp.stat().st_size <= sheet.WEBP_BYTES
        with Image.open(webp) as image:
            assert (image.format, image.size) == ("WEBP", (entry.width, entry.height))


def test_pictures_are_smooth_and_words_are_words(entries, root):
    """Small pictures are enlarged before they are embedded: viewers of vector files show whole pixels."""
    svg = (root / layout.REPORT.format(report="small") / entries["figure2"].files["svg"]).read_text(encoding="utf-8")
    found = [Image.open(io.BytesIO(base64.b64decode(t))) for t in re.findall(r"data:image/png;base64,([^\"]+)", svg)]
    side = films.Grid(sheet.COLUMN, 0.42, 3).side  # inches
    assert {image.size for image in found} == {(round(side * sheet.SMOOTH),) * 2}  # renders of 16 pixels
    words = [text.text for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert {"reference", "frame 0", "run ours · synthetic"} <= set(words)


def test_plots_have_a_picture_for_pages_read_in_the_dark(entries, root):
    folder = root / layout.REPORT.format(report="small")
    dark = {name for name, entry in entries.items() if "dark" in entry.files}
    assert dark == set(figure_list.PLOTS)
    for name in dark:
        pictures = [Image.open(folder / entries[name].files[kind]).convert("L") for kind in ("dark", "webp")]
        assert pictures[0].size == pictures[1].size
        corners = [picture.getpixel((2, 2)) for picture in pictures]
        assert corners[0] < 40 < 240 < corners[1]


def test_numbers_are_the_papers(entries):
    assert [entry.number for entry in entries.values()] == [*range(1, 11), None, None]


def test_pictures_in_svg_are_lossless(entries, root):
    svg = (root / layout.REPORT.format(report="small") / entries["figure4"].files["svg"]).read_text(encoding="utf-8")
    found = [base64.b64decode(text) for text in re.findall(r"data:image/png;base64,([^\"]+)", svg)]
    levels = [int(np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))[0, 0, 0]) for data in found]
    assert levels[1:] == [0, 1, 2] * 2 + [0] * 2  # after the reference; then the details


@pytest.mark.parametrize("name", figure_list.NAMES)
def test_text_is_legible_on_the_sheet_and_apart_from_other_text(drawn, name, monkeypatch):
    figure, texts = drawn[name].figure, []
    draw = Text.draw
    monkeypatch.setattr(Text, "draw", lambda self, renderer: (texts.append(self), draw(self, renderer)))
    assert figure.get_figwidth() in (sheet.COLUMN, sheet.PAGE)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    texts = [text for text in texts if text.get_text().strip() and text.get_visible()]
    assert texts  # what was drawn: ticks beyond an axis are not
    boxes = [text.get_window_extent(renderer) for text in texts]
    page = figure.bbox
    for text, box in zip(texts, boxes, strict=True):
        assert text.get_fontsize() >= 6.5, text.get_text()
        assert page.x0 <= box.x0 < box.x1 <= page.x1, text.get_text()
        assert page.y0 <= box.y0 < box.y1 <= page.y1, text.get_text()
    for (one, a), (other, b) in itertools.combinations(zip(texts, boxes, strict=True), 2):
        across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across < 1 or down < 1, (one.get_text(), other.get_text())


@pytest.mark.parametrize("name", ["figure1", "heatmap"])
def test_files_are_the_same_each_time(entries, source, root, tmp_path, name):
    again = {suffix: tmp_path / f"again.{suffix}" for suffix in layout.FIGURE_FORMATS}
    with style.context(root / figures.STYLE):
        sheet.save(figures.DRAW[name](source).figure, entries[name].title, **again)
    folder = root / layout.REPORT.format(report="small")
    for suffix, path in again.items():
        assert path.read_bytes() == (folder / entries[name].files[suffix]).read_bytes(), suffix


# --- each of them ----------------------------------------------------------------------------------------------------


def test_figure1_shows_every_stage_at_three_moments(drawn):
    levels = greys(drawn["figure1"].figure)
    for frame in range(3):
        views = [10 * view + frame for view in (0, 3, 6, 9, 12, 15)]
        renders = [20 * camera + frame for camera in (0, 3, 7)]
        assert levels[10 * frame : 10 * frame + 10] == [200 + frame, *views, *renders]
    splats = [image for image in pictures(drawn["figure1"].figure) if np.ptp(image[..., 1]) > 0 and image.min() < 20]
    assert len(splats) == 3
    assert all((image[0, 0] == 255).all() for image in splats)


def test_figure2_shows_two_images_at_two_cameras_over_time(drawn):
    front, side = [0, 1, 2], [60, 61, 62]  # grey level: 20 times the camera plus the frame
    assert greys(drawn["figure2"].figure) == [*front, *side, *front, *side]
    assert drawn["figure2"].words["images"] == "“photo-00” and “photo-01”"


def test_figures3_and_4_have_a_row_for_each_value(drawn, entries):
    assert greys(drawn["figure3"].figure) == [100, 101, 102] * 3 + [100] * 3  # below the rows a detail of each
    assert greys(drawn["figure4"].figure) == [0, 1, 2] * 2 + [0] * 2
    assert "3, 9 and 18 views" in entries["figure3"].caption
    assert "motion 120 and 160" in entries["figure4"].caption


def test_rows_come_from_their_own_conditions(source, monkeypatch):
    asked = []
    render = figures.Source.render

    def noted(self, clip, frame, camera, size):
        asked.append((clip.motion, clip.views))
        return render(self, clip, frame, camera, size)

    monkeypatch.setattr(figures.Source, "render", noted)
    figures.DRAW["figure3"](source)
    figures.DRAW["figure4"](source)
    assert list(dict.fromkeys(asked)) == [(120, 3), (120, 9), (120, 18), (160, 18)]


def test_figure5_has_the_image_of_most_methods_and_all_of_them(drawn, entries):
    """Ours from the front and the back, twice; the other method by its own cameras, its 4 frames spread over 4."""
    ours = [0, 1, 1, 2]  # 3 frames at 4 moments
    levels = greys(drawn["figure5"].figure)
    assert entries["figure5"].title == "Comparison: photo-02"
    assert levels[:8] == [*ours, *(100 + grey for grey in ours)]
    assert levels[8:16] == levels[:8]
    theirs = pictures(drawn["figure5"].figure)[-8:]
    middle = [int(image[len(image) // 2, len(image) // 2, 0]) for image in theirs]
    assert middle == [40, 41, 42, 43, 80, 81, 82, 83]
    for words in ("“Ours”", "“Ours, longer fits”", "“theirs”", "its camera 4", "clips of 3 and 4 frames"):
        assert words in entries["figure5"].caption
    assert "Control" not in entries["figure5"].caption


def test_comparisons_go_on_with_the_other_images_and_figure9_with_the_rest(entries, drawn):
    titles = [entries[f"figure{number}"].title for number in (6, 7, 8)]
    assert titles == ["Comparison: photo-00", "Comparison: photo-01", "Comparison: photo-03"]
    assert "“photo-04” and “photo-05”, all 2 of the remaining images" in entries["figure9"].caption
    assert greys(drawn["figure9"].figure) == [0, 1, 2, 60, 61, 62] * 2


def test_figure10_shows_what_measures_call_the_worst(drawn, study, entries):
    clips = [layout.Condition("ours", image, 120, 18) for image in IMAGES]
    by_score = sorted(clips, key=lambda clip: synthetic.source_cosine(clip, 0, 0))
    worst = max(clips, key=lambda clip: synthetic.indicator("janus", clip)).image
    caption = entries["figure10"].caption
    assert f"lowest CLIP-I (“{by_score[0].image}”), next lowest (“{by_score[1].image}”)" in caption
    for words in ("most flicker", "most mass between views", "strongest Janus"):
        assert f"{words} (“{worst}”)" in caption
    last = [180, 181, 182]  # CLIP-I falls with the camera's number
    around = [10 * view + 1 for view in (0, 3, 6, 9, 12, 15)]  # generated views of frame 1
    assert greys(drawn["figure10"].figure) == [*last, *last, 0, 1, 2, *around, *around]
    assert "None beyond the truth or the other images: most change of what stands still." in caption


def test_heat_maps_hold_the_scores(drawn, source):
    figure = drawn["heatmap"].figure
    cells = [np.asarray(axes.images[0].get_array())[::8, ::8] for axes in figure.axes[1:-2]]  # the last two are scales
    clips = [layout.Condition("ours", image, 120, 18) for image in IMAGES]
    expected = [
        np.array([[synthetic.source_cosine(clip, frame, camera) for camera in range(10)] for frame in range(3)])
        for clip in clips
    ]
    np.testing.assert_allclose(cells[0], np.mean(expected, axis=0))
    for cell, table in zip(cells[1:7], expected, strict=True):
        np.testing.assert_allclose(cell, table)
    assert len(cells) == 2 * 7  # two runs
    assert drawn["heatmap"].words["best"].startswith("0°")
    assert drawn["heatmap"].words["worst"].startswith("324°")


def test_trends_keep_the_papers_marks_on_axes_of_their_own(drawn, root, source):
    axes = drawn["trends"].figure.axes[1:]
    assert len(axes) == 4
    tables = load_published(root).tables
    for plot, number in ((axes[0], 2), (axes[1], 3)):
        (marks,) = plot.lines
        assert sorted(marks.get_ydata()) == sorted(row.value for row in tables[number].rows)
    scores = protocol_tables.per_image(source.scores, ["run", "image", "motion", "views"])
    scores = scores[(scores["run"] == "ours") & (scores["motion"] == 120)]
    means = scores.groupby("views")["self_reference"].mean()
    *images, mean = axes[2].lines
    assert len(images) == len(IMAGES)
    np.testing.assert_allclose(mean.get_ydata(), means[[3, 9, 18]])
    assert [label.get_text() for label in axes[2].get_xticklabels()] == ["3", "9", "18"]
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["3", "9", "18"]
    change = f"{means[18] - means[3]:+.4f} from 3 to 18 views"
    assert change in drawn["trends"].words["changes"]


# --- what a report cannot have ---------------------------------------------------------------------------------------


def test_a_report_of_one_image_and_one_condition_leaves_out_what_it_cannot_have(tmp_path):
    study = synthetic.build(tmp_path, {"one": ONE})
    stale = tmp_path / layout.FIGURE.format(report="small", name="figure9", suffix="svg")
    stale.parent.mkdir(parents=True)
    stale.write_text("from an earlier report", encoding="utf-8")
    written = figures.write(study, "small", tmp_path)
    entries = {entry.name: entry for entry in figures.listing("small", tmp_path)}
    assert [name for name, entry in entries.items() if not entry.absent] == ["figure1", "figure2", "heatmap"]
    assert entries["figure3"].absent == "no run of this report varies the number of views"
    assert entries["figure4"].absent == "no run of this report varies the motion score"
    assert "one image and one method" in entries["figure5"].absent
    assert entries["figure5"].title == "Comparison"
    assert "one image only" in entries["figure10"].absent
    assert all(entry.absent == "" or not entry.files for entry in entries.values())
    assert sorted(path.name for path in stale.parent.iterdir()) == sorted(path.name for path in written)


def chosen(runs, **settings):
    """The names of the figures that a report of these runs has, and the reasons for the others."""
    study = synthetic.parse_study(
        {
            "runs": runs,
            "reports": {"small": {"title": "A small report", "runs": list(runs)}},
            "report": "small",
            **settings,
        },
        synthetic.REPOSITORY,
    )
    return figure_list.shown(study, "small"), figure_list.absent(study, "small")


def test_controls_are_not_shown():
    control = OURS | {"render": {"backend": "static", "size": 16}, "images": ["fish"]}
    names, reasons = chosen({"still": control})
    assert names == []
    assert set(reasons.values()) == {"no run of this report draws splats of an image"}


def test_random_weights_have_pictures_and_no_scores():
    names, reasons = chosen({"ours": OURS | {"images": ["fish"], "plumbing": True}})
    assert names == ["figure1", "figure2", "figure3", "figure4"]
    assert all("random weights" in reasons[name] for name in ("figure10", "heatmap", "trends"))


def test_another_method_is_something_to_compare_with():
    one = OURS | {"images": ["fish"], "motion_scores": [120], "view_counts": [18]}
    assert "figure5" not in chosen({"ours": one})[0]
    assert "figure5" in chosen({"ours": one}, external=["vid3d-authors"])[0]


def test_replicates_are_no_methods():
    replicate = {"title": "Again", "extends": "ours", "replicate": True, "splat": {"seed": 5}}
    study = synthetic.parse_study(
        {
            "runs": {"ours": OURS | {"images": ["fish"]}, "second": replicate},
            "reports": {"small": {"title": "A small report", "runs": ["ours", "second"]}},
            "report": "small",
        },
        synthetic.REPOSITORY,
    )
    assert list(figure_list.drawn(study, "small")) == ["ours"]


def test_runs_that_draw_the_same_by_construction_are_shown_once():
    """True views are those of the true motion, whatever the seed shows; a relief is of what it shows."""

    def study_of(first):
        longer_seed = {"title": "Seed of four frames", "extends": "first", "frames": 3, "seed": {"frames": 4}}
        runs = {
            "first": first,
            "again": longer_seed,
            "shorter": {"title": "One frame less", "extends": "first", "frames": 2},
            "longer": {"title": "Longer fits", "extends": "first", "splat": {"iterations": 3}},
        }
        reports = {"small": {"title": "A small report", "runs": list(runs)}}
        return synthetic.parse_study({"runs": runs, "reports": reports, "report": "small"}, synthetic.REPOSITORY)

    true = study_of(synthetic.RUN | {"images": ["fish-teal"]})
    assert list(figure_list.drawn(true, "small")) == ["first", "shorter", "longer"]
    assert figure_list.same(true, "small") == {"again": "first"}
    assert figure_list.same(study_of(OURS | {"images": ["fish"]}), "small") == {}


def test_scores_are_means_over_replicates_as_in_the_tables(tmp_path):
    again = {"title": "Again", "extends": "ours", "replicate": True, "splat": {"seed": 5}}
    study = synthetic.build(tmp_path, {"ours": synthetic.RUN | {"images": ["frog"]}, "again": again})
    clip = layout.Condition("again", "frog", 120, 9)
    path = tmp_path / clip.path(layout.SCORES, study)
    table = pd.read_csv(path)
    table.assign(source_reference=table["source_reference"] - 0.02).to_csv(path, index=False)
    source = figures.Source(study, "small", tmp_path)
    keys = {"image": "frog", "motion": 120, "views": 9, "frame": 2, "camera": 3}
    (row,) = source.mean_scores[(source.mean_scores[list(keys)] == keys).all(axis=1)].itertuples()
    assert row.source_reference == pytest.approx(synthetic.source_cosine(clip, 2, 3) - 0.01, abs=1e-8)
    assert row.run == "ours"
    assert source.titled(["ours"]) == f"“{synthetic.RUN['title']}” (mean of 2 replicates)"


# --- pieces ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [1, 2, 6, 8, 25])
def test_moments_hold_first_and_last_frame(frames):
    found = moments(frames, 6)
    assert (found[0], found[-1], len(found)) == (0, frames - 1, min(6, frames))
    assert list(found) == sorted(set(found))


def test_tiles_are_on_white_and_never_larger_than_asked(tmp_path):
    red = Image.new("RGBA", (400, 400), (255, 0, 0, 0))
    red.save(tmp_path / "clear.png")
    tile = figures.tile(tmp_path / "clear.png", 0, 1, 100)
    assert tile.shape == (100, 100, 3)
    assert (tile == 255).all()
    assert figures.tile(tmp_path / "clear.png", 0, 1, 500).shape == (400, 400, 3)


def test_the_square_around_an_object_holds_all_of_it_in_every_picture():
    small, large = np.full((20, 20, 3), 255, np.uint8), np.full((100, 100, 3), 255, np.uint8)
    small[4:8, 6:8] = 0  # of the picture's height 20 to 40 %, across 30 to 40 %
    large[30:50, 40:60] = 100
    square = crop.around([small, large])
    assert square.side == pytest.approx(0.3 + 2 * 0.03)
    for picture in (small, large):
        part = square.of(picture)
        assert part.shape[0] == part.shape[1] == round(square.side * len(picture))
        assert (part < 235).sum() == (picture < 235).sum()
    assert crop.around([np.full((8, 8, 3), 255, np.uint8)]) == crop.Square()
    large[[0, -1]] = 0  # from edge to edge
    assert crop.around([large]) == crop.Square()


def test_pictures_of_other_shapes_stand_in_a_white_square():
    square = fitted(np.zeros((20, 40, 3), np.uint8), 100)
    assert square.shape == (40, 40, 3)
    assert (square[:10] == 255).all()
    assert (square[10:30] == 0).all()


def test_lines_are_as_few_as_they_can_be_and_of_about_one_length():
    lines = sheet.wrapped("one two three four five six seven eight nine ten", 1.6)
    assert " ".join(lines) == "one two three four five six seven eight nine ten"
    assert len(lines) == 2
    assert abs(len(lines[0]) - len(lines[1])) <= 6


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spoil", ["missing", "corrupt", "shape"])
def test_a_bad_filmstrip_is_named(tmp_path, spoil):
    study = synthetic.build(tmp_path, {"one": ONE})
    path = tmp_path / layout.Condition("one", "frog", 120, 18).path(layout.RENDERS, study, frame="01")
    if spoil == "missing":
        path.unlink()
    elif spoil == "corrupt":
        path.write_bytes(b"no image")
    else:
        Image.new("RGB", (90, 10)).save(path)
    with pytest.raises(InputError, match=re.escape(str(path))):
        figures.DRAW["figure2"](figures.Source(study, "small", tmp_path))


def test_a_caption_with_an_unknown_word_is_named(drawn):
    texts = {"title": "T", "caption": "About {nothing}.", "alt": "A"}
    with pytest.raises(InputError, match=r"captions.yaml: figure2: 'nothing'"):
        figures.describe("figure2", 2, texts, drawn["figure2"])


def test_a_list_that_is_not_complete_is_refused(tmp_path):
    path = tmp_path / layout.FIGURE_LIST.format(report="small")
    path.parent.mkdir(parents=True)
    entry = {"name": "figure1", "number": 1, "title": "T", "files": {"svg": "figures/figure1.svg"}}
    path.write_text(json.dumps([entry]), encoding="utf-8")
    with pytest.raises(InputError, match=r"figures/figure1.svg: missing"):
        figures.listing("small", tmp_path)
    path.write_text('[{"name": "figure1"}]', encoding="utf-8")
    with pytest.raises(InputError, match=r"figures.json: "):
        figures.listing("small", tmp_path)
