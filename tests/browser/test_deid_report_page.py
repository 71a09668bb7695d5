"""The report of confer deid in a browser: nothing asked of the outside, readable by everybody."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from playwright.sync_api import expect

from confer.cli import cli
from tests.support.chromium import browser

pytestmark = pytest.mark.browser

CANARY = Path(__file__).resolve().parents[2] / "fixtures" / "personas" / "canary" / "chart.json"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("report") / "report.html"
    done = CliRunner().invoke(
        cli, ["deid", str(CANARY), "--report", "html", "--report-to", str(to)]
    )
    assert done.exit_code == 0
    return to


@pytest.mark.parametrize("width", [1280, 320])
def test_the_report_can_be_read_by_everybody(report: Path, tmp_path: Path, width: int) -> None:
    asked: list[str] = []
    with browser(tmp_path, size=(width, 900)) as window:
        page = window.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: asked.append(message.text))
        page.goto(report.as_uri())
        page.get_by_text(re.compile("^Patient, entry 1 of the chart")).click()
        expect(page.get_by_role("rowheader", name="name", exact=True)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert asked == [report.as_uri()]


def test_the_report_needs_no_scripts_and_keeps_the_two_sides_apart(
    report: Path, tmp_path: Path
) -> None:
    with browser(tmp_path, java_script=False) as window:
        page = window.new_page()
        page.goto(report.as_uri())
        expect(page.get_by_role("heading", name="What would leave of this chart")).to_be_visible()
        expect(page.get_by_text("This report holds the patient's identity")).to_be_visible()
        pair = page.locator(".cf-pair:not(.cf-head)").first
        stays, leaves = (
            pair.locator(".cf-stay").bounding_box(),
            pair.locator(".cf-leave").bounding_box(),
        )
        assert stays is not None
        assert leaves is not None
        assert stays["x"] + stays["width"] <= leaves["x"] + 1
