"""One place that turns errors into pages: what is wrong, where, what to do; no codes shown."""

from collections.abc import Mapping

from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from launch.errors import UNRECOGNIZED, LaunchError, Step
from runtime import logs, tokens
from runtime.errors import HTTP_STATUS, code_of, kind_of
from runtime.log_events import Event
from smartapp.web.words import LAUNCH_STEPS

_BEFORE_THE_CHART = frozenset(
    {Step.START, Step.DISCOVERY, Step.AUTHORIZE, Step.CALLBACK, Step.TOKEN, Step.IDENTITY}
    | {Step.CONTEXT}
)

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
    "smartapp.context_unknown": (
        "The EHR did not show the patient again",
        (
            "Before anything leaves, Confer looks once more whose chart this is. Nothing was sent.",
            "Your words are kept. Go back and approve again in a moment.",
        ),
    ),
    "smartapp.context_changed": (
        "The EHR shows another patient now",
        (
            "Patient or visit are not those that this window was opened for. Nothing was sent.",
            "Close this window, open the right patient's chart and start Confer there.",
        ),
    ),
    "smartapp.patient_stopped": (
        "This question cannot be sent from here",
        ("Nothing was sent.", "Start Confer again from the patient's present chart."),
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
    "smartapp.site_unreadable": (
        "Confer cannot start here",
        (
            "The registration of this EHR cannot be read.",
            "Tell the Confer administrator the reference below. Nothing has left.",
        ),
    ),
    "smartapp.site_unknown": (
        "No such EHR",
        ("It was removed, or the address is wrong.",),
    ),
    "smartapp.operator_link_refused": (
        "This link no longer works",
        (
            "It works once, within a minute.",
            "Make another on the gateway's machine: confer site page",
        ),
    ),
    "smartapp.operator_session_missing": (
        "Your session has ended",
        (
            "The operator's pages close after half an hour.",
            "Make another link on the gateway's machine: confer site page",
        ),
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
    if isinstance(error, LaunchError):  # a sign-in that ended while the app was open
        return launch_page(error)
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
    """Answer a failed launch: the step, what the EHR said, likely cause, what to do, reference."""
    said = _said(error)
    facts = [
        ("What failed", LAUNCH_STEPS.get(str(error.step), "Opening Confer")),
        *([("What the EHR said", said)] if said else []),
        ("Likely cause", error.likely_cause),
        ("What to do", error.next_action),
        ("Reference", error.reference),
    ]
    began = str(error.step) in _BEFORE_THE_CHART
    page = render_template("launch_failed.html", facts=facts, began=began)
    return make_response(page, HTTP_STATUS[error.kind])


def _said(error: LaunchError) -> str:
    """A registered error code and the HTTP status; never the EHR's free text."""
    code = "" if error.ehr_code in (None, UNRECOGNIZED) else str(error.ehr_code)
    status = f"HTTP {error.http_status}" if error.http_status else ""
    if error.ehr_code == UNRECOGNIZED:
        code = "an error code that SMART does not know"
    return ", ".join(part for part in (code, status) if part)


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
