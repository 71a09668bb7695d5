"""What waits for a person: act on it once, visibly."""

from typing import cast

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from runtime import clock
from smartapp.errors import CaseUnknown
from smartapp.gateway.settle_parked import Action, settle_parked
from smartapp.store import answers, drafts
from smartapp.web import page_model, session

pages = Blueprint("parked", __name__)
VIEWS = ("settle", "text")
_ACTIONS = frozenset({"by_hand", "again", "leave"})


@pages.post("/case/<case_id>/settle")
def settle(handle: str, case_id: str) -> ResponseReturnValue:
    """Filed by hand, file it again, or leave it as it is."""
    session.own_case(case_id)
    action = request.form.get("action", "")
    if action not in _ACTIONS:
        abort(400)
    settle_parked(
        session.services(),
        session.launch(),
        case_id,
        parked_id=request.form.get("parked", ""),
        action=cast("Action", action),
    )
    return redirect(url_for("case.show", handle=handle, case_id=case_id), code=303)


@pages.get("/case/<case_id>/text")
def text(handle: str, case_id: str) -> ResponseReturnValue:
    """The note as plain text, ready to be copied into the chart by hand."""
    case = session.own_case(case_id)
    services, mine = session.services(), session.launch()
    with services.database.read() as reading:
        draft = drafts.load(reading, services.keyring, mine.draft_id, now=clock.now())
        found = answers.of_case(reading, services.keyring, case_id=case_id, site_id=case.site_id)
    if not found:
        raise CaseUnknown
    return render_template(
        "note_text.html",
        frame=page_model.frame(handle, draft),
        note=found[0].view["note"],
        back=url_for("answers.show", handle=handle, case_id=case_id),
    )
