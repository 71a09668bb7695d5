"""News that cannot be read or verified stops its own case, visibly, and no other."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from exchange.errors import ExchangeError
from runtime import clock, logs
from runtime.errors import RuntimeFault
from runtime.log_events import Event
from smartapp.errors import SmartAppError
from smartapp.gateway.hand_over import hand_over
from smartapp.gateway.services import GatewayServices
from smartapp.store import cases, parked
from smartapp.store.cases import Case

UNVERIFIED, UNREADABLE = "answer_unverified", "news_unreadable"
NO_RECEIPT, NO_NEWS = "receipt_missing", "no_news"
SILENT = frozenset({NO_RECEIPT, NO_NEWS})
# What content from outside can raise, whatever it holds.
PARSING = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError)
POISON = (SmartAppError, ExchangeError, RuntimeFault, *PARSING)
# A case that has ended stays ended; what failed is shown beside it.
_ENDED = frozenset({"filed", "closed", "expired", "withdrawn"})
_VERSION = re.compile(r"[0-9]{1,9}")

Resource = dict[str, Any]


def case_of(task: Resource) -> str:
    """The case id that a Task names; empty when it names none."""
    group = task.get("groupIdentifier")
    return str(group.get("value") or "") if isinstance(group, dict) else ""


def version_of(task: Resource) -> int | None:
    """The version of a Task; None when it cannot be read."""
    meta = task.get("meta")
    text = str(meta.get("versionId")) if isinstance(meta, dict) else ""
    return int(text) if _VERSION.fullmatch(text) else None


def park_unreadable(services: GatewayServices, task: Resource, code: str) -> bool:
    """Park the case of a Task that cannot be read and mark that version seen, once."""
    case_id, version = case_of(task), version_of(task)
    logs.emit(Event.NEWS_UNREADABLE, code=code)
    with services.database.transaction() as session:
        if not cases.exists(session, case_id):
            return False
        case = cases.find(session, case_id)
        item = f"task-version-{'unknown' if version is None else version}"
        if version is None:
            new = not parked.was_parked(session, case_id=case_id, item=item)
        else:
            named = task.get("id")
            reference = f"Task/{named}" if isinstance(named, str) else case.task_ref or ""
            new = cases.note_task(
                session, case_id, task_ref=reference, version=version, due_at=None
            )
        if new:
            park(session, case, item=item, reason=UNREADABLE, code=code)
            stage = stage_of_parked(case)
            cases.move(session, case_id, now=clock.now(), stage=stage, unread=True)
    return new


def stage_of_parked(case: Case) -> str | None:
    """The stage of a case whose news failed: parked, unless it has ended already."""
    return None if case.stage in _ENDED else "parked"


def park(session: Session, case: Case, *, item: str, reason: str, code: str) -> None:
    """Park one piece of news with its audit row, in the caller's transaction."""
    hand_over(
        session,
        case_id=case.case_id,
        item=item,
        reason=reason,
        now=clock.now(),
        event="answer.unverified" if reason == UNVERIFIED else "news.unreadable",
        detail={"code": code},
    )


def settle_earlier(session: Session, case_id: str, now: datetime) -> None:
    """An answer verified: what was parked for earlier versions, or for silence, is settled."""
    for item in parked.waiting(session, case_id):
        of_version = item.reason in (UNVERIFIED, UNREADABLE)
        if (of_version and item.item.startswith("task-version-")) or item.reason in SILENT:
            parked.resolve(session, item.parked_id, resolution="verified", now=now)
