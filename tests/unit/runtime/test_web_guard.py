"""No route without a policy; the same headers on every answer; forms from our pages only."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, g, jsonify, request

from runtime import logs, settings, web_guard
from runtime.errors import (
    HTTP_STATUS,
    CsrfRefused,
    OriginRefused,
    PolicyMissing,
    RuntimeFault,
    SessionEnded,
    kind_of,
)
from runtime.web_guard import PUBLIC

EHR = "https://ehr.example"


def _refuse() -> None:
    raise SessionEnded


def _blueprint() -> Blueprint:
    pages = Blueprint("pages", __name__)

    @pages.get("/open")
    def open_page() -> str:
        return str(g.csp_nonce)

    @pages.get("/case/<case_id>")
    def closed_page(case_id: str) -> str:
        return case_id

    @pages.get("/crash")
    def crash() -> str:
        raise KeyError("canary")

    @pages.post("/form")
    def form() -> str:
        web_guard.check_origin(["http://127.0.0.1:8401"])
        web_guard.check_csrf("session-secret", request.form.get("csrf"))
        return "done"

    @pages.get("/authorize")
    def authorize() -> str:
        web_guard.allow_form_action("https://app.example")
        web_guard.allow_frame("https://frame.example")
        return "page"

    return pages


POLICIES = {
    "open_page": PUBLIC,
    "closed_page": _refuse,
    "crash": PUBLIC,
    "form": PUBLIC,
    "authorize": PUBLIC,
}


def _app(**overrides: str) -> Flask:
    app = Flask("guarded", static_folder=None)
    chosen = settings.load(overrides=overrides)
    web_guard.install(app, settings=chosen, frame_ancestors=lambda: [EHR], program="gateway")

    @app.errorhandler(RuntimeFault)
    def answer(error: RuntimeFault) -> tuple[Response, int]:
        return jsonify(code=error.code), HTTP_STATUS[kind_of(error)]

    return app


@pytest.fixture
def app() -> Flask:
    app = _app()
    web_guard.register(app, _blueprint(), policies=POLICIES)
    web_guard.seal(app)
    return app


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    stream = io.StringIO()
    logs.configure(program="test", mode="production", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logs.reset()


def test_a_route_without_policy_stops_the_program() -> None:
    with pytest.raises(PolicyMissing, match=r"pages\.crash"):
        web_guard.register(
            _app(), _blueprint(), policies={k: v for k, v in POLICIES.items() if k != "crash"}
        )


def test_a_policy_for_no_route_stops_the_program() -> None:
    with pytest.raises(PolicyMissing, match=r"pages\.gone"):
        web_guard.register(_app(), _blueprint(), policies={**POLICIES, "gone": PUBLIC})


def test_a_route_added_behind_the_guard_is_found_and_not_served() -> None:
    app = _app()
    app.add_url_rule("/stray", "stray", lambda: "stray")
    with pytest.raises(PolicyMissing, match="stray"):
        web_guard.seal(app)
    answer = app.test_client().get("/stray")
    assert answer.status_code == 500
    assert b"stray" not in answer.data


def test_a_refusing_policy_keeps_the_view_from_running(app: Flask) -> None:
    assert app.test_client().get("/case/1").status_code == 401


@pytest.mark.parametrize("path", ["/open", "/case/1", "/crash", "/nowhere"])
def test_every_answer_carries_the_headers(app: Flask, path: str) -> None:
    headers = app.test_client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert f"frame-ancestors {EHR}" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["Vary"] == "Cookie"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert len(headers["X-Request-Id"]) == 36


def test_a_crash_shows_nothing_of_its_cause(app: Flask) -> None:
    answer = app.test_client().get("/crash")
    assert answer.status_code == 500
    assert b"canary" not in answer.data


def test_the_nonce_of_the_page_is_the_one_in_the_header_and_new_each_time(app: Flask) -> None:
    client = app.test_client()
    first, second = client.get("/open"), client.get("/open")
    assert f"'nonce-{first.text}'" in first.headers["Content-Security-Policy"]
    assert first.text != second.text


def test_a_page_may_name_further_origins_for_its_form_and_frames(app: Flask) -> None:
    client = app.test_client()
    policy = client.get("/authorize").headers["Content-Security-Policy"]
    assert "form-action 'self' https://app.example" in policy
    assert "frame-src https://frame.example" in policy
    assert "form-action 'self';" in client.get("/open").headers["Content-Security-Policy"]


def test_a_sent_request_id_is_kept_only_when_it_is_plain(app: Flask) -> None:
    client = app.test_client()
    kept = client.get("/open", headers={"X-Request-Id": "abc-12345"})
    replaced = client.get("/open", headers={"X-Request-Id": "John Doe <script>"})
    assert kept.headers["X-Request-Id"] == "abc-12345"
    assert len(replaced.headers["X-Request-Id"]) == 36


def test_the_access_line_has_the_pattern_and_no_path(
    app: Flask, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    app.test_client().get("/case/canary-id?name=canary", headers={"X-Request-Id": "abc-12345"})
    app.test_client().get("/canary-nowhere")
    found = [line for line in lines() if line["event"] == "web.request"]
    assert [line["route"] for line in found] == ["/case/<case_id>", "unmatched"]
    assert found[0]["request_id"] == "abc-12345"
    assert "canary" not in json.dumps(found)


def test_another_host_name_is_not_served(app: Flask) -> None:
    assert app.test_client().get("/open", base_url="http://evil.test").status_code == 404
    production = _app(
        mode="production",
        gateway_url="https://gw.example",
        consult_url="https://cs.example",
        gateway_database_url="postgresql://a/b",
        consult_database_url="postgresql://a/c",
        gateway_keyring_file="/keys/a",
        consult_keyring_file="/keys/b",
    )
    web_guard.register(production, _blueprint(), policies=POLICIES)
    client = production.test_client()
    good = client.get("/open", base_url="https://gw.example")
    assert good.status_code == 200
    assert "max-age" in good.headers["Strict-Transport-Security"]
    assert client.get("/open", base_url="http://localhost").status_code == 404


def test_an_oversize_body_is_refused(app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = app.test_client().post(
        "/form", data={"csrf": "a" * 2000}, headers={"Origin": "http://127.0.0.1:8401"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1:8401"}, 200),
        ({"Origin": "http://127.0.0.1:8401", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://127.0.0.1:8401", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://127.0.0.1:8402"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_a_form_is_taken_from_our_own_pages_only(
    app: Flask, headers: dict[str, str], status: int
) -> None:
    token = web_guard.csrf_token("session-secret")
    answer = app.test_client().post("/form", data={"csrf": token}, headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize("token", [None, "", ".", "a.b", "\xff.\xff"])
def test_a_wrong_form_token_is_refused(token: str | None) -> None:
    with pytest.raises(CsrfRefused):
        web_guard.check_csrf("secret", token)


def test_a_form_token_belongs_to_one_session() -> None:
    token = web_guard.csrf_token("secret")
    web_guard.check_csrf("secret", token)
    assert token != web_guard.csrf_token("secret")
    with pytest.raises(CsrfRefused):
        web_guard.check_csrf("other", token)


def test_an_origin_cannot_smuggle_a_directive(app: Flask) -> None:
    with app.test_request_context("/open"), pytest.raises(OriginRefused):
        web_guard.allow_frame("https://a.example; script-src *")


@pytest.mark.parametrize(("behind", "seen"), [("true", "203.0.113.9"), ("false", "127.0.0.1")])
def test_the_callers_address_is_taken_from_our_own_proxy_only(behind: str, seen: str) -> None:
    app = _app(behind_proxy=behind)
    pages = Blueprint("pages", __name__)
    pages.add_url_rule("/me", "me", lambda: str(request.remote_addr))
    web_guard.register(app, pages, policies={"me": PUBLIC})
    web_guard.seal(app)
    forged = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
    answer = app.test_client().get("/me", headers=forged, base_url="http://127.0.0.1:8401")
    assert answer.text == seen
