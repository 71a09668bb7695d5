"""Reading a written note back: right chart, right text, still in force."""

import base64
from typing import Any

import pytest

from fhir_adapters.capability import WriteClass
from fhir_adapters.errors import (
    ChartUnreachable,
    NoteChanged,
    NoteDuplicated,
    NoteNotFound,
    NoteWrongPatient,
)
from fhir_adapters.read_back import verify_note
from fhir_adapters.write_back import document_reference
from tests.support.memory_fhir import MemoryFhirSession, answer
from tests.support.notes import NOTE, TEXT, capability_of, server


def _verify(session: MemoryFhirSession, reference: str) -> Any:
    return verify_note(session, NOTE, capability=capability_of(session), reference=reference)


def _stored(session: MemoryFhirSession, **changes: Any) -> str:
    session.resources.append({**document_reference.build(NOTE), "id": "n", **changes})
    return "DocumentReference/n"


def _content(**attachment: Any) -> list[dict[str, Any]]:
    return [{"attachment": {"contentType": "text/plain", **attachment}}]


@pytest.mark.parametrize("write_class", [WriteClass.CONDITIONAL, WriteClass.BLIND])
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"subject": {"reference": "Patient/p-2"}}, NoteWrongPatient),
        ({"subject": {"display": "p-1"}}, NoteWrongPatient),
        ({"status": "entered-in-error"}, NoteChanged),
        ({"status": "superseded"}, NoteChanged),
        ({"content": []}, NoteChanged),
        ({"content": "x"}, NoteChanged),
        ({"content": ["x", {}, {"attachment": {"contentType": 7}}]}, NoteChanged),
        ({"content": _content(data="b3RoZXI=")}, NoteChanged),
        ({"content": _content(data="%%%")}, NoteChanged),
        ({"content": _content()}, NoteChanged),
        ({"content": _content(url="https://evil.example/1")}, NoteChanged),
        ({"content": _content(url="Binary/missing")}, NoteChanged),
    ],
)
def test_reading_back_notices(
    write_class: WriteClass, changes: dict[str, Any], error: type[Exception]
) -> None:
    session = server(write_class)
    with pytest.raises(error):
        _verify(session, _stored(session, **changes))


def test_a_text_that_the_server_moved_into_a_binary_is_followed() -> None:
    session = server()
    data = base64.b64encode(TEXT.encode()).decode()
    session.resources.append({"resourceType": "Binary", "id": "b", "data": data})
    reference = _stored(session, content=_content(url="Binary/b"))
    assert _verify(session, reference).text_sha256 == NOTE.text_sha256


def test_a_note_elsewhere_than_written_is_a_duplicate() -> None:
    session = server()
    _stored(session)
    with pytest.raises(NoteDuplicated):
        _verify(session, "DocumentReference/other")


def test_a_second_note_in_another_chart_is_the_worse_news() -> None:
    session = server()
    reference = _stored(session)
    _stored(session, id="m", subject={"reference": "Patient/p-2"})
    with pytest.raises(NoteWrongPatient):
        _verify(session, reference)


@pytest.mark.parametrize("write_class", [WriteClass.CONDITIONAL, WriteClass.BLIND])
def test_a_note_that_is_not_there_is_noticed(write_class: WriteClass) -> None:
    with pytest.raises(NoteNotFound):
        _verify(server(write_class), "DocumentReference/n")


def test_without_search_another_note_or_an_unreachable_chart_is_noticed() -> None:
    session = server(WriteClass.BLIND)
    reference = _stored(session, identifier="none")
    with pytest.raises(NoteNotFound):
        _verify(session, reference)
    session.fail(reference, lambda: answer(503), lambda: answer(200, {"resourceType": "Basic"}))
    with pytest.raises(ChartUnreachable):
        _verify(session, reference)
    with pytest.raises(NoteNotFound):
        _verify(session, reference)


def test_two_notes_with_one_identifier_cannot_be_verified() -> None:
    session = server()
    _stored(session)
    _stored(session, id="m")
    with pytest.raises(NoteDuplicated):
        _verify(session, "DocumentReference/n")
