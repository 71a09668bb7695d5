"""Writing an answer: at most once, into the right chart, and proven by reading it back."""

import base64
import re
from dataclasses import replace
from typing import Any

import pytest

from exchange import names
from fhir_adapters import choose_vendor, writing
from fhir_adapters.capability import Capability, WriteClass
from fhir_adapters.errors import (
    ChartUnreachable,
    NoteDuplicated,
    NoteInvalid,
    WriteNotOffered,
    WriteParked,
    WriteRefused,
)
from fhir_adapters.outcomes import AlreadyThere, OutcomeUnknown, Written
from fhir_adapters.write_back import communication, document_reference
from runtime.errors import OutboundDown
from runtime.outbound import OutboundAnswer
from tests.support.memory_fhir import BASE, MemoryFhirSession, answer, statement
from tests.support.notes import NOTE, TEXT, capability_of, server, write

PLACE = {"resourceType": "DocumentReference", "id": "8"}


def _outcome(*issues: Any) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def _posts(session: MemoryFhirSession) -> int:
    return len([call for call in session.calls if call[0] == "POST"])


def _lost(session: MemoryFhirSession, *, stored: bool, reason: str = "timeout") -> None:
    """Lose the answer of the next create, after or before the server stored it."""

    def fault() -> OutboundAnswer:
        if stored:
            resource = {**document_reference.build(NOTE), "id": "lost-1"}
            session.resources.append(resource)
        raise OutboundDown(reason=reason, label="test")  # type: ignore[arg-type]

    session.fail("POST DocumentReference", fault)


def test_the_note_is_a_consult_note_without_clinical_words_outside_its_text() -> None:
    built = document_reference.build(NOTE)
    assert built["type"]["coding"][0] == {
        "system": "http://loinc.org",
        "code": "11488-4",
        "display": "Consult note",
    }
    assert built["identifier"] == [{"system": names.SID_OPINION, "value": "case7.opinion.1"}]
    assert built["subject"] == {"reference": "Patient/p-1"}
    assert built["author"] == [{"reference": "Practitioner/d-1"}]
    assert built["context"]["encounter"] == [{"reference": "Encounter/e-1"}]
    assert built["context"]["period"]["end"] == "2026-03-02T11:40:00+00:00"
    assert "ACE" not in built["description"]
    types = [c["attachment"]["contentType"] for c in built["content"]]
    assert types == ["text/plain; charset=utf-8"]
    assert base64.b64decode(built["content"][0]["attachment"]["data"]).decode() == TEXT
    assert "authenticator" not in built
    assert all("T" in t for t in re.findall(r"\d{4}-\d\d-\d\d\S*", str(built)))


def test_without_encounter_author_and_xhtml_the_note_is_still_valid() -> None:
    bare = replace(NOTE, encounter_id=None, author=None, xhtml=None)
    built = document_reference.build(bare, formats=(document_reference.XHTML,))
    assert "author" not in built
    assert "encounter" not in built["context"]
    assert len(built["content"]) == 1
    assert "encounter" not in communication.build(bare, note_reference="DocumentReference/1")


def test_a_correction_replaces_the_earlier_note() -> None:
    built = document_reference.build(replace(NOTE, replaces="DocumentReference/1"))
    assert built["relatesTo"] == [
        {"code": "replaces", "target": {"reference": "DocumentReference/1"}}
    ]


def test_a_note_that_breaks_fhir_is_never_sent_and_names_the_place() -> None:
    session = server()
    with pytest.raises(NoteInvalid) as caught:
        write(session, replace(NOTE, encounter_id=7, author=["Quarrow"]))
    assert "author" in str(caught.value)
    assert "Quarrow" not in str(caught.value)
    assert session.calls == []


def test_nothing_of_the_note_is_printable() -> None:
    printed = repr(NOTE)
    for word in ("p-1", "e-1", "d-1", "ACE"):
        assert word not in printed


@pytest.mark.parametrize("write_class", list(WriteClass))
def test_a_note_is_written_and_read_back(write_class: WriteClass) -> None:
    session = server(write_class)
    adapter = choose_vendor.adapter_for(capability_of(session))
    outcome = adapter.write_note(session, NOTE, tried_before=False)
    assert isinstance(outcome, Written)
    assert outcome.version == "1"
    verified = adapter.verify_note(session, NOTE, reference=outcome.reference)
    assert verified.text_sha256 == NOTE.text_sha256
    assert verified.version == "1"
    assert len(session.resources) == 1


@pytest.mark.parametrize("write_class", [WriteClass.CONDITIONAL, WriteClass.SEARCHABLE])
@pytest.mark.parametrize("tried_before", [False, True])
def test_a_second_write_finds_the_first(write_class: WriteClass, tried_before: bool) -> None:
    session = server(write_class)
    first = write(session)
    again = write(session, tried_before=tried_before)
    assert isinstance(again, AlreadyThere)
    assert again.reference == first.reference
    assert len(session.resources) == 1


