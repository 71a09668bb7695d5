"""The FHIR API of the consult server: reads go to the engine, writes to our use cases."""

from flask import Blueprint

from consult.domain.callers import HospitalCaller
from consult.errors import AccessDenied, ConsultError, SubmissionUnknown, WireVersionUnknown
from consult.service.change_case import change_task, complete_request, stop_case
from consult.service.receive_submission import receive_submission
from consult.service.services import ConsultServices
from consult.store.fhir_store import covers
from consult.web import problems
from consult.web.access import HospitalAccess
from exchange import versions
from exchange.names import Resource
from fhir_server import answers, negotiate
from fhir_server.blueprint import make_blueprint
from fhir_server.messages import FhirAnswer, FhirRequest
from fhir_server.ports import Stored
from runtime import json_text, limits

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SUBMISSIONS_PER_MINUTE = 120
# The scopes that a submission needs, whatever is in it.
_SUBMIT_SCOPES = (("Task", "c"), ("Communication", "c"), ("Provenance", "c"))


class FhirInbox:
    """Answers every write of a hospital; what it leaves alone is the engine's."""

    def __init__(self, services: ConsultServices) -> None:
        """Keep the services."""
        self._services = services

    def intercept(self, asked: FhirRequest) -> FhirAnswer | None:
        """Answer a write, or return None for everything that only reads."""
        if asked.method not in _WRITES or asked.path.endswith("_search"):
            return None
        try:
            negotiate.check_answer_format(asked.headers, asked.query)
            return self._write(asked)
        except ConsultError as error:
            return problems.fhir_answer(error)

    def _write(self, asked: FhirRequest) -> FhirAnswer:
        caller = asked.caller
        if not isinstance(caller, HospitalCaller):
            raise AccessDenied
        pieces = [piece for piece in asked.path.split("/") if piece]
        match (asked.method, pieces):
            case ("POST", []):
                return self._submit(asked, caller)
            case ("PUT", ["Task", task_id]):
                return self._put_task(asked, caller, task_id)
            case ("PUT", ["ServiceRequest", request_id]):
                return self._put_request(asked, caller, request_id)
            case ("POST", ["Task"]):
                return self._post_task(asked, caller)
        raise AccessDenied

    def _submit(self, asked: FhirRequest, caller: HospitalCaller) -> FhirAnswer:
        if not all(covers(caller.scopes, kind, letter) for kind, letter in _SUBMIT_SCOPES):
            raise AccessDenied
        negotiate.check_body_format(asked.headers)
        if not versions.is_spoken(asked.headers.get(versions.HEADER.lower())):
            raise WireVersionUnknown
        with self._services.writing() as unit:
            limits.hit(
                unit.session,
                bucket="fhir.submit",
                key=caller.client_id,
                limit=_SUBMISSIONS_PER_MINUTE,
                per_seconds=60,
            )
        accepted = receive_submission(
            self._services,
            caller,
            asked.body,
            content_digest=asked.headers.get("content-digest"),
        )
        return answers.json_answer(200, accepted.response)

    def _put_task(self, asked: FhirRequest, caller: HospitalCaller, task_id: str) -> FhirAnswer:
        stored = change_task(
            self._services,
            caller,
            task_id,
            self._body(asked, caller, "Task", "u"),
            if_match=negotiate.if_match(asked.headers),
        )
        return self._answer(asked, stored, created=False)

    def _put_request(
        self, asked: FhirRequest, caller: HospitalCaller, request_id: str
    ) -> FhirAnswer:
        stored = complete_request(
            self._services,
            caller,
            request_id,
            self._body(asked, caller, "ServiceRequest", "u"),
            if_match=negotiate.if_match(asked.headers),
        )
        return self._answer(asked, stored, created=False)

    def _post_task(self, asked: FhirRequest, caller: HospitalCaller) -> FhirAnswer:
        stored = stop_case(self._services, caller, self._body(asked, caller, "Task", "c"))
        return self._answer(asked, stored, created=True)

    def _body(
        self, asked: FhirRequest, caller: HospitalCaller, resource_type: str, letter: str
    ) -> Resource:
        if not covers(caller.scopes, resource_type, letter):
            raise AccessDenied
        negotiate.check_body_format(asked.headers)
        body = json_text.loads(asked.body, max_bytes=self._services.max_body_bytes)
        if not isinstance(body, dict) or body.get("resourceType") != resource_type:
            raise SubmissionUnknown
        return body

    def _answer(self, asked: FhirRequest, stored: Stored, *, created: bool) -> FhirAnswer:
        return answers.write_answer(
            stored,
            created=created,
            base_url=self._services.engine.base_url,
            preference=negotiate.preference(asked.headers),
        )


def make_inbox(services: ConsultServices, access: HospitalAccess) -> Blueprint:
    """Return the blueprint of the FHIR API, to be mounted at /fhir."""
    return make_blueprint(
        services.engine,
        services.database,
        caller_of=access.fhir_caller,
        intercept=FhirInbox(services).intercept,
        max_body_bytes=services.max_body_bytes,
    )
