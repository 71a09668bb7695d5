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
from smartapp.store.drafts import Draft, DraftSection
from smartapp.web import page_model, session
from smartapp.web.reading import (
    has_patient,
    how_far,
    keep_reading,
    load_draft,
    reading_mark,
    reading_page,
    wait_for_patient,
)
from smartapp.web.stop import stop_page
from smartapp.web.words import (
    SECTION_REASONS,
    SECTION_TITLES,
    clock_time,
    newest_words,
    not_granted_words,
)

pages = Blueprint("ask", __name__)
VIEWS = ("form", "save")


@pages.get("/ask")
def form(handle: str) -> ResponseReturnValue:
    """The form, as it was last saved; it need not wait for the rest of the chart."""
    draft, sections = wait_for_patient()
    stopped = stop_page(handle, draft)
    if stopped is not None:
        return stopped
    if draft.state not in ("reading", "ready"):
        return redirect(url_for("start.home", handle=handle), code=303)
    if not has_patient(draft):
        return reading_page(handle, draft)
    keep_reading(draft)
    return _page(handle, draft, sections, entered=draft.form, errors=())


@pages.post("/ask")
def save(handle: str) -> ResponseReturnValue:
    """Check and keep the question, then show what would leave."""
    include = request.form.getlist("include")
    draft, sections = load_draft()
    stopped = stop_page(handle, draft)
    if stopped is not None:
        return stopped
    if request.form.get("look") == "yes" and draft.state in ("reading", "ready"):
        # Without scripts: the form again, with the words as they are and the chart as it is.
        looked = {**request.form.to_dict(), "include": include}
        return _page(handle, draft, sections, entered=looked, errors=())
    try:
        question = read_form(request.form, include)
    except FormInvalid as invalid:
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
        question_limit=QUESTION_LIMIT,
        asks_as=str(draft.patient.get("user_name") or ""),
        **included(draft, sections, entered.get("include") if entered else None),
    )


def included(
    draft: Draft, sections: Sequence[DraftSection], include: Sequence[str] | None
) -> dict[str, Any]:
    """What the list of what to include shows."""
    return {
        "parts": _parts(draft, sections),
        "groups": [_group(group, draft, sections, include) for group in GROUPS],
        "read_at": clock_time(draft.read_at, clock.now()) if draft.read_at else "",
        "about": _about(draft),
        "incomplete": [
            (SECTION_TITLES[s.name], SECTION_REASONS.get(s.reason, ""))
            for s in sections
            if s.state == "incomplete" and s.name in SECTION_TITLES
        ],
        "not_granted": not_granted_words(
            session.launch().context.get("not_granted", ()),
            may_file=bool(draft.patient.get("may_file", True)),
        ),
    }


def _parts(draft: Draft, sections: Sequence[DraftSection]) -> dict[str, object]:
    """How far the reading is."""
    return {
        "more": draft.state == "reading",
        "failed": draft.state == "failed",
        "far": how_far(sections),
        "mark": reading_mark(draft, sections),
    }


def _about(draft: Draft) -> list[dict[str, str]]:
    """What the EHR said the doctor was looking at, in words."""
    now = clock.now()
    return [
        {
            "title": one["title"] or BY_KEY[one["group"]].title,
            "newest": newest_words(one["moment"], now) if one["moment"] else "",
        }
        for one in draft.patient.get("about", ())
    ]


def _group(
    group: Group,
    draft: Draft,
    sections: Sequence[DraftSection],
    include: Sequence[str] | None,
) -> dict[str, object]:
    states = [section for section in sections if section.name in group.sections]
    about = {one["group"] for one in draft.patient.get("about", ())}
    proposed = BY_KEY[group.key].proposed or group.key in about
    chosen = group.key in include if include is not None else proposed
    if draft.state == "reading":
        # What a group holds is known when everything is read: pictures are among documents.
        return _waiting_group(group, states, chosen=chosen)
    held = {item["key"]: item for item in draft.patient.get("contents", ())}
    content = held.get(group.key)
    count = int(content["count"]) if content else 0
    refused = bool(states) and all(section.state == "refused" for section in states)
    incomplete = any(section.state == "incomplete" for section in states)
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


def _waiting_group(
    group: Group, states: Sequence[DraftSection], *, chosen: bool
) -> dict[str, object]:
    """A line while the chart is read: it may be ticked before it is known what there is."""
    is_read = len(states) == len(group.sections)
    refused = is_read and all(section.state == "refused" for section in states)
    count = sum(section.count for section in states)
    incomplete = any(section.state == "incomplete" for section in states)
    shown = is_read and group.key != "pictures"
    state = "complete" if shown else "waiting"
    return {
        "key": group.key,
        "title": group.title,
        "count": str(count) if shown and count else "",
        "note": "not allowed by the EHR" if refused else "",
        "checked": chosen and not refused,
        "disabled": refused,
        "state": "refused" if refused else "incomplete" if incomplete else state,
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