def test_in_class_c_a_second_try_is_parked_for_a_person() -> None:
    session = server(WriteClass.BLIND)
    with pytest.raises(WriteParked):
        write(session, tried_before=True)
    assert session.calls == []


@pytest.mark.parametrize("write_class", [WriteClass.CONDITIONAL, WriteClass.SEARCHABLE])
def test_a_lost_answer_is_found_by_looking(write_class: WriteClass) -> None:
    session = server(write_class)
    _lost(session, stored=True)
    outcome = write(session)
    assert isinstance(outcome, Written)
    assert outcome.reference == "DocumentReference/lost-1"
    assert _posts(session) == 1


@pytest.mark.parametrize("reason", ["timeout", "reset", "oversize"])
def test_a_lost_request_may_be_tried_again_after_looking(reason: str) -> None:
    session = server(WriteClass.SEARCHABLE)
    _lost(session, stored=False, reason=reason)
    outcome = write(session)
    assert isinstance(outcome, OutcomeUnknown)
    assert outcome.may_retry
    assert isinstance(write(session, tried_before=True), Written)
    assert len(session.resources) == 1


def test_a_lost_answer_in_class_c_is_for_a_person() -> None:
    session = server(WriteClass.BLIND)
    _lost(session, stored=True)
    outcome = write(session)
    assert outcome == OutcomeUnknown(reason="timeout", may_retry=False)


@pytest.mark.parametrize("reason", ["connect", "tls"])
def test_a_connection_that_never_stood_wrote_nothing(reason: str) -> None:
    session = server(WriteClass.BLIND)
    _lost(session, stored=False, reason=reason)
    with pytest.raises(ChartUnreachable):
        write(session)


def test_looking_that_fails_too_leaves_the_outcome_unknown() -> None:
    session = server()
    _lost(session, stored=True)
    session.fail("DocumentReference?", lambda: answer(503))
    outcome = write(session)
    assert outcome == OutcomeUnknown(reason="timeout", may_retry=True)


def test_looking_before_the_first_write_must_work_in_class_b() -> None:
    session = server(WriteClass.SEARCHABLE)
    session.fail("DocumentReference?", lambda: answer(503), lambda: answer(403))
    with pytest.raises(ChartUnreachable):
        write(session)
    with pytest.raises(WriteRefused):
        write(session)
    assert _posts(session) == 0


@pytest.mark.parametrize(
    ("reply", "error", "issue"),
    [
        (lambda: answer(403), WriteRefused, None),
        (
            lambda: answer(422, _outcome({"code": "required"})),
            WriteRefused,
            "required",
        ),
        (
            lambda: answer(400, _outcome({"code": "Quarrow"})),
            WriteRefused,
            "unrecognized",
        ),
        (
            lambda: answer(400, _outcome("x")),
            WriteRefused,
            None,
        ),
        (
            lambda: answer(400, _outcome()),
            WriteRefused,
            None,
        ),
        (lambda: answer(429), ChartUnreachable, None),
        (lambda: answer(412), NoteDuplicated, None),
    ],
)
def test_a_refusal_says_which_kind_and_is_not_repeated(
    reply: Any, error: type[Any], issue: str | None
) -> None:
    session = server()
    session.fail("POST DocumentReference", reply)
    with pytest.raises(error) as caught:
        write(session)
    assert caught.value.issue_code == issue
    assert "Quarrow" not in str(caught.value)
    assert _posts(session) == 1


@pytest.mark.parametrize("status", [202, 204, 303, 408, 409, 499])
def test_what_is_no_clear_refusal_leaves_open_whether_it_was_written(status: int) -> None:
    session = server()
    session.fail("POST DocumentReference", lambda: answer(status))
    assert write(session) == OutcomeUnknown(reason="not_readable", may_retry=True)
    assert _posts(session) == 1


def test_a_server_error_after_storing_is_found_by_looking() -> None:
    session = server()

    def stored_then_500() -> OutboundAnswer:
        session.resources.append({**document_reference.build(NOTE), "id": "kept"})
        return answer(500)

    session.fail("POST DocumentReference", stored_then_500)
    outcome = write(session)
    assert isinstance(outcome, Written)
    assert outcome.reference == "DocumentReference/kept"
    session = server()
    session.fail("POST DocumentReference", lambda: answer(500))
    assert write(session) == OutcomeUnknown(reason="server_error", may_retry=True)


