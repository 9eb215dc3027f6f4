"""The 4D viewer in a real browser, from a file:// page: every test also fails on a console error or a request."""

import shutil
from itertools import pairwise
from pathlib import Path

import demo
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect
from viewing import DRAWN, MOUNT, camera, middle, picture

from vid3d.cameras import FIELD_OF_VIEW, look_at_origin
from vid3d.report import spz
from vid3d.report.viewer import FIRST_AZIMUTH, FIRST_ELEVATION, POSTER, low_pass
from vid3d.scene import Cameras
from vid3d.splatting.native import Rasterisation
from vid3d.splatting.rasteriser import render

STILL = {"reduced_motion": "reduce"}


@pytest.fixture
def page(open_page, page_file) -> Page:
    """The demonstration page with its first viewer made and standing still."""
    page = open_page(page_file, **STILL)
    page.evaluate(MOUNT)
    return page


def seen(page: Page, pane: int = 0) -> bytes:
    """What stands on the screen, as a PNG."""
    page.evaluate(DRAWN)
    return page.locator(".viewer-picture").nth(pane).screenshot()


def psnr(image: np.ndarray, other: np.ndarray) -> float:
    """dB, of images in [0, 1]."""
    return float(-10 * np.log10(np.mean((image - other) ** 2)))


# --- the poster ------------------------------------------------------------------------------------------------------


def test_before_a_click_there_is_a_poster_and_no_frame_is_loaded(open_page, page_file):
    page = open_page(page_file)
    loaded = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not [name for name in loaded if "frame-" in name]
    assert page.locator("canvas").count() == 0
    assert page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    expect(page.get_by_role("button", name="Turn and play")).to_have_count(2)


def test_the_keyboard_starts_it_and_it_plays(open_page, page_file):
    page = open_page(page_file)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Turn and play").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("application")).to_be_focused()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.evaluate(MOUNT)
    page.wait_for_function("() => viewer.time === viewer.frames - 1")
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert not page.evaluate("viewer.playing")


def test_nothing_moves_by_itself_where_less_motion_is_asked_for(page):
    assert not page.evaluate("viewer.playing")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => viewer.time > 0")


def test_two_viewers_share_one_context(page):
    page.evaluate("""async () => {
      window.other = await vid3d.mount(document.querySelectorAll('.viewer')[1]);
      await other.ready;
    }""")
    first, second = picture(page), page.evaluate("Array.from(other.pixels(0, 96).data)")
    assert not np.array_equal(first, np.array(second).reshape(96, 96, 4)[..., :3])
    assert np.array_equal(picture(page), first)
    assert page.evaluate("vid3d.renderer() === vid3d.renderer()")


# --- the picture -----------------------------------------------------------------------------------------------------


def test_it_agrees_with_the_rasterizer(page):
    splats = demo.waver(0.25, 1.0, demo.SPLATS)
    page.evaluate("viewer.setTime(1)")
    for azimuth, elevation, radius, size in ((0, 0, 2, 64), (36, 0, 2, 128), (250, 35, 2, 256), (140, -20, 1.2, 192)):
        page.evaluate("([a, e, r]) => viewer.setCamera(a, e, r)", [azimuth, elevation, radius])
        cameras = Cameras(look_at_origin(azimuth, elevation, radius)[None], FIELD_OF_VIEW, size, size)
        expected = np.clip(render(splats, cameras)[0], 0, 1)
        level, mirrored = psnr(picture(page, size=size) / 255.0, expected), psnr(expected, expected[:, ::-1])
        print(f"azimuth {azimuth}, elevation {elevation}, radius {radius}, {size} pixels: {level:.1f} dB")
        assert mirrored < 25 < 40 < level


