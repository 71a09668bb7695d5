"""Pages for a slow line: the doctor's first screens and an inbox of twenty."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, expect

from confer.demo_plan import DemoPlan
from tests.support import consult_world
from tests.support.chromium import browser
from tests.support.people import SLOW, Doctor

pytestmark = pytest.mark.browser

FIRST_SCREEN_BYTES, FIRST_SCREEN_REQUESTS = 50_000, 6
INBOX_BYTES = 60_000


@dataclass
class Scale:
    """Weighs what a page loads from one origin, redirects and polls included."""

    origin: str
    sizes: dict[str, int] = field(default_factory=dict)

    def watch(self, page: Page) -> None:
        """Weigh everything from now on."""
        page.on("response", self._weigh)

    def _weigh(self, answer: Response) -> None:
        if answer.url.startswith(self.origin):
            without_body = answer.status // 100 == 3 or answer.status in (204, 205)
            size = 0 if without_body else len(answer.body())
            self.sizes[f"{len(self.sizes)} {answer.url}"] = size

    @property
    def total(self) -> int:
        """Bytes of all bodies, not compressed."""
        return sum(self.sizes.values())


def test_the_first_screens_of_the_doctor_are_light(demo: DemoPlan, tmp_path: Path) -> None:
    with browser(tmp_path) as hospital:
        doctor = Doctor(plan=demo, page=hospital.new_page(), persona="denis", account=1)
        doctor.sign_in()
        first = Scale(origin=demo.gateway_url)
        first.watch(doctor.page)
        doctor.launch()
        # The form stands before the whole chart is read; what it renews meanwhile is told apart.
        read = doctor.app().locator("#reading", has_text="from the chart as read")
        expect(read).to_be_visible(timeout=SLOW)
        doctor.app().wait_for_load_state("networkidle")
        screen = {url: size for url, size in first.sizes.items() if "/watch/" not in url}
        assert len(screen) <= FIRST_SCREEN_REQUESTS, list(screen)
        # the style sheet comes from the cache; it is weighed all the same
        assert 20_000 < sum(screen.values()) <= FIRST_SCREEN_BYTES, screen
        renewed = [size for url, size in first.sizes.items() if "/watch/parts" in url]
        assert sum(renewed) <= FIRST_SCREEN_BYTES, renewed


def test_an_inbox_of_twenty_is_light(tmp_path: Path) -> None:
    with consult_world.running(tmp_path) as world, browser(tmp_path / "desk") as desk:
        for _ in range(20):
            world.a.send_case()
        page = desk.new_page()
        page.goto(f"{world.base_url}/desk/sign-in")
        scale = Scale(origin=world.base_url)
        page.locator("#sign-in-okafor button").click()
        page.wait_for_url("**/desk/inbox")
        scale.watch(page)
        page.reload()
        expect(page.locator(".cf-case")).to_have_count(20)
        page.wait_for_load_state("load")
        assert 0 < scale.total <= INBOX_BYTES, scale.sizes
        assert len(scale.sizes) <= FIRST_SCREEN_REQUESTS
