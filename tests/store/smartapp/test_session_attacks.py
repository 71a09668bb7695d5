"""Sessions under attack: fixed, mixed, forged, left open; and what a launch brings with it."""

import random
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from runtime import audit, clock
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.sweep import sweep
from smartapp.store import drafts
from smartapp.store.launch_rows import LaunchRow, TokenRow
from smartapp.store.sealed import hashed
from smartapp.web import session as web_session
from tests.support.doctor_visitor import BASE
from tests.support.front_door import Front, front_door
from tests.support.launch_stores import ISSUER
from tests.support.smart_ehr import AUTH

NAMES = {"adela": "Adela", "ivo": "Ivo"}


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, deid_workers: DeidWorkers) -> Iterator[Front]:
    """One gateway for all tests here: each test looks at its own launches only."""
    with front_door(tmp_path_factory.mktemp("front"), deid_workers) as made:
        yield made


def _page(browser: FlaskClient, handle: str, path: str = "/cases") -> TestResponse:
    return browser.get(f"/s/{handle}{path}", base_url=BASE)


def _token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def _last_events(front: Front, *, after: int) -> list[str]:
    with front.here.database.read() as session:
        rows = audit.entries(session, limit=50)
        return [row.event for row in reversed(rows) if row.position > after]


def _audited(front: Front) -> int:
    with front.here.database.read() as session:
        return audit.head(session).position


def test_t01_a_refused_launch_leaves_no_cookie_and_one_row_in_the_audit(front: Front) -> None:
    browser = front.app.test_client()
    before = _audited(front)
    answer = browser.get(
        "/launch", query_string={"iss": "https://evil.test/fhir", "launch": "x"}, base_url=BASE
    )
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert _last_events(front, after=before) == ["launch.refused"]
    assert not [call for call in front.mock.calls if "evil.test" in str(call.request.url)]


def test_t08_v28_a_cookie_that_was_planted_opens_no_launch(front: Front) -> None:
    attacker, victim = front.app.test_client(), front.app.test_client()
    front.begin(attacker)
    planted = attacker.get_cookie(web_session.COOKIE, domain="127.0.0.1")
    assert planted is not None
    victim.set_cookie(web_session.COOKIE, planted.value, domain="127.0.0.1", secure=False)
    first, second = front.launch(victim), front.launch(victim)
    names = {web_session.launch_cookie(handle) for handle in (first, second)}
    secrets = {
        cookie.value
        for name in names
        if (cookie := victim.get_cookie(name, domain="127.0.0.1")) is not None
    }
    assert len(names) == len(secrets) == 2
    assert planted.value not in secrets
    for name in names:
        attacker.set_cookie(name, planted.value, domain="127.0.0.1", secure=False)
    for handle in (first, second):
        assert len(handle) >= 43
        assert _page(attacker, handle).status_code == 401
        assert _page(victim, handle).status_code == 200


def test_t10_v28_two_patients_of_one_browser_never_mix_in_a_hundred_steps(front: Front) -> None:
    browser = front.app.test_client()
    handles = {name: front.launch(browser, name, read=True) for name in NAMES}
    chance = random.Random(10)  # noqa: S311 - chooses an order, guards nothing
    written: dict[str, str] = {}
    for step in range(100):
        name = chance.choice(sorted(NAMES))
        page = _page(browser, handles[name], "/ask").text
        banner = re.search(r'aria-label="Patient">(.*?)</section>', page, re.DOTALL)
        assert banner
        assert NAMES[name] in banner[1]
        (other,) = set(NAMES) - {name}
        assert NAMES[other] not in page
        assert (written.get(name) or "Your question") in page
        if other in written:
            assert written[other] not in page
        if chance.random() < 0.3:
            written[name] = f"question {step} about {name}"
            form = {
                "csrf_token": _token(page),
                "question": written[name],
                "thinking": "t",
                "specialty": "394589003",
                "question_type": "next-step",
                "urgency": "asap",
            }
            sent = browser.post(
                f"/s/{handles[name]}/ask", base_url=BASE, data=form, headers={"Origin": BASE}
            )
            assert sent.status_code == 303
    assert set(written) == set(NAMES)
    # the form of one window is no form of the other
    token = _token(_page(browser, handles["ivo"], "/ask").text)
    crossed = browser.post(
        f"/s/{handles['adela']}/ask",
        base_url=BASE,
        data={"csrf_token": token, "question": "crossed"},
        headers={"Origin": BASE},
    )
    assert crossed.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {},
        {"Origin": BASE, "Sec-Fetch-Site": "same-site"},
        {"Origin": BASE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
    ids=["foreign page", "opaque page", "no origin", "same site", "no-cors fetch"],
)
def test_t11_a_form_from_another_page_changes_nothing(
    front: Front, headers: dict[str, str]
) -> None:
    browser = front.app.test_client()
    handle = front.launch(browser)
    token = _token(_page(browser, handle).text)
    for path in ("/ask", "/leave", "/new", "/wide"):
        answer = browser.post(
            f"/s/{handle}{path}",
            base_url=BASE,
            data={"csrf_token": token, "question": "forged"},
            headers=headers,
        )
        assert answer.status_code == 403, path
    assert _page(browser, handle).status_code == 200
    with front.here.database.read() as session:
        row = session.get_one(LaunchRow, hashed(handle))
        assert (
            drafts.load(session, front.here.services.keyring, row.draft_id, now=clock.now()).form
            == {}
        )


