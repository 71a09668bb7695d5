"""Ask the network for news of our cases: questions back, opinions, changes of state.

The poll goes by `_lastUpdated` with an overlap and skips what was seen. Everything a Task
brings is fetched and verified first, then stored in one transaction together with the Task's
version, the jobs it causes and the audit row. A crash in between repeats the fetch.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from exchange import parts, task_states
from exchange.clarification import ThreadMessage, read_message
from exchange.errors import ExchangeError
from runtime import audit, clock, logs, tokens
from runtime.errors import code_of
from runtime.log_events import Event
from smartapp.errors import AnswerUnverified, ConsultRefused, ConsultUnreachable
from smartapp.gateway.read_answer import ReadAnswer, read_answer
from smartapp.gateway.relink import relink
from smartapp.gateway.services import GatewayServices
from smartapp.store import answers, cases, members, parked, vault
from smartapp.store.answers import Message
from smartapp.store.cases import Case
from smartapp.store.parked import Parked
from smartapp.store.vault import VaultLink

CURSOR = "consult.task"
OVERLAP = timedelta(minutes=5)
_STAGES = {
    "awaiting-information": "question",
    "answered": "answered",
    "escalated": "answered",
    "expired": "expired",
    "withdrawn": "withdrawn",
    "privacy-withdrawn": "withdrawn",
}
_OURS = frozenset({"question", "clarification-reply"})

Resource = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _News:
    """What one newer version of a case Task brings, fetched and verified."""

    case: Case
    task: Resource = field(repr=False)
    version: int
    messages: tuple[tuple[str, ThreadMessage], ...] = field(default=(), repr=False)
    answer: ReadAnswer | None = field(default=None, repr=False)
    unverified: str = ""


def collect_answers(services: GatewayServices) -> int:
    """Poll once and return how many cases brought news; quiet when the network is down."""
    try:
        return _collect(services)
    except (ConsultUnreachable, ConsultRefused) as problem:
        logs.emit(Event.CONSULT_POLL_FAILED, code=code_of(problem))
        return 0


def _collect(services: GatewayServices) -> int:
    with services.database.read() as session:
        since = members.cursor(session, CURSOR)
    params = [("_sort", "_lastUpdated"), ("_count", "50")]
    if since is not None:
        start = datetime.fromisoformat(since) - OVERLAP
        params.append(("_lastUpdated", f"ge{task_states.instant(start)}"))
    found = 0
    newest = since
    for task in services.consult.search("Task", params):
        found += _one(services, task)
        seen = str((task.get("meta") or {}).get("lastUpdated") or "")
        if seen and (newest is None or _later(seen, newest)):
            newest = seen
    if newest is not None and newest != since:
        with services.database.transaction() as session:
            members.move_cursor(session, CURSOR, newest)
    return found


def _later(one: str, other: str) -> bool:
    return datetime.fromisoformat(one) > datetime.fromisoformat(other)


def _one(services: GatewayServices, task: Resource) -> int:
    case_id = str((task.get("groupIdentifier") or {}).get("value") or "")
    version = int(str((task.get("meta") or {}).get("versionId") or "0"))
    if parts.code_of(task.get("code"), "http://hl7.org/fhir/CodeSystem/task-code") != "fulfill":
        return 0  # offers and cancellations are the network's own business
    with services.database.read() as session:
        if not cases.exists(session, case_id):
            return 0
        case = cases.find(session, case_id)
        link = vault.find(session, services.keyring, case_id)
    if version <= case.task_version and case.stage not in ("approved",):
        return 0
    news = _fetch(services, case, link, task, version)
    _store(services, news, link)
    if news.answer is not None:
        services.failpoint("after_answer_stored")
    return 1


def _fetch(
    services: GatewayServices, case: Case, link: VaultLink, task: Resource, version: int
) -> _News:
    reference = f"Task/{task['id']}"
    thread = services.consult.search(
        "Communication", [("part-of", reference), ("_sort", "sent"), ("_count", "50")]
    )
    messages: list[tuple[str, ThreadMessage]] = []
    for communication in thread:
        message = read_message(communication)
        if message.kind not in _OURS:
            messages.append((f"Communication/{communication['id']}", message))
    answer: ReadAnswer | None = None
    unverified = ""
    if task_states.state_of(task)[1] in ("answered", "escalated", "closed"):
        try:
            answer = read_answer(services, task, link)
        except (AnswerUnverified, ExchangeError) as problem:
            unverified = code_of(problem)
    return _News(
        case=case,
        task=task,
        version=version,
        messages=tuple(messages),
        answer=answer,
        unverified=unverified,
    )


def _store(services: GatewayServices, news: _News, link: VaultLink) -> None:
    now = clock.now()
    case_id = news.case.case_id
    business = task_states.state_of(news.task)[1]
    with services.database.transaction() as session:
        if not cases.note_task(
            session,
            case_id,
            task_ref=f"Task/{news.task['id']}",
            version=news.version,
            due_at=task_states.due_at(news.task),
        ):
            return  # another worker was faster
        brought = [_add_message(services, session, news, link, item) for item in news.messages]
        stage = _STAGES.get(business)
        if news.unverified:
            stage = "parked"
            _park_unverified(session, news, now)
        elif news.answer is not None:
            brought.append(_add_answer(services, session, news, now))
        if stage is None and news.case.stage in ("approved", "question"):
            stage = "sent"
        if news.case.stage in ("filed", "closed") and stage == "answered":
            stage = None
        cases.move(
            session,
            case_id,
            now=now,
            stage=stage,
            unread=True if any(brought) or news.unverified else None,
        )
        cases.note_status(session, case_id, business)
        audit.append(
            session,
            event="case.news",
            actor="gateway",
            subject=case_id,
            detail={"status": business, "version": news.version},
        )


def _add_message(
    services: GatewayServices,
    session: Session,
    news: _News,
    link: VaultLink,
    item: tuple[str, ThreadMessage],
) -> bool:
    reference, message = item
    local = link.question_time.astimezone()
    text = "\n\n".join(
        relink(part, words=link.words, question_time=local).text for part in message.texts
    )
    return answers.add_message(
        session,
        services.keyring,
        Message(
            case_id=news.case.case_id,
            site_id=news.case.site_id,
            message=message.identifier,
            kind=message.kind,
            reference=reference,
            text=text,
            at=message.sent,
        ),
    )


def _add_answer(services: GatewayServices, session: Session, news: _News, now: datetime) -> bool:
    if news.answer is None:
        return False
    answer = news.answer.stored(news.case, received_at=now)
    if not answers.add(session, services.keyring, answer):
        return False
    if services.policy.write_on == "on_arrival":
        enqueue_filing(services, session, case_id=answer.case_id, opinion=answer.opinion)
    return True


def enqueue_filing(
    services: GatewayServices,
    session: Session,
    *,
    case_id: str,
    opinion: str,
    again: str = "",
) -> None:
    """Queue the write into the chart, in the caller's transaction."""
    suffix = f":{again}" if again else ""
    services.durable.enqueue(
        session,
        kind="file",
        key=f"file:{opinion}{suffix}",
        args={"case": case_id, "opinion": opinion},
    )


def _park_unverified(session: Session, news: _News, now: datetime) -> None:
    parked.park(
        session,
        Parked(
            parked_id=tokens.new_uuid(),
            case_id=news.case.case_id,
            item=f"task-version-{news.version}",
            reason="answer_unverified",
            since=now,
        ),
    )
    audit.append(
        session,
        event="answer.unverified",
        actor="gateway",
        subject=news.case.case_id,
        outcome="failure",
        detail={"code": news.unverified},
    )
