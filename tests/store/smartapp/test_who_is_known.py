"""Who must be known before anything leaves: the doctor who asks, and everybody named before."""

import re

import pytest

from runtime import clock, json_text
from smartapp.gateway import reply_to_question as replying
from smartapp.gateway.collect_answers import collect_answers
from smartapp.gateway.prepare_case import prepare_case, save_question
from smartapp.gateway.question_form import read_form
from smartapp.gateway.send_case import send_case
from smartapp.store import drafts, vault
from tests.store.smartapp.conftest import Walk
from tests.support.gateway import INCLUDE, QUESTION, Hospital

_ASKER = {
    "resourceType": "Practitioner",
    "id": "asker",
    "name": [{"family": "Quillfeather", "given": ["Ottoline"]}],
}
_ROLE = {
    "resourceType": "PractitionerRole",
    "id": "asker-role",
    "practitioner": {"reference": "https://ehr.example/fhir/Practitioner/asker"},
}


def _chart_people(here: Hospital, draft_id: str) -> set[str]:
    services = here.services
    with here.database.read() as session:
        found = drafts.load(session, services.keyring, draft_id, now=clock.now())
        chart = drafts.snapshot(session, services.keyring, draft_id, now=clock.now())
    people = json_text.loads(chart, max_bytes=200_000_000)["by_section"]["care_team"]
    return {f"{one['resourceType']}/{one['id']}" for one in people} | {
        str(found.patient["user_name"])
    }


@pytest.mark.parametrize("user", ["Practitioner/asker", "PractitionerRole/asker-role"])
def test_the_asking_doctor_is_a_known_name_though_the_chart_names_them_nowhere(
    here: Hospital, user: str
) -> None:
    here.chart.resources += [_ASKER, _ROLE]
    assert "Practitioner/asker" not in str(
        [r for r in here.chart.resources if r["id"] not in ("asker", "asker-role")]
    )
    _, launch = here.launch(user=user)
    assert {"Practitioner/asker", "Ottoline Quillfeather"} <= _chart_people(here, launch.draft_id)
    words = {**QUESTION, "thinking": "quillfeather gave insulin; bladder scan is next."}
    save_question(here.services, launch, read_form(words, INCLUDE))
    revision = prepare_case(here.services, launch)
    assert b"quillfeather" not in revision.body.lower()
    assert "quillfeather" in revision.preview["words"].values()


def _reply(walk: Walk, case_id: str, text: str) -> str:
    """Reply, approve, and return the text as it left."""
    services = walk.here.services
    replying.save_reply(services, walk.launch, case_id, text)
    revision = replying.prepare_reply(services, walk.launch, case_id)
    replying.approve_reply(
        services,
        walk.launch,
        case_id,
        revision_id=revision.revision_id,
        sha256=revision.sha256,
    )
    number = revision.facts["submission"].rsplit(".", 1)[1]
    assert send_case(services, f"{case_id}.reply.{number}") == "sent"
    sent = [
        entry["resource"]["payload"][0]["contentString"]
        for entry in json_text.loads(walk.here.network.bodies[-1])["entry"]
        if entry["resource"]["resourceType"] == "Communication"
    ]
    return str(sent[0])


def _words(walk: Walk, case_id: str) -> dict[str, str]:
    with walk.here.database.read() as session:
        return dict(vault.find(session, walk.here.services.keyring, case_id).words)


def test_a_token_that_left_before_is_never_somebody_else_in_a_reply(walk: Walk) -> None:
    case_id = walk.send().case_id
    before = _words(walk, case_id)
    network = walk.here.network

    network.ask_back("Who follows the kidneys?")
    collect_answers(walk.here.services)
    first = _reply(walk, case_id, "Dr. Quenby Thistlewood did, with Dr. Osei.")
    fresh = re.findall(r"\[clinician \d+\]", first)
    assert len(fresh) == 2
    assert fresh[0] not in before
    after = _words(walk, case_id)
    assert "Thistlewood" in after[fresh[0]]
    assert {token: after[token] for token in before} == before

    network.ask_back("And since?")
    collect_answers(walk.here.services)
    second = _reply(walk, case_id, "Dr. Ambrose Peverell since; Dr. Quenby Thistlewood left.")
    newest, again = re.findall(r"\[clinician \d+\]", second)
    assert again == fresh[0]
    assert newest not in after
    assert "Peverell" in _words(walk, case_id)[newest]


def test_a_number_whose_meaning_became_unclear_stays_taken(walk: Walk) -> None:
    case_id = walk.send().case_id
    with walk.here.database.transaction() as session:
        unclear = {"[clinician 9]": vault.UNCLEAR}
        vault.add_words(session, walk.here.services.keyring, case_id, unclear)
    walk.here.network.ask_back("Who follows the kidneys?")
    collect_answers(walk.here.services)
    text = _reply(walk, case_id, "Dr. Quenby Thistlewood did.")
    assert "[clinician 10]" in text
