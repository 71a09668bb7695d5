"""Debian's Chromium under Playwright, with third-party cookies blocked as in a fresh profile.

One browser per process: each test gets a context of its own in it, an empty profile in memory.
Such a profile blocks unpartitioned third-party cookies; test_framed_launch_cookies.py holds it to
that. The flags keep the browser from calling home.
"""

import atexit
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Playwright,
    ViewportSize,
    sync_playwright,
)

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_BLOCK_THIRD_PARTY_COOKIES = {"cookie_controls_mode": 1, "block_third_party_cookies": True}
# As a person switches scripts off. The driver alone is late in a cross-site frame now and then:
# the page is then read as one with scripts, and its noscript parts are lost.
_BLOCK_SCRIPTS = {"default_content_setting_values": {"javascript": 2}}


class ChromiumMissing(AssertionError):
    """Debian's Chromium is not installed; `apt-get install chromium` brings it."""


def chromium_path() -> str:
    """Where Debian's Chromium is; a missing browser fails the tier and says what to install."""
    path = shutil.which("chromium")
    if path is None:
        raise ChromiumMissing("Chromium is missing. Run: apt-get install -y chromium")
    return path


@contextmanager
def browser(
    profile: Path, *, java_script: bool = True, size: tuple[int, int] = (1280, 900)
) -> Iterator[BrowserContext]:
    """A browser that remembers nothing; closed at the end.

    Without scripts it is one of its own, with its settings in `profile`.
    """
    viewport = ViewportSize(width=size[0], height=size[1])
    context = (
        _chromium().new_context(viewport=viewport)
        if java_script
        else _without_scripts(profile, viewport)
    )
    try:
        yield context
    finally:
        context.close()


def _without_scripts(profile: Path, viewport: ViewportSize) -> BrowserContext:
    default = profile / "Default"
    default.mkdir(parents=True, exist_ok=True)
    wishes = _BLOCK_THIRD_PARTY_COOKIES | _BLOCK_SCRIPTS
    (default / "Preferences").write_text(json.dumps({"profile": wishes}))
    return _playwright().chromium.launch_persistent_context(
        str(profile),
        executable_path=chromium_path(),
        headless=True,
        args=list(FLAGS),
        java_script_enabled=False,
        viewport=viewport,
    )


@cache
def _chromium() -> Browser:
    """The one browser of this process."""
    return _playwright().chromium.launch(
        executable_path=chromium_path(), headless=True, args=list(FLAGS)
    )


@cache
def _playwright() -> Playwright:
    """The one driver of this process: it cannot be started twice side by side."""
    started = sync_playwright().start()
    atexit.register(started.stop)
    return started
