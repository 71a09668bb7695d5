"""Answer the specialist's question: the same preview and approval as the question itself."""

from datetime import timedelta

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from runtime import clock
from smartapp.errors import CaseHeld, DecisionMissing, FormInvalid, RevisionStale
from smartapp.gateway import reply_to_question as replying
from smartapp.gateway.choices import reasons_of
from smartapp.gateway.question_form import read_reply
from smartapp.store import drafts, revisions
from smartapp.store.drafts import Draft
from smartapp.store.revisions import Revision
from smartapp.web import page_model, session
from smartapp.web.held import held_sentences
from smartapp.web.preview import changed_choices, place_of, statements_of, unsaid
from smartapp.web.preview_view import view
from smartapp.web.reasons import WHY

pages = Blueprint("reply", __name__)
VIEWS = ("write", "show", "choose_words", "approve")


def _draft() -> Draft:
    services, mine = session.services(), session.launch()
    with services.database.read() as reading:
        return drafts.load(reading, services.keyring, mine.draft_id, now=clock.now())


def _stored(draft: Draft, case_id: str) -> Revision | None:
    services = session.services()
    with services.database.read() as reading:
        return revisions.newest(
            reading, services.keyring, draft_id=draft.draft_id, kind="reply", case_id=case_id
        )


@pages.post("/case/<case_id>/reply")
def write(handle: str, case_id: str) -> ResponseReturnValue:
    """Keep the reply and show what would leave."""
    session.own_case(case_id)
    try:
        text = read_reply(request.form)
    except FormInvalid as invalid:
        page = render_template(
            "held.html",
            frame=page_model.frame(handle, _draft()),
            errors=invalid.problems,
            back=url_for("case.show", handle=handle, case_id=case_id),
            hidden=[],
            change="",
        )
        return make_response(page, 422)
    replying.save_reply(session.services(), session.launch(), case_id, text)
    return redirect(url_for("reply.show", handle=handle, case_id=case_id), code=303)


@pages.get("/case/<case_id>/reply")
def show(handle: str, case_id: str) -> ResponseReturnValue:
    """What of the reply would leave."""
    session.own_case(case_id)
    draft = _draft()
    entered = replying.reply_entered(draft, case_id)
    frame = page_model.frame(handle, draft)
    change = url_for("reply.choose_words", handle=handle, case_id=case_id)
    back = url_for("case.show", handle=handle, case_id=case_id)
    if not entered.get("text"):
        return redirect(back, code=303)
    try:
        revision = _fresh(draft, case_id)
    except CaseHeld as held:
        page = render_template(
            "held.html",
            frame=frame,
            errors=held_sentences(held),
            back=back,
            hidden=entered.get("hidden", []),
            change=change,
        )
        return make_response(page, 422)
    return render_template(
        "preview.html",
        frame=frame,
        view=view(
            revision,
            banner=None,
            hidden=entered.get("hidden", []),
            left_out=entered.get("left_out", {}),
            reasons=reasons_of(entered),
        ),
        unsaid=request.args.get("why", ""),
        reasons=WHY,
        revision=revision,
        steps=("Read", "Reply", "Check"),
        heading="Check what leaves",
        specialty="",
        window="",
        due="",
        delay=0,
        change=change,
        approve=url_for("reply.approve", handle=handle, case_id=case_id),
        exact="",
        back=back,
    )


def _fresh(draft: Draft, case_id: str) -> Revision:
    found = _stored(draft, case_id)
    services = session.services()
    limit = timedelta(minutes=services.policy.revision_minutes / 2)
    if (
        found is not None
        and found.draft_version == draft.version
        and clock.now() - found.created_at < limit
    ):
        return found
    return replying.prepare_reply(services, session.launch(), case_id)


@pages.post("/case/<case_id>/reply/words")
def choose_words(handle: str, case_id: str) -> ResponseReturnValue:
    """Give back or hide words of the reply."""
    session.own_case(case_id)
    draft = _draft()
    found = _stored(draft, case_id)
    shown = found.preview if found else None
    replying.change_reply(
        session.services(),
        session.launch(),
        case_id,
        lambda entered: changed_choices(request.form, entered, shown),
        revision=found.revision_id if found else "",
    )
    back = url_for(
        "reply.show",
        handle=handle,
        case_id=case_id,
        why=unsaid(request.form),
        _anchor=place_of(request.form),
    )
    return redirect(back, code=303)


@pages.post("/case/<case_id>/reply/approve")
def approve(handle: str, case_id: str) -> ResponseReturnValue:
    """Approve exactly the reply that was shown."""
    session.own_case(case_id)
    again = url_for("reply.show", handle=handle, case_id=case_id)
    if request.form.get("looked") != "yes":
        return redirect(f"{again}#send", code=303)
    try:
        replying.approve_reply(
            session.services(),
            session.launch(),
            case_id,
            revision_id=request.form.get("revision", ""),
            sha256=request.form.get("sha256", ""),
            said=statements_of(request.form),
        )
    except DecisionMissing:
        return redirect(f"{again}#send", code=303)
    except RevisionStale:
        return redirect(again, code=303)
    return redirect(url_for("case.show", handle=handle, case_id=case_id), code=303)
