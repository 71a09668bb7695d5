"""What every page of the doctor shows around its content, and rows of cases."""

from dataclasses import dataclass, field
from datetime import datetime

from exchange import names
from runtime import clock, web_guard
from smartapp.gateway.services import GatewayServices
from smartapp.store.cases import Case
from smartapp.store.drafts import Draft
from smartapp.web import session
from smartapp.web.words import STAGES, clock_time


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The frame of a page: banner, form token, phone number."""

    handle: str
    banner: dict[str, str] | None = field(repr=False)
    csrf: str = field(repr=False)
    framed: bool
    phone: str
    flags: tuple[str, ...]
    ehr_style: bool = False


def frame(handle: str, draft: Draft | None) -> Frame:
    """The frame of a page for this request's launch."""
    mine = session.launch()
    services: GatewayServices = session.services()
    banner = (draft.patient.get("banner") if draft else None) or None
    if banner and not mine.context.get("banner", True):
        # The EHR shows its own banner around the app; ours stays, in its slimmest form, so
        # that no page is ever about nobody.
        banner = {name: banner[name] for name in ("name", "age_sex") if name in banner}
    return Frame(
        handle=handle,
        banner=banner,
        csrf=web_guard.csrf_token(session.form_secret()),
        framed=mine.framed,
        phone=services.policy.escalation_phone,
        flags=tuple(draft.patient.get("flags", ())) if draft else (),
        ehr_style=bool(mine.context.get("style_url")),
    )


def case_row(case: Case) -> dict[str, object]:
    """One line of the worklist; codes and times only."""
    now = clock.now()
    words, tone, icon = STAGES.get(case.stage, (case.stage, "", "dash"))
    if case.stage in ("filed", "closed") and case.decision is None:
        words = "Answered: decide"
    open_clock = case.stage in ("approved", "sent", "question")
    return {
        "case_id": case.case_id,
        "short": names.short_case_id(case.case_id),
        "specialty": names.SPECIALTIES.get(case.specialty, "Specialist"),
        "question_type": names.QUESTION_TYPES.get(case.question_type, ""),
        "urgency": case.urgency,
        "stage": words,
        "tone": tone,
        "icon": icon,
        "unread": case.unread,
        "asked": clock_time(case.asked_at, now),
        "due": clock_time(case.due_at, now) if open_clock else "",
        "late": open_clock and case.due_at < now,
    }


def minutes_left(due: datetime) -> int:
    """Whole minutes until the promised time; negative when it has passed."""
    return round((due - clock.now()).total_seconds() / 60)
