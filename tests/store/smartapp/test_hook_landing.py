"""A card's link opens what it was about: for this doctor, about this patient, and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runtime import clock
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.hooks.app_context import Destination, Page, seal_destination
from smartapp.hooks.landing import Landing, keep_specialty, landing
from smartapp.store import answers, cases, drafts
from smartapp.store.answers import Answer
from smartapp.store.launches import Launch
from tests.support.hook_ehr import Ehr, hooks_called, question


@pytest.fixture(scope="module")
def ehr(tmp_path_factory: pytest.TempPathFactory, deid_workers: DeidWorkers) -> Iterator[Ehr]:
    """One gateway for this file: each test asks a question of its own."""
    folder: Path = tmp_path_factory.mktemp("landing")
    with hooks_called(folder, deid_workers) as made:
        yield made


def _sealed(ehr: Ehr, launch: Launch, page: Page, case_id: str = "", specialty: str = "") -> str:
    return seal_destination(
        ehr.here.services.keyring,
        Destination(page=page, case_id=case_id, specialty=specialty),
        site_id=launch.site_id,
        patient_key=launch.patient_key,
    )


def _answer(ehr: Ehr, case_id: str) -> None:
    found = Answer(
        case_id=case_id,
        site_id="north",
        opinion=f"{case_id}.opinion.1",
        number=1,
        original=b"signed",
        view={},
        original_sha256="0" * 64,
        rendering_sha256="0" * 64,
        received_at=clock.now(),
    )
    with ehr.here.database.transaction() as session:
        answers.add(session, ehr.here.services.keyring, found)


def test_the_link_of_an_answer_opens_the_answer_once_it_is_there(ehr: Ehr) -> None:
    services, launch = ehr.here.services, ehr.here.launch(wait=False)[1]
    case_id = question(ehr.here)
    link = _sealed(ehr, launch, "answer", case_id)
    assert landing(services, launch, link) == Landing(view="case.show", case_id=case_id)
    _answer(ehr, case_id)
    assert landing(services, launch, link) == Landing(view="answers.show", case_id=case_id)


def test_a_reply_that_was_given_meanwhile_opens_the_case(ehr: Ehr) -> None:
    services, launch = ehr.here.services, ehr.here.launch(wait=False)[1]
    case_id = question(ehr.here, stage="question")
    link = _sealed(ehr, launch, "reply", case_id)
    assert landing(services, launch, link) == Landing(view="reply.write", case_id=case_id)
    with ehr.here.database.transaction() as session:
        cases.move(session, case_id, now=clock.now(), stage="sent")
    assert landing(services, launch, link) == Landing(view="case.show", case_id=case_id)


def test_another_doctor_patient_or_site_begins_as_always(ehr: Ehr) -> None:
    services, launch = ehr.here.services, ehr.here.launch(wait=False)[1]
    case_id = question(ehr.here)
    link = _sealed(ehr, launch, "case", case_id)
    assert landing(services, launch, link) is not None
    for stranger in (
        replace(launch, doctor_key="another"),
        replace(launch, patient_key="another"),
        replace(launch, site_id="south"),
    ):
        assert landing(services, stranger, link) is None
    assert landing(services, launch, _sealed(ehr, launch, "case", "z" * 26)) is None
    assert landing(services, launch, None) is None
    assert landing(services, launch, '{"intent":"inbox"}') is None


def test_the_referrals_specialty_is_proposed_and_replaces_nothing(ehr: Ehr) -> None:
    services, launch = ehr.here.services, ehr.here.launch(wait=False)[1]
    link = _sealed(ehr, launch, "ask", specialty="394579002")
    assert landing(services, launch, link) == Landing(view="ask.form")
    keep_specialty(services, launch, _sealed(ehr, launch, "ask", specialty="not one of ours"))
    assert _form(ehr, launch) == {}
    keep_specialty(services, launch, link)
    assert _form(ehr, launch) == {"specialty": "394579002"}
    keep_specialty(services, launch, _sealed(ehr, launch, "ask", specialty="394591006"))
    assert _form(ehr, launch) == {"specialty": "394579002"}


def _form(ehr: Ehr, launch: Launch) -> dict[str, object]:
    with ehr.here.database.read() as session:
        loaded = drafts.load(session, ehr.here.services.keyring, launch.draft_id, now=clock.now())
    return dict(loaded.form)