def test_splats_of_small_images_are_drawn_with_the_filter_they_were_fitted_with(page):
    page.evaluate("() => { viewer.show('waver-sparse'); viewer.setCamera(60, 10); return viewer.ready; }")
    splats = demo.waver(0.0, 2.0, demo.SPLATS // 4)
    cameras = Cameras(look_at_origin(60.0, 10.0)[None], FIELD_OF_VIEW, 192, 192)
    fitted, plain = (
        np.clip(render(splats, cameras, Rasterisation(eps2d=low_pass(192, size)))[0], 0, 1)
        for size in (demo.FITTED, None)
    )
    drawn = picture(page, size=192) / 255.0
    assert psnr(drawn, fitted) > 40 > 35 > psnr(drawn, plain)


def test_the_first_view_is_that_of_the_poster(page, page_file):
    assert camera(page) == {"azimuth": FIRST_AZIMUTH, "elevation": FIRST_ELEVATION, "radius": 2.0}
    with Image.open(page_file.parent / "viewer" / "waver-dense" / "poster.webp") as poster:
        level = psnr(picture(page, size=POSTER) / 255.0, np.asarray(poster.convert("RGB")) / 255.0)
    assert level > 28  # dB; WebP is lossy


def test_scrubbing_changes_the_picture_and_back_is_identical(page):
    slider = page.get_by_role("slider", name="Time")
    first, first_seen = picture(page), seen(page)
    slider.fill("2")
    expect(slider).to_have_attribute("aria-valuetext", "frame 3 of 4")  # told with the next picture of the screen
    later, later_seen = picture(page), seen(page)
    slider.fill("0")
    assert not np.array_equal(first, later)
    assert first_seen != later_seen
    assert np.array_equal(picture(page), first)
    assert seen(page) == first_seen


def test_a_lost_graphics_processor_comes_back(open_page, page_file):
    capture = """const original = OffscreenCanvas.prototype.getContext;
    OffscreenCanvas.prototype.getContext = function (name, ...rest) {
      const context = original.call(this, name, ...rest);
      if (name === "webgl2") window.extension = context.getExtension("WEBGL_lose_context");
      return context;
    }"""
    page = open_page(page_file, script=capture, **STILL)
    page.evaluate(MOUNT)
    before = picture(page)
    page.evaluate("""async () => {
      extension.loseContext();
      await new Promise((done) => setTimeout(done, 100));
      const restored = new Promise((done) => vid3d.renderer().onRestored(done));
      extension.restoreContext();
      await restored;
    }""")
    assert np.array_equal(picture(page), before)


# --- mouse, touch, keyboard ------------------------------------------------------------------------------------------


def test_dragging_turns(page):
    before, x_y = seen(page), middle(page)
    page.mouse.move(*x_y)
    page.mouse.down()
    page.mouse.move(x_y[0] + 40, x_y[1] + 10, steps=2)
    page.mouse.up()
    page.mouse.move(x_y[0], x_y[1])  # no longer held
    turned = camera(page)
    assert turned["azimuth"] < FIRST_AZIMUTH  # the object follows: the camera goes to the left
    assert turned["elevation"] > FIRST_ELEVATION
    assert seen(page) != before


def test_the_wheel_zooms_with_ctrl_held_and_scrolls_without(page):
    """Also where the pictures have the keyboard's focus: nobody is held on half a screen."""
    page.get_by_role("application").focus()
    page.mouse.move(*middle(page))
    before, scrolled = seen(page), page.evaluate("scrollY")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_function("() => viewer.camera.radius < 2")
    assert seen(page) != before
    near = camera(page)["radius"]
    page.mouse.move(*middle(page))
    page.mouse.wheel(0, 100)
    page.wait_for_function("(y) => scrollY > y", arg=scrolled)
    assert camera(page)["radius"] == near


def test_two_fingers_zoom_and_one_turns(open_page, page_file):
    page = open_page(page_file, has_touch=True, **STILL)
    page.evaluate(MOUNT)
    x, y = middle(page)
    touch = page.context.new_cdp_session(page)

    def send(kind, *points):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x + dx, "y": y} for dx in points]})

    send("touchStart", -10, 10)
    send("touchMove", -40, 40)
    send("touchEnd")
    near = camera(page)
    assert near["radius"] < 1.5
    assert near["azimuth"] == FIRST_AZIMUTH
    send("touchStart", 0)
    send("touchMove", 20)
    send("touchEnd")
    assert camera(page)["azimuth"] < FIRST_AZIMUTH
    assert camera(page)["radius"] == near["radius"]


