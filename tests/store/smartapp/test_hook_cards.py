"""The CDS Hooks service over HTTP: which card, for whom, from which data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
import time_machine

from launch.ports import SiteId
from runtime import clock, jose, json_text
from smartapp.gateway.collect_answers import collect_answers
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.file_answer import file_answer
from smartapp.hooks.app_context import Destination
from smartapp.store import cases, parked
from smartapp.store.parked import Parked
from tests.store.smartapp.conftest import Walk
from tests.support import cds_caller
from tests.support.cds_caller import DISCOVERY, GATEWAY, bearer, hook_call
from tests.support.fake_network import opinion
from tests.support.hook_ehr import SIGN, VIEW, Ehr, context, hooks_called, question, referral
from tests.support.launch_stores import ISSUER

CANARY = "Quibblethorn-4711"


@pytest.fixture
def ehr(tmp_path: Path, deid_workers: DeidWorkers) -> Iterator[Ehr]:
    """An EHR that calls the hooks of a gateway around Adela's chart."""
    with hooks_called(tmp_path, deid_workers) as made:
        yield made


def test_discovery_lists_three_services_without_an_empty_member(ehr: Ehr) -> None:
    answer = ehr.client.get(
        "/cds-services", base_url=GATEWAY, headers={"Authorization": bearer(DISCOVERY)}
    )
    services = json_text.loads(answer.data)["services"]
    assert [one["hook"] for one in services] == ["patient-view", "order-select", "order-sign"]
    for one in services:
        assert {"hook", "id", "title", "description", "prefetch"} <= set(one)
        assert all(one.values())
    bare = ehr.client.get("/cds-services", base_url=GATEWAY)
    assert bare.status_code == 401
    assert bare.headers["WWW-Authenticate"] == "Bearer"


def test_a_chart_without_a_question_shows_nothing_and_nothing_is_read(ehr: Ehr) -> None:
    with responses.RequestsMock() as world:
        assert ehr.cards(prefetch=None, fhirAuthorization={"access_token": CANARY}) == []
        assert len(world.calls) == 0


def test_cards_follow_a_case_from_open_to_answered_to_read(ehr: Ehr) -> None:
    handle, launch = ehr.here.launch()
    walk = Walk(here=ehr.here, launch=launch, handle=handle)
    case = walk.send()
    (card,) = ehr.cards()
    assert card["indicator"] == "info"
    assert ehr.leads_to(card) == Destination(page="case", case_id=case.case_id)
    walk.here.network.answer(opinion())
    collect_answers(walk.here.services)
    (card,) = ehr.cards()
    assert card["summary"] == "The second opinion that you asked for is here."
    assert card["indicator"] == "warning"
    assert "not among the notes" in card["detail"]
    assert ehr.leads_to(card) == Destination(page="answer", case_id=case.case_id)
    answer = walk.answer(case.case_id)
    file_answer(walk.here.services, answer.case_id, answer.opinion)
    assert "stands among the notes" in ehr.cards()[0]["detail"]
    with walk.here.database.transaction() as session:
        cases.mark_read(session, case.case_id)
    assert ehr.cards() == []


def test_news_that_could_not_be_verified_is_no_answer(ehr: Ehr) -> None:
    case_id = question(ehr.here, stage="filed")
    spoiled = Parked(
        parked_id="p", case_id=case_id, item="i", reason="answer_unverified", since=clock.now()
    )
    with ehr.here.database.transaction() as session:
        parked.park(session, spoiled)
    (card,) = ehr.cards()
    assert "needs you" in card["summary"]
    assert ehr.leads_to(card) == Destination(page="case", case_id=case_id)


def test_a_colleague_is_told_without_a_link(ehr: Ehr) -> None:
    question(ehr.here)
    for user in ("Practitioner/other", "PractitionerRole/other"):
        (card,) = ehr.cards(context=context(ehr.here, userId=user))
        assert card["summary"].endswith("a colleague asked for it.")
        assert "links" not in card


@pytest.mark.parametrize("user", ["Patient/p-1", "RelatedPerson/r-1", "junk", None])
def test_a_screen_that_is_not_of_the_staff_shows_no_card(ehr: Ehr, user: str | None) -> None:
    question(ehr.here)
    assert ehr.cards(context=context(ehr.here, userId=user)) == []


def test_a_doctor_named_by_a_role_is_known_by_what_was_sent_or_can_be_read(ehr: Ehr) -> None:
    question(ehr.here)
    role = context(ehr.here, userId="PractitionerRole/r-1")
    junior = {"resourceType": "Practitioner", "id": "junior"}
    (card,) = ehr.cards(context=role, prefetch={"patient": ehr.patient, "doctor": junior})
    assert card["links"]
    with responses.RequestsMock() as world:
        world.add(
            "GET",
            f"{ISSUER}/PractitionerRole/r-1",
            json={
                "resourceType": "PractitionerRole",
                "id": "r-1",
                "practitioner": {"reference": f"{ISSUER}/Practitioner/junior/_history/2"},
            },
        )
        (card,) = ehr.cards(context=role, fhirAuthorization={"access_token": CANARY})
    assert card["links"]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"patient": None},
        {"patient": {"resourceType": "OperationOutcome", "issue": []}},
        {"patient": {"resourceType": "Bundle", "link": [{"relation": "next"}], "entry": []}},
    ],
)
def test_what_was_not_sent_is_read_with_the_calls_own_token(ehr: Ehr, sent: dict[str, Any]) -> None:
    question(ehr.here)
    with responses.RequestsMock() as world:
        url = f"{ISSUER}/Patient/{ehr.here.patient_id}"
        world.add("GET", url, body=json_text.dumps(ehr.patient))
        granted = {"access_token": CANARY, "token_type": "Bearer", "expires_in": 300}
        assert len(ehr.cards(prefetch=sent, fhirAuthorization=granted)) == 1
        assert world.calls[0].request.headers["Authorization"] == f"Bearer {CANARY}"
        assert len(world.calls) == 1


