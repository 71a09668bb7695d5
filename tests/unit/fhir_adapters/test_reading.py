"""Reading a chart: every section with its state, and nothing without the patient."""

import threading
from decimal import Decimal
from typing import Any

import pytest

from fhir_adapters import reading
from fhir_adapters.capability import Capability
from fhir_adapters.chart import ChartSection, PatientFlag, Reason, SectionName
from fhir_adapters.errors import (
    ChartForbidden,
    ChartUnreachable,
    PatientMismatch,
    PatientUnreadable,
    StatementUnusable,
)
from fhir_adapters.paging import Limits
from fhir_adapters.reading import ReadOptions
from fhir_adapters.search import Query
from runtime.outbound import OutboundAnswer
from tests.support.charts import PATIENT_ID, SUBJECT, down, entry, ids, patient, read
from tests.support.memory_fhir import READ_TYPES, MemoryFhirSession, answer, statement


def test_every_section_is_filled_and_complete(session: MemoryFhirSession) -> None:
    snapshot = read(session)
    assert {s.name: s.reason for s in snapshot.sections if s.state != "complete"} == {}
    assert snapshot.is_complete
    assert snapshot.flags == frozenset()
    assert [s.name for s in snapshot.sections] == list(SectionName)
    assert ids(snapshot, SectionName.VITALS) == {"o-1"}
    assert ids(snapshot, SectionName.LABS) == {"o-2"}
    assert ids(snapshot, SectionName.SOCIAL_HISTORY) == {"o-3"}
    assert ids(snapshot, SectionName.NOTES) == {"n-1", "n-2"}
    assert ids(snapshot, SectionName.DOCUMENTS) == {"d-1"}
    assert ids(snapshot, SectionName.MEDICATIONS) == {"m-1", "ms-1", "drug-1"}
    assert ids(snapshot, SectionName.CARE_TEAM) == {"d-1", "d-9", "org-1"}
    assert snapshot.patient["id"] == PATIENT_ID
    assert snapshot.resources[0] is snapshot.patient
    assert len(snapshot.resources) == 23


def test_no_more_than_three_calls_depend_on_one_another(session: MemoryFhirSession) -> None:
    # Answers are held back until nothing more is asked: whatever comes then needed an answer.
    rounds: list[set[str]] = []
    waiting: dict[str, threading.Event] = {}
    original = session.get

    def held(address: str, *args: Any, **kwargs: Any) -> OutboundAnswer:
        waiting[address] = threading.Event()
        assert waiting[address].wait(20)
        return original(address, *args, **kwargs)

    def release_in_rounds() -> None:
        while True:
            seen = -1
            while seen != len(waiting):
                seen = len(waiting)
                over.wait(0.25)
            if over.is_set():
                return
            rounds.append(set(waiting))
            for address in rounds[-1]:
                waiting.pop(address).set()

    over = threading.Event()
    session.get = held  # type: ignore[method-assign]
    releaser = threading.Thread(target=release_in_rounds)
    releaser.start()
    read(session, limits=Limits(parallel=32))
    over.set()
    releaser.join()
    filled = [one for one in rounds if one]
    assert len(filled) == 3
    assert filled[0] == {"metadata", f"Patient/{PATIENT_ID}", "Encounter/e-1"}


def test_a_page_size_is_asked_for_only_where_it_is_taken(session: MemoryFhirSession) -> None:
    session.capability = statement(count=("Condition",))
    read(session)
    sized = {path.split("?")[0] for _, path in session.calls if "_count" in path}
    assert sized == {"Condition"}


def test_the_same_search_is_sent_once(session: MemoryFhirSession) -> None:
    read(session)
    searched = [path.split("?")[0] for _, path in session.calls if "?" in path]
    assert searched.count("DocumentReference") == 1
    assert searched.count("Observation") == 3


def test_a_known_capability_saves_a_call(session: MemoryFhirSession) -> None:
    read(session, options=ReadOptions(capability=Capability.from_statement(statement())))
    assert ("GET", "metadata") not in session.calls


def test_each_section_is_reported_once_in_the_callers_thread(session: MemoryFhirSession) -> None:
    seen: list[tuple[ChartSection, int]] = []
    snapshot = read(session, on_section=lambda s: seen.append((s, threading.get_ident())))
    assert sorted(s.name for s, _ in seen) == sorted(SectionName)
    assert {thread for _, thread in seen} == {threading.get_ident()}
    assert {s.name: s for s, _ in seen} == {s.name: s for s in snapshot.sections}


def test_decimals_are_kept_as_written(session: MemoryFhirSession) -> None:
    body = (
        b'{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":'
        b'"Observation","id":"o-9","subject":{"reference":"Patient/p-1"},"category":[{"coding":'
        b'[{"code":"laboratory"}]}],"valueQuantity":{"value":1.50}}}]}'
    )
    session.fail("Observation?patient=p-1&category=laboratory", lambda: answer(200, body))
    labs = read(session).by_section[SectionName.LABS]
    assert str(labs[0]["valueQuantity"]["value"]) == "1.50"
    assert isinstance(labs[0]["valueQuantity"]["value"], Decimal)


def test_pages_are_followed_to_the_end(session: MemoryFhirSession) -> None:
    session.page_size = 7
    session.resources += [entry("Condition", f"more-{i}") for i in range(30)]
    snapshot = read(session)
    assert snapshot.section(SectionName.CONDITIONS).count == 31
    assert snapshot.section(SectionName.CONDITIONS).state == "complete"


