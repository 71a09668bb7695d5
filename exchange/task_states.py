"""The life of a case as ONE table: event and state give the next state (spec/wire.md 2.4).

The case Task is the only mutable state on the wire. `apply` is the only way to change it:
it copies the Task, moves it along a row of the table and stamps the time it is given.
While a question is open at the asker (`awaiting-information`) the clock stands; when it
runs again the promised time has moved by the length of the pause.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from exchange import names
from exchange.errors import MessageUnreadable, TransitionRefused
from exchange.names import Resource

Actor = Literal["gateway", "network", "specialist"]
RequestStatus = Literal["active", "revoked", "completed", "entered-in-error"]
State = tuple[str, str]


class Event(StrEnum):
    """What can happen to a case."""

    SCREEN = "screen"
    ROUTE = "route"
    OFFER = "offer"
    ASK = "ask"
    REPLY = "reply"
    CLAIM = "claim"
    START = "start"
    DECLINE = "decline"
    RELEASE = "release"
    REASSIGN = "reassign"
    REDIRECT = "redirect"
    ANSWER = "answer"
    ESCALATE = "escalate"
    CORRECT = "correct"
    RETRACT = "retract"
    EXPIRE = "expire"
    CLOSE = "close"
    DECIDE = "decide"
    WITHDRAW = "withdraw"
    REQUEST_CANCEL = "request-cancel"
    CANCEL = "cancel"
    LEAK = "leak"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One row: who may make the event happen, where it leads, what the request becomes."""

    by: Actor
    to: State
    request: RequestStatus = "active"


SUBMITTED: State = ("requested", "submitted")
SCREENING: State = ("received", "screening")
ROUTING: State = ("received", "routing")
OFFERED: State = ("received", "offered")
REDIRECTED: State = ("received", "redirected")
ASKED_EARLY: State = ("received", "awaiting-information")
CLAIMED: State = ("accepted", "claimed")
REVIEWING: State = ("in-progress", "reviewing")
ASKED: State = ("on-hold", "awaiting-information")
CANCEL_REQUESTED: State = ("in-progress", "cancel-requested")
CANCEL_REQUESTED_ON_HOLD: State = ("on-hold", "cancel-requested")
ANSWERED: State = ("completed", "answered")
ESCALATED: State = ("completed", "escalated")
CLOSED: State = ("completed", "closed")
EXPIRED: State = ("failed", "expired")
WITHDRAWN: State = ("cancelled", "withdrawn")
WITHDRAWN_LATE: State = ("failed", "withdrawn")
PRIVACY_WITHDRAWN: State = ("entered-in-error", "privacy-withdrawn")

_BEFORE_CLAIM = (SCREENING, ROUTING, OFFERED, REDIRECTED)
_HELD = (CLAIMED, REVIEWING, ASKED)
_ALL: tuple[State, ...] = (
    SUBMITTED,
    *_BEFORE_CLAIM,
    ASKED_EARLY,
    *_HELD,
    CANCEL_REQUESTED,
    CANCEL_REQUESTED_ON_HOLD,
    ANSWERED,
    ESCALATED,
    CLOSED,
    EXPIRED,
    WITHDRAWN,
    WITHDRAWN_LATE,
)


def _rows() -> dict[tuple[Event, State], Step]:
    to = Step
    rows: dict[tuple[Event, State], Step] = {
        (Event.SCREEN, SUBMITTED): to(by="network", to=SCREENING),
        (Event.ROUTE, SCREENING): to(by="network", to=ROUTING),
        (Event.ROUTE, REDIRECTED): to(by="network", to=ROUTING),
        (Event.OFFER, ROUTING): to(by="network", to=OFFERED),
        (Event.ASK, OFFERED): to(by="specialist", to=ASKED_EARLY),
        (Event.ASK, CLAIMED): to(by="specialist", to=ASKED),
        (Event.ASK, REVIEWING): to(by="specialist", to=ASKED),
        (Event.REPLY, ASKED_EARLY): to(by="gateway", to=OFFERED),
        (Event.REPLY, ASKED): to(by="gateway", to=REVIEWING),
        (Event.CLAIM, OFFERED): to(by="specialist", to=CLAIMED),
        (Event.START, CLAIMED): to(by="specialist", to=REVIEWING),
        (Event.DECLINE, OFFERED): to(by="specialist", to=ROUTING),
        (Event.REDIRECT, OFFERED): to(by="specialist", to=REDIRECTED),
        (Event.REDIRECT, CLAIMED): to(by="specialist", to=REDIRECTED),
        (Event.REDIRECT, REVIEWING): to(by="specialist", to=REDIRECTED),
        (Event.ANSWER, REVIEWING): to(by="specialist", to=ANSWERED),
        (Event.ESCALATE, REVIEWING): to(by="specialist", to=ESCALATED),
        (Event.CLOSE, ANSWERED): to(by="gateway", to=CLOSED, request="completed"),
        (Event.CLOSE, ESCALATED): to(by="gateway", to=CLOSED, request="completed"),
        (Event.DECIDE, CLOSED): to(by="gateway", to=CLOSED, request="completed"),
        (Event.REQUEST_CANCEL, REVIEWING): to(by="gateway", to=CANCEL_REQUESTED, request="revoked"),
        (Event.REQUEST_CANCEL, ASKED): to(
            by="gateway", to=CANCEL_REQUESTED_ON_HOLD, request="revoked"
        ),
        (Event.CANCEL, CANCEL_REQUESTED): to(by="network", to=WITHDRAWN_LATE, request="revoked"),
        (Event.CANCEL, CANCEL_REQUESTED_ON_HOLD): to(
            by="network", to=WITHDRAWN_LATE, request="revoked"
        ),
    }
    for state in _HELD:
        rows[Event.RELEASE, state] = to(by="specialist", to=ROUTING)
        rows[Event.REASSIGN, state] = to(by="network", to=ROUTING)
    for state in (ANSWERED, ESCALATED):
        rows[Event.CORRECT, state] = to(by="specialist", to=state)
        rows[Event.RETRACT, state] = to(by="specialist", to=state)
    rows[Event.CORRECT, CLOSED] = to(by="specialist", to=CLOSED, request="completed")
    rows[Event.RETRACT, CLOSED] = to(by="specialist", to=CLOSED, request="completed")
    # A paused clock cannot run out: no row for the two states that await information.
    for state in (SUBMITTED, *_BEFORE_CLAIM, CLAIMED, REVIEWING):
        rows[Event.EXPIRE, state] = to(by="network", to=EXPIRED, request="revoked")
    for state in (SUBMITTED, *_BEFORE_CLAIM, ASKED_EARLY, CLAIMED):
        rows[Event.WITHDRAW, state] = to(by="gateway", to=WITHDRAWN, request="revoked")
    for state in _ALL:
        rows[Event.LEAK, state] = to(by="network", to=PRIVACY_WITHDRAWN, request="entered-in-error")
    return rows


