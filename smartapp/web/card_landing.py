"""The first page of a launch that began at a card of ours (smartapp.hooks.landing)."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from smartapp.hooks.landing import keep_specialty, landing
from smartapp.web import session


def card_page(handle: str) -> ResponseReturnValue | None:
    """Go to what the card was about, once; None begins as always.

    The mark in the address only says that this is the beginning; where it leads is sealed.
    """
    if "card" not in request.args:
        return None
    services, mine = session.services(), session.launch()
    said = mine.context.get("app_context")
    found = landing(services, mine, said)
    if found is None:
        return None
    if found.view == "ask.form":
        keep_specialty(services, mine, said)
    target = url_for(found.view, handle=handle, case_id=found.case_id or None)
    return redirect(target, code=303)