def test_what_is_not_declared_is_not_asked(session: MemoryFhirSession) -> None:
    offered = [t for t in READ_TYPES if t not in ("Immunization", "MedicationStatement")]
    session.capability = statement(types=offered)
    snapshot = read(session)
    section = snapshot.section(SectionName.IMMUNIZATIONS)
    assert (section.state, section.reason) == ("refused", Reason.NOT_OFFERED)
    # One of the two medication types is enough.
    assert snapshot.section(SectionName.MEDICATIONS).state == "complete"
    assert not [path for _, path in session.calls if path.startswith("Immunization")]


def test_a_type_without_a_patient_parameter_is_not_offered(session: MemoryFhirSession) -> None:
    resource = {
        "type": "Condition",
        "interaction": [{"code": "search-type"}],
        "searchParam": [{"name": "code"}],
    }
    session.capability = {
        "resourceType": "CapabilityStatement",
        "rest": [{"mode": "server", "resource": [resource]}],
    }
    assert read(session).section(SectionName.CONDITIONS).reason is Reason.NOT_OFFERED


@pytest.mark.parametrize(
    ("param", "sent"), [("patient", "patient=p-1"), ("subject", "subject=Patient%2Fp-1")]
)
def test_the_declared_patient_parameter_is_used(
    session: MemoryFhirSession, param: str, sent: str
) -> None:
    resource = {
        "type": "Observation",
        "interaction": [{"code": "search-type"}],
        "searchParam": [{"name": param}],
    }
    session.capability = {
        "resourceType": "CapabilityStatement",
        "rest": [{"mode": "server", "resource": [resource]}, {"mode": "client"}],
    }
    snapshot = read(session)
    searched = [path for _, path in session.calls if path.startswith("Observation")]
    # Without a category parameter one search serves three sections.
    assert searched == [f"Observation?{sent}&_count=100"]
    assert ids(snapshot, SectionName.LABS) == {"o-2"}


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"link": [{"type": "replaced-by", "other": {"reference": "Patient/2"}}]}, "merged"),
        ({"active": False}, "inactive"),
        ({"deceasedBoolean": True}, "deceased"),
        ({"deceasedDateTime": "2026-01-01"}, "deceased"),
    ],
)
def test_an_unusual_patient_record_is_flagged(
    session: MemoryFhirSession, changes: dict[str, Any], flag: str
) -> None:
    session.resources[0] = patient(**changes)
    assert read(session).flags == {PatientFlag(flag)}


def test_a_usual_patient_record_is_not_flagged(session: MemoryFhirSession) -> None:
    session.resources[0] = patient(
        link=[{"type": "seealso"}, "noise"], active=True, deceasedBoolean=False
    )
    assert read(session).flags == frozenset()


def test_an_encounter_of_somebody_else_is_dropped_and_flagged(
    session: MemoryFhirSession,
) -> None:
    session.resources[1] = {**entry("Encounter", "e-1"), "subject": {"reference": "Patient/p-2"}}
    snapshot = read(session)
    assert PatientFlag.ENCOUNTER_MISMATCH in snapshot.flags
    assert snapshot.by_section[SectionName.ENCOUNTER] == ()


def test_an_encounter_may_be_absent_forbidden_or_junk(session: MemoryFhirSession) -> None:
    assert read(session, encounter_id=None).section(SectionName.ENCOUNTER).state == "complete"
    session.fail("Encounter", lambda: answer(403), lambda: answer(200, {"resourceType": "Basic"}))
    assert read(session).section(SectionName.ENCOUNTER).state == "refused"
    assert read(session).section(SectionName.ENCOUNTER).reason is Reason.UNREADABLE_ENTRY


@pytest.mark.parametrize(
    ("address", "fault", "error"),
    [
        ("Patient", lambda: answer(404), PatientUnreadable),
        ("Patient", lambda: answer(403), ChartForbidden),
        ("Patient", lambda: answer(503), ChartUnreachable),
        ("Patient", down(), ChartUnreachable),
        ("Patient", lambda: answer(200, b"junk"), PatientUnreadable),
        ("Patient", lambda: answer(200, {"resourceType": "Basic"}), PatientUnreadable),
        ("Patient", lambda: answer(200, patient(id="p-2")), PatientMismatch),
        ("metadata", lambda: answer(503), ChartUnreachable),
        ("metadata", lambda: answer(404), StatementUnusable),
        ("metadata", lambda: answer(200, {"resourceType": "Basic"}), StatementUnusable),
        ("metadata", lambda: answer(200, b"junk"), StatementUnusable),
    ],
)
def test_without_patient_or_statement_there_is_no_chart(
    session: MemoryFhirSession, address: str, fault: Any, error: type[Exception]
) -> None:
    session.fail(address, fault)
    with pytest.raises(error) as caught:
        read(session)
    assert PATIENT_ID not in str(caught.value)


def test_a_sign_in_that_is_over_ends_the_reading(session: MemoryFhirSession) -> None:
    class SignInOver(Exception):
        pass

    def over() -> OutboundAnswer:
        raise SignInOver

    session.fail("Procedure", over)
    with pytest.raises(SignInOver):
        read(session)


def test_nothing_about_the_patient_is_printable(session: MemoryFhirSession) -> None:
    snapshot = read(session)
    for word in ("Quarrow", PATIENT_ID, "e-1"):
        assert word not in repr(snapshot)
    assert SUBJECT["reference"] not in repr(snapshot)


def test_the_stock_methods_of_the_search_builder_are_shut() -> None:
    search = reading.GuardedSearch(Query(resource_type="Condition", params=(("patient", "a b"),)))
    assert search.address == "Condition?patient=a+b"
    for name in ("perform", "perform_iter", "perform_resources", "perform_resources_iter"):
        with pytest.raises(NotImplementedError):
            getattr(search, name)(None)


def test_the_capability_can_be_read_alone(session: MemoryFhirSession) -> None:
    assert reading.read_capability(session).software == "MemoryFhir"
