"""Debian's Chromium under Playwright, with third-party cookies blocked as in a fresh profile.

The flags keep the browser from calling home; the preference blocks unpartitioned third-party
cookies even where a future default would let them through.
"""

import atexit
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from playwright.sync_api import BrowserContext, Playwright, sync_playwright

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


def _context(
    playwright: Playwright, profile: Path, *, java_script: bool, size: tuple[int, int]
) -> BrowserContext:
    default = profile / "Default"
    default.mkdir(parents=True, exist_ok=True)
    wishes = _BLOCK_THIRD_PARTY_COOKIES | ({} if java_script else _BLOCK_SCRIPTS)
    (default / "Preferences").write_text(json.dumps({"profile": wishes}))
    return playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=chromium_path(),
        headless=True,
        args=list(FLAGS),
        java_script_enabled=java_script,
        viewport={"width": size[0], "height": size[1]},
    )


@contextmanager
def browser(
    profile: Path, *, java_script: bool = True, size: tuple[int, int] = (1280, 900)
) -> Iterator[BrowserContext]:
    """A browser with an empty profile in `profile`; closed at the end."""
    context = _context(_playwright(), profile, java_script=java_script, size=size)
    try:
        yield context
    finally:
        context.close()


@cache
def _playwright() -> Playwright:
    """The one driver of this process: it cannot be started twice side by side."""
    started = sync_playwright().start()
    atexit.register(started.stop)
    return started
