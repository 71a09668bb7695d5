"""Credentials, routing, scopes, the inbox's order: rules without a database."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from consult.domain.callers import HospitalCaller, NetworkCaller, NetworkReader
from consult.domain.credential import REQUIRED_KINDS, Credential, facts, lapsed_kinds
from consult.domain.inbox import InboxCase, arrange
from consult.domain.routing import whom_to_offer
from consult.domain.specialist import Specialist
from consult.errors import AccessDenied
from consult.store.fhir_store import HOSPITAL_SCOPES, TenantPolicy, covers, hospital_scopes
from fhir_server.ports import Interaction

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 4, 31, tzinfo=UTC)


def credential(kind: str = "license", **changes: Any) -> Credential:
    values: dict[str, Any] = {
        "credential_id": f"c-{kind}",
        "kind": kind,
        "title": kind,
        "source": "source",
        "verified_on": TODAY,
        "valid_until": TODAY,
        "next_check": TODAY,
        **changes,
    }
    return Credential(**values)


def full() -> tuple[Credential, ...]:
    return tuple(credential(kind) for kind in REQUIRED_KINDS)


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_until": TODAY - timedelta(days=1)},
        {"next_check": TODAY - timedelta(days=1)},
        {"verified_on": TODAY + timedelta(days=1)},
        {"revoked": True},
    ],
)
def test_evidence_that_does_not_hold_today_does_not_count(changes: dict[str, Any]) -> None:
    held = (*full()[1:], credential(**changes))
    assert lapsed_kinds(held, TODAY) == ("license",)
    assert all(fact.kind != "license" for fact in facts(held, TODAY))


def test_a_second_valid_license_makes_up_for_an_expired_one() -> None:
    held = (*full(), credential(credential_id="old", revoked=True))
    assert lapsed_kinds(held, TODAY) == ()
    assert [fact.credential_id for fact in facts(held, TODAY)] == [
        "c-board",
        "c-indemnity",
        "c-license",
    ]


def test_a_case_is_offered_to_the_vetted_of_its_specialty_and_to_nobody_twice() -> None:
    def one(member_id: str, specialty: str = "394579002", active: bool = True) -> Specialist:
        return Specialist(member_id=member_id, name="x", specialties=(specialty,), active=active)

    specialists = [
        one("d"),
        one("a"),
        one("asked"),
        one("lapsed"),
        one("other", "394589003"),
        one("left", active=False),
    ]
    credentials = {s.member_id: full() for s in specialists if s.member_id != "lapsed"}
    chosen = whom_to_offer(
        "394579002", specialists, credentials, today=TODAY, not_again=frozenset({"asked"})
    )
    assert [specialist.member_id for specialist in chosen] == ["a", "d"]


def test_a_scope_covers_its_type_and_letters_only() -> None:
    scopes = frozenset({"system/Task.rs", "patient/Patient.r", "system/Task.write"})
    assert covers(scopes, "Task", "r")
    assert not covers(scopes, "Task", "u")
    assert not covers(scopes, "Patient", "r")
    assert not covers(frozenset({"system/Task."}), "Task", "r")


def test_what_a_hospital_may_ask_for_is_a_closed_list() -> None:
    scopes = hospital_scopes()
    assert "system/Task.crus" in scopes
    assert "system/Task.d" not in scopes
    assert "system/*.rs" not in scopes
    assert not any("Practitioner" in scope for scope in scopes)
    assert set(HOSPITAL_SCOPES) == {scope.split("/")[1].split(".")[0] for scope in scopes}


HOSPITAL = HospitalCaller(
    tenant_id="t1",  # type: ignore[arg-type]
    client_id="c1",  # type: ignore[arg-type]
    scopes=frozenset({"system/Task.crus", "system/Practitioner.rs", "system/*.rs"}),
)


@pytest.mark.parametrize("kind", ["create", "update", "delete", "batch", "transaction"])
def test_a_hospital_writes_nothing_past_our_use_cases(kind: Any) -> None:
    with pytest.raises(AccessDenied):
        TenantPolicy().authorize(HOSPITAL, Interaction(kind=kind, resource_type="Task"))


def test_a_hospital_reads_its_own_compartment_only() -> None:
    grant = TenantPolicy().authorize(HOSPITAL, Interaction(kind="search", resource_type="Task"))
    assert grant.compartments == frozenset({"tenant:t1"})
    for kind in ("Practitioner", "PractitionerRole", "Observation"):
        with pytest.raises(AccessDenied):
            TenantPolicy().authorize(HOSPITAL, Interaction(kind="read", resource_type=kind))


@pytest.mark.parametrize("caller", [None, "system", object()])
def test_whoever_is_not_known_reaches_nothing(caller: object) -> None:
    with pytest.raises(AccessDenied):
        TenantPolicy().authorize(caller, Interaction(kind="read", resource_type="Task"))
    with pytest.raises(AccessDenied):
        TenantPolicy().compartment_of(caller, {"resourceType": "Task"})


def test_the_network_reader_never_writes() -> None:
    with pytest.raises(AccessDenied):
        TenantPolicy().authorize(NetworkReader(), Interaction(kind="update", resource_type="Task"))


def test_an_offer_never_lands_in_a_hospitals_compartment() -> None:
    from exchange import names, parts  # noqa: PLC0415

    offer = {"resourceType": "Task", "code": parts.concept(names.CS_TASK_CODE, "offer")}
    with pytest.raises(AccessDenied):
        TenantPolicy().compartment_of(NetworkCaller(compartment="tenant:t1"), offer)


def line(task_id: str, **changes: Any) -> InboxCase:
    values: dict[str, Any] = {
        "task_id": task_id,
        "question": "?",
        "specialty": "394579002",
        "question_type": "next-step",
        "urgency": "urgent",
        "status": "received",
        "business": "offered",
        "due_at": NOW + timedelta(hours=4),
        "paused_since": None,
        "asker_title": "PGY-2",
        "asker_region": "",
        "results": 79,
        "notes": 1,
        "documents": 2,
        "is_mine": False,
        "is_new": True,
        "changed_at": NOW,
        **changes,
    }
    return InboxCase(**values)


def test_the_inbox_puts_each_case_in_its_place_the_most_urgent_first() -> None:
    inbox = arrange(
        [
            line("pool"),
            line("soon", due_at=NOW + timedelta(minutes=9)),
            line("mine", is_mine=True, status="in-progress"),
            line("waiting", is_mine=True, status="on-hold", paused_since=NOW),
            line("old", is_mine=True, status="completed", changed_at=NOW - timedelta(days=1)),
            line("fresh", is_mine=True, status="completed"),
        ]
    )
    assert [case.task_id for case in inbox.pool] == ["soon", "pool"]
    assert [case.task_id for case in inbox.mine] == ["mine"]
    assert [case.task_id for case in inbox.waiting] == ["waiting"]
    assert [case.task_id for case in inbox.answered] == ["fresh", "old"]
    assert (inbox.open_count, inbox.due_soon(NOW)) == (4, 1)


def test_a_case_is_due_soon_when_less_than_a_quarter_of_its_time_is_left() -> None:
    an_hour = line("asap", urgency="asap", due_at=NOW + timedelta(minutes=20))
    four_hours = line("urgent", due_at=NOW + timedelta(minutes=20))
    assert [an_hour.is_due_soon(NOW), four_hours.is_due_soon(NOW)] == [False, True]


def test_a_paused_clock_keeps_what_is_left() -> None:
    paused = line("w", paused_since=NOW - timedelta(hours=3))
    assert paused.time_left(NOW) == timedelta(hours=7)
    assert not paused.is_due_soon(NOW + timedelta(days=1))
    assert paused.reading_minutes == 10
