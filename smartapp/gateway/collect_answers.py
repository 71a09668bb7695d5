"""Ask the network for news of our cases: questions back, opinions, changes of state.

The poll goes by `_lastUpdated` with an overlap and skips what was seen. Everything a Task
brings is fetched and verified first, then stored in one transaction together with the Task's
version, the jobs it causes and the audit row. A crash in between repeats the fetch.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from exchange import parts, task_states
from exchange.clarification import ThreadMessage, read_message
from exchange.errors import ExchangeError, MessageUnreadable
from launch.ports import SiteId
from runtime import audit, clock, logs
from runtime.errors import CiphertextRefused, code_of
from runtime.log_events import Event
from smartapp.errors import AnswerUnverified, ConsultRefused, ConsultUnreachable
from smartapp.gateway.consult_link import UNREADABLE as UNREADABLE_ANSWER
from smartapp.gateway.park_news import (
    PARSING,
    POISON,
    UNREADABLE,
    UNVERIFIED,
    case_of,
    park,
    park_unreadable,
    settle_earlier,
    stage_of_parked,
    version_of,
)
from smartapp.gateway.read_answer import ReadAnswer, read_answer
from smartapp.gateway.relink import relink
from smartapp.gateway.services import GatewayServices
from smartapp.store import answers, cases, members, parked, vault
from smartapp.store.answers import Message
from smartapp.store.cases import Case
from smartapp.store.vault import VaultLink

CURSOR = "consult.task"
OVERLAP = timedelta(minutes=5)
# So long an answer that may still verify is asked for again before a person is called.
HOLD = timedelta(hours=1)
_TRANSIENT = frozenset({"not_yet_valid", "unknown_key"})
_PASSING_REFUSALS = frozenset({403, 404})
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
    early: bool = False  # what did not verify may verify later: a slow clock, a new key
    unreadable: tuple[tuple[str, str], ...] = ()


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
    holding = False
    try:
        for task in services.consult.search("Task", params):
            brought = _guarded(services, task)
            found += brought or 0
            # The list is sorted: the cursor stays before the first Task to be asked again.
            holding = holding or brought is None
            seen = None if holding else _last_updated(task)
            if seen is not None and (newest is None or seen > datetime.fromisoformat(newest)):
                newest = seen.isoformat()
    except ConsultRefused as refused:
        if refused.facts.get("reason") != "too_many_pages":
            raise
        logs.emit(Event.CONSULT_POLL_FAILED, code=code_of(refused))  # goes on from the cursor
    if newest is not None and newest != since:
        with services.database.transaction() as session:
            members.move_cursor(session, CURSOR, newest)
    return found


def _last_updated(task: Resource) -> datetime | None:
    meta = task.get("meta")
    text = str(meta.get("lastUpdated")) if isinstance(meta, dict) else ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _guarded(services: GatewayServices, task: Resource) -> int | None:
    """What one Task brought (0 or 1); None when it has to be asked for again.

    Whatever is wrong with one Task stops only its own case; a network that is down stops all.
    """
    try:
        return _one(services, task)
    except ConsultUnreachable as problem:
        if problem.facts.get("reason") != UNREADABLE_ANSWER and problem.facts.get("status") != 500:
            raise
        return _hold_or_park(services, task, code_of(problem), passing=True)
    except ConsultRefused as problem:
        # Not ours, or not there, may pass: a key is rotated, a page of the network is rebuilt.
        passing = problem.facts.get("status") in _PASSING_REFUSALS
        return _hold_or_park(services, task, code_of(problem), passing=passing)
    except CiphertextRefused as problem:  # our key or our row, not the news
        logs.emit(Event.NEWS_HELD, code=code_of(problem))
        return None
    except POISON as problem:
        return int(park_unreadable(services, task, code_of(problem)))


def _hold_or_park(
    services: GatewayServices, task: Resource, code: str, *, passing: bool
) -> int | None:
    """Ask again for an hour what may pass; then a person is called, and the poll goes on."""
    if passing and _is_fresh(task):
        logs.emit(Event.NEWS_HELD, code=code)
        return None
    return int(park_unreadable(services, task, code))


def _one(services: GatewayServices, task: Resource) -> int | None:
    case_id = case_of(task)
    if parts.code_of(task.get("code"), "http://hl7.org/fhir/CodeSystem/task-code") != "fulfill":
        return 0  # offers and cancellations are the network's own business
    with services.database.read() as session:
        if not cases.exists(session, case_id):
            return 0
        case = cases.find(session, case_id)
        known = answers.known(session, case_id)
        version = version_of(task)
        if version is None:
            raise MessageUnreadable(expression="Task.meta.versionId")
        if not isinstance(task.get("id"), str):
            raise MessageUnreadable(expression="Task.id")
        if version <= case.task_version and case.stage not in ("approved",):
            return 0
        link = vault.find(session, services.keyring, case_id)
    news = _News(case=case, task=task, version=version)
    news = _with_answer(services, _with_messages(services, news), link, known)
    if news.early and _is_fresh(task):
        logs.emit(Event.NEWS_HELD, code=news.unverified)
        return None
    _store(services, news, link)
    if news.answer is not None:
        services.failpoint("after_answer_stored")
    return 1


def _is_fresh(task: Resource) -> bool:
    updated = _last_updated(task)
    return updated is not None and abs(clock.now() - updated) < HOLD


def _with_messages(services: GatewayServices, news: _News) -> _News:
    """The thread; a message that cannot be read is named and does not hide the others."""
    thread = services.consult.search(
        "Communication",
        [("part-of", f"Task/{news.task['id']}"), ("_sort", "sent"), ("_count", "50")],
    )
    messages: list[tuple[str, ThreadMessage]] = []
    unreadable: list[tuple[str, str]] = []
    for communication in thread:
        reference = f"Communication/{communication.get('id')}"
        try:
            message = read_message(communication)
        except (ExchangeError, *PARSING) as problem:
            unreadable.append((reference, code_of(problem)))
            continue
        if message.kind not in _OURS:
            messages.append((reference, message))
    return replace(news, messages=tuple(messages), unreadable=tuple(unreadable))


def _with_answer(
    services: GatewayServices, news: _News, link: VaultLink, known: frozenset[str]
) -> _News:
    if task_states.state_of(news.task)[1] not in ("answered", "escalated", "closed"):
        return news
    try:
        return replace(news, answer=read_answer(services, news.task, link, known=known))
    except AnswerUnverified as problem:
        early = problem.facts.get("reason") in _TRANSIENT
        return replace(news, unverified=problem.code, early=early)
    except ExchangeError as problem:
        return replace(news, unverified=problem.code)


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
        case = cases.find(session, case_id)
        brought = [_add_message(services, session, news, link, item) for item in news.messages]
        if news.answer is not None:
            brought.append(_add_answer(services, session, news, now))
        failed = _park_failed(session, case, news)
        cases.move(
            session,
            case_id,
            now=now,
            stage=_next_stage(case, news, business, failed=failed),
            unread=True if any(brought) or failed else None,
        )
        cases.note_status(session, case_id, business)
        audit.append(
            session,
            event="case.news",
            actor="gateway",
            subject=case_id,
            detail={"status": business, "version": news.version},
        )


def _next_stage(case: Case, news: _News, business: str, *, failed: bool) -> str | None:
    """The stage that news moves a case to; None leaves it where it is."""
    if failed and news.answer is None:
        return stage_of_parked(case)
    stage = _STAGES.get(business)
    if stage is None and case.stage in ("approved", "question"):
        return "sent"
    if case.stage in ("filed", "closed") and stage == "answered":
        return None
    return stage


def _park_failed(session: Session, case: Case, news: _News) -> bool:
    """Park what did not verify or could not be read; True when there is something new."""
    if news.unverified:
        item = f"task-version-{news.version}"
        park(session, case, item=item, reason=UNVERIFIED, code=news.unverified)
    fresh = [
        (reference, code)
        for reference, code in news.unreadable
        if not parked.was_parked(session, case_id=case.case_id, item=reference)
    ]
    for reference, code in fresh:
        park(session, case, item=reference, reason=UNREADABLE, code=code)
    return bool(news.unverified or fresh)


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
    settle_earlier(session, answer.case_id, now)
    if writes_on_arrival(services, news.case.site_id):
        enqueue_filing(services, session, case_id=answer.case_id, opinion=answer.opinion)
    return True


def writes_on_arrival(services: GatewayServices, site_id: str) -> bool:
    """Whether an answer goes into the chart as it comes; else when the doctor reads it.

    Where a site has answers copied by hand, the filing still runs: it says so, visibly.
    """
    site = services.sites.by_id(SiteId(site_id))
    return site is None or site.write_policy != "on_read"


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
