"""What must hold after a walk whatever was killed: read from the databases, not from pages."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.store.rows import CaseRow as NetworkCase
from consult.store.rows import SubmissionRow
from exchange import decision, names, task_states
from fhir_server.store.resource_rows import HISTORY, RESOURCE
from runtime import audit, json_text
from runtime.database import Database, open_database
from runtime.tables import AuditRow, HeartbeatRow, JobRow
from smartapp.store.case_rows import AnswerRow, CaseRow, OutboxRow, ParkedRow, RevisionRow

# What happened to a case happened once, however often a worker began it.
ONCE_AT_THE_HOSPITAL = (
    "case.approved",
    "case.sent",
    "reply.approved",
    "reply.sent",
    "answer.writing",
    "answer.written",
    "case.acknowledged",
    "case.decided",
)
ONCE_AT_THE_NETWORK = (
    "case.received",
    "case.claim",
    "case.ask",
    "case.reply",
    "case.answer",
    "case.close",
    "case.decide",
)

Resource = dict[str, Any]


def check_loop(folder: Path, *, case_id: str, patient_id: str, previewed: str) -> None:
    """Check every invariant of one finished case in the three databases of a demo."""
    databases = [
        open_database(f"sqlite:///{folder}/{name}.db") for name in ("gateway", "consult", "ehr")
    ]
    try:
        gateway, consult, ehr = databases
        _hospital(gateway, case_id)
        _network(consult, case_id)
        _same_bytes(gateway, consult, case_id, previewed)
        _chart(gateway, ehr, case_id, patient_id)
        for database in (gateway, consult):
            with database.read() as session:
                checked = audit.verify(session)
            assert checked.ok, f"the audit chain breaks at row {checked.first_bad}"
            assert checked.rows > 0
    finally:
        for database in databases:
            database.dispose()


def _hospital(database: Database, case_id: str) -> None:
    with database.read() as session:
        case = session.get_one(CaseRow, case_id)
        assert (case.stage, case.business_status) == ("closed", "closed")
        assert case.decision_sent
        assert session.scalars(select(ParkedRow)).all() == []
        assert [one.state for one in session.scalars(select(OutboxRow))] == ["sent", "sent"]
        assert [one.state for one in session.scalars(select(AnswerRow))] == ["acknowledged"]
        unfinished = [(one.key, one.state) for one in session.scalars(select(JobRow))]
        assert {state for _, state in unfinished} == {"done"}, unfinished
        assert len(session.scalars(select(CaseRow)).all()) == 1, "one question, one case"
        assert session.scalars(select(HeartbeatRow)).all() == [], "a dead worker is still listed"
        _each_once(session, case_id, ONCE_AT_THE_HOSPITAL)


def _network(database: Database, case_id: str) -> None:
    with database.read() as session:
        keys = [one.key for one in session.scalars(select(SubmissionRow))]
        assert sorted(keys) == [f"{case_id}.reply.1", f"{case_id}.submit.1"]
        place = session.scalars(select(NetworkCase)).one()
        tasks = [one for one in _current(session, "Task") if one["id"] == place.task_id]
        (request,) = _current(session, "ServiceRequest")
        (opinion,) = _current(session, "DocumentReference")
        turns = sorted(_kind(one) for one in _current(session, "Communication"))
        _each_once(session, f"case:{case_id}", ONCE_AT_THE_NETWORK)
    assert turns == ["clarification-reply", "clarification-request", "opinion", "question"]
    assert task_states.state_of(tasks[0]) == task_states.CLOSED
    assert decision.decision_of(tasks[0]) == "followed"
    assert request["status"] == "completed"
    assert _identifier(opinion) == f"{case_id}.opinion.1"


def _same_bytes(gateway: Database, consult: Database, case_id: str, previewed: str) -> None:
    with gateway.read() as session:
        shown = session.scalars(select(RevisionRow).where(RevisionRow.state == "approved")).all()
        stored = {one.submission: one.sha256 for one in session.scalars(select(OutboxRow))}
    with consult.read() as session:
        arrived = {
            one.key: (one.sha256, hashlib.sha256(one.body or b"").hexdigest())
            for one in session.scalars(select(SubmissionRow))
        }
    assert stored[f"{case_id}.submit.1"] == previewed
    assert {one.sha256 for one in shown} == set(stored.values())
    assert arrived == {key: (sha256, sha256) for key, sha256 in stored.items()}


def _chart(gateway: Database, ehr: Database, case_id: str, patient_id: str) -> None:
    with gateway.read() as session:
        rendering = session.scalars(select(AnswerRow)).one().rendering_sha256
    with ehr.read() as session:
        notes = [
            one
            for one in _current(session, "DocumentReference")
            if _identifier(one) == f"{case_id}.opinion.1"
        ]
        rewritten = session.scalars(select(HISTORY.c.body)).all()
    assert len(notes) == 1, "the answer is in the chart exactly once"
    assert notes[0]["subject"]["reference"] == f"Patient/{patient_id}"
    text = base64.b64decode(notes[0]["content"][0]["attachment"]["data"])
    assert hashlib.sha256(text).hexdigest() == rendering
    assert rewritten == [], "nothing in the chart was written over"


def _each_once(session: Session, subject: str, events: Iterable[str]) -> None:
    rows = session.scalars(select(AuditRow).where(AuditRow.subject == subject))
    seen = Counter(row.event for row in rows)
    assert {event: seen[event] for event in events} == dict.fromkeys(events, 1)


def _current(session: Session, resource_type: str) -> list[Resource]:
    bodies = session.scalars(
        select(RESOURCE.c.body).where(
            RESOURCE.c.resource_type == resource_type, RESOURCE.c.deleted.is_(False)
        )
    )
    return [json_text.loads(body.encode()) for body in bodies]


def _kind(communication: Resource) -> str:
    return str(communication["category"][0]["coding"][0]["code"])


def _identifier(resource: Resource) -> str | None:
    for one in resource.get("identifier") or []:
        if one.get("system") == names.SID_OPINION:
            return str(one["value"])
    return None
