"""Keeps pictures of pages as test artifacts and collects what is wrong with them.

Every page is seen twice, wide and at 320 px, with its frames: axe must find nothing and nothing
may need sideways scrolling.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.sync_api import Frame, Page

ARTIFACTS = Path(__file__).resolve().parents[2] / ".artifacts" / "screens"
NARROW = 320
_AXE_OPTIONS = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    },
    "rules": {"target-size": {"enabled": True}},  # WCAG 2.2 AA, off by default
    "resultTypes": ["violations"],
    "iframes": False,  # cross-site frames do not answer; each frame is checked by itself
}
_TALLEST = 4200
# Both pictures and checks take what is drawn: a cross-site frame draws in a process of its own,
# and one that is scrolled out of view draws nothing at all.
_DRAWN = """new Promise(done => {
  requestAnimationFrame(() => requestAnimationFrame(done));
  setTimeout(done, 400);
})"""
_CHECK = """async options => (await axe.run(options)).violations
  .map(one => `${one.id}: ${one.nodes[0].target}`)"""
_FITS = "document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth"


def faults(page: Page, clean: set[tuple[str, int]] | None = None) -> list[str]:
    """What is wrong with a page as it stands, one line per fault, frames included.

    A document in `clean` was found without fault at this width before; new ones are added.
    """
    found: list[str] = []
    clean = set() if clean is None else clean
    for frame in page.frames:
        seen = (frame.content(), page.viewport_size["width"] if page.viewport_size else 0)
        if seen in clean:
            continue
        place = "frame: " if frame.parent_frame else ""
        wrong = [place + fault for fault in _violations(frame)]
        if not frame.evaluate(_FITS):
            wrong.append(f"{place}needs sideways scrolling")
        if not wrong:
            clean.add(seen)
        found += wrong
    return found


def _violations(frame: Frame) -> list[str]:
    # half a megabyte of script: once per document, for both widths
    if not frame.evaluate("'axe' in window"):
        frame.evaluate(AXE_SCRIPT)
    found: list[str] = frame.evaluate(_CHECK, _AXE_OPTIONS)
    return found


@dataclass
class Gallery:
    """Sees pages; `found` holds the faults by page and width."""

    found: dict[str, list[str]] = field(default_factory=dict)
    clean: set[tuple[str, int]] = field(default_factory=set, repr=False)

    def see(self, page: Page, name: str) -> None:
        """Keep the pictures and the faults of a page, wide and narrow."""
        page.wait_for_load_state("load")
        self._look(page, name)
        with _narrow(page):
            self._look(page, f"{name}-{NARROW}")

    def _look(self, page: Page, name: str) -> None:
        if wrong := faults(page, self.clean):
            self.found[name] = wrong
        _keep(page, ARTIFACTS / f"{name}.png")


@contextlib.contextmanager
def _narrow(page: Page) -> Iterator[None]:
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": NARROW, "height": size["height"]})
    yield
    page.set_viewport_size(size)


def _keep(page: Page, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if len(page.frames) == 1:
        page.screenshot(path=str(path), full_page=True)
        return
    # a picture of the full page leaves a cross-site frame blank: make the window tall instead
    size = page.viewport_size
    assert size is not None
    tall = int(page.frames[1].evaluate("document.documentElement.scrollHeight")) + 140
    page.set_viewport_size({"width": size["width"], "height": min(tall, _TALLEST)})
    page.frames[1].evaluate(_DRAWN)
    if size["width"] == NARROW:
        page.locator("iframe").screenshot(path=str(path))
    else:
        page.screenshot(path=str(path))
    page.set_viewport_size(size)
