"""Whether a page that waits should be loaded again: 205 when something changed, 204 when not."""

from flask import Blueprint, Response, make_response, render_template, request

from smartapp.web import session
from smartapp.web.ask import included
from smartapp.web.reading import load_draft, reading_mark

pages = Blueprint("watch", __name__)
VIEWS = ("reading", "case", "parts")


def _changed(mark: str) -> Response:
    return Response(status=204 if request.args.get("seen") == mark else 205)


@pages.get("/watch/reading")
def reading(handle: str) -> Response:  # noqa: ARG001 - the handle is in the path
    """Has more of the chart been read?"""
    return _changed(reading_mark(*load_draft()))


@pages.get("/watch/parts")
def parts(handle: str) -> Response:  # noqa: ARG001 - the handle is in the path
    """The list of what to include as it is now, for a form that is already open."""
    draft, sections = load_draft()
    response = make_response(render_template("parts.html", **included(draft, sections, None)))
    response.headers["X-More"] = "yes" if draft.state == "reading" else "no"
    response.headers["X-Seen"] = reading_mark(draft, sections)
    return response


@pages.get("/watch/case/<case_id>")
def case(handle: str, case_id: str) -> Response:  # noqa: ARG001 - the handle is in the path
    """Has the case moved?"""
    return _changed(session.own_case(case_id).changed_at.isoformat())
