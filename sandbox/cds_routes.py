"""Decision support at the EHR's door: the keys of its CDS client, and a card set aside."""

from flask import Blueprint, Flask, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response

from runtime import web_guard
from sandbox import cds_client
from sandbox.cds_client import CdsClient
from sandbox.pages import Pages
from sandbox.services import SandboxServices


def mount(app: Flask, services: SandboxServices) -> None:
    """Serve both routes."""
    blueprint = Blueprint("cds", __name__)
    doors, client = Pages(services), CdsClient(services)

    @blueprint.get("/auth/cds-jwks")
    def keys() -> Response:
        response = jsonify({"keys": cds_client.public_keys(services)})
        response.headers["Cache-Control"] = "public, max-age=300"
        return response

    @blueprint.post("/chart/<patient_id>/set-aside")
    def set_aside(patient_id: str) -> Response:
        client.say(
            service_id=request.form.get("service", ""),
            card=request.form.get("card", ""),
            outcome="overridden",
            reason=request.form.get("reason", ""),
        )
        return redirect(url_for("pages.chart", patient_id=patient_id, quiet="1"), 303)

    web_guard.register(
        app, blueprint, policies={"keys": web_guard.PUBLIC, "set_aside": doors.own_form}
    )
