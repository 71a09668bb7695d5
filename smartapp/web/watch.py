"""Whether a page that waits should be loaded again: 205 when something changed, 204 when not."""

from flask import Blueprint, Response, request

from runtime import clock
from smartapp.store import drafts
from smartapp.web import session

pages = Blueprint("watch", __name__)
VIEWS = ("reading", "case")


def _changed(mark: str) -> Response:
    return Response(status=204 if request.args.get("seen") == mark else 205)


def reading_mark(state: str, sections: int) -> str:
    """What the reading page has shown."""
    return f"{state}-{sections}"


@pages.get("/watch/reading")
def reading(handle: str) -> Response:  # noqa: ARG001 - the handle is in the path
    """Has more of the chart been read?"""
    services, mine = session.services(), session.launch()
    with services.database.read() as opened:
        draft = drafts.load(opened, services.keyring, mine.draft_id, now=clock.now())
        found = drafts.sections(opened, mine.draft_id)
    return _changed(reading_mark(draft.state, len(found)))


@pages.get("/watch/case/<case_id>")
def case(handle: str, case_id: str) -> Response:  # noqa: ARG001 - the handle is in the path
    """Has the case moved?"""
    return _changed(session.own_case(case_id).changed_at.isoformat())
