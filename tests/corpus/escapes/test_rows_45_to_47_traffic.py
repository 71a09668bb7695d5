"""Rows 45 to 47 of spec deid.md 5: what doctors type, how it travels, what it leaves behind.

The whole gateway of a hospital, a network in memory that keeps every request, one walk.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from runtime import jose
from runtime.outbound import Bearer, OutboundAnswer
from smartapp.errors import CaseHeld, ConsultRefused
from smartapp.gateway import reply_to_question as replying
from smartapp.gateway.approve_case import approve_case
from smartapp.gateway.collect_answers import collect_answers
from smartapp.gateway.consult_link import ConsultLink
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.prepare_case import prepare_case, save_question
from smartapp.gateway.question_form import read_form
from smartapp.gateway.send_case import send_case
from tests.support import canary_sinks
from tests.support.escapes import Escape, found
from tests.support.fake_network import BASE, FakeNetwork
from tests.support.gateway import CLIENT, INCLUDE, QUESTION, Hospital, hospital

_PLANTED = (
    "Marrowby", "Corwin", "40417731", "Gullhaven", "Philomena Ashgrove", "5550133", "Tidewater",
    "1959-03-04", "amarrowby", "Ossington", "Gwyneth",
)  # fmt: skip
_TYPED = {
    **QUESTION,
    "question": "Re: MARROWBY, Adela (40417731) - K 6.1 after insulin. Her niece Philomena "
    "Ashgrove (503-555-0133) asks whether dialysis is due. See amarrowby_ecg.pdf.",
    "thinking": "Dr Gwyneth Ossington agrees; Mrs Marrowby of 18 Tidewater Lane, born 4 March "
    "1959, takes TMP-SMX with lisinopril.",
}
_REPLY = (
    "> Please tell the weight of Mrs Marrowby\n71 kg. Corwin Marrowby helps, his number is "
    "503 555 0133.\nKind regards, Gwyneth Ossington"
)


@dataclass
class KeepingNetwork(FakeNetwork):
    """The network in memory, with every request as it came."""

    requests: list[str] = field(default_factory=list)

    def request(
        self,
        method: str,
        url: str,
        *,
        label: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        form: Mapping[str, str] | None = None,
        bearer: Bearer | None = None,
    ) -> OutboundAnswer:
        """Keep, then answer."""
        secret = bearer.token if bearer else ""
        self.requests.append(f"{method} {url}\n{label}\n{headers}\n{form}\n{secret}")
        self.requests.append((body or b"").decode())
        return super().request(
            method, url, label=label, headers=headers, body=body, form=form, bearer=bearer
        )


@dataclass(kw_only=True)
class Traffic:
    """What one walk of question, reply and failures let out, and where it ran."""

    here: Hospital
    network: KeepingNetwork
    folder: Path
    errors: list[str]


def _walk(here: Hospital, errors: list[str]) -> None:
    services = here.services
    _, launch = here.launch()
    save_question(services, launch, read_form(_TYPED, INCLUDE))
    revision = prepare_case(services, launch)
    case = approve_case(services, launch, revision_id=revision.revision_id, sha256=revision.sha256)
    assert send_case(services, f"{case.case_id}.submit.1") == "sent"
    network = here.network
    network.claim()
    collect_answers(services)
    network.ask_back("Please tell the weight of [patient].")
    collect_answers(services)
    replying.save_reply(services, launch, case.case_id, _REPLY)
    revision = replying.prepare_reply(services, launch, case.case_id)
    replying.approve_reply(
        services, launch, case.case_id, revision_id=revision.revision_id, sha256=revision.sha256
    )
    assert send_case(services, f"{case.case_id}.reply.1") == "sent"
    _fail(here, errors)


def _fail(here: Hospital, errors: list[str]) -> None:
    """The ways in which a case of the same words comes to nothing."""
    hurried = DeidWorkers(timeout_seconds=0.0, memory_megabytes=1024, keep_warm=0)
    services = replace(here.services, deid=hurried)
    _, launch = here.launch()
    save_question(services, launch, read_form(_TYPED, INCLUDE))
    with pytest.raises(CaseHeld) as held:
        prepare_case(services, launch)
    errors.append(f"{held.value} {held.value!r} {vars(held.value)}")
    assert held.value.reason == "timeout"
    here.network.refuse_with = 422
    revision = prepare_case(here.services, launch)
    case = approve_case(
        here.services, launch, revision_id=revision.revision_id, sha256=revision.sha256
    )
    assert send_case(here.services, f"{case.case_id}.submit.1") == "parked"
    link = here.services.consult
    with pytest.raises(ConsultRefused) as refused:
        link.read("Task/none-such")
    errors.append(f"{refused.value} {refused.value!r} {vars(refused.value)}")


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traffic]:
    folder = tmp_path_factory.mktemp("hospital")
    network = KeepingNetwork()
    errors: list[str] = []
    with hospital(folder) as here:
        here.network = network
        here.services = replace(
            here.services,
            consult=ConsultLink(
                network,  # type: ignore[arg-type]  # a fake of the outbound client
                base_url=BASE,
                client_id=CLIENT,
                key=jose.new_signing_key("ES384"),
            ),
        )
        _walk(here, errors)
        yield Traffic(here=here, network=network, folder=folder, errors=errors)


def _judged(row: int, words: str) -> Escape:
    return Escape(row=row, words=words, planted=_PLANTED)


def test_row_45_question_and_reply_leave_without_the_names_typed_in_them(traffic: Traffic) -> None:
    bodies = [body.decode() for body in traffic.network.bodies]
    assert len(bodies) >= 2
    assert found(_judged(45, "bodies"), bodies) == []
    assert "[patient]" in bodies[0]
    assert "TMP-SMX" in bodies[0]
    assert any("71 kg" in body for body in bodies)


def test_row_46_no_address_header_token_or_form_of_a_request_names_anybody(
    traffic: Traffic,
) -> None:
    heads = traffic.network.requests[0::2]
    assert len(heads) > 5
    assert found(_judged(46, "heads"), heads) == []
    assert "referer" not in "\n".join(heads).lower()
    assert traffic.here.patient_id not in "\n".join(heads)


def test_row_46_no_body_of_any_other_request_names_anybody(traffic: Traffic) -> None:
    assert found(_judged(46, "bodies"), traffic.network.requests[1::2]) == []


def test_row_47_errors_name_no_value(traffic: Traffic) -> None:
    assert len(traffic.errors) == 2
    assert found(_judged(47, "errors"), traffic.errors) == []


def test_row_47_tables_and_files_hold_no_readable_value(traffic: Traffic) -> None:
    sinks = {
        name: content.decode("utf-8", "replace")
        for name, content in canary_sinks.tables(traffic.folder / "gateway.db")
    }
    assert len(sinks) > 5
    assert found(_judged(47, "tables"), sinks.values(), layers=0) == []
    names = [name for name, _ in canary_sinks.files(traffic.folder)]
    assert found(_judged(47, "names"), names) == []


def test_row_47_durable_work_carries_only_ids(traffic: Traffic) -> None:
    queued: list[Any] = list(traffic.here.jobs.queued.items())
    assert queued
    assert found(_judged(47, "jobs"), [repr(queued)]) == []


def test_row_47_nothing_is_printed(capfd: pytest.CaptureFixture[str], traffic: Traffic) -> None:
    traffic.network.refuse_with = 0
    _, launch = traffic.here.launch()
    save_question(traffic.here.services, launch, read_form(_TYPED, INCLUDE))
    prepare_case(traffic.here.services, launch)
    out, said = capfd.readouterr()
    assert found(_judged(47, "printed"), [out, said]) == []
