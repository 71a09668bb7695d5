"""The bearer goes to its own origin in a header, and nowhere else, ever."""

from dataclasses import dataclass, field, replace

import pytest
import requests
import responses

from launch.authorized_session import AuthorizedSession
from launch.errors import ForeignAddress, SignInOver, Step
from runtime.errors import OutboundDown
from tests.support.launch_stores import ISSUER, Desk


@dataclass
class Tokens:
    """A token source that counts."""

    renewed: int = 0
    dead: bool = False
    asked: list[str] = field(default_factory=list)

    def current(self) -> str:
        return f"token-{self.renewed}"

    def renew(self, stale: str) -> str:
        if self.dead:
            raise SignInOver(step=Step.REFRESH)
        self.asked.append(stale)
        self.renewed += 1
        return f"token-{self.renewed}"


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def session(desk: Desk, tokens: Tokens) -> AuthorizedSession:
    return AuthorizedSession(base_url=ISSUER, outbound=desk.client.outbound, tokens=tokens)


def _sent(mock: responses.RequestsMock) -> list[str | None]:
    return [call.request.headers.get("Authorization") for call in mock.calls]


def test_the_token_travels_in_the_header_only(
    session: AuthorizedSession, mock: responses.RequestsMock
) -> None:
    mock.get(f"{ISSUER}/Condition", json={})
    answer = session.get("Condition", [("patient", "p 1"), ("category", "a|b")])
    assert answer.status == 200
    request = mock.calls[0].request
    assert request.url == f"{ISSUER}/Condition?patient=p+1&category=a%7Cb"
    assert request.headers["Authorization"] == "Bearer token-0"
    assert request.headers["Accept"] == "application/fhir+json"
    assert "token-0" not in str(request.url)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/fhir/Condition",
        "//evil.example/Condition",
        "https://ehr.example:8443/fhir/Condition",
        "http://ehr.example/fhir/Condition",
        "https://ehr.example@evil.example/fhir",
        "ftp://ehr.example/fhir",
        "https://ehr.example.evil.example/",
    ],
)
def test_t22_v11_an_address_elsewhere_is_refused_before_anything_is_sent(
    session: AuthorizedSession, mock: responses.RequestsMock, address: str
) -> None:
    with pytest.raises(ForeignAddress):
        session.get(address)
    with pytest.raises(ForeignAddress):
        session.post(address, b"{}")
    assert len(mock.calls) == 0


def test_a_foreign_next_link_after_a_retried_503_is_still_refused(
    session: AuthorizedSession, mock: responses.RequestsMock
) -> None:
    mock.get(f"{ISSUER}/Observation", status=503, headers={"Retry-After": "0"})
    mock.get(
        f"{ISSUER}/Observation",
        json={"link": [{"relation": "next", "url": "https://evil.example/page2"}]},
    )
    assert session.get("Observation").status == 200
    with pytest.raises(ForeignAddress):
        session.get("https://evil.example/page2")
    assert {call.request.url for call in mock.calls} == {f"{ISSUER}/Observation"}


def test_a_next_link_of_the_same_origin_is_read_with_the_token(
    session: AuthorizedSession, mock: responses.RequestsMock
) -> None:
    mock.get("https://ehr.example/pages/2", json={})
    session.get("https://ehr.example/pages/2?cursor=a", [("x", "1")])
    assert mock.calls[0].request.url == "https://ehr.example/pages/2?cursor=a&x=1"
    assert _sent(mock) == ["Bearer token-0"]


def test_v25_a_redirect_is_an_answer_and_is_not_followed(
    session: AuthorizedSession, mock: responses.RequestsMock
) -> None:
    mock.get(f"{ISSUER}/Patient/1", status=302, headers={"Location": "https://evil.example/"})
    assert session.get("Patient/1").status == 302
    assert len(mock.calls) == 1


def test_after_a_401_there_is_one_new_token_and_one_more_try(
    session: AuthorizedSession, tokens: Tokens, mock: responses.RequestsMock
) -> None:
    mock.get(f"{ISSUER}/Patient/1", status=401)
    mock.get(f"{ISSUER}/Patient/1", json={})
    assert session.get("Patient/1").status == 200
    assert _sent(mock) == ["Bearer token-0", "Bearer token-1"]
    assert tokens.asked == ["token-0"]


def test_a_second_401_is_the_answer(
    session: AuthorizedSession, mock: responses.RequestsMock
) -> None:
    mock.get(f"{ISSUER}/Patient/1", status=401)
    assert session.get("Patient/1").status == 401
    assert len(mock.calls) == 2


def test_a_sign_in_that_cannot_be_renewed_is_over(
    session: AuthorizedSession, tokens: Tokens, mock: responses.RequestsMock
) -> None:
    tokens.dead = True
    mock.get(f"{ISSUER}/Patient/1", status=401)
    with pytest.raises(SignInOver):
        session.get("Patient/1")


def test_a_busy_server_is_asked_three_times_and_its_wait_is_cut_short(
    session: AuthorizedSession, mock: responses.RequestsMock
) -> None:
    waited: list[float] = []
    mock.get(f"{ISSUER}/Patient/1", status=429, headers={"Retry-After": "3600"})
    mock.get(f"{ISSUER}/Patient/1", status=503, headers={"Retry-After": "tomorrow"})
    mock.get(f"{ISSUER}/Patient/1", status=503)
    assert replace(session, pause=waited.append).get("Patient/1").status == 503
    assert waited == [5.0, 0.5]
    assert len(mock.calls) == 3


def test_a_broken_connection_is_tried_again_and_a_time_out_is_not(
    session: AuthorizedSession, mock: responses.RequestsMock
) -> None:
    mock.get(f"{ISSUER}/Patient/1", body=requests.exceptions.ConnectionError("private"))
    mock.get(f"{ISSUER}/Patient/1", json={})
    assert session.get("Patient/1").status == 200
    mock.get(f"{ISSUER}/Patient/2", body=requests.exceptions.ReadTimeout("private"))
    with pytest.raises(OutboundDown) as caught:
        session.get("Patient/2")
    assert "private" not in str(caught.value)
    assert len(mock.calls) == 3


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_write_is_sent_once_whatever_happens(
    session: AuthorizedSession, mock: responses.RequestsMock, method: str
) -> None:
    mock.add(method, f"{ISSUER}/Thing", status=503)
    write = session.post if method == "POST" else session.put
    assert write("Thing", b"{}", headers={"If-None-Exist": "identifier=a"}).status == 503
    mock.replace(method, f"{ISSUER}/Thing", body=requests.exceptions.ConnectionError("x"))
    with pytest.raises(OutboundDown):
        write("Thing", b"{}")
    assert len(mock.calls) == 2
    request = mock.calls[0].request
    assert request.headers["If-None-Exist"] == "identifier=a"
    assert request.headers["Content-Type"] == "application/fhir+json"


def test_a_write_that_was_not_authorized_is_repeated_once(
    session: AuthorizedSession, mock: responses.RequestsMock
) -> None:
    mock.post(f"{ISSUER}/Thing", status=401)
    mock.post(f"{ISSUER}/Thing", status=201)
    assert session.post("Thing", b"{}").status == 201
    assert [call.request.body for call in mock.calls] == [b"{}", b"{}"]


def test_the_session_prints_neither_token_nor_source(session: AuthorizedSession) -> None:
    assert "token" not in repr(session).lower()