def test_t11_a_form_without_its_token_changes_nothing(front: Front) -> None:
    browser = front.app.test_client()
    handle = front.launch(browser)
    answer = browser.post(f"/s/{handle}/leave", base_url=BASE, headers={"Origin": BASE})
    assert answer.status_code == 403
    assert _page(browser, handle).status_code == 200


def _revoked(front: Front) -> list[str]:
    return [
        str(call.request.body) for call in front.mock.calls if call.request.url == f"{AUTH}/revoke"
    ]


def _tokens_of(front: Front, handle: str) -> TokenRow | None:
    with front.here.database.read() as session:
        launch = session.get(LaunchRow, hashed(handle))
        return session.get(TokenRow, launch.grant_id) if launch is not None else None


def test_ending_the_session_revokes_at_the_ehr_wipes_here_and_ends_every_window(
    front: Front,
) -> None:
    browser, before = front.app.test_client(), len(_revoked(front))
    handle, other = front.launch(browser), front.launch(browser, "ivo")
    token, opened = _token(_page(browser, handle).text), _audited(front)
    answer = browser.post(
        f"/s/{handle}/leave", base_url=BASE, data={"csrf_token": token}, headers={"Origin": BASE}
    )
    assert answer.status_code == 200
    assert "ended at the EHR and here" in answer.text
    assert [
        ("refresh_token" in body, "access_token" in body) for body in _revoked(front)[before:]
    ] == [
        (True, False),
        (False, True),
    ]
    assert browser.get_cookie(web_session.launch_cookie(handle), domain="127.0.0.1") is None
    assert _page(browser, handle).status_code == 401
    assert _page(browser, other).status_code == 200
    assert _tokens_of(front, other) is not None
    assert _last_events(front, after=opened) == ["launch.ended"]


def test_an_idle_launch_loses_its_tokens_and_says_what_happened(front: Front) -> None:
    browser = front.app.test_client()
    handle = front.launch(browser)
    sweep(front.here.services)
    assert _tokens_of(front, handle) is not None
    front.mock.replace("POST", f"{AUTH}/revoke", status=503)
    with time_machine.travel(clock.now() + timedelta(minutes=31)):
        for _ in range(4):  # other tests here left sign-ins open, and a sweep ends 25
            sweep(front.here.services)
        before = len(_revoked(front))
        sweep(front.here.services)
        page = _page(browser, handle)
    front.mock.replace("POST", f"{AUTH}/revoke", status=200)
    assert page.status_code == 401
    assert "This session has ended" in page.text
    assert len(_revoked(front)) == before  # what is wiped is not asked about again
    assert _tokens_of(front, handle) is None
    with time_machine.travel(clock.now() + timedelta(hours=13)):
        sweep(front.here.services)
    with front.here.database.read() as session:
        assert session.get(LaunchRow, hashed(handle)) is None


def test_neither_cookies_nor_the_database_hold_a_token_in_clear(front: Front) -> None:
    browser = front.app.test_client()
    handle = front.launch(browser)
    stored = b"".join(path.read_bytes() for path in front.folder.glob("gateway.db*"))
    cookies = str(browser._cookies)
    row = _tokens_of(front, handle)
    assert row is not None
    for secret in (f"access-{front.ehr.issued}", "refresh-0"):
        assert secret.encode() not in stored
        assert secret not in cookies
    assert row.sealed[1:9] == b"k1k1k1k1"  # the id of the key that encrypted it


