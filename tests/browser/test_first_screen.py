"""The first screen in a real browser: what was found, claimed and not run, and an object that moves, all in sight."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from moving_report import TRUE_IMAGES, synthetic, write_report
from playwright.sync_api import Page, expect

SIZES = [(1440, 900), (1024, 768), (390, 844)]
RELIEF = {"backend": "relief", "size": 16}
GENERATED = synthetic.RUN | {
    "title": "Vid3D in small, quickly: mini SVD, mini multi-view SVD, CPU splats",
    "label": "quick mini pipeline",
    "stamp": "mini models, procedural objects: not the paper's numbers",
    "motion_scores": [120, 200],
    "seed": RELIEF | {"frames": 3},
    "views": RELIEF,
}
TRUE_VIEWS = {
    "title": "Vid3D in small, ground-truth views",
    "label": "true views",
    "extends": "truth",
    "motion_scores": [120],
    "view_counts": [18],
    "views": {"backend": "procedural", "size": 16},
}


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report like the default one: a pipeline, the same from true views, and the true images."""
    runs = {"truth": GENERATED, "views": TRUE_VIEWS, "images": TRUE_IMAGES}
    return write_report(tmp_path_factory.mktemp("first"), runs, ("frog", "bird", "mill"))


def bottom(page: Page, selector: str) -> float:
    """Where the lowest of the elements ends; there must be some."""
    bottoms = "(selector) => [...document.querySelectorAll(selector)].map((one) => one.getBoundingClientRect().bottom)"
    return max(page.evaluate(bottoms, selector))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_first_screen_says_the_three_things_and_shows_an_object_that_moves(open_page, report_file, width, height):
    page = open_page(report_file, viewport={"width": width, "height": height})
    expect(page.get_by_role("heading", level=1)).to_contain_text("19 claims is decided by 3 images")
    expect(page.locator(".lede")).to_contain_text("Vid3D says")
    expect(page.locator(".leading li")).to_have_count(3)
    expect(page.locator(".leading .both").first).to_contain_text("paper +0.0280 here")
    expect(page.locator(".left-out")).to_contain_text("Not run here: SVD-XT, V3D,")
    for what in ("h1", ".lede", ".tile", ".leading", ".left-out"):
        assert 0 < bottom(page, what) <= height, what
    videos = page.locator(".tile video")
    expect(videos).to_have_count(3)
    page.wait_for_function("() => document.querySelector('.tile video').currentTime > 0")


def test_the_four_pictures_are_of_one_object_and_carry_their_scores(open_page, report_file):
    page = open_page(report_file, reduced_motion="reduce")
    heads = page.locator(".tile figcaption > b")
    expect(heads).to_have_text(["The image", "Quick mini pipeline", "The same, true views", "The same, fewer views"])
    pictures = page.evaluate("[...document.querySelectorAll('.tile video')].map((v) => v.getAttribute('src'))")
    assert pictures == [
        f"viewer/{clip}/turntable.mp4"
        for clip in (
            "truth-frog-motion-120-views-18",
            "views-frog-motion-120-views-18",
            "truth-frog-motion-120-views-3",
        )
    ]
    shown = page.locator(".tile figcaption").all_inner_texts()
    in_tables = [page.locator(f"[aria-labelledby={table}]").inner_text() for table in ("table1", "table1", "table2")]
    for caption, table in zip(shown[1:], in_tables, strict=True):
        assert caption.split("CLIP-I ")[1].split()[0] in table
    expect(page.locator(".chosen")).to_contain_text("frog, 2 of 3 from below")


def test_the_viewer_is_the_second_section(open_page, report_file):
    page = open_page(report_file, reduced_motion="reduce")
    assert page.evaluate("[...document.querySelectorAll('section')].map((one) => one.id)")[:3] == [
        "summary",
        "explore",
        "claims",
    ]
    page.get_by_role("link", name="What was not run").click()
    expect(page.locator("#not-run")).to_be_in_viewport()


def test_what_moves_can_be_stopped_and_does_not_move_where_less_motion_is_asked_for(open_page, report_file):
    page = open_page(report_file, viewport={"width": 1440, "height": 900})
    page.wait_for_function("() => !document.querySelector('.tile video').paused")
    page.locator(".first").get_by_role("button", name="Pause all videos").click()
    page.wait_for_function("() => [...document.querySelectorAll('video')].every((video) => video.paused)")
    still = open_page(report_file, viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    assert still.evaluate("[...document.querySelectorAll('video')].every((video) => video.paused)")
    names = still.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not [name for name in names if name.endswith(".mp4")]


def test_of_all_videos_the_first_view_loads_those_that_it_shows(open_page, report_file):
    """A turntable of a real study has 90 to 160 kB; the rest of the first view is bounded where the page is tested."""
    page = open_page(report_file, viewport={"width": 1440, "height": 900})
    page.wait_for_function(
        "() => [...document.querySelectorAll('.tile video')].every((video) => video.readyState >= 2)"
    )
    loaded = "[...document.querySelectorAll('video')].filter((video) => video.readyState > 0).length"
    assert page.locator("video").count() > 3
    assert page.evaluate(loaded) == 3


def test_no_serious_fault_on_a_phone(open_page, report_file):
    """axe-core's opinion; of a wide screen, and of the dark, it is asked where the page is tested."""
    page = open_page(report_file, viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    checked = Axe().run(page, context=".first", options={"preload": False}).response
    assert len(checked["passes"]) > 5
    serious = [fault for fault in checked["violations"] if fault["impact"] in ("serious", "critical")]
    assert [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in serious] == []