TRANSITIONS: Mapping[tuple[Event, State], Step] = MappingProxyType(_rows())
PAUSED: frozenset[State] = frozenset({ASKED_EARLY, ASKED, CANCEL_REQUESTED_ON_HOLD})
TERMINAL: frozenset[State] = frozenset(
    {CLOSED, EXPIRED, WITHDRAWN, WITHDRAWN_LATE, PRIVACY_WITHDRAWN}
)
BUSINESS_STATUSES: frozenset[str] = frozenset(state[1] for state in (*_ALL, PRIVACY_WITHDRAWN))


def state_of(task: Resource) -> State:
    """Return (status, businessStatus) of a case Task."""
    try:
        for coding in task["businessStatus"]["coding"]:
            if coding.get("system") == names.CS_CASE_STATUS:
                return str(task["status"]), str(coding["code"])
    except (KeyError, TypeError, AttributeError):
        pass
    raise MessageUnreadable(expression="Task.businessStatus")


def step_for(task: Resource, event: Event) -> Step:
    """Return the row for this event.

    Raises `TransitionRefused` when the table has none for the state the Task is in.
    """
    state = state_of(task)
    step = TRANSITIONS.get((event, state))
    if step is None:
        raise TransitionRefused(event=event, status=state[0], business=state[1])
    return step


def allowed(task: Resource, event: Event, *, by: Actor) -> bool:
    """Tell whether this actor may make the event happen now."""
    step = TRANSITIONS.get((event, state_of(task)))
    return step is not None and step.by == by


def apply(task: Resource, event: Event, now: datetime, *, reason: str | None = None) -> Resource:
    """Return a copy of the Task moved by the event; the given Task is not changed.

    `reason` is a code of `names.STATUS_REASONS`. Owner, output and input are the caller's.
    """
    step = step_for(task, event)
    before = state_of(task)
    moved = copy.deepcopy(task)
    moved["status"], business = step.to
    moved["businessStatus"] = {"coding": [{"system": names.CS_CASE_STATUS, "code": business}]}
    moved.pop("statusReason", None)
    if reason is not None:
        if reason not in names.STATUS_REASONS:
            raise MessageUnreadable(expression="Task.statusReason")
        moved["statusReason"] = {"coding": [{"system": names.CS_STATUS_REASON, "code": reason}]}
    if before in PAUSED and step.to not in PAUSED:
        pause = max(now - read_instant(task["lastModified"]), timedelta(0))
        moved["restriction"]["period"]["end"] = instant(expires_at(task) + pause)
    moved["lastModified"] = instant(now)
    return moved


def window_of(task: Resource) -> timedelta:
    """Return the time that the Task's priority promises an answer in."""
    window = names.URGENCIES.get(str(task.get("priority")))
    if window is None:
        raise MessageUnreadable(expression="Task.priority")
    return window


def expires_at(task: Resource) -> datetime:
    """Return when the case expires: one window after the promised time."""
    try:
        return read_instant(task["restriction"]["period"]["end"])
    except (KeyError, TypeError):
        raise MessageUnreadable(expression="Task.restriction.period.end") from None


def due_at(task: Resource) -> datetime:
    """Return the promised time, pauses included."""
    return expires_at(task) - window_of(task)


def paused_since(task: Resource) -> datetime | None:
    """Return since when the clock stands, or None when it runs."""
    if state_of(task) not in PAUSED:
        return None
    return read_instant(task["lastModified"])


def instant(moment: datetime) -> str:
    """Write an aware time as a FHIR instant in UTC with whole seconds."""
    if moment.tzinfo is None:
        raise MessageUnreadable(expression="instant")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_instant(text: object) -> datetime:
    """Read a FHIR instant; raises `MessageUnreadable` without repeating the text."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise MessageUnreadable(expression="instant") from None
    if moment.tzinfo is None:
        raise MessageUnreadable(expression="instant")
    return moment.astimezone(UTC)
