"""The question form: two things to type, and what to include."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from exchange import names
from runtime import clock
from smartapp.errors import FormInvalid
from smartapp.gateway.chart_contents import BY_KEY, GROUPS, Group
from smartapp.gateway.prepare_case import save_question
from smartapp.gateway.question_form import QUESTION_LIMIT, read_form
from smartapp.store import drafts
from smartapp.store.drafts import Draft, DraftSection
from smartapp.web import page_model, session
from smartapp.web.words import (
    SECTION_REASONS,
    SECTION_TITLES,
    clock_time,
    newest_words,
    not_granted_words,
)

pages = Blueprint("ask", __name__)
VIEWS = ("form", "save")


def _draft() -> tuple[Draft, tuple[DraftSection, ...]]:
    services, mine = session.services(), session.launch()
    with services.database.read() as reading:
        draft = drafts.load(reading, services.keyring, mine.draft_id, now=clock.now())
        return draft, drafts.sections(reading, mine.draft_id)


@pages.get("/ask")
def form(handle: str) -> ResponseReturnValue:
    """The form, as it was last saved."""
    draft, sections = _draft()
    if draft.state != "ready":
        return redirect(url_for("start.home", handle=handle), code=303)
    return _page(handle, draft, sections, entered=draft.form, errors=())


@pages.post("/ask")
def save(handle: str) -> ResponseReturnValue:
    """Check and keep the question, then show what would leave."""
    include = request.form.getlist("include")
    try:
        question = read_form(request.form, include)
    except FormInvalid as invalid:
        draft, sections = _draft()
        entered = {**request.form.to_dict(), "include": include}
        page = _page(handle, draft, sections, entered=entered, errors=invalid.problems)
        return make_response(page, 422)
    save_question(session.services(), session.launch(), question)
    return redirect(url_for("preview.show", handle=handle), code=303)


def _page(
    handle: str,
    draft: Draft,
    sections: Sequence[DraftSection],
    *,
    entered: Mapping[str, Any],
    errors: Sequence[tuple[str, str]],
) -> str:
    now = clock.now()
    include = entered.get("include") if entered else None
    return render_template(
        "ask.html",
        frame=page_model.frame(handle, draft),
        entered=entered,
        errors=errors,
        specialties=tuple(names.SPECIALTIES.items()),
        question_types=tuple(names.QUESTION_TYPES.items()),
        urgencies=[
            {"code": code, "by": clock_time(now + window, now)}
            for code, window in names.URGENCIES.items()
        ],
        groups=[_group(group, draft, sections, include) for group in GROUPS],
        read_at=clock_time(draft.read_at, now) if draft.read_at else "",
        incomplete=[
            (SECTION_TITLES[s.name], SECTION_REASONS.get(s.reason, ""))
            for s in sections
            if s.state == "incomplete" and s.name in SECTION_TITLES
        ],
        question_limit=QUESTION_LIMIT,
        not_granted=not_granted_words(
            session.launch().context.get("not_granted", ()),
            may_file=bool(draft.patient.get("may_file", True)),
        ),
    )


def _group(
    group: Group,
    draft: Draft,
    sections: Sequence[DraftSection],
    include: Sequence[str] | None,
) -> dict[str, object]:
    held = {item["key"]: item for item in draft.patient.get("contents", ())}
    states = [section for section in sections if section.name in group.sections]
    content = held.get(group.key)
    count = int(content["count"]) if content else 0
    refused = bool(states) and all(section.state == "refused" for section in states)
    incomplete = any(section.state == "incomplete" for section in states)
    chosen = group.key in include if include is not None else BY_KEY[group.key].proposed
    shown = f"{group.most} of {count}" if count > group.most else str(count)
    newest = newest_words(str(content["newest"]), clock.now()) if content else ""
    return {
        "key": group.key,
        "title": group.title,
        "count": shown if count else "",
        "note": _note(
            count=count,
            newest=newest,
            proposed=group.proposed,
            missing="refused" if refused else "incomplete" if incomplete else "",
        ),
        "checked": chosen and count > 0,
        "disabled": count == 0,
        "state": "refused" if refused else "incomplete" if incomplete else "complete",
    }


def _note(*, count: int, newest: str, proposed: bool, missing: str) -> str:
    if missing == "refused":
        return "not allowed by the EHR"
    if count == 0 and missing:
        # "none" would be a statement about the patient
        return "could not be read"
    if count == 0:
        return "none in the chart"
    if not proposed:
        return "tick it if the question needs it"
    return f"newest {newest}" if newest else ""