def test_every_key_does_what_the_help_says(page):
    page.get_by_role("application").focus()
    before = seen(page)
    for key, change in (
        ("ArrowRight", {"azimuth": 40.0}),
        ("ArrowUp", {"elevation": 20.0}),
        ("ArrowLeft", {"azimuth": 30.0}),
        ("ArrowDown", {"elevation": 15.0}),
        ("+", {"radius": 2 / 1.1}),
    ):
        was = camera(page)
        page.keyboard.press(key)
        assert camera(page) == pytest.approx(was | change), key
    assert seen(page) != before
    page.keyboard.press("-")
    page.keyboard.press("-")
    assert camera(page)["radius"] == pytest.approx(2.2)
    page.keyboard.press("Home")
    assert camera(page) == {"azimuth": FIRST_AZIMUTH, "elevation": FIRST_ELEVATION, "radius": 2.0}
    assert seen(page) == before
    page.keyboard.press(".")
    assert page.evaluate("viewer.time") == 1
    page.keyboard.press(",")
    page.keyboard.press(",")
    assert page.evaluate("viewer.time") == demo.FRAMES - 1
    page.keyboard.press("p")
    assert page.evaluate("viewer.points")
    page.keyboard.press("P")
    assert not page.evaluate("viewer.points")
    page.keyboard.press(" ")
    assert page.evaluate("viewer.playing")


def test_the_buttons_zoom_and_go_back(page):
    page.get_by_role("button", name="Zoom in").click()
    assert camera(page)["radius"] < 2
    page.get_by_role("button", name="Zoom out").click()
    page.get_by_role("button", name="Zoom out").click()
    assert camera(page)["radius"] > 2
    page.get_by_role("button", name="First view").click()
    assert camera(page)["radius"] == 2


def test_time_goes_there_and_back_where_asked_to(page):
    toggle = page.get_by_role("button", name="There and back")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    page.evaluate("""() => {
      window.times = [viewer.time];
      viewer.onChange(() => { if (times.at(-1) !== viewer.time) times.push(viewer.time); });
      viewer.play();
    }""")
    page.wait_for_function(f"() => times.length > {2 * demo.FRAMES}")
    times = page.evaluate("times")
    assert set(times) == set(range(demo.FRAMES))
    assert {abs(after - before) for before, after in pairwise(times)} == {1}  # never from the last to the first


def test_it_keeps_turning_until_told_not_to(page):
    toggle = page.get_by_role("button", name="Keep turning")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(f"() => viewer.camera.azimuth > {FIRST_AZIMUTH + 1}")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "false")
    stopped = camera(page)
    assert stopped == stopped | {"elevation": FIRST_ELEVATION, "radius": 2.0}
    page.evaluate(DRAWN)
    assert camera(page) == stopped
    assert not page.evaluate("viewer.playing")


def test_the_background_can_be_dark(page):
    toggle, white = page.get_by_role("button", name="Dark background"), picture(page)
    assert (white[0, 0] == 255).all()
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    assert (picture(page)[0, 0] == 23).all()  # 0.09 of 255
    toggle.click()
    assert np.array_equal(picture(page), white)


def test_splats_can_be_points(page):
    """The nearest is drawn last, and its disc hides what is behind it: there the picture has its colour."""
    gaussians = picture(page, size=512)
    toggle = page.get_by_role("button", name="Splats as points")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    points = picture(page, size=512)
    assert (points != gaussians).any(axis=2).mean() > 0.01
    splats, pose = demo.waver(0.0, 1.0, demo.SPLATS), look_at_origin(FIRST_AZIMUTH, FIRST_ELEVATION)
    seen_from = (splats.positions - pose[:3, 3]) @ pose[:3, :3]
    nearest = int(np.argmin(seen_from[:, 2]))
    x, y = seen_from[nearest, :2] / seen_from[nearest, 2] * 256 / np.tan(np.radians(FIELD_OF_VIEW / 2)) + 256
    colour = 255 * np.clip(0.5 + 0.28209479177387814 * splats.colours[nearest], 0, 1)
    assert np.abs(points[int(y), int(x)] - colour).max() < 6  # SPZ rounds colours
    toggle.click()
    assert np.array_equal(picture(page, size=512), gaussians)