@pytest.mark.parametrize(
    ("reply", "reference", "version"),
    [
        (answer(201, b"", location="DocumentReference/9"), "DocumentReference/9", None),
        (
            answer(201, b"", location=f"{BASE}/DocumentReference/9/_history/4"),
            "DocumentReference/9",
            "4",
        ),
        (
            answer(201, b"", location="/fhir/DocumentReference/9", etag='"7"'),
            "DocumentReference/9",
            "7",
        ),
        (
            answer(
                201, {"resourceType": "DocumentReference", "id": "8", "meta": {"versionId": "2"}}
            ),
            "DocumentReference/8",
            "2",
        ),
        (
            answer(
                201,
                PLACE,
                location="https://evil.example/fhir/DocumentReference/9",
                etag='W/"3"',
            ),
            "DocumentReference/8",
            "3",
        ),
    ],
)
def test_the_place_is_read_from_location_or_body(
    reply: OutboundAnswer, reference: str, version: str | None
) -> None:
    session = server()
    session.fail("POST DocumentReference", lambda: reply)
    outcome = write(session)
    assert isinstance(outcome, Written)
    assert (outcome.reference, outcome.version) == (reference, version)


@pytest.mark.parametrize(
    "reply",
    [
        answer(201, b""),
        answer(201, _outcome()),
        answer(201, b"", location="https://evil.example/fhir/DocumentReference/9"),
        answer(201, b"", location="Basic/9"),
        answer(200, {"resourceType": "DocumentReference"}),
    ],
)
def test_an_answer_without_a_place_is_looked_up(reply: OutboundAnswer) -> None:
    session = server()

    def stored() -> OutboundAnswer:
        session.resources.append({**document_reference.build(NOTE), "id": "there"})
        return reply

    session.fail("POST DocumentReference", stored)
    outcome = write(session)
    assert isinstance(outcome, Written)
    assert outcome.reference == "DocumentReference/there"


def test_an_answer_without_a_place_in_class_c_is_for_a_person() -> None:
    session = server(WriteClass.BLIND)
    session.fail("POST DocumentReference", lambda: answer(201, b""))
    assert write(session) == OutcomeUnknown(reason="not_readable", may_retry=False)


def test_an_ehr_that_takes_no_notes_is_not_asked() -> None:
    session = MemoryFhirSession(capability=statement(create=()))
    with pytest.raises(WriteNotOffered):
        write(session)
    session = MemoryFhirSession(capability=statement(types=(), create=()))
    with pytest.raises(WriteNotOffered):
        write(session)
    assert session.calls == []


def test_the_doctors_inbox_is_told_once_where_that_is_offered() -> None:
    session = server()
    written = write(session)
    tell = {
        "note_reference": written.reference,
        "capability": capability_of(session),
    }
    assert isinstance(writing.write_message(session, NOTE, **tell), Written)
    assert isinstance(writing.write_message(session, NOTE, **tell), AlreadyThere)
    message = session.resources[1]
    assert message["resourceType"] == "Communication"
    assert message["recipient"] == [{"reference": "Practitioner/d-1"}]
    assert message["about"] == [{"reference": written.reference}]
    assert "ACE" not in str(message)


def test_two_notes_with_one_identifier_stop_everything() -> None:
    session = server()
    session.resources += [{**document_reference.build(NOTE), "id": str(i)} for i in range(2)]
    with pytest.raises(NoteDuplicated):
        write(session, tried_before=True)
    with pytest.raises(NoteDuplicated):
        write(session)


def test_a_server_that_ignores_the_identifier_is_not_believed() -> None:
    session = server()
    other = {**document_reference.build(replace(NOTE, opinion_id="other")), "id": "1"}
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": other}, {"resource": {"resourceType": "Basic", "id": "2"}}],
    }
    session.fail("DocumentReference?", lambda: answer(200, bundle))
    assert writing.find_note(session, NOTE.opinion_id) == ()


def test_the_adapter_reads_charts_too() -> None:
    session = server()
    session.resources.append({"resourceType": "Patient", "id": "p-1"})
    adapter = choose_vendor.adapter_for(capability_of(session))
    snapshot = adapter.read_chart(session, patient_id="p-1", encounter_id=None)
    assert snapshot.patient["id"] == "p-1"
    assert ("GET", "metadata") not in session.calls


def test_a_statement_of_the_wrong_shape_declares_nothing() -> None:
    found = Capability.from_statement(
        {
            "software": "x",
            "rest": [
                {
                    "mode": "server",
                    "resource": [
                        {"type": 7},
                        {"type": "Basic", "interaction": "x", "searchParam": [{"name": 7}]},
                        {"type": "List", "searchInclude": ["List:item", 7]},
                    ],
                }
            ],
        }
    )
    assert set(found.types) == {"Basic", "List"}
    assert found.types["List"].includes == {"List:item"}
    assert not found.offers("Basic", "read")
    assert not found.has_param("Patient", "name")
    assert found.write_class("Basic") is None
    assert found.software == ""
