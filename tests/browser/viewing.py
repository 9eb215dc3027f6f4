"""What the tests of both pages do with a viewer: make it, read its pixels and its camera, point at it."""

import base64

import numpy as np
from playwright.sync_api import Page

MOUNT = "async () => { window.viewer = await vid3d.mount(document.querySelector('.viewer')); await viewer.ready; }"
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
PIXELS = """([pane, size]) => {
  const { data } = viewer.pixels(pane, size);
  return btoa(Array.from(data, (value) => String.fromCharCode(value)).join(""));
}"""


def picture(page: Page, pane: int = 0, size: int = 96) -> np.ndarray:
    """(size, size, 3) uint8 of what a pane shows."""
    data = base64.b64decode(page.evaluate(PIXELS, [pane, size]))
    return np.frombuffer(data, np.uint8).reshape(size, size, 4)[..., :3]


def camera(page: Page) -> dict[str, float]:
    return page.evaluate("viewer.camera")


def middle(page: Page, pane: int = 0) -> tuple[float, float]:
    pictures = page.locator(".viewer-picture").nth(pane)
    pictures.scroll_into_view_if_needed()
    box = pictures.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
