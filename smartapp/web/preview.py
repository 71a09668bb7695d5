"""Check what leaves: both sides, every change with its reason, and Approve at the end."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from deid.text.document import GiveBack
from exchange import names
from runtime import clock, json_text
from smartapp.errors import (
    CaseHeld,
    ContextChanged,
    DecisionMissing,
    DraftMissing,
    PatientStopped,
    PictureUnknown,
    RevisionStale,
)
from smartapp.gateway import care_choices
from smartapp.gateway import choices as choose
from smartapp.gateway.approve_case import Statements, approve_case
from smartapp.gateway.audit_words import audit_words
from smartapp.gateway.prepare_case import prepare_case
from smartapp.store import drafts, revisions
from smartapp.store.drafts import Draft
from smartapp.store.revisions import Revision
from smartapp.web import page_model, session
from smartapp.web.care_view import title_of
from smartapp.web.held import held_sentences
from smartapp.web.outgoing import MAX_MESSAGE, pictures_in
from smartapp.web.pictures import served
from smartapp.web.preview_view import view
from smartapp.web.reading import reading_page
from smartapp.web.reasons import WHY
from smartapp.web.stop import stop_page
from smartapp.web.words import clock_time

pages = Blueprint("preview", __name__)
_PLACE = re.compile(r"[0-9a-f]{24}")
VIEWS = ("show", "choose_words", "approve", "exact_bytes", "picture")


def _draft() -> Draft:
    services, mine = session.services(), session.launch()
    with services.database.read() as reading:
        return drafts.load(reading, services.keyring, mine.draft_id, now=clock.now())


def _revision(draft: Draft) -> Revision:
    """The revision to show: the stored one while it is fresh, else a new one."""
    services = session.services()
    found = _newest(draft)
    # Leave the reader time: a revision about to run out is built anew right away.
    limit = timedelta(minutes=services.policy.revision_minutes / 2)
    fresh = (
        found is not None
        and found.draft_version == draft.version
        and clock.now() - found.created_at < limit
    )
    return found if fresh and found else prepare_case(services, session.launch())


@pages.get("/preview")
def show(handle: str) -> ResponseReturnValue:
    """The preview; a held case shows what is wrong and no Approve."""
    draft = _draft()
    if draft.state == "approved":
        return redirect(url_for("case.show", handle=handle, case_id=draft.case_id), code=303)
    stopped = stop_page(handle, draft)
    if stopped is not None:
        return stopped
    if not draft.form.get("question") or draft.state == "failed":
        target = "start.home" if draft.state == "failed" else "ask.form"
        return redirect(url_for(target, handle=handle), code=303)
    if draft.state == "reading":
        return reading_page(handle, draft, kept=True)
    frame = page_model.frame(handle, draft)
    try:
        revision = _revision(draft)
    except CaseHeld as held:
        page = render_template(
            "held.html",
            frame=frame,
            errors=held_sentences(held),
            back=url_for("ask.form", handle=handle),
            hidden=draft.choices.get("hidden", []),
            change=url_for("preview.choose_words", handle=handle),
        )
        return make_response(page, 422)
    return render_template(
        "preview.html",
        frame=frame,
        view=view(
            revision,
            banner=draft.patient.get("banner"),
            hidden=draft.choices.get("hidden", []),
            left_out=draft.choices.get("left_out", {}),
            reasons=choose.reasons_of(draft.choices),
        ),
        unsaid=request.args.get("why", ""),
        reasons=WHY,
        revision=revision,
        steps=("Ask", "Check", "Sent"),
        heading="Check what leaves",
        specialty=names.SPECIALTIES[revision.facts["specialty"]].lower(),
        window=_window_words(revision.facts["urgency"]),
        due=clock_time(clock.now() + names.URGENCIES[revision.facts["urgency"]], clock.now()),
        delay=int(session.services().policy.send_delay_seconds),
        change=url_for("preview.choose_words", handle=handle),
        approve=url_for("preview.approve", handle=handle),
        exact=url_for("preview.exact_bytes", handle=handle),
        pictures=url_for("pictures.every", handle=handle),
        picture_url=lambda n: url_for(
            "preview.picture", handle=handle, n=n, v=revision.sha256[:12]
        ),
        back=url_for("ask.form", handle=handle),
    )


def _window_words(urgency: str) -> str:
    return {"asap": "1 hour", "urgent": "4 hours", "routine": "24 hours"}[urgency]


@pages.post("/preview")
def choose_words(handle: str) -> ResponseReturnValue:
    """Give one word back, hide it again, or hide more; every change runs all checks again."""
    services, mine, found = session.services(), session.launch(), _newest(_draft())
    shown = found.preview if found else None
    with services.database.transaction() as writing:
        draft = drafts.load(writing, services.keyring, mine.draft_id, now=clock.now())
        if draft.state != "ready":  # approved in another window: nothing changes any more
            return redirect(url_for("preview.show", handle=handle), code=303)
        changed = changed_choices(request.form, draft.choices, shown)
        drafts.save(writing, services.keyring, draft, form=draft.form, choices=changed)
        audit_words(
            writing,
            draft.choices,
            changed,
            actor=mine.doctor_key,
            case_id=draft.case_id,
            revision=found.revision_id if found else "",
        )
    place = place_of(request.form)
    back = url_for("preview.show", handle=handle, why=unsaid(request.form), _anchor=place)
    return redirect(back, code=303)


def place_of(form: Mapping[str, str]) -> str:
    """Where on the page the button stood: the reader goes on from there, not from the top."""
    place = form.get("give") or form.get("hide")
    if place:
        return f"word-{place}" if _PLACE.fullmatch(place) else "words"
    if form.get("hide_word"):
        return "risk"
    if form.get("leave_out", "").startswith("sensitive:"):
        return "left-out"
    return "risk" if form.get("leave_out") or form.get("put_back") else "more"


def changed_choices(
    form: Mapping[str, str], choices: Mapping[str, Any], shown: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """The doctor's choices after one button; the key of a word comes from what was shown."""
    if form.get("leave_out"):
        title = title_of(shown, form["leave_out"]) if shown else ""
        return care_choices.leave_out(choices, form["leave_out"], title)
    if form.get("put_back"):
        return care_choices.put_back(choices, form["put_back"])
    if form.get("show_word"):
        return choose.show_again(choices, form["show_word"])
    if form.get("give") or form.get("hide"):
        return _changed_word(form, choices, list(shown["likely"]) if shown else [])
    return choose.hide_more(choices, form.get("hide_word") or form.get("more", ""))