# --- comparing, files, faults ----------------------------------------------------------------------------------------


def test_two_conditions_share_camera_and_time(page):
    page.get_by_label("Beside it").select_option("few splats, motion 2")
    page.evaluate("() => viewer.ready")
    expect(page.locator(".viewer-captions b")).to_have_text(["many splats, motion 1", "few splats, motion 2"])
    before = [seen(page, pane) for pane in (0, 1)]
    assert before[0] != before[1]
    x, y = middle(page, 1)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 30, y, steps=2)
    page.mouse.up()
    turned = [seen(page, pane) for pane in (0, 1)]
    assert all(a != b for a, b in zip(before, turned, strict=True))
    page.get_by_role("slider", name="Time").fill("1")
    later = [seen(page, pane) for pane in (0, 1)]
    assert all(a != b for a, b in zip(turned, later, strict=True))
    alone = picture(page, 1)
    page.evaluate("() => { viewer.show('waver-sparse'); return viewer.ready; }")
    assert np.array_equal(picture(page), alone)  # what stood on the right is what it shows at this camera and time
    expect(page.get_by_label("Show")).to_have_value("few splats, motion 2")


def test_the_frame_shown_can_be_saved_as_spz(page, page_file):
    page.evaluate("viewer.setTime(2)")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="this frame as SPZ").click()
    saved = Path(waiting.value.path()).read_bytes()
    assert waiting.value.suggested_filename == "waver-dense-frame-02.spz"
    assert saved == spz.encode(demo.waver(0.5, 1.0, demo.SPLATS))


def test_without_webgl2_one_line_says_so_and_the_poster_stays(open_page, page_file):
    missing = """for (const kind of [HTMLCanvasElement, OffscreenCanvas]) {
      const original = kind.prototype.getContext;
      kind.prototype.getContext = function (name, ...rest) {
        return name.startsWith("webgl") ? null : original.call(this, name, ...rest);
      };
    }"""
    page = open_page(page_file, script=missing)
    page.get_by_role("button", name="Turn and play").first.click()
    expect(page.get_by_role("status").first).to_contain_text("no WebGL2")
    expect(page.locator(".viewer-stage img").first).to_be_visible()
    expect(page.get_by_role("button", name="Turn and play")).to_have_count(1)  # the other viewer's


@pytest.mark.parametrize(("damage", "said"), [("missing", "frame-01.js is missing"), ("damaged", "damaged")])
def test_a_frame_that_is_missing_or_damaged_is_named(open_page, page_file, tmp_path, damage, said):
    folder = shutil.copytree(page_file.parent, tmp_path / "page")
    page = open_page(folder / "index.html", faulty=damage == "missing", **STILL)
    frame = folder / "viewer" / "waver-dense" / "frame-01.js"
    if damage == "missing":
        frame.unlink()
    else:
        frame.write_text('vid3d.frame("waver-dense", 1, "bm90IGd6aXA=");')
    page.evaluate("() => { vid3d.mount(document.querySelector('.viewer')); }")
    expect(page.get_by_role("status").first).to_contain_text(said)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_for_readers_who_do_not_see_or_use_no_mouse(open_page, page_file, scheme):
    """axe-core's opinion of the poster of one viewer and of two pictures in the other."""
    page = open_page(page_file, color_scheme=scheme, **STILL)
    page.evaluate(MOUNT)
    page.evaluate("() => { viewer.show('waver-dense', 'waver-sparse'); return viewer.ready; }")
    page.evaluate(DRAWN)
    checked = Axe().run(page, options={"preload": False}).response  # preloading would read files, which pages may not
    assert len(checked["passes"]) > 10
    assert [fault["id"] for fault in checked["violations"] if fault["impact"] in ("serious", "critical")] == []
