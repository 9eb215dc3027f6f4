"""The whole report in a real browser, from a file:// page: every test also fails on a console error or a request."""

import shutil
import sys
from pathlib import Path

import demo
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from viewing import DRAWN, MOUNT, middle, picture

from vid3d import report
from vid3d.files import Provenance, save_splats, save_video
from vid3d.report import viewer
from vid3d.study import layout

sys.path.append(str(demo.ROOT / "tests" / "unit"))

import synthetic_report
import synthetic_study as synthetic

STILL = {"reduced_motion": "reduce", "viewport": {"width": 1200, "height": 800}}


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a synthetic study whose splats and videos move, in a folder that was moved away from its results."""
    root = tmp_path_factory.mktemp("report")
    study = synthetic_report.build(root, {"truth": synthetic.RUN}, images=["frog"])
    for clip in layout.conditions(study, "truth"):
        for frame in layout.frames(study.runs["truth"]):
            splats = demo.waver(int(frame) / 3, clip.motion / 100, 20 * clip.views)
            save_splats(root / clip.path(layout.SPLATS, study, frame=frame), splats, Provenance("test", "{}"))
        for camera in layout.cameras():
            film = np.full((3, 16, 16, 3), 200, np.uint8)
            save_video(root / clip.path(layout.VIDEO, study, camera=camera), film)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(viewer, "TURNTABLE", 32)
        patch.setattr(viewer, "TURNTABLE_IMAGES", 4)
        report.write(study, "small", root)
    moved = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(root / layout.REPORT.format(report="small"), moved / "small")
    return moved / "small" / "index.html"


@pytest.fixture
def page(open_page, report_file) -> Page:
    """The report with its first viewer made and standing still."""
    page = open_page(report_file, **STILL)
    page.evaluate(MOUNT)
    return page


def shown(page: Page, pane: int = 0) -> bytes:
    """What a pane shows once it is drawn."""
    page.evaluate(DRAWN)
    return picture(page, pane).tobytes()


# --- the page --------------------------------------------------------------------------------------------------------


def test_every_image_and_video_loads(open_page, report_file):
    page = open_page(report_file, **STILL)
    page.evaluate("document.querySelectorAll('img').forEach((image) => { image.loading = 'eager'; })")
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    broken = page.evaluate("[...document.images].filter((image) => !image.naturalWidth).map((image) => image.src)")
    assert broken == []
    assert page.locator("img").count() > 5
    page.evaluate("document.querySelectorAll('video').forEach((video) => { video.preload = 'auto'; video.load(); })")
    page.wait_for_function("() => [...document.querySelectorAll('video')].every((video) => video.readyState >= 2)")


def test_before_it_is_touched_the_page_loads_little(open_page, report_file):
    page = open_page(report_file, **STILL)
    names = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not [name for name in names if "frame-" in name or name.endswith(".mp4")]
    files = [report_file, *(Path(name.removeprefix("file://")) for name in names if name.startswith("file:"))]
    assert sum(path.stat().st_size for path in files) < 1.5e6


def test_anchors_lead_somewhere(open_page, report_file):
    page = open_page(report_file, **STILL)
    lost = page.evaluate("""[...document.querySelectorAll("a[href^='#']")].map((a) => a.hash.slice(1))
      .filter((name) => !document.getElementById(name))""")
    assert lost == []
    page.get_by_role("link", name="Provenance").click()
    page.wait_for_function("() => document.getElementById('provenance').getBoundingClientRect().top < innerHeight / 2")


def test_a_link_into_closed_details_opens_them(open_page, report_file):
    page = open_page(report_file, **STILL)
    page.get_by_role("link", name="conformance").click()
    expect(page.get_by_role("region", name="Conformance")).to_be_visible()


@pytest.mark.parametrize("width", [360, 390, 800, 1024, 1440])
def test_nothing_is_wider_than_the_screen(open_page, report_file, width):
    page = open_page(report_file, **STILL | {"viewport": {"width": width, "height": 800}})
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_no_table_or_figure_is_cut(open_page, report_file):
    page = open_page(report_file, **STILL | {"viewport": {"width": 390, "height": 844}})
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    assert page.locator("table").count() > 10
    cut = page.evaluate("""[...document.querySelectorAll(".scroll, .sheet, pre")]
      .filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.outerHTML.slice(0, 200))""")
    assert cut == []
    published = page.locator("[aria-labelledby=table2] td").first
    expect(published).to_have_text("0.8532")
    box = published.bounding_box()
    assert 0 < box["x"] < box["x"] + box["width"] <= 390


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_the_list_of_sections_stays_and_marks_the_one_that_is_read(open_page, report_file, width):
    page = open_page(report_file, **STILL | {"viewport": {"width": width, "height": 844}})
    for name in ("deviations", "tables"):
        page.evaluate("(name) => document.getElementById(name).scrollIntoView()", name)
        current = page.locator("nav a[aria-current]")
        expect(current).to_have_attribute("href", f"#{name}")
        expect(current).to_be_in_viewport()


@pytest.mark.parametrize(("scheme", "file"), [("light", "trends.webp"), ("dark", "trends-dark.webp")])
def test_plots_are_dark_where_the_page_is(open_page, report_file, scheme, file):
    page = open_page(report_file, **STILL, color_scheme=scheme)
    page.locator("#trends img").scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('#trends img').currentSrc !== ''")
    assert page.evaluate("document.querySelector('#trends img').currentSrc").endswith(f"/{file}")
    page.emulate_media(media="print")
    page.wait_for_function("() => document.querySelector('#trends img').currentSrc.endsWith('/trends.webp')")


def test_no_serious_fault_for_readers_who_do_not_see_or_use_no_mouse(open_page, report_file, scheme):
    """axe-core's opinion of the whole page, everything unfolded, two pictures in the viewer."""
    page = open_page(report_file, **STILL, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    page.get_by_role("button", name="18 and 3 views").click()
    page.evaluate(MOUNT)
    checked = Axe().run(page, options={"preload": False}).response  # preloading would read files, which pages may not
    assert len(checked["passes"]) > 20
    serious = [fault for fault in checked["violations"] if fault["impact"] in ("serious", "critical")]
    assert [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in serious] == []


def test_the_page_reads_without_scripts(open_page, report_file):
    page = open_page(report_file, **STILL, java_script_enabled=False)
    expect(page.get_by_role("heading", name="Summary")).to_be_visible()
    expect(page.locator(".viewer-stage img")).to_be_visible()
    expect(page.locator("video[controls]")).to_have_count(2)
    expect(page.locator(".pairs")).to_be_hidden()  # buttons that would do nothing


# --- clips to turn ---------------------------------------------------------------------------------------------------


def test_scrubbing_changes_the_picture_and_back_is_identical(page):
    slider = page.get_by_role("slider", name="Time")
    first = shown(page)
    slider.fill("2")
    assert shown(page) != first
    slider.fill("0")
    assert shown(page) == first


def test_dragging_and_the_wheel_change_the_picture(page):
    first = shown(page)
    x, y = middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=2)
    page.mouse.up()
    turned = shown(page)
    assert turned != first
    page.mouse.wheel(0, -200)
    page.wait_for_function("() => viewer.camera.radius < 2")
    assert shown(page) != turned


@pytest.mark.parametrize(
    ("button", "captions"),
    [
        ("18 and 3 views", ["18 views, motion 120", "3 views, motion 120"]),
        ("motion 120 and 160", ["18 views, motion 120", "18 views, motion 160"]),
    ],
)
def test_conditions_side_by_side_stay_linked(open_page, report_file, button, captions):
    page = open_page(report_file, **STILL)
    page.get_by_role("button", name=button).click()
    page.evaluate(MOUNT)
    expect(page.locator(".viewer-captions b")).to_have_text(captions)
    before = [shown(page, pane) for pane in (0, 1)]
    x, y = middle(page, 1)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 40, y, steps=2)
    page.mouse.up()
    turned = [shown(page, pane) for pane in (0, 1)]
    page.get_by_role("slider", name="Time").fill("1")
    later = [shown(page, pane) for pane in (0, 1)]
    for pane in (0, 1):
        assert len({before[pane], turned[pane], later[pane]}) == 3
    assert before[0] != before[1]
    expect(page.get_by_role("link", name="Turntable (mp4)")).to_have_count(2)