def _changed_word(
    form: Mapping[str, str], choices: Mapping[str, Any], words: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """One place of one word; a key of none of the places shown changes nothing."""
    wanted = form.get("give") or form.get("hide")
    for word in words:
        if choose.place_key(word) == wanted:
            item = GiveBack(path=word["path"], token=word["token"], n=int(word["n"]))
            if form.get("give"):
                return choose.give_back(choices, item, form.get("reason", ""))
            return choose.hide_again(choices, item)
    return choices


def unsaid(form: Mapping[str, str]) -> str | None:
    """The place that was to be given back without saying why; None when that is not so."""
    place = form.get("give", "")
    said = form.get("reason", "") in choose.WHY_GIVEN_BACK
    return None if said or not _PLACE.fullmatch(place) else place


def statements_of(form: MultiDict[str, str]) -> Statements:
    """What the form under a preview says beside "I looked"."""
    return Statements(
        consent=frozenset(form.getlist("consent")), risk_seen=form.get("risk_seen") == "yes"
    )


@pages.post("/approve")
def approve(handle: str) -> ResponseReturnValue:
    """Approve exactly the revision that was shown."""
    if request.form.get("looked") != "yes":
        return redirect(url_for("preview.show", handle=handle) + "#send", code=303)
    try:
        case = approve_case(
            session.services(),
            session.launch(),
            revision_id=request.form.get("revision", ""),
            sha256=request.form.get("sha256", ""),
            said=statements_of(request.form),
        )
    except DecisionMissing:
        return redirect(url_for("preview.show", handle=handle, _anchor="send"), code=303)
    except (RevisionStale, ContextChanged, PatientStopped):
        return redirect(url_for("preview.show", handle=handle), code=303)
    return redirect(url_for("case.show", handle=handle, case_id=case.case_id), code=303)


@pages.get("/preview/picture/<int:n>")
def picture(handle: str, n: int) -> ResponseReturnValue:  # noqa: ARG001 - it is in the path
    """A picture out of the very bytes that would leave."""
    found = _newest(_draft())
    pictures = pictures_in(json_text.loads(found.body, max_bytes=MAX_MESSAGE)) if found else ()
    if n >= len(pictures):
        raise PictureUnknown
    return served(pictures[n].body)


@pages.get("/preview/bytes")
def exact_bytes(handle: str) -> ResponseReturnValue:
    """The very bytes with their SHA-256; a picture among them is a long word of letters."""
    draft = _draft()
    found = _newest(draft)
    if found is None:
        raise DraftMissing
    body = found.body.decode("utf-8")
    pictures = pictures_in(json_text.loads(found.body, max_bytes=MAX_MESSAGE))
    for one in pictures:
        body = body.replace(one.data, f"{one.data[:60]} … {one.data[-20:]}")
    return render_template(
        "bytes.html",
        frame=page_model.frame(handle, draft),
        body=body,
        shortened=bool(pictures),
        sha256=found.sha256,
        size=len(found.body),
        back=url_for("preview.show", handle=handle),
    )


def _newest(draft: Draft) -> Revision | None:
    services = session.services()
    with services.database.read() as reading:
        return revisions.newest(
            reading,
            services.keyring,
            draft_id=draft.draft_id,
            kind="case",
            case_id=draft.case_id,
        )
