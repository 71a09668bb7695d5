"""Nothing leaves except to listed origins, with bounded time and size, and tokens stay bound."""

import gzip
import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
import requests
import responses

from runtime import logs
from runtime.errors import OutboundDown, OutboundForbidden
from runtime.outbound import (
    Bearer,
    GuardedSession,
    OutboundClient,
    OutboundRules,
    is_loopback_origin,
    origin_of,
)

EHR = "https://ehr.example"
_BOMB = gzip.compress(b"\0" * 30_000_000, compresslevel=1)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    seen: ClassVar[list[dict[str, str]]] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        _Server.seen.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
        getattr(self, "_" + self.path.strip("/").split("?")[0])()

    def _ok(self) -> None:
        self._answer(200, b"fine")

    def _redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/ok")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _silent(self) -> None:
        time.sleep(2)

    def _drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(40):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.1)

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(400):
            self.wfile.write(b"x" * 65_536)

    def _large(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "99999999")
        self.end_headers()

    def _bomb(self) -> None:
        body = _BOMB
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _gzip(self) -> None:
        body = gzip.compress(b"fine")
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _broken(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half")
        self.connection.close()

    def _cookie(self) -> None:
        self.send_response(200)
        self.send_header("Set-Cookie", "a=b")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Mixed-Case", "kept")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ValueError):
            self.close_connection = True


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with _Server(("127.0.0.1", 0), _Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture
def client(server: str) -> OutboundClient:
    _Server.seen.clear()
    return OutboundClient(
        allowed_origins={server, EHR},
        allow_loopback_http=True,
        connect_seconds=0.5,
        read_seconds=0.5,
        total_seconds=1.0,
        max_bytes=5_000_000,
    )


def test_an_answer_comes_back_whole(client: OutboundClient, server: str) -> None:
    answer = client.request("GET", f"{server}/ok", label="ok")
    assert (answer.status, answer.body, answer.headers["x-mixed-case"]) == (200, b"fine", "kept")
    assert client.request("GET", f"{server}/gzip", label="ok").body == b"fine"
    assert "fine" not in repr(answer)


def test_v25_a_redirect_is_an_answer_and_is_not_followed(
    client: OutboundClient, server: str
) -> None:
    answer = client.request("GET", f"{server}/redirect", label="r")
    assert (answer.status, answer.headers["location"]) == (302, "/ok")
    assert [seen["path"] for seen in _Server.seen] == ["/redirect"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("silent", "timeout"),
        ("drip", "timeout"),
        ("endless", "oversize"),
        ("large", "oversize"),
        ("bomb", "oversize"),
        ("broken", "reset"),
    ],
)
def test_a_bad_other_side_costs_bounded_time_and_memory(
    client: OutboundClient, server: str, path: str, reason: str
) -> None:
    began = time.monotonic()
    with pytest.raises(OutboundDown) as caught:
        client.request("GET", f"{server}/{path}?name=canary", label="bad")
    assert caught.value.reason == reason
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert time.monotonic() - began < 3


def test_nobody_there_is_told_apart_from_a_lost_answer(client: OutboundClient) -> None:
    closed = OutboundClient(allowed_origins=lambda _: True, allow_loopback_http=True)
    with pytest.raises(OutboundDown) as caught:
        closed.request("GET", "http://127.0.0.1:9/", label="closed")
    assert caught.value.reason == "connect"


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/",
        "https://ehr.example.evil.test/",
        "https://ehr.example@evil.test/",
        "https://user:pw@ehr.example/",
        "https://ehr.example:8443/",
        "http://ehr.example/",
        "file:///etc/passwd",
        "ftp://ehr.example/",
        "//ehr.example/",
        "https://ehr.example\\@evil.test/",
        "https://ehr.example\n.evil.test/",
        "https://ehr.example./",
        "https://ehr.example:99999/",
        "https://ehr%2eexample/",
        "https://\uff45hr.example/",
        "https://[::ffff:a9fe:a9fe]/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://169.254.169.254/",
        "https://ehr.example/#fragment",
        "",
    ],
)
@responses.activate
def test_t22_other_addresses_are_stopped_before_any_call(url: str) -> None:
    client = OutboundClient(allowed_origins={EHR}, allow_loopback_http=True)
    with pytest.raises(OutboundForbidden) as caught:
        client.request("GET", url, label="x")
    assert len(responses.calls) == 0
    assert "evil" not in str(caught.value)


