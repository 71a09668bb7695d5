"""Send an approved submission: these bytes, once, with a receipt kept of what the network said.

A crash at any point is harmless: the network recognizes the submission by its key and hash
and gives the stored answer again.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from exchange import names
from launch.errors import SiteClosed
from runtime import audit, clock, json_text, logs
from runtime.errors import JsonTextError
from runtime.log_events import Event
from smartapp.errors import BytesAltered, ConsultRefused, ConsultUnreachable, TryLater
from smartapp.gateway import site_open
from smartapp.gateway.egress import SealedParcel, leave
from smartapp.gateway.hand_over import hand_over
from smartapp.gateway.services import GatewayServices
from smartapp.store import answers, cases, outbox, parked, vault
from smartapp.store.outbox import OutboxItem

# What the network's receipt names, by the kind of submission.
_EXPECTED = {"case": "Task", "reply": "Communication"}


def send_case(services: GatewayServices, submission: str) -> str:
    """Send one submission and return its state: sent, taken_back or parked.

    Raises `TryLater` when the network does not answer, `SiteClosed` while the site is switched
    off or outside its hours; the bytes stay and the doctor's page says so.
    """
    item = _load(services, submission)
    if item is None or item.state in ("sent", "taken_back", "parked"):
        return item.state if item else "taken_back"
    now = clock.now()
    if now >= item.stale_after:
        return _when_stale(services, item, now)
    _require_open(services, item)
    with services.database.transaction() as session:
        # From here on it can no longer be taken back.
        if not outbox.move(session, submission, state="sending", only_from=("waiting", "sending")):
            return "taken_back"
    try:
        parcel = SealedParcel(submission=submission, sha256=item.sha256, body=item.body)
        answer = leave(services.consult, parcel)
    except ConsultUnreachable as down:
        with services.database.transaction() as session:
            outbox.note_attempt(session, submission, problem=down.code)
        with logs.bind(case_id=item.case_id):
            logs.emit(Event.CASE_SEND_DELAYED, code=down.code)
        raise TryLater from None
    except ConsultRefused as refused:
        return _park(services, item, f"refused_{refused.facts.get('status', 0)}", now)
    except BytesAltered:
        return _park(services, item, "bytes_altered", now)
    services.failpoint("after_send_before_receipt")
    if _place_in(answer.body, _EXPECTED[item.kind]) is None:
        # Whoever answered, it was not the network's receipt; the same bytes go again.
        with services.database.transaction() as session:
            outbox.note_attempt(session, submission, problem="receipt_unreadable")
        with logs.bind(case_id=item.case_id):
            logs.emit(Event.CASE_SEND_DELAYED, code="receipt_unreadable")
        raise TryLater
    return _store_receipt(services, item, answer.body)


def _require_open(services: GatewayServices, item: OutboxItem) -> None:
    """Raise `SiteClosed` before anything moves: the case can still be taken back."""
    try:
        site_open.require_open(services, item.site_id)
    except SiteClosed as closed:
        with services.database.transaction() as session:
            outbox.note_attempt(session, item.submission, problem=closed.code)
        raise


def _load(services: GatewayServices, submission: str) -> OutboxItem | None:
    with services.database.read() as session:
        case_id = outbox.case_of(session, submission)
        if case_id is None:
            return None
        site_id = vault.find(session, services.keyring, case_id).site_id
        return outbox.load(session, services.keyring, submission, site_id=site_id)


def _store_receipt(services: GatewayServices, item: OutboxItem, body: bytes) -> str:
    now = clock.now()
    task_ref = _place_in(body, "Task")
    with services.database.transaction() as session:
        outbox.keep_response(
            session, services.keyring, item.submission, site_id=item.site_id, response=body
        )
        if not outbox.move(session, item.submission, state="sent", only_from=("sending",), now=now):
            return "sent"
        _move_case(session, item, task_ref, now)
        parked.resolve_item(
            session, case_id=item.case_id, item=item.submission, resolution="sent", now=now
        )
        audit.append(
            session,
            event="case.sent" if item.kind == "case" else "reply.sent",
            actor="gateway",
            subject=item.case_id,
            detail={"sha256": item.sha256},
        )
    return "sent"


def _move_case(session: Session, item: OutboxItem, task_ref: str | None, now: datetime) -> None:
    """Move the case on, never back: after a crash the poll may have brought newer news."""
    if item.kind == "case":
        cases.move(session, item.case_id, now=now, stage="sent", only_from=("approved",))
        if task_ref is not None and cases.note_task(
            session, item.case_id, task_ref=task_ref, version=1, due_at=None
        ):
            cases.note_status(session, item.case_id, "submitted")
    elif answers.newest_turn(session, item.case_id) != "clarification-request":
        cases.move(session, item.case_id, now=now, stage="sent", only_from=("question",))


def _place_in(body: bytes, kind: str) -> str | None:
    """`kind/id` from a transaction response; None when the body is no such response."""
    try:
        response: Any = json_text.loads(body)
    except JsonTextError:
        return None
    if not isinstance(response, dict) or response.get("type") != "transaction-response":
        return None
    entries = response.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        told = entry.get("response") if isinstance(entry, dict) else None
        location = str(told.get("location", "")) if isinstance(told, dict) else ""
        parts = location.split("/_history/", 1)[0].split("/")
        if len(parts) >= 2 and parts[-2] == kind and parts[-1]:
            return f"{kind}/{parts[-1]}"
    return None


def _when_stale(services: GatewayServices, item: OutboxItem, now: datetime) -> str:
    """Past the promised time nothing new is sent; but it may have arrived already."""
    if item.state == "sending" and item.kind == "case":
        key = f"{names.SID_TASK}|{names.identifier_value(item.case_id, 'task', 1)}"
        try:
            for task in services.consult.search("Task", [("identifier", key)]):
                response = {
                    "resourceType": "Bundle",
                    "type": "transaction-response",
                    "entry": [{"response": {"location": f"Task/{task['id']}"}}],
                }
                return _store_receipt(services, item, json_text.dumps(response))
        except ConsultUnreachable:
            raise TryLater from None
    waited = item.last_problem == site_open.WAITS
    return _park(services, item, "site_closed_at_due" if waited else "unsent_at_due", now)


def _park(services: GatewayServices, item: OutboxItem, reason: str, now: datetime) -> str:
    with services.database.transaction() as session:
        outbox.move(session, item.submission, state="parked", only_from=("waiting", "sending"))
        if item.kind == "case":
            cases.move(session, item.case_id, now=now, stage="parked", unread=True)
        hand_over(session, case_id=item.case_id, item=item.submission, reason=reason, now=now)
    with logs.bind(case_id=item.case_id):
        logs.emit(Event.CASE_PARKED, reason=reason)
    return "parked"
