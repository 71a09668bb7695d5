"""The operator's pages in a real browser: two widths, axe, no scripts at all, and the switch."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from runtime import settings
from smartapp.gateway import operator_access
from smartapp.web.app import create_app
from tests.support.chromium import browser
from tests.support.gallery import Gallery
from tests.support.gateway import hospital
from tests.support.launch_stores import make_site
from tests.support.live_server import served

pytestmark = pytest.mark.browser
NOWHERE = "http://127.0.0.1:9/fhir"  # nothing answers there, and it says so at once


def test_an_operator_looks_switches_off_and_on_and_a_launch_is_refused_meanwhile(
    tmp_path: Path,
) -> None:
    gallery = Gallery()
    with hospital(tmp_path) as here:
        here.services.sites.put(make_site(issuer=NOWHERE))

        def build(base: str) -> Any:
            chosen = settings.load(overrides={"data_dir": str(tmp_path), "gateway_url": base})
            return create_app(here.services, chosen)

        with served(build) as base, browser(tmp_path / "desk") as desk:
            page = desk.new_page()
            code = operator_access.offer_link(here.database, here.services.keyring)
            page.goto(f"{base}/operate/enter/{code}")
            gallery.see(page, "operate-door")
            page.get_by_role("button", name="Open them").click()
            expect(page.get_by_role("heading", name="Registered EHRs")).to_be_visible()
            gallery.see(page, "operate-sites")
            assert page.locator("script").count() == 0
            page.get_by_role("link", name="North Hospital").click()
            page.get_by_role("button", name="Ask it now").click()
            expect(page.get_by_text("cannot be reached").first).to_be_visible()
            page.get_by_role("button", name="Switch off now").click()
            gallery.see(page, "operate-no-reason")
            page.get_by_label("The EHR or Confer is being worked on").check()
            page.get_by_role("button", name="Switch off now").click()
            expect(page.get_by_text("Nobody can launch Confer here")).to_be_visible()
            gallery.see(page, "operate-switched-off")
            doctor = desk.new_page()
            doctor.goto(f"{base}/launch?iss={NOWHERE}&launch=x")
            expect(doctor.get_by_text("Confer is switched off for this EHR")).to_be_visible()
            page.get_by_role("button", name="Switch on again").click()
            expect(page.get_by_role("heading", name="Kill switch")).to_be_visible()
    assert gallery.found == {}
