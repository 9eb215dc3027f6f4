"""How many pictures a second the 4D viewer draws in Chromium without a screen, of one clip and of two side by side.

    python -m tests.speed.viewer [--page INDEX.html] [--beside COMMIT ...] [--seconds 10]

The page is a report's, or the demonstration of the browser tests if none is given; beside it the same page is measured
with the viewer's scripts of other commits.  Camera and time change with every picture of the screen, which has at most
60 a second.  Nothing here asserts anything.
"""

import argparse
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium, demo
from tests.browser.viewing import MOUNT
from vid3d.report.viewer import FOLDER

WINDOW = {"width": 1280, "height": 900}
KEYS = """() => {
  const of = (element) => JSON.parse(element.querySelector("script[type='application/json']").textContent).clips;
  const keys = of(document.querySelector(".viewer")).filter((clip) => !clip.sheet).map((clip) => clip.key);
  return keys.slice(0, 2);
}"""
RATE = """async ([keys, seconds]) => {
  viewer.pause();
  viewer.show(...keys);
  await viewer.ready;
  const { azimuth, elevation, radius } = viewer.camera;
  const pictures = (until) => new Promise((done) => {
    const start = performance.now();
    let count = 0;
    const tick = () => {
      const elapsed = performance.now() - start;
      if (until(count, elapsed)) return done(1000 * count / elapsed);
      count++;
      viewer.setTime(count);
      viewer.setCamera(azimuth + 3 * count, elevation, radius); // drawn before the next tick
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  await pictures((count) => count > viewer.frames); // each frame is uploaded when it is first drawn
  return [await pictures((_, elapsed) => elapsed > 1000 * seconds), viewer.panes[0].size];
}"""


def with_scripts_of(commit: str, page: Path, copy: Path) -> Path:
    """A copy of a page whose viewer is that of a commit; what is new since then stays and is not used."""
    shutil.copytree(page.parent, copy)
    folder = f"reports/{FOLDER}/"
    listed = subprocess.check_output(["git", "ls-tree", "--name-only", commit, folder], cwd=demo.ROOT, text=True)
    for source in listed.splitlines():
        if source.endswith(".js"):
            script = subprocess.check_output(["git", "show", f"{commit}:{source}"], cwd=demo.ROOT)
            (copy / source.removeprefix("reports/")).write_bytes(script)
    return copy / page.name


def measure(browser: Browser, page: Path, seconds: float) -> list[str]:
    """Lines that say what was measured on a page, of as many clips as it has."""
    context = browser.new_context(viewport=WINDOW, reduced_motion="reduce")
    context.set_default_timeout(chromium.PATIENCE)
    opened = context.new_page()
    opened.goto(page.resolve().as_uri())
    opened.evaluate(MOUNT)
    keys, lines = opened.evaluate(KEYS), []
    for count in range(1, len(keys) + 1):
        rate, size = opened.evaluate(RATE, [keys[:count], seconds])
        lines.append(f"  {'one clip' if count == 1 else 'two clips'}: {rate:.1f} a second at {size} pixels")
    context.close()
    return lines


def main(page: Path | None, commits: Sequence[str], seconds: float) -> None:
    """Print what was measured with the scripts of here, and with those of each commit."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        shown = page or demo.write_demo(folder / "page")
        pages = {"viewer of this checkout": shown}
        for commit in commits:
            pages[f"viewer of {commit}"] = with_scripts_of(commit, shown, folder / commit)
        browser = playwright.chromium.launch(executable_path=chromium.program(), args=chromium.FLAGS)
        print(f"Chromium {browser.version}, {os.cpu_count()} cores")
        for words, path in pages.items():
            print("\n".join([words, *measure(browser, path, seconds)]), flush=True)
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=Path, help="a report's index.html")
    parser.add_argument("--beside", nargs="*", default=[], metavar="COMMIT", help="whose scripts are measured, too")
    parser.add_argument("--seconds", type=float, default=10.0, help="to count for")
    given = parser.parse_args()
    main(given.page, given.beside, given.seconds)
