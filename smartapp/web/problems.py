"""One place that turns errors into pages: what is wrong, where, what to do; no codes shown."""

from collections.abc import Mapping

from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from launch.errors import LaunchError
from runtime import logs, tokens
from runtime.errors import HTTP_STATUS, code_of, kind_of
from runtime.log_events import Event

# code -> (heading, sentences)
_PAGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "smartapp.session_missing": (
        "Open Confer from the chart",
        (
            "This page belongs to another browser or window.",
            "Go back to the patient's chart and start Confer there. Drafts are kept.",
        ),
    ),
    "smartapp.session_expired": (
        "This session has ended",
        (
            "Nothing was open for a while, so Confer closed it. Your words are kept for 12 hours.",
            "Start Confer again from the patient's chart.",
        ),
    ),
    "smartapp.handoff_refused": (
        "This link was used already",
        (
            "A link to another window works once, within a minute.",
            "Press “Open wide” again in the chart.",
        ),
    ),
    "smartapp.draft_missing": (
        "This draft is gone",
        (
            "It was sent, or it is older than 12 hours.",
            "Start Confer again from the patient's chart.",
        ),
    ),
    "smartapp.revision_stale": (
        "This preview is too old",
        (
            "Something changed, or half an hour passed. Nothing was sent.",
            "Check again what leaves; it takes a second.",
        ),
    ),
    "smartapp.choices_full": (
        "That is more than can be hidden",
        (
            "Nothing was changed: what you named just now is not hidden or left out.",
            "Go back and send less of the chart, or change the text itself.",
        ),
    ),
    "smartapp.take_back_too_late": (
        "It has left already",
        ("The question was on its way before you took it back. It stays in your list.",),
    ),
    "smartapp.case_unknown": (
        "Not in this chart",
        (
            "There is no such question of yours in the chart that is open.",
            "Open the right patient's chart and start Confer there.",
        ),
    ),
    "smartapp.case_moved": (
        "The question moved on",
        ("It is in another state than this page shows. Nothing was changed.",),
    ),
    "smartapp.consult_unreachable": (
        "The network does not answer",
        (
            "Nothing was lost and nothing has left. Your words are safe in this hospital.",
            "Try again in a minute. If it is urgent, call.",
        ),
    ),
    "smartapp.consult_refused": (
        "The network refused",
        ("Nothing was changed. Tell the Confer administrator the reference below.",),
    ),
    "runtime.csrf_refused": (
        "This form was too old",
        ("Nothing was changed. Go back, reload the page and try again.",),
    ),
    "runtime.origin_refused": (
        "This form came from another page",
        ("Nothing was changed. Start Confer again from the patient's chart.",),
    ),
    "runtime.throttled": (
        "Too many tries",
        ("Wait a minute, then try again.",),
    ),
}
_BY_STATUS: Mapping[int, tuple[str, tuple[str, ...]]] = {
    404: ("No such page", ("Start Confer from the patient's chart.",)),
    405: ("That does not work here", ("Go back and use the buttons of the page.",)),
    413: ("Too much at once", ("Shorten the text and try again.",)),
}
_BROKEN = (
    "Something is broken on our side",
    ("Nothing was sent. Tell the Confer administrator the reference below.",),
)


def install(app: Flask) -> None:
    """Register the one handler."""
    app.register_error_handler(Exception, problem_page)


def problem_page(error: Exception) -> Response:
    """Answer any error with a designed page."""
    reference = logs.bound("request_id") or tokens.new_case_id()[:10]
    if isinstance(error, HTTPException):
        status = error.code or 500
        heading, sentences = _BY_STATUS.get(status, _BROKEN)
        return _page(status, heading, sentences, reference if status >= 500 else "")
    kind, code = kind_of(error), code_of(error)
    if kind == "bug":
        logs.emit(
            Event.REQUEST_FAILED,
            route=str(request.url_rule or ""),
            exception=type(error).__name__,
            place=logs.place_of(error),
        )
    heading, sentences = _PAGES.get(code, _BROKEN)
    shown = reference if kind in ("bug", "misconfigured", "upstream_refused") else ""
    again = request.path if kind == "upstream_down" and request.method == "GET" else ""
    return _page(HTTP_STATUS[kind], heading, sentences, shown, again=again)


def launch_page(error: LaunchError) -> Response:
    """Answer a failed launch: likely cause, what to do, and the reference number."""
    return _page(
        HTTP_STATUS[error.kind],
        "Confer could not start",
        (error.likely_cause, error.next_action, "Nothing was read and nothing has left."),
        error.reference,
    )


def _page(
    status: int, heading: str, sentences: tuple[str, ...], reference: str, *, again: str = ""
) -> Response:
    page = render_template(
        "confer/problem.html",
        heading=heading,
        sentences=sentences,
        reference=reference,
        next_url=again,
        next_words="Try again",
    )
    return make_response(page, status)
