"""Other forms than a note: written once, read back, and what a rewriting EHR leaves to prove."""

from dataclasses import replace

import pytest

from fhir_adapters import read_back, writing
from fhir_adapters.capability import Capability, WriteClass
from fhir_adapters.errors import (
    NoteChanged,
    NoteWrongPatient,
    WriteNotOffered,
    WriteParked,
)
from fhir_adapters.outcomes import AlreadyThere, Written
from fhir_adapters.traits import Rung, WriteTraits
from fhir_adapters.write_back import document_reference, forms
from tests.support.memory_fhir import MemoryFhirSession, answer, statement
from tests.support.notes import NOTE, TEXT

KINDS = ("DocumentReference", "Communication", "QuestionnaireResponse")
WRITTEN = (Rung.DOCUMENT_REFERENCE, Rung.COMMUNICATION, Rung.QUESTIONNAIRE_RESPONSE)
REWRITES = WriteTraits(formats=("application/xhtml+xml",), keeps_content=False)


def _server() -> MemoryFhirSession:
    return MemoryFhirSession(capability=statement(create=KINDS))


def _written(session: MemoryFhirSession, rung: Rung) -> str:
    resource = forms.build(rung, NOTE, WriteTraits())
    capability = Capability.from_statement(session.capability)
    outcome = writing.write(session, resource, capability=capability)
    assert isinstance(outcome, Written)
    read_back.verify(session, resource, capability=capability, reference=outcome.reference)
    return outcome.reference


@pytest.mark.parametrize("rung", WRITTEN)
def test_every_form_is_written_once_and_proven_by_reading_it_back(rung: Rung) -> None:
    session = _server()
    reference = _written(session, rung)
    assert [part.data for part in forms.parts(session.resources[0])] == [TEXT.encode()]
    resource = forms.build(rung, NOTE, WriteTraits())
    again = writing.write(
        session,
        resource,
        capability=Capability.from_statement(session.capability),
        tried_before=True,
    )
    assert again == AlreadyThere(reference=reference, version="1")


@pytest.mark.parametrize("rung", WRITTEN)
def test_another_text_or_another_patient_is_noticed_in_every_form(rung: Rung) -> None:
    session = _server()
    reference = _written(session, rung)
    capability = Capability.from_statement(session.capability)
    other = forms.build(rung, replace(NOTE, text="Other advice"), WriteTraits())
    with pytest.raises(NoteChanged):
        read_back.verify(session, other, capability=capability, reference=reference)
    session.resources[0]["subject"] = {"reference": "Patient/p-2"}
    resource = forms.build(rung, NOTE, WriteTraits())
    with pytest.raises(NoteWrongPatient):
        read_back.verify(session, resource, capability=capability, reference=reference)


@pytest.mark.parametrize("rung", [Rung.COPY, Rung.SCRATCHPAD, Rung.DIAGNOSTIC_REPORT])
def test_what_is_no_form_of_fhir_is_never_built(rung: Rung) -> None:
    with pytest.raises(WriteNotOffered):
        forms.build(rung, NOTE, WriteTraits())


def test_where_the_ehr_rewrites_the_note_chart_state_and_some_content_are_proven() -> None:
    session = _server()
    capability = Capability.from_statement(session.capability)
    resource = forms.build(Rung.DOCUMENT_REFERENCE, NOTE, REWRITES)
    outcome = writing.write(session, resource, capability=capability, writes=REWRITES)
    assert isinstance(outcome, Written)
    stored = session.resources[0]
    stored["content"] = [{"attachment": {"contentType": "application/rtf", "data": "e1xydGY="}}]
    read_back.verify(
        session, resource, capability=capability, reference=outcome.reference, writes=REWRITES
    )
    stored["content"] = [{"attachment": {"contentType": "application/rtf", "url": "Binary/9"}}]
    session.fail("Binary/9", lambda: answer(200, b"", content_type="application/rtf"))
    with pytest.raises(NoteChanged):
        read_back.verify(
            session, resource, capability=capability, reference=outcome.reference, writes=REWRITES
        )


def test_a_vendor_s_class_wins_over_what_its_statement_declares() -> None:
    session = _server()
    blind = WriteTraits(classes={"DocumentReference": WriteClass.BLIND})
    resource = forms.build(Rung.DOCUMENT_REFERENCE, NOTE, blind)
    with pytest.raises(WriteParked):
        writing.write(
            session,
            resource,
            capability=Capability.from_statement(session.capability),
            writes=blind,
            tried_before=True,
        )
    assert session.resources == []


@pytest.mark.parametrize(
    ("formats", "media"),
    [
        (("application/xhtml+xml", "text/plain"), "application/xhtml+xml; charset=utf-8"),
        (("application/pdf", "text/plain"), "application/pdf"),
        (("text/rtf",), "text/plain; charset=utf-8"),
        ((), "text/plain; charset=utf-8"),
    ],
)
def test_the_note_is_written_in_the_form_that_the_ehr_prefers(
    formats: tuple[str, ...], media: str
) -> None:
    built = document_reference.build(replace(NOTE, pdf=b"%PDF-1.7"), formats=formats)
    assert [c["attachment"]["contentType"] for c in built["content"]] == [media]
