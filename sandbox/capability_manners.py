"""The CapabilityStatement as an EHR with its own ways shows it."""

from typing import Any

from fhir_server.engine import FhirEngine
from fhir_server.messages import FHIR_JSON, FhirAnswer
from runtime import json_text
from sandbox import discovery, fhir_outcomes
from sandbox.manners import Manners
from sandbox.places import Places


def answer(engine: FhirEngine, manners: Manners, places: Places) -> FhirAnswer:
    """Return the answer to `GET metadata`."""
    if manners.metadata == "missing":
        return fhir_outcomes.refusal(404, fhir_outcomes.issue("not-found", "There is nothing."))
    if manners.metadata == "not_a_statement":
        return _json({"resourceType": "Bundle", "type": "collection"})
    return _json(statement(engine, manners, places))


def statement(engine: FhirEngine, manners: Manners, places: Places) -> dict[str, Any]:
    """Return the CapabilityStatement; only what is really offered stays in it."""
    made = engine.capability_statement()
    made["fhirVersion"] = manners.fhir_version
    rest: dict[str, Any] = made["rest"][0]
    if manners.authorization == "open":
        rest.pop("security", None)
    else:
        rest["security"] = discovery.rest_security(places, manners)
    if not manners.conditional_create:
        rest["resource"] = [{**one, "conditionalCreate": False} for one in rest["resource"]]
    return made


def _json(body: dict[str, Any]) -> FhirAnswer:
    headers = {"content-type": FHIR_JSON, "cache-control": "no-store"}
    return FhirAnswer(status=200, headers=headers, resource=body, body=json_text.dumps(body))
