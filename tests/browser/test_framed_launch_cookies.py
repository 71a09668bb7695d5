"""The ground the app stands on: what a browser gives back to an app framed in another site.

An EHR on `localhost` frames an app on `127.0.0.1`: two sites. With third-party cookies blocked,
only a Partitioned cookie survives the OAuth round trip, and two patients in two frames must not
see one another's session. (spec: SMART App Launch 2.2, launch; CHIPS)
"""

import secrets
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask, Response, redirect, request
from playwright.sync_api import Page

from tests.support.chromium import browser
from tests.support.live_server import served

pytestmark = pytest.mark.browser


def _ehr(base_url: str, app_url: str) -> Flask:
    """A page that frames the app once per patient, and an authorize end point without cookies."""
    ehr = Flask("ehr")
    launches: dict[str, str] = {}

    @ehr.get("/charts")
    def charts() -> str:
        frames = []
        for patient in ("adela", "bruno"):
            launch = secrets.token_urlsafe(16)
            launches[launch] = patient
            query = urlencode({"iss": base_url, "launch": launch})
            frames.append(f'<iframe name="{patient}" data-src="{app_url}/launch?{query}"></iframe>')
        return "<!doctype html><title>EHR</title>" + "".join(frames)

    @ehr.get("/authorize")
    def authorize() -> Response:
        query = urlencode(
            {"code": launches[request.args["launch"]], "state": request.args["state"]}
        )
        return redirect(f"{request.args['redirect_uri']}?{query}")  # type: ignore[return-value]

    return ehr


def _app(base_url: str, cookie: dict[str, object]) -> Flask:
    """An app with one browser cookie and a session handle in the path, as the product has."""
    app = Flask("app")
    states: dict[str, str] = {}
    sessions: dict[str, tuple[str, str]] = {}

    @app.get("/launch")
    def launch() -> Response:
        secret = request.cookies.get("__Host-spike") or secrets.token_urlsafe(16)
        state = secrets.token_urlsafe(16)
        states[state] = secret
        query = {
            "state": state,
            "launch": request.args["launch"],
            "redirect_uri": f"{base_url}/callback",
        }
        answer = redirect(f"{request.args['iss']}/authorize?{urlencode(query)}")
        answer.set_cookie("__Host-spike", secret, secure=True, httponly=True, path="/", **cookie)  # type: ignore[arg-type]
        return answer  # type: ignore[return-value]

    @app.get("/callback")
    def callback() -> Response | tuple[str, int]:
        secret = request.cookies.get("__Host-spike")
        if secret is None or states.pop(request.args["state"]) != secret:
            return "<p id=outcome>no session came back</p>", 403
        handle = secrets.token_urlsafe(8)
        sessions[handle] = (secret, request.args["code"])
        return redirect(f"/s/{handle}/")  # type: ignore[return-value]

    @app.get("/s/<handle>/")
    def page(handle: str) -> str:
        secret, patient = sessions[handle]
        mine = request.cookies.get("__Host-spike") == secret
        return f"<p id=outcome>{patient if mine else 'not yours'}</p>"

    return app


def _open(page: Page, name: str) -> str:
    # one after the other, as a doctor clicks; both frames stay on the page
    page.evaluate(
        "name => { const f = document.getElementsByName(name)[0]; f.src = f.dataset.src }", name
    )
    return page.frame_locator(f"iframe[name={name}]").locator("#outcome").inner_text()


def _outcomes(cookie: dict[str, object], profile: Path) -> list[str]:
    with (
        served(lambda base: _app(base, cookie)) as app_url,
        served(lambda base: _ehr(base, app_url), host="localhost") as ehr_url,
        browser(profile) as context,
    ):
        page = context.new_page()
        page.goto(f"{ehr_url}/charts")
        return [_open(page, name) for name in ("adela", "bruno")]


def test_partitioned_cookie_survives_the_oauth_round_trip_in_two_frames(tmp_path: Path) -> None:
    cookie: dict[str, object] = {"samesite": "None", "partitioned": True}
    first = _outcomes(cookie, tmp_path)
    assert first == ["adela", "bruno"]


@pytest.mark.parametrize("samesite", ["None", "Lax"])
def test_unpartitioned_cookie_is_lost_in_the_frame(tmp_path: Path, samesite: str) -> None:
    outcomes = _outcomes({"samesite": samesite}, tmp_path)
    assert outcomes == ["no session came back", "no session came back"]
