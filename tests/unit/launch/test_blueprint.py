"""The two routes: cookies and pages are the host's, answers are never stored."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, make_response, request
from werkzeug.wrappers import Response

from launch.app_launch import LaunchResult, Redirect
from launch.blueprint import make_blueprint
from launch.errors import LaunchError
from tests.support.launch_stores import ISSUER, Desk, MemorySites, make_site
from tests.support.smart_ehr import SmartEhr, sent_by

START = f"/launch?iss={ISSUER}&launch=opaque-1"


@dataclass
class Pages:
    """A host as small as it can be."""

    results: list[LaunchResult] = field(default_factory=list)
    errors: list[LaunchError] = field(default_factory=list)
    posted: list[Redirect] = field(default_factory=list)

    def browser_secret(self) -> str | None:
        return request.cookies.get("browser")

    def bind_browser(self, response: Response, secret: str) -> Response:
        response.set_cookie("browser", secret)
        return response

    def launched(self, result: LaunchResult) -> Any:
        self.results.append(result)
        return "welcome"

    def failed(self, error: LaunchError) -> Any:
        self.errors.append(error)
        return error.code, 400

    def post_on(self, target: Redirect) -> Response:
        self.posted.append(target)
        return make_response("form")


def _app(desk: Desk) -> tuple[Any, Pages]:
    pages = Pages()
    app = Flask(__name__)
    app.register_blueprint(make_blueprint(desk.client, pages))
    return app.test_client(), pages


def test_a_browser_goes_out_to_the_ehr_and_comes_back(desk: Desk, ehr: SmartEhr) -> None:
    browser, pages = _app(desk)
    out = browser.get(START)
    assert out.status_code == 302
    target = Redirect(method="GET", url=out.headers["Location"])
    back = browser.get("/callback?" + urlencode(ehr.authorize(sent_by(target))))
    assert back.text == "welcome"
    assert pages.results[0].patient == "p-1"
    for answer in (out, back):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_browser_keeps_its_secret_across_launches(desk: Desk, ehr: SmartEhr) -> None:
    browser, _pages = _app(desk)
    first = browser.get(START)
    assert len(first.headers["Set-Cookie"]) > 43
    assert "Set-Cookie" not in browser.get(START).headers


def test_another_browser_cannot_finish(desk: Desk, ehr: SmartEhr) -> None:
    browser, _pages = _app(desk)
    other, pages = _app(desk)
    target = Redirect(method="GET", url=browser.get(START).headers["Location"])
    callback = "/callback?" + urlencode(ehr.authorize(sent_by(target)))
    assert other.get(callback).status_code == 400
    assert pages.errors[0].code == "launch.state_refused"


def test_repeated_parameters_reach_the_check(desk: Desk) -> None:
    browser, pages = _app(desk)
    assert browser.get(START + "&iss=https://evil.example/fhir").status_code == 400
    assert pages.errors[0].code == "launch.parameter_refused"


def test_a_failed_launch_sets_no_cookie_and_redirects_nowhere(desk: Desk) -> None:
    browser, pages = _app(desk)
    answer = browser.get("/launch?iss=https://evil.example/fhir&launch=x")
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert pages.errors[0].code == "launch.issuer_unknown"


def test_the_log_repeats_the_reference_of_the_page_and_nothing_of_the_browser(
    desk: Desk, ehr: SmartEhr, caplog: pytest.LogCaptureFixture
) -> None:
    browser, pages = _app(desk)
    browser.get("/callback?error=access_denied&error_description=Quarrow&state=sesame")
    browser.get("/callback?error=Quarrow")
    target = Redirect(method="GET", url=browser.get(START).headers["Location"])
    with caplog.at_level("INFO"):
        browser.get("/callback?" + urlencode(ehr.authorize(sent_by(target))))
    assert "launch.done" in caplog.text
    for error in pages.errors:
        assert error.reference in caplog.text
    assert "launch.authorization_refused" in caplog.text
    for word in ("Quarrow", "sesame", "p-1", "opaque-1", sent_by(target)["state"]):
        assert word not in caplog.text


def test_a_posted_request_is_a_form_of_the_host(ehr: SmartEhr) -> None:
    wide = tuple(f"patient/Type{'x' * 40}{i}.rs" for i in range(50))
    desk = Desk(sites=MemorySites([make_site(scopes=("launch", "openid", *wide))]))
    ehr.configuration["capabilities"].append("authorize-post")
    browser, pages = _app(desk)
    assert browser.get(START).text == "form"
    assert pages.posted[0].method == "POST"


@pytest.mark.parametrize("path", ["/launch", "/callback"])
def test_the_routes_take_nothing_but_get(desk: Desk, path: str) -> None:
    browser, _pages = _app(desk)
    assert browser.post(path).status_code == 405
    assert browser.get(path).status_code == 400
