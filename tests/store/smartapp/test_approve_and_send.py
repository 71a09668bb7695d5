"""From a shown revision to the network: nothing lost, nothing changed, nothing twice."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from runtime import audit, clock
from smartapp.errors import CaseHeld, RevisionStale, TakeBackTooLate, TryLater
from smartapp.gateway.approve_case import approve_case
from smartapp.gateway.choices import hide_more
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.park_dead_job import park_dead_job
from smartapp.gateway.prepare_case import prepare_case, save_question
from smartapp.gateway.question_form import read_form
from smartapp.gateway.send_case import send_case
from smartapp.gateway.sweep import park_overdue
from smartapp.gateway.take_back import take_back
from smartapp.store import drafts, outbox, parked, revisions, vault
from smartapp.store.case_rows import OutboxRow
from smartapp.store.outbox import OutboxItem
from tests.store.smartapp.conftest import Walk
from tests.support.gateway import INCLUDE, QUESTION

_TABLES = ("gw_vault", "gw_case", "gw_outbox", "gw_message")


def _rows(walk: Walk, table: str) -> int:
    with walk.here.database.read() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


def test_what_leaves_is_what_was_approved_byte_for_byte(walk: Walk) -> None:
    revision = walk.prepare()
    case = approve_case(
        walk.here.services, walk.launch, revision_id=revision.revision_id, sha256=revision.sha256
    )
    assert send_case(walk.here.services, f"{case.case_id}.submit.1") == "sent"
    assert walk.here.network.bodies == [revision.body]


def test_no_word_of_the_chart_that_names_somebody_leaves(walk: Walk) -> None:
    case = walk.approve()
    send_case(walk.here.services, f"{case.case_id}.submit.1")
    body = walk.here.network.bodies[0]
    for word in (b"Marrowby", b"Corwin", b"40417731", b"Gullhaven", b"Tidesalt"):
        assert word not in body
    assert "[patient]" in walk.here.network.question_text()


def test_approval_stores_link_bytes_job_and_audit_together(walk: Walk) -> None:
    case = walk.approve()
    assert [_rows(walk, table) for table in _TABLES] == [1, 1, 1, 1]
    assert list(walk.here.jobs.queued) == [f"send:{case.case_id}.submit.1"]
    with walk.here.database.read() as session:
        check = audit.verify(session)
        link = vault.find(session, walk.here.services.keyring, case.case_id)
    assert check.ok
    assert link.patient["patient"] == walk.here.patient_id


def test_a_failure_inside_approval_leaves_nothing(walk: Walk) -> None:
    revision = walk.prepare()

    class NoJobs:
        def enqueue(self, *_: object, **__: object) -> None:
            raise ConnectionError

        def cancel(self, *_: object, **__: object) -> bool:
            return False

        def retry(self, *_: object, **__: object) -> bool:
            return False

    broken = replace(walk.here.services, durable=NoJobs())
    with pytest.raises(ConnectionError):
        approve_case(broken, walk.launch, revision_id=revision.revision_id, sha256=revision.sha256)
    assert [_rows(walk, table) for table in _TABLES] == [0, 0, 0, 0]
    # And the doctor can simply press the button again.
    assert (
        approve_case(
            walk.here.services,
            walk.launch,
            revision_id=revision.revision_id,
            sha256=revision.sha256,
        ).stage
        == "approved"
    )


def test_approving_twice_is_the_same_as_once(walk: Walk) -> None:
    revision = walk.prepare()
    both = [
        approve_case(
            walk.here.services,
            walk.launch,
            revision_id=revision.revision_id,
            sha256=revision.sha256,
        ).case_id
        for _ in range(2)
    ]
    assert both[0] == both[1]
    assert _rows(walk, "gw_outbox") == 1


def test_a_revision_whose_hash_the_page_did_not_show_is_refused(walk: Walk) -> None:
    revision = walk.prepare()
    with pytest.raises(RevisionStale):
        approve_case(
            walk.here.services,
            walk.launch,
            revision_id=revision.revision_id,
            sha256="0" * 64,
        )
    assert _rows(walk, "gw_case") == 0


def test_a_revision_whose_draft_changed_is_refused(walk: Walk) -> None:
    revision = walk.prepare()
    changed = {**QUESTION, "question": "Something else?"}
    save_question(walk.here.services, walk.launch, read_form(changed, INCLUDE))
    with pytest.raises(RevisionStale):
        approve_case(
            walk.here.services,
            walk.launch,
            revision_id=revision.revision_id,
            sha256=revision.sha256,
        )


def test_a_revision_older_than_half_an_hour_is_refused(walk: Walk) -> None:
    services = walk.here.services
    revision = walk.prepare()
    with walk.here.database.transaction() as session:
        session.execute(
            text("UPDATE gw_revision SET created_at = :then"),
            {"then": (clock.now() - timedelta(minutes=31)).replace(tzinfo=None)},
        )
    with pytest.raises(RevisionStale):
        approve_case(
            services, walk.launch, revision_id=revision.revision_id, sha256=revision.sha256
        )


def test_the_database_refuses_bytes_that_no_passed_revision_stands_behind(walk: Walk) -> None:
    case = walk.approve()
    now = clock.now()
    forged = OutboxItem(
        submission=f"{case.case_id}.submit.9",
        site_id="north",
        case_id=case.case_id,
        kind="case",
        revision_id="none",
        sha256="0" * 64,
        body=b"{}",
        send_after=now,
        stale_after=now,
    )
    with pytest.raises(IntegrityError), walk.here.database.transaction() as session:
        outbox.add(session, walk.here.services.keyring, forged, now=now)


def test_a_doctor_who_hides_a_word_sees_it_gone_from_the_bytes(walk: Walk) -> None:
    services = walk.here.services
    first = walk.prepare()
    assert b"lisinopril" in first.body
    with walk.here.database.transaction() as session:
        draft = drafts.load(session, services.keyring, walk.launch.draft_id, now=clock.now())
        drafts.save(
            session,
            services.keyring,
            draft,
            form=draft.form,
            choices=hide_more(draft.choices, "TMP-SMX on lisinopril"),
        )
    second = prepare_case(services, walk.launch)
    assert b"TMP-SMX on lisinopril" not in second.body
    with walk.here.database.read() as session:
        shown = revisions.newest(
            session,
            services.keyring,
            draft_id=draft.draft_id,
            kind="case",
            case_id=draft.case_id,
        )
    assert shown is not None
    assert shown.revision_id == second.revision_id


def test_a_case_taken_back_never_leaves(walk: Walk) -> None:
    case = walk.approve()
    take_back(walk.here.services, walk.launch, case.case_id)
    assert walk.here.jobs.queued == {}
    assert send_case(walk.here.services, f"{case.case_id}.submit.1") == "taken_back"
    assert walk.here.network.bodies == []
    assert walk.case(case.case_id).stage == "taken_back"


def test_a_case_that_has_left_cannot_be_taken_back(walk: Walk) -> None:
    case = walk.approve()
    send_case(walk.here.services, f"{case.case_id}.submit.1")
    with pytest.raises(TakeBackTooLate):
        take_back(walk.here.services, walk.launch, case.case_id)


def test_while_the_network_is_down_the_case_is_kept_and_sent_later(walk: Walk) -> None:
    case = walk.approve()
    walk.here.network.down = True
    with pytest.raises(TryLater):
        send_case(walk.here.services, f"{case.case_id}.submit.1")
    assert walk.case(case.case_id).stage == "approved"
    walk.here.network.down = False
    assert send_case(walk.here.services, f"{case.case_id}.submit.1") == "sent"


def test_a_lost_answer_leads_to_the_same_bytes_again_and_one_case(walk: Walk) -> None:
    case = walk.approve()
    walk.here.network.lose_answers = 1
    with pytest.raises(TryLater):
        send_case(walk.here.services, f"{case.case_id}.submit.1")
    assert send_case(walk.here.services, f"{case.case_id}.submit.1") == "sent"
    first, second = walk.here.network.bodies
    assert first == second
    assert len(walk.here.network.submissions) == 1


def test_a_refusal_of_the_network_waits_for_a_person(walk: Walk) -> None:
    case = walk.approve()
    walk.here.network.refuse_with = 422
    assert send_case(walk.here.services, f"{case.case_id}.submit.1") == "parked"
    with walk.here.database.read() as session:
        waiting = parked.waiting(session, case.case_id)
    assert [item.reason for item in waiting] == ["refused_422"]
    assert walk.case(case.case_id).stage == "parked"


def test_nothing_is_sent_after_the_promised_time(walk: Walk) -> None:
    case = walk.approve()
    with walk.here.database.transaction() as session:
        session.execute(
            text("UPDATE gw_outbox SET stale_after = :then"),
            {"then": (clock.now() - timedelta(seconds=1)).replace(tzinfo=None)},
        )
    assert send_case(walk.here.services, f"{case.case_id}.submit.1") == "parked"
    assert walk.here.network.bodies == []


def test_a_pause_longer_than_the_promise_does_not_hide_a_late_case(walk: Walk) -> None:
    case = walk.approve()
    assert park_overdue(walk.here.services) == 0
    with walk.here.database.transaction() as session:
        row = session.get(OutboxRow, f"{case.case_id}.submit.1")
        assert row is not None
        row.stale_after = clock.now() - timedelta(seconds=1)
    assert park_overdue(walk.here.services) == 1
    assert walk.case(case.case_id).stage == "parked"


def test_a_case_that_arrived_although_its_answer_was_lost_is_not_called_late(
    walk: Walk,
) -> None:
    case = walk.approve()
    walk.here.network.lose_answers = 1
    with pytest.raises(TryLater):
        send_case(walk.here.services, f"{case.case_id}.submit.1")
    with walk.here.database.transaction() as session:
        row = session.get(OutboxRow, f"{case.case_id}.submit.1")
        assert row is not None
        row.stale_after = clock.now() - timedelta(seconds=1)
    park_overdue(walk.here.services)
    assert walk.case(case.case_id).stage == "sent"
    assert len(walk.here.network.bodies) == 1


def test_a_job_that_was_given_up_waits_for_a_person(walk: Walk) -> None:
    case = walk.approve()
    submission = f"{case.case_id}.submit.1"
    with walk.here.database.transaction() as session:
        park_dead_job(session, kind="send", args={"submission": submission})
    with walk.here.database.read() as session:
        (item,) = parked.waiting(session, case.case_id)
    assert (item.item, item.reason) == (submission, "gave_up_send")
    assert send_case(walk.here.services, submission) == "parked"


def test_bytes_changed_in_the_database_are_not_sent(walk: Walk) -> None:
    case = walk.approve()
    services = walk.here.services
    with walk.here.database.transaction() as session:
        item = outbox.load(session, services.keyring, f"{case.case_id}.submit.1", site_id="north")
        assert item is not None
        sealed = services.keyring.encrypt(
            item.body + b" ",
            tenant="north",
            table="gw_outbox",
            row=item.submission,
            column="body",
        )
        session.execute(text("UPDATE gw_outbox SET body_sealed = :b"), {"b": sealed})
    assert send_case(services, f"{case.case_id}.submit.1") == "parked"
    assert walk.here.network.bodies == []


def test_a_case_whose_check_takes_too_long_is_held(walk: Walk) -> None:
    impatient = DeidWorkers(timeout_seconds=0.0, memory_megabytes=1024, keep_warm=0)
    services = replace(walk.here.services, deid=impatient)
    save_question(services, walk.launch, read_form(QUESTION, INCLUDE))
    with pytest.raises(CaseHeld) as held:
        prepare_case(services, walk.launch)
    assert held.value.reason == "timeout"
    assert _rows(walk, "gw_revision") == 0
