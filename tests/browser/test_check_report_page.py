"""The report of confer check in a browser: readable by everybody, nothing asked of the outside."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from confer.check import report
from confer.check.findings import Finding, catalogue
from confer.check.report import Report
from runtime import clock
from tests.support.chromium import browser

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report that holds every finding there is, each with long facts."""
    long = "https://a-rather-long-host-name.ehr.example:8443"
    findings = tuple(
        Finding(known=known, facts=dict.fromkeys(known.wanted, long))
        for known in catalogue().values()
    )
    made = Report(
        issuer=f"{long}/fhir/r4", site="north", at=clock.now(), seconds=4.2, findings=findings
    )
    path = tmp_path_factory.mktemp("check") / "report.html"
    path.write_bytes(report.html(made))
    return path


def test_the_report_can_be_read_by_everybody_and_without_scripts(
    page_file: Path, tmp_path: Path
) -> None:
    asked: list[str] = []
    with browser(tmp_path) as window:
        page = window.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: asked.append(message.text))
        page.goto(page_file.as_uri())
        expect(page.get_by_role("heading", name="Change this first")).to_be_visible()
        expect(page.get_by_text(re.compile("^For the EHR's team:")).first).to_be_visible()
        found = Axe().run(page).response["violations"]
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.emulate_media(media="print")
        expect(page.get_by_role("heading", name="Frame and cookies")).to_be_visible()
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert asked == [page_file.as_uri()]
    assert "<script" not in page_file.read_text(encoding="utf-8")