def test_without_the_patient_there_is_no_card(ehr: Ehr) -> None:
    question(ehr.here)
    call = hook_call(ehr.patient, prefetch={})
    answer = ehr.post(VIEW, call)
    assert answer.status_code == 412
    assert json_text.loads(answer.data)["resourceType"] == "OperationOutcome"
    with responses.RequestsMock() as world:
        world.add("GET", f"{ISSUER}/Patient/{ehr.here.patient_id}", status=403)
        refused = ehr.post(VIEW, {**call, "fhirAuthorization": {"access_token": CANARY}})
        assert refused.status_code == 412


@pytest.mark.parametrize(
    "change",
    [
        {"birthDate": "1959-03-05"},
        {"name": [{"family": "Other"}]},
        {"link": [{"type": "replaced-by", "other": {"reference": "Patient/x"}}]},
    ],
)
def test_a_chart_with_other_demographics_shows_no_card_of_thequestion(
    ehr: Ehr, change: dict[str, Any]
) -> None:
    question(ehr.here)
    assert len(ehr.cards()) == 1
    ehr.patient.update(change)
    assert ehr.cards() == []


def test_the_same_id_at_another_server_is_another_patient(ehr: Ehr) -> None:
    question(ehr.here)
    elsewhere = hook_call(ehr.patient, fhirServer="https://other.example/fhir")
    assert ehr.post(VIEW, elsewhere).status_code == 403
    ehr.here.services.sites.put(
        cds_caller.site_with_hooks(
            cds_caller.pinned_client(issuer="https://south"),
            site_id=SiteId("south"),
            issuer="https://south.example/fhir",
        )
    )
    call = hook_call(ehr.patient, fhirServer="https://south.example/fhir")
    answer = ehr.post(VIEW, call, token=bearer(VIEW, iss="https://south"))
    assert json_text.loads(answer.data) == {"cards": []}


def test_a_second_opinion_is_offered_beside_a_draftedreferral(ehr: Ehr) -> None:
    (card,) = ehr.cards(SIGN, context=referral(ehr.here))
    assert card["indicator"] == "info"
    assert ehr.leads_to(card) == Destination(page="ask", specialty="394589003")
    assert ehr.cards(SIGN, context=referral(ehr.here, code={"text": "Renal ultrasound"})) == []
    assert ehr.cards(SIGN, context=context(ehr.here)) == []
    ehr.patient["deceasedDateTime"] = "2026-01-01"
    assert ehr.cards(SIGN, context=referral(ehr.here)) == []


def test_who_has_asked_already_sees_that_instead_of_an_offer(ehr: Ehr) -> None:
    case_id = question(ehr.here)
    (card,) = ehr.cards(SIGN, context=referral(ehr.here))
    assert ehr.leads_to(card) == Destination(page="answer", case_id=case_id)


def test_the_kill_switch_closes_the_hooks_and_hours_quiet_them(ehr: Ehr) -> None:
    question(ehr.here)
    sites = ehr.here.services.sites
    sites.put(cds_caller.site_with_hooks(open_hours=("Mon-Sun 03:00-03:01",)))
    with time_machine.travel(clock.now().replace(hour=12), tick=False):
        assert ehr.cards() == []
    sites.put(cds_caller.site_with_hooks(enabled=False))
    assert ehr.post(VIEW, hook_call(ehr.patient)).status_code == 403
    assert ehr.post(f"{VIEW}/feedback", {}).status_code == 403


def test_every_forged_call_gets_the_same_answer(ehr: Ehr) -> None:
    call = hook_call(ehr.patient)
    used = bearer(VIEW)
    assert ehr.post(VIEW, call, token=used).status_code == 200
    answers = [
        ehr.post(VIEW, call, token=token)
        for token in (
            "Bearer x",
            used,
            bearer(DISCOVERY),
            bearer(VIEW, key=jose.new_signing_key("ES384")),
            bearer(VIEW, iss="https://other.example"),
            bearer(VIEW, exp=1),
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.data for answer in answers}) == 1


def test_a_wrong_call_is_named_and_an_unknown_service_is_not_found(ehr: Ehr) -> None:
    wrong = ehr.post(VIEW, hook_call(ehr.patient, hookInstance="x"))
    assert wrong.status_code == 400
    assert "hookInstance" in wrong.text
    nowhere = f"{DISCOVERY}/confer-nothing"
    assert ehr.post(nowhere, hook_call(ehr.patient)).status_code == 404
