"""The words and the level of each card. Pure; nothing of the patient, nobody's name.

A level says how loud the EHR may be. `critical` is kept for one thing: the specialist says
act now. `warning` means that the doctor who asked must do something soon; all else is `info`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from exchange import names
from launch.cds_hooks.cards import Indicator, OverrideReason
from smartapp.hooks.app_context import Destination, Page
from smartapp.hooks.drafted_referral import DraftedReferral
from smartapp.hooks.waiting import Waiting
from smartapp.store.cases import Case

_ESCALATED = "escalated"
_SOON = frozenset({"asap", "urgent"})
_DECIDE = "Open it in Confer to read it in full and to record what you decide."
_IN_CHART = "It stands among the notes of this chart."
_NOT_IN_CHART = "It is not among the notes of this chart yet."

OVERRIDE_REASONS: Final = tuple(
    OverrideReason(code=code, system=names.CS_CARD_OVERRIDE, display=display)
    for code, display in (
        ("known", "I know already"),
        ("later", "I will look later"),
        ("not-mine", "Somebody else takes care of it"),
        ("not-useful", "Not useful here"),
    )
)


@dataclass(frozen=True, kw_only=True)
class CardWords:
    """One card before its link is sealed; no link when `link` is empty."""

    summary: str
    indicator: Indicator
    detail: str
    link: str = ""
    leads_to: Destination | None = None


def words_of(waiting: Waiting, *, now: datetime) -> CardWords:
    """Return the words for what waits."""
    if not waiting.mine:
        return _colleague(waiting)
    if waiting.kind == "answer":
        return _answer(waiting)
    if waiting.kind == "open":
        return _open(waiting, now)
    summary, detail, link = _MINE_OTHERWISE[waiting.kind]
    page: Page = "reply" if waiting.kind == "reply" else "case"
    leads_to = Destination(page="worklist")
    if len(waiting.cases) == 1:
        leads_to = Destination(page=page, case_id=waiting.cases[0].case_id)
    return CardWords(
        summary=summary, indicator="warning", detail=detail, link=link, leads_to=leads_to
    )


_MINE_OTHERWISE: Mapping[str, tuple[str, str, str]] = {
    "reply": (
        "The specialist has a question for you about this patient.",
        "The clock is paused until you reply.",
        "Reply in Confer",
    ),
    "stopped": (
        "Your question about this patient needs you: something stopped on its way.",
        "Confer says what happened and what to do. Do not wait for an answer meanwhile.",
        "See what happened",
    ),
    "unanswered": (
        "Nobody answered your question about this patient in time.",
        "Do not wait for it. Call the on-call specialist.",
        "See your question",
    ),
}


def offer_words(referral: DraftedReferral) -> CardWords:
    """Return the offer beside a drafted referral."""
    return CardWords(
        summary="While the referral is under way, a specialist elsewhere can answer within hours.",
        indicator="info",
        detail=(
            "Confer sends your question without the patient's name or numbers, and shows you "
            "first what leaves. The referral goes its own way."
        ),
        link="Ask for a second opinion",
        leads_to=Destination(page="ask", specialty=referral.specialty),
    )


def _answer(waiting: Waiting) -> CardWords:
    newest = waiting.cases[0]
    several = len(waiting.cases) > 1
    act_now = any(case.business_status == _ESCALATED for case in waiting.cases)
    if act_now:
        summary = "Your second opinion on this patient is here. The specialist says: act now."
    elif several:
        summary = f"{len(waiting.cases)} second opinions that you asked for are here."
    else:
        summary = "The second opinion that you asked for is here."
    leads_to = Destination(page="worklist")
    if not several:
        leads_to = Destination(page="answer", case_id=newest.case_id)
    return CardWords(
        summary=summary,
        indicator=_loudness(waiting.cases),
        detail=f"{_DECIDE} {_where(waiting.cases)}".strip(),
        link="Open your questions" if several else "Read the answer",
        leads_to=leads_to,
    )


def _open(waiting: Waiting, now: datetime) -> CardWords:
    due = min(case.due_at for case in waiting.cases)
    late = due < now
    link, leads_to = "Open your questions", Destination(page="worklist")
    if len(waiting.cases) == 1:
        link = "See your question"
        leads_to = Destination(page="case", case_id=waiting.cases[0].case_id)
    return CardWords(
        summary=(
            "Your question about this patient is open, and the promised time has passed."
            if late
            else f"Your question about this patient is open; an answer is promised {_in(due, now)}."
        ),
        indicator="warning" if late else "info",
        detail="If it cannot wait, call the on-call specialist." if late else "",
        link=link,
        leads_to=leads_to,
    )


def _colleague(waiting: Waiting) -> CardWords:
    if waiting.kind == "open":
        return CardWords(
            summary="A colleague has asked for a second opinion on this patient.",
            indicator="info",
            detail="The answer will stand among the notes of this chart.",
        )
    act_now = any(case.business_status == _ESCALATED for case in waiting.cases)
    return CardWords(
        summary=(
            "A second opinion on this patient is here. The specialist says: act now."
            if act_now
            else "A second opinion on this patient is here; a colleague asked for it."
        ),
        indicator=_loudness(waiting.cases),
        detail=_where(waiting.cases) or "The colleague who asked can read it in Confer.",
    )


def _loudness(cases: tuple[Case, ...]) -> Indicator:
    if any(case.business_status == _ESCALATED for case in cases):
        return "critical"
    return "warning" if any(case.urgency in _SOON for case in cases) else "info"


def _where(cases: tuple[Case, ...]) -> str:
    stages = {case.stage for case in cases}
    if stages == {"filed"}:
        return _IN_CHART
    return _NOT_IN_CHART if stages == {"answered"} else ""


def _in(due: datetime, now: datetime) -> str:
    minutes = (due - now).total_seconds() / 60
    if minutes < 90:
        return "within the hour" if minutes <= 60 else "in about an hour"
    return f"in about {round(minutes / 60)} hours"
