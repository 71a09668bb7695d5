"""The EHR's own pages: who gets in, what the button does, what comes back into the chart."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from sandbox import services
from tests.support.sandbox_ehr import (
    ADELA,
    CALLBACK,
    CANARY,
    EHR,
    FHIR,
    IVO,
    LAUNCH_URL,
    WRITE,
    SandboxEhr,
    call,
    challenge_of,
    note,
    query_of,
)

OWN = {"Origin": EHR, "Sec-Fetch-Site": "same-origin"}
VERIFIER = "v" * 50


def signed_in(ehr: SandboxEhr, account: str = "acc-rt") -> FlaskClient:
    browser = ehr.app.test_client()
    answer = browser.post("/sign-in", base_url=EHR, data={"account": account}, headers=OWN)
    assert answer.status_code == 303
    return browser


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def frame_of(page: str) -> str:
    found = re.search(r'<iframe src="([^"]+)"', page)
    assert found is not None
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize("path", ["/", f"/chart/{ADELA}", f"/chart/{ADELA}/open"])
def test_a_stranger_is_asked_to_sign_in_and_led_back(ehr: SandboxEhr, path: str) -> None:
    answer = ehr.browser().get(path, base_url=EHR)

    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["next"] == [path]


def test_the_sign_in_page_offers_three_doctors(ehr: SandboxEhr) -> None:
    page = ehr.browser().get("/sign-in", base_url=EHR).text

    assert page.count('name="account"') == 3
    assert "Rowan Teasdale MD" in page


def test_the_cookie_is_for_this_host_and_this_site(ehr: SandboxEhr) -> None:
    answer = ehr.browser().post("/sign-in", base_url=EHR, data={"account": "acc-rt"}, headers=OWN)
    cookie = answer.headers["Set-Cookie"]

    assert cookie.startswith("__Host-confer-ehr=")
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in cookie


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "/no-such-page"]
)
def test_sign_in_leads_to_our_own_pages_only(ehr: SandboxEhr, wanted: str) -> None:
    answer = ehr.browser().post(
        "/sign-in", base_url=EHR, data={"account": "acc-rt", "next": wanted}, headers=OWN
    )

    assert answer.headers["Location"] == "/"


def test_a_foreign_page_cannot_sign_a_browser_in(ehr: SandboxEhr) -> None:
    answer = ehr.browser().post(
        "/sign-in",
        base_url=EHR,
        data={"account": "acc-rt"},
        headers={"Origin": "https://evil.example"},
    )

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_signing_out_ends_the_session_not_only_the_cookie(ehr: SandboxEhr) -> None:
    browser = signed_in(ehr)
    cookie = browser.get_cookie("__Host-confer-ehr", domain="localhost")
    assert cookie is not None
    token = csrf_of(browser.get("/", base_url=EHR).text)

    assert browser.post("/sign-out", base_url=EHR, headers=OWN).status_code == 403
    answer = browser.post("/sign-out", base_url=EHR, data={"csrf": token}, headers=OWN)
    assert answer.status_code == 303
    thief = ehr.app.test_client()
    thief.set_cookie("__Host-confer-ehr", cookie.value, domain="localhost", secure=True)
    assert thief.get("/", base_url=EHR).status_code == 303


def test_the_patient_list_names_those_listed(ehr: SandboxEhr) -> None:
    page = signed_in(ehr).get("/", base_url=EHR).text

    assert "MARROWBY, Adela Ruth" in page
    assert "TARRANDALE, Ivo Lucian" in page


def test_the_chart_shows_the_story(ehr: SandboxEhr) -> None:
    page = signed_in(ehr).get(f"/chart/{ADELA}", base_url=EHR).text

    for words in (
        "Hyperkalemia",
        "<s>TMP-SMX DS</s>",
        "Trend of potassium: 4.8, 5.1, 6.4, 6.1",
        "HH</b>",
        "118/66",
        "36.7 °C (98.1 °F)",
        "retired ferry captain",
        "peaked T waves V2-V4",
        "Penicillin, Adhesive tape",
        "Cardiology clinic letter",
    ):
        assert words in page
    assert "{{" not in page
    assert "style=" not in page
    assert "<script" not in page


def test_an_unknown_chart_is_not_found(ehr: SandboxEhr) -> None:
    assert signed_in(ehr).get("/chart/nobody", base_url=EHR).status_code == 404


def test_the_button_frames_the_app_with_an_opaque_launch(ehr: SandboxEhr) -> None:
    browser = signed_in(ehr)
    plain = browser.get(f"/chart/{ADELA}", base_url=EHR)
    answer = browser.get(f"/chart/{ADELA}?app=open", base_url=EHR)
    source = frame_of(answer.text)

    assert "frame-src 'none'" in plain.headers["Content-Security-Policy"]
    assert "frame-src http://127.0.0.1:8401 'self';" in answer.headers["Content-Security-Policy"]
    assert source.startswith(f"{LAUNCH_URL}?")
    assert query_of(source)["iss"] == FHIR
    assert ADELA not in source
    assert set(query_of(source)) == {"iss", "launch"}


def test_each_opening_is_a_launch_of_its_own(ehr: SandboxEhr) -> None:
    browser = signed_in(ehr)
    seen = {
        query_of(frame_of(browser.get(f"/chart/{ADELA}?app=open", base_url=EHR).text))["launch"]
        for _ in range(3)
    }

    assert len(seen) == 3


def test_a_foreign_page_cannot_open_the_app_over_a_chart(ehr: SandboxEhr) -> None:
    browser = signed_in(ehr)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    framed = browser.get(f"/chart/{ADELA}?app=open", base_url=EHR, headers=foreign)
    opened = browser.get(f"/chart/{ADELA}/open", base_url=EHR, headers=foreign)

    assert "<iframe" not in framed.text
    assert opened.headers["Location"] == f"/chart/{ADELA}"


def test_a_new_tab_is_a_fresh_launch(ehr: SandboxEhr) -> None:
    answer = signed_in(ehr).get(f"/chart/{ADELA}/open", base_url=EHR)

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{LAUNCH_URL}?")


def test_a_note_filed_by_an_app_stands_on_top_of_the_chart(ehr: SandboxEhr) -> None:
    browser = signed_in(ehr)
    before = browser.get(f"/chart/{IVO}", base_url=EHR).text
    created = call(
        ehr, ehr.token(WRITE, patient_id=IVO), "DocumentReference", "POST", note(IVO)
    ).get_json()
    after = browser.get(f"/chart/{IVO}", base_url=EHR).text
    page = browser.get(f"/chart/{IVO}/document/{created['id']}", base_url=EHR)

    assert "External opinion" not in before
    assert after.index("External opinion") < after.index('id="problems"')
    assert "Bottom line: wait." in after
    assert "Bottom line: wait." in page.text
    assert "Opinion in chart" in browser.get("/", base_url=EHR).text


def test_a_replaced_opinion_steps_back_behind_the_new_one(ehr: SandboxEhr) -> None:
    token = ehr.token(WRITE)
    old = call(ehr, token, "DocumentReference", "POST", note()).get_json()["id"]
    relation = [{"code": "replaces", "target": {"reference": f"DocumentReference/{old}"}}]
    call(ehr, token, "DocumentReference", "POST", note(relatesTo=relation))
    page = signed_in(ehr).get(f"/chart/{ADELA}", base_url=EHR).text

    assert page.index("e-op e-wide") < page.index("e-op--old")
    assert "Superseded" in page


def test_a_document_is_shown_in_its_own_chart_only(ehr: SandboxEhr) -> None:
    browser = signed_in(ehr)

    assert browser.get(f"/chart/{ADELA}/document/k4w-doc-01", base_url=EHR).status_code == 200
    assert browser.get(f"/chart/{IVO}/document/k4w-doc-01", base_url=EHR).status_code == 404
    assert browser.get(f"/chart/{ADELA}/document/none", base_url=EHR).status_code == 404


def test_a_picture_in_the_chart_is_shown_there(ehr: SandboxEhr) -> None:
    page = signed_in(ehr).get(f"/chart/{ADELA}/document/k4w-doc-05", base_url=EHR).text
    assert 'src="data:image/jpeg;base64,/9j/' in page
    assert "not shown here" not in page


def test_a_standalone_launch_signs_in_chooses_a_patient_and_gets_a_code(ehr: SandboxEhr) -> None:
    request = {
        "response_type": "code",
        "client_id": "confer-app",
        "redirect_uri": CALLBACK,
        "scope": "launch/patient openid patient/*.rs",
        "state": "alone",
        "aud": FHIR,
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    stranger = ehr.browser().get("/auth/authorize", base_url=EHR, query_string=request)
    place = stranger.headers["Location"]
    assert ehr.browser().get(place, base_url=EHR).headers["Location"].startswith("/sign-in")

    browser = signed_in(ehr, "acc-mo")
    page = browser.get(place, base_url=EHR)
    assert "MARROWBY" in page.text
    assert "form-action 'self' http://127.0.0.1:8401;" in page.headers["Content-Security-Policy"]
    form = {"csrf": csrf_of(page.text), "patient": IVO}
    assert browser.post(place, base_url=EHR, data={"patient": IVO}, headers=OWN).status_code == 403
    answer = browser.post(place, base_url=EHR, data=form, headers=OWN)
    again = browser.post(place, base_url=EHR, data=form, headers=OWN)

    assert query_of(answer.headers["Location"])["state"] == "alone"
    assert query_of(answer.headers["Location"])["code"]
    assert again.status_code == 400


def test_a_doctor_may_say_no_to_an_app(ehr: SandboxEhr) -> None:
    request = {
        "response_type": "code",
        "client_id": "confer-app",
        "redirect_uri": CALLBACK,
        "scope": "launch/patient patient/*.rs",
        "state": "no",
        "aud": FHIR,
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    browser = signed_in(ehr)
    place = browser.get("/auth/authorize", base_url=EHR, query_string=request).headers["Location"]
    form = {"csrf": csrf_of(browser.get(place, base_url=EHR).text), "refuse": "1"}
    answer = browser.post(place, base_url=EHR, data=form, headers=OWN)

    assert query_of(answer.headers["Location"])["error"] == "access_denied"


def test_the_canary_is_not_listed_but_opens_by_its_address(ehr: SandboxEhr) -> None:
    services.seed_charts(ehr.services, ["canary"])
    browser = signed_in(ehr)

    assert "ZYXQUORBLE" not in browser.get("/", base_url=EHR).text
    assert "ZYXQUORBLE" in browser.get(f"/chart/{CANARY}?app=open", base_url=EHR).text


def test_unknown_addresses_get_a_page_of_ours(ehr: SandboxEhr) -> None:
    answer = signed_in(ehr).get("/nothing/here", base_url=EHR)

    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
