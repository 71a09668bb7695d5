"""The scratchpad over HTTP: the chart page puts drafts there for an app; the doctor signs."""

from flask import Blueprint, Flask, g, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response

from runtime import clock, web_guard
from sandbox import charts, drafts
from sandbox.drafts import Scratchpad
from sandbox.errors import DraftRefused
from sandbox.pages import Pages
from sandbox.services import SandboxServices


def mount(app: Flask, services: SandboxServices) -> None:
    """Serve the scratchpad of a chart to its doctor's own pages."""
    blueprint = Blueprint("drafts", __name__)
    views = DraftViews(services)
    rules = (
        ("/chart/<patient_id>/drafts", "put", views.put),
        ("/chart/<patient_id>/drafts/<draft_id>/sign", "sign", views.sign),
        ("/chart/<patient_id>/drafts/<draft_id>/discard", "discard", views.discard),
    )
    for rule, name, view in rules:
        blueprint.add_url_rule(rule, name, view, methods=["POST"])
    door = Pages(services).own_form
    web_guard.register(app, blueprint, policies={name: door for _, name, _ in rules})
    app.context_processor(lambda: {"drafts_of": views.listed})


class DraftViews:
    """The views."""

    def __init__(self, services: SandboxServices) -> None:
        """Keep the services."""
        self._services = services

    def listed(self, patient_id: str) -> tuple[drafts.Draft, ...]:
        """List what waits in the signed-in doctor's scratchpad of a chart."""
        with self._services.database.read() as session:
            return drafts.listed(session, self._pad(patient_id))

    def put(self, patient_id: str) -> Response:
        """Take a draft that the framed app sent to the chart page."""
        try:
            with self._services.database.transaction() as session:
                charts.persona_of(session, patient_id)
                draft_id = drafts.put(
                    session,
                    self._pad(patient_id),
                    handle=request.form.get("handle", ""),
                    text=request.form.get("resource", ""),
                    now=clock.now(),
                )
        except DraftRefused as refused:
            answer = jsonify({"status": "422 Unprocessable Entity", "rule": refused.rule})
            answer.status_code = 422
            return answer
        answer = jsonify({"status": "201 Created", "location": f"{drafts.KIND}/{draft_id}"})
        answer.status_code = 201
        return answer

    def sign(self, patient_id: str, draft_id: str) -> Response:
        """File a draft as the doctor's own document."""
        services = self._services
        with services.database.transaction() as session:
            document_id = drafts.sign(session, services.engine, self._pad(patient_id), draft_id)
        where = url_for("pages.document", patient_id=patient_id, document_id=document_id)
        return redirect(where, 303)

    def discard(self, patient_id: str, draft_id: str) -> Response:
        """Throw a draft away."""
        with self._services.database.transaction() as session:
            drafts.discard(session, self._pad(patient_id), draft_id)
        return redirect(url_for("pages.chart", patient_id=patient_id), 303)

    def _pad(self, patient_id: str) -> Scratchpad:
        return Scratchpad(
            patient_id=patient_id,
            account=g.doctor,
            fhir_base=self._services.places.fhir_base,
        )
