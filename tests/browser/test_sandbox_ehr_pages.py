"""The sandbox EHR in a real browser: reading, framing, keyboard, small screens, no scripts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from sqlalchemy import select

from sandbox.rows import GrantRow
from tests.support import chromium, sandbox_ehr
from tests.support.live_server import served
from tests.support.sandbox_bench import turn
from tests.support.sandbox_ehr import (
    ADELA,
    IVO,
    WRITE,
    SandboxEhr,
    call,
    challenge_of,
    note,
)

pytestmark = pytest.mark.browser
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    }
}


def _app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """A stand-in for an app on another site: passes authorize, then says what it got."""
    query = parse_qs(environ["QUERY_STRING"])
    if environ["PATH_INFO"] == "/launch":
        issuer = query["iss"][0]
        host = f"http://{environ['HTTP_HOST']}"
        asked = {
            "response_type": "code",
            "client_id": "confer-app",
            "redirect_uri": f"{host}/callback",
            "scope": "launch patient/*.rs",
            "state": "s",
            "aud": issuer,
            "launch": query["launch"][0],
            "code_challenge": challenge_of("v" * 50),
            "code_challenge_method": "S256",
        }
        place = issuer.removesuffix("/fhir") + "/auth/authorize?" + urlencode(asked)
        start_response("302 Found", [("Location", place)])
        return [b""]
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    words = "arrived with a code" if "code" in query else "arrived without"
    page = f"<!doctype html><html lang=en><title>App</title><h1>{words}</h1>"
    return [page.encode()]


@pytest.fixture(scope="module")
def built() -> list[SandboxEhr]:
    """Where the EHR behind `ehr_url` is kept once it is there."""
    return []


@pytest.fixture(scope="module")
def ehr(ehr_url: str, built: list[SandboxEhr]) -> SandboxEhr:
    """The EHR itself, for its switches."""
    return built[0]


@pytest.fixture(scope="module")
def ehr_url(tmp_path_factory: pytest.TempPathFactory, built: list[SandboxEhr]) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("ehr")
    with served(lambda _: _app) as app_url:

        def build(base: str) -> Any:
            ehr = sandbox_ehr.build(folder, ehr_url=base, app_url=app_url)
            token = ehr.token(WRITE, patient_id=IVO)
            answer = call(ehr, token, "DocumentReference", "POST", note(IVO))
            assert answer.status_code == 201
            built.append(ehr)
            return ehr.app

        with served(build, host="localhost") as base:
            yield base


def _sign_in(page: Page, base: str) -> None:
    page.goto(f"{base}/sign-in")
    page.get_by_role("button", name="Rowan Teasdale").click()
    page.wait_for_url(f"{base}/")


@pytest.mark.parametrize("width", [1280, 320])
def test_every_page_is_accessible_and_fits(ehr_url: str, tmp_path: Path, width: int) -> None:
    with chromium.browser(tmp_path, size=(width, 900)) as context:
        page = context.new_page()
        page.goto(f"{ehr_url}/sign-in")
        places = ["/sign-in"]
        _check(page, places[0])
        _sign_in(page, ehr_url)
        for place in (
            "/",
            f"/chart/{ADELA}",
            f"/chart/{IVO}",
            f"/chart/{ADELA}?app=open",
            f"/chart/{ADELA}/document/k4w-doc-01",
            "/chart/nobody",
            "/bench",
            "/bench/requests",
        ):
            page.goto(f"{ehr_url}{place}")
            _check(page, place)


def _check(page: Page, place: str) -> None:
    found = Axe().run(page, options=RULES)
    assert [v["id"] for v in found.response["violations"]] == [], place
    too_wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert too_wide is False, place


@pytest.mark.parametrize("java_script", [True, False])
def test_the_framed_launch_passes_authorize_with_third_party_cookies_blocked(
    ehr_url: str, tmp_path: Path, java_script: bool
) -> None:
    with chromium.browser(tmp_path, java_script=java_script) as context:
        page = context.new_page()
        _sign_in(page, ehr_url)
        page.get_by_role("link", name="MARROWBY").click()
        page.get_by_role("link", name="Ask for a second opinion").click()
        frame = page.frame_locator("iframe")

        frame.get_by_role("heading", name="arrived with a code").wait_for()
        assert page.get_by_role("heading", name="MARROWBY").is_visible()


def test_open_wide_keeps_the_frame_as_it_is(ehr_url: str, tmp_path: Path) -> None:
    with chromium.browser(tmp_path) as context:
        page = context.new_page()
        _sign_in(page, ehr_url)
        page.goto(f"{ehr_url}/chart/{ADELA}?app=open")
        heading = page.frame_locator("iframe").get_by_role("heading")
        heading.wait_for()
        loads: list[str] = []
        page.on("framenavigated", lambda frame: loads.append(frame.url))
        narrow = page.locator("iframe").bounding_box()
        page.locator("#wide").focus()
        page.keyboard.press("Space")
        wide = page.locator("iframe").bounding_box()

        assert narrow is not None
        assert wide is not None
        assert 540 <= narrow["width"] <= 562
        assert wide["width"] > 1200
        assert loads == []


_CREATE = """([handle, resource, chart]) => new Promise((told) => {
  addEventListener("message", (event) => told([event.origin, event.data.payload.status]));
  parent.postMessage({ messagingHandle: handle, messageId: "m1",
    messageType: "scratchpad.create", payload: { resource } }, chart);
})"""


def test_an_app_in_the_frame_drafts_and_the_doctor_signs(
    ehr_url: str, ehr: SandboxEhr, tmp_path: Path
) -> None:
    turn(ehr, web_messaging=True)
    with chromium.browser(tmp_path) as context:
        page = context.new_page()
        _sign_in(page, ehr_url)
        page.goto(f"{ehr_url}/chart/{ADELA}?app=open")
        page.frame_locator("iframe").get_by_role("heading").wait_for()
        with ehr.services.database.read() as session:
            newest = select(GrantRow.grant_id).order_by(GrantRow.created_at.desc()).limit(1)
            handle = session.scalars(newest).one()
        told = page.frames[-1].evaluate(_CREATE, [handle, note(), ehr_url])
        assert told == [ehr_url, "201 Created"]
        page.get_by_role("link", name="Read and sign it").click()
        _check(page, "a chart with a draft")
        page.get_by_role("button", name="Sign and file").click()
        page.get_by_role("heading", level=1).wait_for()
        assert "/document/" in page.url
    turn(ehr, web_messaging=False)


def test_a_new_tab_launches_afresh(ehr_url: str, tmp_path: Path) -> None:
    with chromium.browser(tmp_path) as context:
        page = context.new_page()
        _sign_in(page, ehr_url)
        page.goto(f"{ehr_url}/chart/{ADELA}")
        with context.expect_page() as opened:
            page.get_by_role("link", name="in a new tab").click()

        opened.value.get_by_role("heading", name="arrived with a code").wait_for()


def test_the_way_to_the_app_needs_no_mouse(ehr_url: str, tmp_path: Path) -> None:
    with chromium.browser(tmp_path) as context:
        page = context.new_page()
        page.goto(f"{ehr_url}/sign-in")
        _tab_to(page, "Rowan Teasdale")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{ehr_url}/")
        _tab_to(page, "MARROWBY")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/chart/{ADELA}")
        _tab_to(page, "Ask for a second opinion")
        page.keyboard.press("Enter")

        page.frame_locator("iframe").get_by_role("heading").wait_for()


def _tab_to(page: Page, words: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        active = page.evaluate(
            "[document.activeElement.tagName, document.activeElement.textContent]"
        )
        if active[0] in ("A", "BUTTON") and words in active[1]:
            return
    pytest.fail(f"{words} is out of the keyboard's reach")
