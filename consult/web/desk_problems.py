"""Errors at the desk as pages: what happened, what is expected of the specialist, one way on."""

from collections.abc import Mapping

from flask import Response, make_response, redirect, render_template
from werkzeug.exceptions import HTTPException

from consult.errors import SignInRefused
from runtime import logs
from runtime.errors import SessionEnded, code_of

_TO_INBOX = ("/desk/inbox", "To the inbox")
# code -> (heading, sentences)
_PAGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "consult.case_taken": (
        "A colleague was faster",
        ("Someone else claimed this case a moment ago.", "Nothing is expected of you."),
    ),
    "consult.case_moved_on": (
        "This case has moved on",
        ("It was answered, withdrawn or has expired. Nothing was changed.",),
    ),
    "consult.version_stale": (
        "Something changed while you worked",
        ("A message came in, or the case was changed. Your draft is kept: open the case again.",),
    ),
    "consult.already_answered": (
        "This case has its answer",
        (
            "Your answer was signed before, and that one went to the hospital.",
            "Nothing was sent twice. What you typed after signing was not kept.",
        ),
    ),
    "consult.not_your_case": (
        "Another specialist holds this case",
        ("Nothing was changed, and nothing is expected of you.",),
    ),
    "consult.case_unknown": (
        "No such case for you",
        ("It was never offered to you, or the offer has ended.",),
    ),
    "consult.credential_lapsed": (
        "A credential has to be renewed first",
        (
            "One of your credentials is missing, has ended, or is overdue for checking.",
            "You cannot claim or sign until the network has verified it. Write to the network.",
        ),
    ),
    "consult.input_invalid": (
        "This was not understood",
        ("A field was empty, too long, or not one of the choices. Nothing was changed.",),
    ),
    "runtime.csrf_refused": (
        "This form was too old",
        ("Nothing was changed. Open the case again; your draft is kept.",),
    ),
    "runtime.origin_refused": (
        "This form came from another page",
        ("Nothing was changed. Open the desk and try again.",),
    ),
    "runtime.throttled": (
        "Too many tries",
        ("Wait ten minutes, then try again.",),
    ),
}
_BY_STATUS: Mapping[int, tuple[str, tuple[str, ...]]] = {
    404: ("No such page", ("The address is wrong, or the page is gone.",)),
    405: ("That does not work here", ("Go back and use the buttons of the page.",)),
    413: ("Too much at once", ("Shorten the text and try again.",)),
}
_BROKEN = (
    "Something is broken on our side",
    ("Your draft is kept as it was last saved. Tell the network the reference below.",),
)


def page_of(error: Exception, status: int) -> Response:
    """Answer an error below /desk; without a session the way leads to the sign-in page."""
    if isinstance(error, SessionEnded | SignInRefused):
        return make_response(redirect("/desk/sign-in", code=303))
    heading, sentences = _words(error, status)
    page = render_template(
        "desk/problem.html",
        heading=heading,
        sentences=sentences,
        next_url=_TO_INBOX[0],
        next_words=_TO_INBOX[1],
        reference=(logs.bound("request_id") or "") if status >= 500 else "",
    )
    answer = make_response(page, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _words(error: Exception, status: int) -> tuple[str, tuple[str, ...]]:
    if isinstance(error, HTTPException):
        return _BY_STATUS.get(status, _BROKEN)
    return _PAGES.get(code_of(error), _BROKEN)
