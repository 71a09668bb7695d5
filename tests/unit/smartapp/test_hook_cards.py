"""Which card, how loud, in which words; and where its link leads."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from exchange import names
from launch.cds_hooks.cards import Card
from launch.cds_hooks.hook_request import HookContext
from runtime import clock
from runtime.keyring import Keyring
from smartapp.hooks import app_context, waiting
from smartapp.hooks.app_context import Destination, open_destination, seal_destination
from smartapp.hooks.card_words import offer_words, words_of
from smartapp.hooks.drafted_referral import DraftedReferral, drafted_referral
from smartapp.store.cases import Case

KEYS = Keyring({"k1k1k1k1": b"k" * 32}, index_key=b"i" * 32)
ME = frozenset({"me"})


def _case(**changes: Any) -> Case:
    now = clock.now()
    facts: dict[str, Any] = {
        "case_id": "a" * 26,
        "site_id": "north",
        "doctor_key": "me",
        "patient_key": "p",
        "specialty": "394589003",
        "question_type": "diagnosis",
        "urgency": "routine",
        "stage": "filed",
        "business_status": "answered",
        "task_ref": None,
        "task_version": 1,
        "asked_at": now,
        "due_at": now + timedelta(hours=3),
        "changed_at": now,
        "unread": True,
        "decision": None,
        "decision_sent": False,
    }
    return Case(**{**facts, **changes})


def _said(*cases: Case) -> list[tuple[str, str, str]]:
    """Kind of destination, level and summary of every card."""
    found = waiting.sort(cases, doctor_keys=ME)
    words = [words_of(one, now=clock.now()) for one in found]
    return [(w.leads_to.page if w.leads_to else "", w.indicator, w.summary) for w in words]


@pytest.mark.parametrize(
    ("changes", "page", "level"),
    [
        ({}, "answer", "info"),
        ({"stage": "answered"}, "answer", "info"),
        ({"urgency": "urgent"}, "answer", "warning"),
        ({"urgency": "asap"}, "answer", "warning"),
        ({"business_status": "escalated"}, "answer", "critical"),
        ({"stage": "question"}, "reply", "warning"),
        ({"stage": "parked"}, "case", "warning"),
        ({"stage": "expired"}, "case", "warning"),
        ({"stage": "sent"}, "case", "info"),
        ({"stage": "approved", "unread": False}, "case", "info"),
        ({"stage": "sent", "due_at": clock.now() - timedelta(minutes=1)}, "case", "warning"),
        ({"doctor_key": "colleague"}, "", "info"),
        ({"doctor_key": "colleague", "business_status": "escalated"}, "", "critical"),
        ({"doctor_key": "colleague", "stage": "sent"}, "", "info"),
    ],
)
def test_each_state_has_one_card_of_the_right_level(
    changes: dict[str, Any], page: str, level: str
) -> None:
    ((leads_to, loud, summary),) = _said(_case(**changes))
    assert (leads_to, loud) == (page, level)
    assert len(summary) < 140


@pytest.mark.parametrize(
    "changes",
    [
        {"unread": False},
        {"stage": "closed"},
        {"stage": "taken_back"},
        {"stage": "withdrawn"},
        {"stage": "expired", "unread": False},
        {"stage": "question", "doctor_key": "colleague"},
        {"stage": "parked", "doctor_key": "colleague"},
    ],
)
def test_what_waits_for_nobody_here_shows_nothing(changes: dict[str, Any]) -> None:
    assert _said(_case(**changes)) == []


def test_several_of_a_kind_are_one_card_and_the_doctors_own_come_first() -> None:
    cases = [_case(), _case(case_id="b" * 26), _case(stage="sent"), _case(doctor_key="other")]
    assert [page for page, _, _ in _said(*cases)] == ["worklist", "case", ""]


def test_no_card_names_a_specialty_or_a_time_of_day() -> None:
    for stage in ("filed", "question", "parked", "expired", "sent"):
        for _, _, summary in _said(_case(stage=stage)):
            assert not any(word in summary for word in names.SPECIALTIES.values())
            assert ":" not in summary.replace("says: act", "").replace("you: something", "")
    offered = offer_words(DraftedReferral())
    Card(summary=offered.summary, indicator=offered.indicator)


# ---------------------------------------------------------------- referrals


def _order(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": "r-1",
        "status": "draft",
        "code": {"text": "Renal function panel"},
        **changes,
    }


def _snomed(code: str) -> dict[str, Any]:
    return {"coding": [{"system": names.SNOMED, "code": code}]}


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (_order(), False),
        (_order(category=[_snomed("3457005")]), True),
        (_order(code=_snomed("306206005")), True),
        (_order(code={"text": "Referral to nephrology"}), True),
        (_order(code={"coding": [{"display": "Consult, cardiology"}]}), True),
        (_order(code={"text": "Referral to nephrology"}, status="revoked"), False),
        (_order(code={"text": "Preferred site: left arm"}), False),
        (_order(category="odd", code=7), False),
        ({"resourceType": "MedicationRequest", "code": {"text": "referral"}}, False),
    ],
)
def test_a_referral_is_known_by_code_or_by_its_usual_words(
    order: dict[str, Any], found: bool
) -> None:
    drafted = drafted_referral(HookContext(patient_id="p", drafts=(order,)))
    assert (drafted is not None) is found


def test_only_selected_orders_count_and_the_specialty_is_taken_along() -> None:
    order = _order(
        category=[_snomed("3457005")], performerType={"coding": _snomed("394589003")["coding"]}
    )
    there = HookContext(
        patient_id="p", drafts=(order,), selections=frozenset({"ServiceRequest/r-1"})
    )
    other = HookContext(patient_id="p", drafts=(order,), selections=frozenset({"Task/1"}))
    assert drafted_referral(there) == DraftedReferral(specialty="394589003")
    assert drafted_referral(other) is None


# ---------------------------------------------------------------- where a link leads


def _sealed(destination: Destination) -> str:
    return seal_destination(KEYS, destination, site_id="north", patient_key="p")


def test_a_link_opens_for_its_site_and_patient_only() -> None:
    answer = Destination(page="answer", case_id="a" * 26)
    sealed = _sealed(answer)
    assert len(sealed) < 1000
    assert "answer" not in sealed
    assert open_destination(KEYS, sealed, site_id="north", patient_key="p") == answer
    assert open_destination(KEYS, sealed, site_id="south", patient_key="p") is None
    assert open_destination(KEYS, sealed, site_id="north", patient_key="q") is None


@pytest.mark.parametrize("junk", [None, "", "x", "ä", "{}", '{"page":"answer"}', "A" * 4000])
def test_a_foreign_app_context_leads_nowhere(junk: str | None) -> None:
    assert open_destination(KEYS, junk, site_id="north", patient_key="p") is None


def test_a_changed_or_old_link_leads_nowhere() -> None:
    sealed = _sealed(Destination(page="worklist"))
    changed = sealed[:-2] + ("AA" if sealed[-2:] != "AA" else "BB")
    assert open_destination(KEYS, changed, site_id="north", patient_key="p") is None
    with time_machine.travel(clock.now() + app_context.LIFETIME + timedelta(minutes=1)):
        assert open_destination(KEYS, sealed, site_id="north", patient_key="p") is None
