"""A real Chromium without a screen, and pages in it that must neither complain nor reach for the network."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import chromium
import demo
import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

LOCAL = ("file:", "blob:", "data:")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; where it is not installed, its tests are skipped, but not in continuous integration."""
    program = chromium.program()
    if program is None:
        reason = "needs a browser: apt-get install chromium"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=chromium.FLAGS, timeout=chromium.PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration page."""
    return demo.write_demo(tmp_path_factory.mktemp("demo") / "page")


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a file in a window of its own; afterwards nothing may have been complained about or asked of a network."""
    faults: list[str] = []
    contexts = []

    def failed(request: Request) -> None:
        # a film's request is cut when enough of it is there, or when its page closes
        if not (request.resource_type == "media" and request.failure == "net::ERR_ABORTED"):
            faults.append(f"failed: {request.url}: {request.failure}")

    def opened(path: Path, script: str = "", faulty: bool = False, **options: object) -> Page:
        """``script`` runs before the page's own; a ``faulty`` page may complain about its files."""
        settings = {"viewport": {"width": 320, "height": 240}, **options}
        context = browser.new_context(**settings)
        contexts.append(context)
        context.set_default_timeout(chromium.PATIENCE)
        page = context.new_page()
        page.on("request", lambda request: 0 if request.url.startswith(LOCAL) else faults.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        if not faulty:
            page.on("console", lambda message: faults.append(message.text) if message.type == "error" else 0)
            page.on("requestfailed", failed)
        if script:
            page.add_init_script(script)
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []
