"""What waits for a person: act on it once, visibly."""

from typing import cast

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fhir_adapters.write_back.document_reference import as_draft
from runtime import clock, json_text
from smartapp.errors import CaseUnknown
from smartapp.gateway.answer_pdf import NOT_FILED, pdf_of
from smartapp.gateway.chart_note import chart_note
from smartapp.gateway.settle_parked import Action, settle_parked
from smartapp.store import answers, drafts, vault
from smartapp.store.answers import Answer
from smartapp.web import page_model, session

pages = Blueprint("parked", __name__)
VIEWS = ("settle", "text", "pdf", "draft")
_IN_CHART = ("written", "acknowledged")
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
    services, mine = session.services(), session.launch()
    answer = _newest(case_id)
    with services.database.read() as reading:
        draft = drafts.load(reading, services.keyring, mine.draft_id, now=clock.now())
    return render_template(
        "note_text.html",
        frame=page_model.frame(handle, draft),
        note=answer.view["note"],
        filed=answer.state in _IN_CHART,
        pdf=url_for("parked.pdf", handle=handle, case_id=case_id),
        back=url_for("answers.show", handle=handle, case_id=case_id),
    )


@pages.get("/case/<case_id>/answer.pdf")
def pdf(handle: str, case_id: str) -> ResponseReturnValue:  # noqa: ARG001 - it is in the path
    """The note as a PDF, marked as not filed as long as it is not in the chart."""
    answer = _newest(case_id)
    mark = "" if answer.state in _IN_CHART else NOT_FILED
    body = pdf_of(str(answer.view["note"]), made_at=answer.received_at, mark=mark)
    # The name of a file says nothing about anybody: it lands among other downloads.
    return Response(
        body,
        mimetype="application/pdf",
        headers={"Content-Disposition": 'attachment; filename="second-opinion.pdf"'},
    )


@pages.get("/case/<case_id>/draft")
def draft(handle: str, case_id: str) -> ResponseReturnValue:  # noqa: ARG001 - it is in the path
    """The note as an unsigned draft, for the EHR's scratchpad (SMART Web Messaging)."""
    case = session.own_case(case_id)
    answer = _newest(case_id)
    services = session.services()
    with services.database.read() as reading:
        link = vault.find(reading, services.keyring, case_id)
    note = chart_note(case, answer, link, filed_at=clock.now(), replaces=None)
    return Response(json_text.dumps(as_draft(note)), mimetype="application/fhir+json")


def _newest(case_id: str) -> Answer:
    case = session.own_case(case_id)
    services = session.services()
    with services.database.read() as reading:
        found = answers.of_case(reading, services.keyring, case_id=case_id, site_id=case.site_id)
    if not found:
        raise CaseUnknown
    return found[0]
