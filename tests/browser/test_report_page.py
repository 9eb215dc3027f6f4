"""The whole report in a real browser, from a file:// page: every test also fails on a console error or a request."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from moving_report import TRUE_IMAGES, synthetic, write_report
from playwright.sync_api import Page, expect
from viewing import DRAWN, MOUNT, middle, picture

from vid3d.study import layout

STILL = {"reduced_motion": "reduce", "viewport": {"width": 1200, "height": 800}}


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a synthetic study whose splats and videos move, in a folder that was moved away from its results."""
    runs = {"truth": synthetic.RUN, "images": TRUE_IMAGES}
    return write_report(tmp_path_factory.mktemp("report"), runs, ("frog", "bird"))


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
      .filter((name) => !name.startsWith("clip=") && !document.getElementById(name))""")
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
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function("() => document.querySelector('#trends img').currentSrc.endsWith('/trends.webp')")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_function("(file) => document.querySelector('#trends img').currentSrc.endsWith(file)", arg=f"/{file}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
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
    expect(page.locator("video[controls]")).to_have_count(2 + 4)  # on the first screen, and of fixed cameras
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
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
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


def test_a_link_to_a_view_opens_that_view(open_page, report_file):
    page = open_page(report_file, **STILL)
    page.get_by_role("button", name="18 and 9 views").click()
    page.evaluate(MOUNT)
    page.evaluate("viewer.setCamera(72, 10, 1.5); viewer.setTime(2)")
    page.evaluate(DRAWN)
    page.get_by_role("link", name="Link to this view").click()
    address = page.evaluate("location.hash")
    other = open_page(report_file, **STILL)
    other.evaluate("(hash) => { location.hash = hash; }", address)
    other.evaluate(MOUNT)
    other.wait_for_function("() => viewer.time === 2")
    assert other.evaluate("viewer.shown.map((clip) => clip.label)") == ["18 views, motion 120", "9 views, motion 120"]
    assert other.evaluate("viewer.camera") == {"azimuth": 72, "elevation": 10, "radius": 1.5}
    assert shown(other) == shown(page)
    expect(other.locator(".viewer")).to_be_in_viewport()
    page.get_by_role("button", name="Splats as points").click()
    expect(page.get_by_role("link", name="Link to this view")).to_have_attribute("href", f"{address}&points=1")
    other.evaluate("(hash) => { location.hash = hash; }", f"{address}&points=1")
    other.wait_for_function("() => viewer.points")
    page.evaluate(DRAWN)
    other.evaluate(DRAWN)
    assert shown(other) == shown(page)
    other.evaluate("(hash) => { location.hash = hash; }", address)
    other.wait_for_function("() => !viewer.points")


def test_an_address_that_names_no_clip_does_nothing(open_page, report_file):
    page = open_page(report_file, **STILL)
    page.evaluate("location.hash = '#clip=nothing&frame=1'")
    page.evaluate(DRAWN)
    expect(page.get_by_role("button", name="Turn and play")).to_have_count(1)


def test_images_are_sorted_and_open_their_clips(open_page, report_file):
    page = open_page(report_file, **STILL)
    rows = page.locator(".by-image tbody tr")
    expect(rows).to_have_count(2)
    values = "[...document.querySelectorAll('.by-image tbody tr')].map((row) => Number(row.cells[1].textContent))"
    page.get_by_role("button", name="source reference").click()
    upwards = page.evaluate(values)
    assert upwards == sorted(upwards)
    assert len(set(upwards)) == 2
    page.get_by_role("button", name="source reference").click()
    assert page.evaluate(values) == upwards[::-1]
    head = page.locator(".by-image").get_by_role("columnheader", name="source reference")
    expect(head).to_have_attribute("aria-sort", "descending")
    rows.get_by_role("link", name="frog").click()
    page.evaluate(MOUNT)
    page.wait_for_function("() => viewer.shown[0].subject === 'frog'")


def test_a_cell_of_a_map_opens_its_camera_and_frame(open_page, report_file):
    """Its score stands beside the clip then, and is that of the study."""
    page = open_page(report_file, **STILL)
    canvas = page.locator(".by-image tr", has_text="frog").locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.5})  # camera 7 of 10, frame 1 of 3
    page.evaluate(MOUNT)
    page.wait_for_function("() => viewer.time === 1")
    assert page.evaluate("viewer.camera") == {"azimuth": 252, "elevation": 0, "radius": 2}
    score = synthetic.source_cosine(layout.Condition("truth", "frog", 120, 18), 1, 7)
    expect(page.locator(".viewer-here")).to_have_text(f"CLIP-I of this picture {score:.3f}")
    expect(page.locator(".viewer-captions")).to_contain_text("fitted at 16 px")


def test_the_reference_and_the_true_images_stand_beside_a_clip(page):
    page.get_by_label("Beside it").select_option("the true images, motion 120")
    page.evaluate("viewer.setCamera(110, 0)")
    expect(page.locator(".viewer-here").nth(1)).to_have_text("nearest of 10 fixed cameras: 108°")
    page.evaluate(DRAWN)
    seen = page.locator(".viewer-sheet").screenshot()
    page.get_by_role("slider", name="Time").fill("1")
    page.evaluate("viewer.setCamera(200, 0)")
    page.evaluate(DRAWN)
    assert page.locator(".viewer-sheet").screenshot() != seen
    page.get_by_label("Beside it").select_option("the reference image")
    expect(page.locator(".viewer").get_by_role("img", name="the reference image")).to_be_visible()


def test_the_viewer_fills_the_screen_and_leaves_it(page):
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("() => document.fullscreenElement !== null")
    expect(page.get_by_role("slider", name="Time")).to_be_in_viewport()
    page.get_by_role("button", name="Leave full screen").click()
    page.wait_for_function("() => document.fullscreenElement === null")