def test_the_cookies_of_ended_and_of_too_many_launches_are_dropped(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_session, "OPEN_LAUNCHES", 3)
    browser = front.app.test_client()
    gone = f"{web_session.COOKIE}-{'0' * 16}"
    browser.set_cookie(gone, "old", domain="127.0.0.1", secure=False)
    handles = [front.launch(browser) for _ in range(4)]
    kept = [
        browser.get_cookie(web_session.launch_cookie(handle), domain="127.0.0.1") is not None
        for handle in handles
    ]
    assert kept == [False, True, True, True]
    assert browser.get_cookie(gone, domain="127.0.0.1") is None


def test_intent_opens_the_form_or_the_list_and_junk_neither(front: Front) -> None:
    browser = front.app.test_client()
    handle = front.launch(browser, read=True)
    for intent, first in (("inbox", "/cases"), ("new-consult", "/ask"), ("junk", "/ask")):
        front.ehr.context["intent"] = intent
        assert _first_page(front, browser, handle, intent).endswith(first), intent


def _first_page(front: Front, browser: FlaskClient, read: str, intent: str) -> str:
    """Where a launch leads whose chart is read; the draft of `read` spares the reading."""
    handle = front.launch(browser, intent=intent)
    with front.here.database.transaction() as session:
        there = session.get_one(LaunchRow, hashed(read)).draft_id
        session.get_one(LaunchRow, hashed(handle)).draft_id = there
    page = _page(browser, handle, "/")
    if page.status_code == 200:  # the form itself, without a way to it
        return "/ask" if 'id="question-form"' in page.text else "neither"
    return str(page.location)


def test_the_report_that_was_open_is_ticked_and_named(front: Front) -> None:
    browser = front.app.test_client()
    report = next(
        one
        for one in front.here.chart.resources
        if one["resourceType"] == "DiagnosticReport"
        and str(one["subject"]["reference"]).endswith(front.patients["adela"]["patient"])
    )
    shapes = [
        {"reference": f"DiagnosticReport/{report['id']}"},  # SMART 2.x
        f"{ISSUER}/DiagnosticReport/{report['id']}",  # SMART 2.0
        {"reference": "Patient/1"},
        {"reference": "DiagnosticReport/of-another-server", "role": "launch"},
    ]
    page = _page(browser, front.launch(browser, read=True, fhirContext=shapes), "/ask").text
    assert page.count('id="about"') == 1
    about = page.split('id="about"')[1].split("</p>")[0]
    assert about.count("<strong>") == 1
    assert re.search(r'name="include" value="reports" checked', page)


def test_the_banner_is_whole_unless_the_ehr_shows_its_own_and_never_gone(front: Front) -> None:
    browser = front.app.test_client()
    read = front.launch(browser, read=True)
    for wanted, whole in ((True, True), (None, True), (False, False)):
        handle = front.launch(browser, need_patient_banner=wanted)
        with front.here.database.transaction() as session:
            there = session.get_one(LaunchRow, hashed(read)).draft_id
            session.get_one(LaunchRow, hashed(handle)).draft_id = there
        page = _page(browser, handle, "/ask").text
        assert "Adela" in page
        assert ("MRN" in page) is whole
        assert "You ask as" in page


def test_the_ehrs_look_is_taken_over_sanitized_and_without_a_token(front: Front) -> None:
    url = f"{AUTH}/style.json"
    hostile = "red;} body{background:url(https://evil.test)"
    document = {
        "color_background": "#eceae6",
        "color_highlight": "#2f4a5e",
        "color_text": hostile,
        "dim_border_radius": "0px",
        "font_family_body": "Tahoma, 'Lucida Grande', sans-serif",
        "font_family_heading": hostile,
        "unknown_key": "#123456",
    }
    front.mock.add("GET", url, json=document)
    browser = front.app.test_client()
    handle = front.launch(browser, read=True, smart_style_url=url)
    assert "/ehr-style.css" in _page(browser, handle).text
    sheet = _page(browser, handle, "/ehr-style.css")
    assert sheet.mimetype == "text/css"
    assert sheet.text == (
        "@media (prefers-color-scheme:light){:root{--accent:#2f4a5e;--accent2:#2f4a5e;"
        '--font:"Tahoma","Lucida Grande",sans-serif;--page:#eceae6;--r:0px;}}\n'
    )
    asked = [call.request for call in front.mock.calls if call.request.url == url]
    assert len(asked) == 1
    assert "Authorization" not in asked[0].headers
    outside = front.launch(browser, smart_style_url="https://evil.test/style.json")
    assert _page(browser, outside, "/ehr-style.css").text == ""
