"""Reading and writing charts of the sandbox EHR over HTTP, faults included."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest

from fhir_adapters import read_back, reading, sections, writing
from fhir_adapters.capability import WriteClass
from fhir_adapters.chart import Reason, SectionName
from fhir_adapters.errors import NoteWrongPatient, WriteRefused
from fhir_adapters.note import NoteToWrite
from fhir_adapters.outcomes import AlreadyThere, OutcomeUnknown, Written
from fhir_adapters.ports import FhirSession
from launch.app_launch import LaunchResult
from sandbox.faults import Fault
from tests.support.live_ehr import LiveEhr
from tests.support.sandbox_ehr import ADELA, IVO

_numbers = count(1)


@pytest.fixture(scope="module")
def launched(ehr: LiveEhr) -> LaunchResult:
    return ehr.launch(ADELA)


def _note(result: LaunchResult, patient_id: str = ADELA) -> NoteToWrite:
    number = next(_numbers)
    return NoteToWrite(
        opinion_id=f"case{number}.opinion.1",
        case_id=f"case{number}",
        patient_id=patient_id,
        encounter_id=result.context.encounter,
        author=result.user.reference,
        text=f"External opinion {number}, filed automatically, not yet reviewed.\nÄ µ ≥\n",
        asked_at=datetime(2026, 3, 2, 10, 15, tzinfo=UTC),
        answered_at=datetime(2026, 3, 2, 11, 40, tzinfo=UTC),
        filed_at=datetime(2026, 3, 2, 11, 45, tzinfo=UTC),
        xhtml=None,
    )


def _copies(chart: FhirSession, note: NoteToWrite) -> int:
    return len(writing.find_note(chart, note.opinion_id))


def test_the_whole_chart_comes_and_only_what_is_not_offered_is_missing(
    ehr: LiveEhr, launched: LaunchResult
) -> None:
    offered = reading.read_capability(ehr.session(launched)).types
    snapshot = reading.read_chart(
        ehr.session(launched), patient_id=ADELA, encounter_id=launched.context.encounter
    )
    states = {s.name: (s.state, s.reason) for s in snapshot.sections if s.state != "complete"}
    not_offered = {
        name
        for name, wishes in sections.WISHES.items()
        if not {wish.resource_type for wish in wishes} & set(offered)
    }
    assert states == dict.fromkeys(not_offered, ("refused", Reason.NOT_OFFERED))
    for name in (SectionName.LABS, SectionName.MEDICATIONS, SectionName.CONDITIONS):
        assert snapshot.section(name).count > 0
    assert snapshot.flags == frozenset()


def test_another_chart_is_not_readable_with_this_launch(
    ehr: LiveEhr, launched: LaunchResult
) -> None:
    with pytest.raises(Exception, match="adapter"):
        reading.read_chart(ehr.session(launched), patient_id=IVO, encounter_id=None)


def test_one_broken_section_is_reported_alone(ehr: LiveEhr, launched: LaunchResult) -> None:
    ehr.arm(Fault(effect="error_500", resource_type="Procedure", times=5))
    ehr.arm(Fault(effect="broken_json", resource_type="Immunization", times=5))
    snapshot = reading.read_chart(ehr.session(launched), patient_id=ADELA, encounter_id=None)
    assert snapshot.section(SectionName.PROCEDURES).reason is Reason.UNREACHABLE
    assert snapshot.section(SectionName.IMMUNIZATIONS).state == "incomplete"
    assert snapshot.section(SectionName.LABS).state == "complete"
    _clear(ehr)


def _clear(ehr: LiveEhr) -> None:
    from sandbox import faults  # noqa: PLC0415 - the only test that clears

    with ehr.services.database.transaction() as session:
        faults.clear(session)


def test_a_note_is_written_once_and_proven(ehr: LiveEhr, launched: LaunchResult) -> None:
    chart = ehr.backend()
    capability = reading.read_capability(chart)
    assert capability.write_class("DocumentReference") is WriteClass.CONDITIONAL
    note = _note(launched)
    written = writing.write_note(chart, note, capability=capability)
    assert isinstance(written, Written)
    assert isinstance(writing.write_note(chart, note, capability=capability), AlreadyThere)
    verified = read_back.verify_note(
        chart, note, capability=capability, reference=written.reference
    )
    assert verified.text_sha256 == note.text_sha256
    assert verified.version == written.version == "1"
    assert _copies(chart, note) == 1
    told = writing.write_message(
        chart, note, note_reference=written.reference, capability=capability
    )
    assert isinstance(told, Written)


@pytest.mark.parametrize("effect", ["commit_then_500", "drop_after", "error_500", "drop_before"])
def test_a_write_whose_answer_is_lost_ends_as_one_note(
    ehr: LiveEhr, launched: LaunchResult, effect: str
) -> None:
    chart = ehr.backend()
    capability = reading.read_capability(chart)
    note = _note(launched)
    ehr.arm(Fault(effect=effect, method="POST", resource_type="DocumentReference"))  # type: ignore[arg-type]
    outcome = writing.write_note(chart, note, capability=capability)
    if isinstance(outcome, OutcomeUnknown):
        assert outcome.may_retry
        assert effect in ("error_500", "drop_before")
        outcome = writing.write_note(chart, note, capability=capability, tried_before=True)
    assert isinstance(outcome, Written)
    assert _copies(chart, note) == 1
    read_back.verify_note(chart, note, capability=capability, reference=outcome.reference)


def test_the_doctors_own_token_may_not_write_what_it_was_not_granted(
    ehr: LiveEhr, launched: LaunchResult
) -> None:
    chart = ehr.session(launched)
    capability = reading.read_capability(chart)
    with pytest.raises(WriteRefused) as caught:
        writing.write_note(chart, _note(launched), capability=capability)
    assert caught.value.http_status == 403


def test_a_note_in_the_wrong_chart_is_noticed(ehr: LiveEhr, launched: LaunchResult) -> None:
    chart = ehr.backend()
    capability = reading.read_capability(chart)
    note = replace(_note(launched), patient_id=IVO, encounter_id=None)
    written = writing.write_note(chart, note, capability=capability)
    assert isinstance(written, Written)
    with pytest.raises(NoteWrongPatient):
        read_back.verify_note(
            chart,
            replace(note, patient_id=ADELA),
            capability=capability,
            reference=written.reference,
        )


def test_a_correction_replaces_the_earlier_note(ehr: LiveEhr, launched: LaunchResult) -> None:
    chart = ehr.backend()
    capability = reading.read_capability(chart)
    first = writing.write_note(chart, _note(launched), capability=capability)
    assert isinstance(first, Written)
    second = replace(_note(launched), replaces=first.reference)
    written = writing.write_note(chart, second, capability=capability)
    assert isinstance(written, Written)
    stored = writing.find_note(chart, second.opinion_id)[0].resource
    assert stored["relatesTo"][0]["target"]["reference"] == first.reference
