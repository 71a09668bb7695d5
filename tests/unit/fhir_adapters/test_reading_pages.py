"""Pages and entries: followed on one server, only this patient, nothing silently lost."""

from typing import Any

import pytest

from fhir_adapters.chart import Reason, SectionName
from fhir_adapters.paging import Limits
from runtime.outbound import OutboundAnswer
from tests.support.charts import down, entry, ids, read
from tests.support.memory_fhir import BASE, MemoryFhirSession, answer


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        (lambda: answer(403), "refused", Reason.FORBIDDEN),
        (lambda: answer(401), "refused", Reason.FORBIDDEN),
        (lambda: answer(400), "refused", Reason.REJECTED),
        (lambda: answer(302), "refused", Reason.REJECTED),
        (lambda: answer(500), "incomplete", Reason.UNREACHABLE),
        (lambda: answer(429), "incomplete", Reason.THROTTLED),
        (down("paused"), "incomplete", Reason.THROTTLED),
        (down("timeout"), "incomplete", Reason.UNREACHABLE),
        (down("oversize"), "incomplete", Reason.TOO_LARGE),
        (lambda: answer(200, b"<html>"), "incomplete", Reason.NOT_FHIR),
        (lambda: answer(200, []), "incomplete", Reason.NOT_FHIR),
        (lambda: answer(200, {"resourceType": "Bundle"}), "incomplete", Reason.NOT_FHIR),
        (lambda: answer(200, {"resourceType": "Patient"}), "incomplete", Reason.NOT_FHIR),
    ],
)
def test_one_faulty_section_spoils_no_other(
    session: MemoryFhirSession, fault: Any, state: str, reason: Reason
) -> None:
    session.fail("Procedure", fault)
    snapshot = read(session)
    section = snapshot.section(SectionName.PROCEDURES)
    assert (section.state, section.reason) == (state, reason)
    others = [s for s in snapshot.sections if s.name is not SectionName.PROCEDURES]
    assert {s.state for s in others} == {"complete"}


def test_another_patients_entries_are_dropped_and_reported(session: MemoryFhirSession) -> None:
    session.resources += [
        {**entry("Condition", "x-1"), "subject": {"reference": "Patient/p-2"}},
        {**entry("Condition", "x-2"), "subject": {"reference": "Patient/p-11"}},
        {**entry("Condition", "x-3"), "subject": {"reference": "https://o.example/Patient/p-1"}},
        {**entry("Condition", "x-4"), "subject": {"display": "Quarrow"}},
        {**entry("Condition", "x-5"), "subject": "Patient/p-1"},
        {**entry("Condition", "x-6"), "patient": {"reference": "Patient/p-2"}},
        {"resourceType": "Condition", "id": "x-7"},
        {**entry("Condition", "ok-1"), "subject": {"reference": f"{BASE}/Patient/p-1"}},
        {**entry("Condition", "ok-2"), "subject": {"reference": "Patient/p-1/_history/3"}},
    ]
    snapshot = read(session)
    section = snapshot.section(SectionName.CONDITIONS)
    assert ids(snapshot, SectionName.CONDITIONS) == {"c-1", "ok-1", "ok-2"}
    assert (section.state, section.reason) == ("incomplete", Reason.WRONG_PATIENT)
    assert section.dropped_wrong_patient == 7


def test_second_copies_are_dropped_and_counted(session: MemoryFhirSession) -> None:
    session.resources += [entry("Condition", "c-1"), entry("Condition", "c-1")]
    section = read(session).section(SectionName.CONDITIONS)
    assert (section.count, section.dropped_duplicate, section.state) == (1, 2, "complete")


def test_entries_that_are_no_resources_are_counted(session: MemoryFhirSession) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [
            {"resource": entry("Procedure", "pr-1")},
            {"resource": {"resourceType": "Procedure"}},
            {"resource": entry("Basic", "b-1")},
            {},
            "noise",
        ],
    }
    session.fail("Procedure", lambda: answer(200, bundle))
    section = read(session).section(SectionName.PROCEDURES)
    assert (section.count, section.reason) == (1, Reason.UNREADABLE_ENTRY)
    assert section.dropped_unreadable == 4


@pytest.mark.parametrize(
    ("issue", "state"),
    [
        ({"severity": "error", "code": "processing"}, "incomplete"),
        ({"severity": "warning", "code": "suppressed"}, "incomplete"),
        ({"severity": "warning", "code": "not-supported"}, "complete"),
        ("noise", "complete"),
    ],
)
def test_the_servers_word_that_something_is_missing_counts(
    session: MemoryFhirSession, issue: Any, state: str
) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [
            {"resource": {"resourceType": "OperationOutcome", "issue": [issue]}},
            {"resource": {"resourceType": "OperationOutcome", "issue": "none"}},
        ],
    }
    session.fail("Procedure", lambda: answer(200, bundle))
    assert read(session).section(SectionName.PROCEDURES).state == state


def test_fewer_entries_than_the_total_are_incomplete(session: MemoryFhirSession) -> None:
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": 5, "entry": []}
    session.fail("Procedure", lambda: answer(200, bundle))
    assert read(session).section(SectionName.PROCEDURES).reason is Reason.PARTIAL


def _page(next_url: Any, *resources: dict[str, Any]) -> OutboundAnswer:
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": ["noise", {"relation": "self"}, {"relation": "next", "url": next_url}],
        "entry": [{"resource": r} for r in resources],
    }
    return answer(200, bundle)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/fhir/Procedure?page=2",
        "//evil.example/x",
        "http://ehr.example/fhir/Procedure?page=2",
        "https://[broken/x",
        7,
    ],
)
def test_a_next_page_elsewhere_is_not_followed(session: MemoryFhirSession, url: Any) -> None:
    session.fail("Procedure", lambda: _page(url, entry("Procedure", "pr-1")))
    section = read(session).section(SectionName.PROCEDURES)
    assert (section.count, section.reason) == (1, Reason.FOREIGN_PAGE)
    assert not [path for _, path in session.calls if "evil" in path]


def test_pages_that_go_in_circles_end(session: MemoryFhirSession) -> None:
    circle = f"{BASE}/Procedure?page=2"
    session.fail("Procedure", *[lambda: _page(circle, entry("Procedure", "pr-1"))] * 5)
    section = read(session).section(SectionName.PROCEDURES)
    assert (section.count, section.reason) == (1, Reason.PAGE_LOOP)
    assert len([p for _, p in session.calls if p.startswith("Procedure")]) == 2


def test_pages_bytes_and_time_have_an_end(session: MemoryFhirSession) -> None:
    session.page_size = 1
    session.resources += [entry("Condition", f"more-{i}") for i in range(30)]
    pages = read(session, limits=Limits(pages=3)).section(SectionName.CONDITIONS)
    assert (pages.count, pages.reason) == (3, Reason.TOO_MANY_PAGES)
    many = read(session, limits=Limits(search_bytes=300)).section(SectionName.CONDITIONS)
    assert many.reason is Reason.TOO_LARGE
    late = read(session, limits=Limits(seconds=0))
    assert late.section(SectionName.CONDITIONS).reason is Reason.OUT_OF_TIME
    assert late.section(SectionName.CONDITIONS).state == "incomplete"
