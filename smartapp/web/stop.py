"""The page that ends a question, or holds it until the doctor has looked twice."""

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from smartapp.gateway.note_choice import note_choice
from smartapp.gateway.stop_rules import SEEN, stop_of
from smartapp.store.drafts import Draft
from smartapp.web import page_model, session

pages = Blueprint("stop", __name__)
VIEWS = ("go_on",)

# stop -> (heading, sentences)
_WORDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "merged": (
        "This record was joined to another one",
        (
            "The EHR replaced this patient's record by another one. Questions from here could "
            "reach the wrong chart.",
            "Open the patient's present record in the EHR and start Confer there.",
        ),
    ),
    "other_patient": (
        "The EHR shows another patient now",
        (
            "Patient or visit are not those that this window was opened for.",
            "Close this window, open the right patient's chart and start Confer there.",
        ),
    ),
    "deceased": (
        "The EHR says that this patient has died",
        (
            "If that is wrong, have the record corrected first.",
            "If the question still makes sense, for example about the cause, you can go on.",
        ),
    ),
}


def stop_page(handle: str, draft: Draft) -> ResponseReturnValue | None:
    """The page that stops this draft, None when nothing does."""
    stop = stop_of(draft.patient, draft.choices)
    if stop is None or draft.state == "approved":
        return None
    heading, sentences = _WORDS[stop]
    page = render_template(
        "stop.html",
        frame=page_model.frame(handle, draft),
        heading=heading,
        sentences=sentences,
        may_go_on=stop == "deceased",
    )
    return make_response(page, 409)


@pages.post("/go-on")
def go_on(handle: str) -> ResponseReturnValue:
    """The doctor saw that the patient has died, and asks all the same."""
    note_choice(session.services(), session.launch(), SEEN)
    return redirect(url_for("start.home", handle=handle), code=303)
