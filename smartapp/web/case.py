"""One question after approval: sent, promised time, thread, and what needs a person."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from exchange import names
from runtime import clock
from smartapp.gateway import site_open
from smartapp.gateway.take_back import take_back as take_case_back
from smartapp.store import answers, cases, drafts, outbox, parked
from smartapp.store.cases import Case
from smartapp.store.drafts import Draft
from smartapp.store.outbox import OutboxItem
from smartapp.web import page_model, session
from smartapp.web.words import (
    BUSINESS,
    CLOSED,
    CLOSED_TAG,
    NOT_TOLD,
    PARKED,
    PARKED_OTHER,
    STAGES,
    STUCK,
    clock_time,
    parked_head,
)

pages = Blueprint("case", __name__)
VIEWS = ("show", "take_back")

_MESSAGE_TITLES = {
    "question": "Your question",
    "clarification-request": "The specialist asks",
    "clarification-reply": "Your reply",
    "opinion": "The answer",
    "correction": "A correction",
    "retraction": "A retraction",
}
_WAITING = ("approved", "sent", "answered")
# Stages in which a closed site keeps something from happening: sending, replying, writing.
_MOVING = ("approved", "question", "answered")


@pages.get("/case/<case_id>")
def show(handle: str, case_id: str) -> ResponseReturnValue:
    """The present state of a question, its promised time and its thread."""
    case = session.own_case(case_id)
    services, mine = session.services(), session.launch()
    now = clock.now()
    with services.database.read() as reading:
        draft = drafts.load(reading, services.keyring, mine.draft_id, now=now)
        thread = answers.thread(reading, services.keyring, case_id=case_id, site_id=case.site_id)
        sent = outbox.of_case(reading, services.keyring, case_id=case_id, site_id=case.site_id)
        stopped = parked.waiting(reading, case_id)
        has_answer = bool(
            answers.of_case(reading, services.keyring, case_id=case_id, site_id=case.site_id)
        )
    state = _state(case, sent)
    closed = site_open.closed(services, case.site_id) if case.stage in _MOVING else None
    if case.unread:
        with services.database.transaction() as writing:
            cases.mark_read(writing, case_id)
    return render_template(
        "case.html",
        frame=page_model.frame(handle, draft),
        case=case,
        row=page_model.case_row(case),
        short=names.short_case_id(case_id),
        stage=_stage(case, stuck=bool(state["stuck"]), closed=closed is not None),
        closed=CLOSED.get(closed or "", ""),
        business=BUSINESS.get(case.business_status, ""),
        state=state,
        due=clock_time(case.due_at, now),
        asked=clock_time(case.asked_at, now),
        minutes=page_model.minutes_left(case.due_at),
        thread=[
            {
                "title": _MESSAGE_TITLES.get(message.kind, "Message"),
                "text": message.text,
                "at": clock_time(message.at, now),
                "mine": message.kind in ("question", "clarification-reply"),
            }
            for message in thread
        ],
        parked=[
            {
                "id": item.parked_id,
                "words": PARKED.get(item.reason, PARKED_OTHER),
                "head": parked_head(item.reason, is_answer=".opinion." in item.item),
                "is_answer": ".opinion." in item.item and item.reason not in NOT_TOLD,
                "not_told": item.reason in NOT_TOLD,
                "since": clock_time(item.since, now),
            }
            for item in stopped
        ],
        has_answer=has_answer,
        reply_text=_reply_text(draft, case_id),
        refresh=case.stage in _WAITING or bool(state["reply_on_its_way"]),
        mark=case.changed_at.isoformat(),
    )


def _stage(case: Case, *, stuck: bool, closed: bool) -> tuple[str, str, str]:
    if closed and case.stage in ("approved", "answered"):
        return CLOSED_TAG
    return STUCK if stuck else STAGES[case.stage]


def _reply_text(draft: Draft, case_id: str) -> str:
    return str(draft.choices.get("replies", {}).get(case_id, {}).get("text", ""))


def _state(case: Case, sent: tuple[OutboxItem, ...]) -> dict[str, object]:
    """Where the bytes are: still here and recallable, waiting for the network, or gone."""
    now = clock.now()
    waiting = [item for item in sent if item.state in ("waiting", "sending")]
    item = waiting[-1] if waiting else None
    return {
        "can_take_back": any(one.kind == "case" and one.state == "waiting" for one in sent),
        "seconds": max(int((item.send_after - now).total_seconds()), 0) if item else 0,
        "stuck": bool(item and item.attempts > 0),
        "reply_on_its_way": any(one.kind == "reply" for one in waiting),
        "sent_at": next(
            (clock_time(one.sent_at, now) for one in reversed(sent) if one.sent_at), ""
        ),
        "open": case.stage in ("approved", "sent", "question"),
    }


@pages.post("/case/<case_id>/take-back")
def take_back(handle: str, case_id: str) -> ResponseReturnValue:
    """Take the question back before it leaves."""
    session.own_case(case_id)
    take_case_back(session.services(), session.launch(), case_id)
    return redirect(url_for("case.show", handle=handle, case_id=case_id), code=303)