def test_plain_http_needs_loopback_and_permission() -> None:
    strict = OutboundClient(allowed_origins=lambda _: True, allow_loopback_http=False)
    for url in ("http://127.0.0.1:9/", "http://ehr.example/"):
        with pytest.raises(OutboundForbidden, match="plain_http"):
            strict.request("GET", url, label="x")


@responses.activate
def test_v11_a_token_goes_to_its_own_origin_only() -> None:
    responses.get(f"{EHR}/fhir/Patient", json={})
    client = OutboundClient(
        allowed_origins={EHR, "https://other.example"}, allow_loopback_http=False
    )
    bearer = Bearer(origin=EHR, token="canary")
    client.request("GET", f"{EHR}/fhir/Patient", label="read", bearer=bearer)
    assert responses.calls[0].request.headers["Authorization"] == "Bearer canary"
    with pytest.raises(OutboundForbidden, match="credential_origin"):
        client.request("GET", "https://other.example/next", label="read", bearer=bearer)
    assert len(responses.calls) == 1
    assert "canary" not in repr(bearer)


@responses.activate
def test_v24_the_netrc_of_the_machine_replaces_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine ehr.example login x password y")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    responses.get(f"{EHR}/x", json={})
    client = OutboundClient(allowed_origins={EHR}, allow_loopback_http=False)
    client.request("GET", f"{EHR}/x", label="x")
    assert "Authorization" not in responses.calls[0].request.headers
    client.request("GET", f"{EHR}/x", label="x", bearer=Bearer(origin=EHR, token="t"))
    assert responses.calls[1].request.headers["Authorization"] == "Bearer t"


def test_no_cookie_is_kept(client: OutboundClient, server: str) -> None:
    client.request("GET", f"{server}/cookie", label="x")
    client.request("GET", f"{server}/ok", label="x")
    assert "cookie" not in _Server.seen[-1]


def test_the_request_id_travels(client: OutboundClient, server: str) -> None:
    with logs.bind(request_id="abc-12345"):
        client.request("GET", f"{server}/ok", label="x")
    assert _Server.seen[-1]["x-request-id"] == "abc-12345"


@responses.activate
def test_a_form_and_basic_credentials_are_encoded_as_they_should() -> None:
    responses.post(f"{EHR}/token", json={})
    client = OutboundClient(allowed_origins={EHR}, allow_loopback_http=False)
    client.request(
        "POST", f"{EHR}/token", label="token", form={"code": "a b&c"}, basic=("user", "pass")
    )
    sent = responses.calls[0].request
    assert sent.body == b"code=a+b%26c"
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert sent.headers["Authorization"] == "Basic dXNlcjpwYXNz"


@responses.activate
def test_a_library_s_session_obeys_the_same_rules() -> None:
    responses.get(f"{EHR}/fhir/metadata", json={"resourceType": "CapabilityStatement"})
    responses.get(f"{EHR}/moved", status=302, headers={"Location": "https://evil.test/"})
    rules = OutboundRules(allowed_origins={EHR}, allow_loopback_http=False)
    session = GuardedSession(rules, credential_origin=EHR)
    header = {"Authorization": "Bearer canary"}
    assert session.get(f"{EHR}/fhir/metadata", headers=header).json()["resourceType"]
    assert session.get(f"{EHR}/moved", headers=header).status_code == 302
    with pytest.raises(OutboundForbidden):
        session.get("https://evil.test/next", headers=header)
    other = GuardedSession(rules)
    with pytest.raises(OutboundForbidden, match="credential_origin"):
        other.get(f"{EHR}/fhir/metadata", headers=header)
    assert len(responses.calls) == 2


@responses.activate
def test_the_library_s_errors_do_not_come_through() -> None:
    responses.get(f"{EHR}/x", body=requests.ConnectionError("https://ehr.example/x?name=canary"))
    session = GuardedSession(OutboundRules(allowed_origins={EHR}, allow_loopback_http=False))
    with pytest.raises(OutboundDown) as caught:
        session.get(f"{EHR}/x")
    assert caught.value.reason == "reset"
    assert "canary" not in str(caught.value)


def test_origins_are_named_in_one_way() -> None:
    assert origin_of("HTTPS://EHR.example:443/fhir?x=1") == EHR
    assert origin_of("https://ehr.example:8443/fhir") == "https://ehr.example:8443"
    assert is_loopback_origin("http://app.localhost:1")
    assert is_loopback_origin("http://[::1]:1")
    assert not is_loopback_origin("http://localhost.evil.test")
