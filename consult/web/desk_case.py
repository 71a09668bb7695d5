"""The case page of the desk: one frozen value that its template draws (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from consult.domain.case_view import CaseView, Removal
from consult.domain.specialist import SignedIn
from consult.web import desk_pages
from consult.web.desk_clock import Clock, ago, clock_of
from consult.web.desk_pages import ChartFigure, Row
from exchange import names

_STEP_UP = timedelta(minutes=15)
_STATES: Mapping[str, tuple[str, str, str]] = {
    "offered": ("Offered to you", "blue", "person"),
    "claimed": ("Claimed by you", "blue", "person"),
    "reviewing": ("Claimed by you", "blue", "person"),
    "awaiting-information": ("Waiting for the asker", "yellow", "clock"),
    "answered": ("Answered", "green", "check"),
    "escalated": ("Escalated", "red", "phone"),
    "closed": ("In the chart", "green", "check"),
    "expired": ("Expired", "red", "clock"),
    "withdrawn": ("Withdrawn", "", "dash"),
    "privacy-withdrawn": ("Withdrawn", "", "dash"),
}
_OUTCOMES: Mapping[str, tuple[str, str]] = {
    "answered": ("Signed and sent", "The hospital collects it within seconds and files it."),
    "escalated": ("Escalated", "The asker is told to call now. Your answer is on its way."),
    "closed": ("In the chart", "The hospital has filed your answer and confirmed it."),
    "expired": ("Nobody answered in time", "The asker was told and shown whom to call."),
}
_WITHDRAWN = ("The asker took it back", "Nothing is expected of you.")


@dataclass(frozen=True, kw_only=True)
class State:
    """Where the case stands, as a tag."""

    words: str
    tone: str
    icon: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a finished case."""

    heading: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class CasePage:
    """Everything that the case template draws."""

    url: str
    short_id: str
    urgency: str
    clock: Clock
    asker: str
    state: State
    side: str
    promise: str
    question: str = field(repr=False)
    subject: str = field(repr=False)
    thinking: str = field(repr=False)
    thread: tuple[Mapping[str, object], ...] = field(repr=False)
    problems: tuple[Row, ...] = field(repr=False)
    more_problems: tuple[Row, ...] = field(repr=False)
    medications: tuple[Row, ...] = field(repr=False)
    more_medications: tuple[Row, ...] = field(repr=False)
    allergies: tuple[Row, ...] = field(repr=False)
    background: tuple[Row, ...] = field(repr=False)
    now: tuple[Row, ...] = field(repr=False)
    charts: tuple[ChartFigure, ...] = field(repr=False)
    more_results: tuple[Row, ...] = field(repr=False)
    other_results: tuple[Row, ...] = field(repr=False)
    result_count: int
    timeline: tuple[Row, ...] = field(repr=False)
    earlier: tuple[Row, ...] = field(repr=False)
    documents: tuple[Mapping[str, object], ...] = field(repr=False)
    pictures: tuple[Mapping[str, str], ...] = field(repr=False)
    removed: tuple[Removal, ...]
    basis: str
    draft_saved: str
    asked_back: str = field(repr=False)
    question_back: str = field(repr=False)
    ask_back_open: bool
    outcome: Outcome
    answer_parts: tuple[tuple[str, tuple[str, ...]], ...] = field(repr=False)


def page_of(view: CaseView, now: datetime, *, question_back: str = "") -> CasePage:
    """Lay out one case; `question_back` keeps what was typed when asking back failed."""
    head, clinical = view.head, view.clinical
    problems, more_problems = desk_pages.rows_of(clinical.problems)
    medications, more_medications = desk_pages.rows_of(clinical.medications)
    timeline, earlier = desk_pages.timeline_of(clinical.timeline)
    charts, table = desk_pages.figures_of(clinical.results)
    words, tone, icon = _STATES.get(head.business, ("Offered to you", "blue", "person"))
    heading, sentence = _OUTCOMES.get(head.business, _WITHDRAWN)
    return CasePage(
        url=desk_pages.case_url(head.task_id),
        short_id=head.short_id,
        urgency=head.urgency,
        clock=clock_of(
            due=head.due_at,
            urgency=head.urgency,
            now=now,
            paused_since=head.paused_since,
            finished=head.status == "completed",
        ),
        asker=", ".join(part for part in (head.asker_title, head.asker_region) if part),
        state=State(words=words, tone=tone, icon=icon),
        side=desk_pages.side_of(head),
        promise=desk_pages.promise_of(head, now),
        question=view.question,
        subject=clinical.subject,
        thinking=view.thinking,
        thread=tuple(desk_pages.message_of(one, now) for one in view.thread if _is_shown(one.kind)),
        problems=problems,
        more_problems=more_problems,
        medications=medications,
        more_medications=more_medications,
        allergies=tuple(desk_pages.row_of(line) for line in clinical.allergies),
        background=tuple(desk_pages.row_of(line) for line in clinical.background),
        now=desk_pages.vitals_of(clinical.vitals),
        charts=charts,
        more_results=table,
        other_results=tuple(desk_pages.row_of(line) for line in clinical.other_results),
        result_count=clinical.result_count,
        timeline=timeline,
        earlier=earlier,
        documents=tuple(desk_pages.document_of(one) for one in clinical.documents),
        pictures=tuple(
            desk_pages.picture_of(one, head.task_id, n) for n, one in enumerate(clinical.pictures)
        ),
        removed=view.removed,
        basis=desk_pages.basis_of(view),
        draft_saved=_saved(view, now),
        asked_back=_last_question(view),
        question_back=question_back,
        ask_back_open=bool(question_back),
        outcome=Outcome(heading=heading, sentence=sentence),
        answer_parts=desk_pages.parts_of(view.answer_text or ""),
    )


def _is_shown(kind: str) -> bool:
    return kind.startswith("clarification")


def _last_question(view: CaseView) -> str:
    asked = [message for message in view.thread if message.from_me and _is_shown(message.kind)]
    return " ".join(asked[-1].texts) if asked else ""


def _saved(view: CaseView, now: datetime) -> str:
    return f"draft saved {ago(view.draft_saved_at, now)}" if view.draft_saved_at else "not sent yet"


def decline_reasons() -> tuple[tuple[str, str], ...]:
    """The reasons that a specialist can give, in words."""
    return tuple((code, names.STATUS_REASONS[code]) for code in names.DECLINE_REASONS)


def code_hint(signed_in: SignedIn, now: datetime) -> str:
    """Whether signing needs a fresh code."""
    if now - signed_in.proved_at <= _STEP_UP:
        return "You signed in a moment ago: leave it empty, or type a fresh one."
    return "From your authenticator app."
