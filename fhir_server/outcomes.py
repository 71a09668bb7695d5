"""Errors to HTTP status and OperationOutcome: the one place where they meet."""

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fhir_server.errors import EntryFailed, FhirServerError, Issue
from fhir_server.messages import FHIR_JSON, FhirAnswer
from runtime import json_text
from runtime.errors import HTTP_STATUS, ISSUE_TYPE, JsonTextError, code_of, kind_of

CODE_SYSTEM = "urn:confer:error-code"
# Where FHIR's REST chapter wants another answer than the error's kind gives.
_STATUS: Mapping[str, int] = MappingProxyType(
    {
        "fhir_server.body_unreadable": 400,
        "runtime.json_refused": 400,
        "fhir_server.request_invalid": 400,
        "fhir_server.search_invalid": 400,
        "fhir_server.page_link_invalid": 400,
        "fhir_server.interaction_unsupported": 405,
        "fhir_server.format_unsupported": 406,
        "fhir_server.body_type_unsupported": 415,
        "fhir_server.body_too_large": 413,
        "fhir_server.resource_gone": 410,
        "fhir_server.version_conflict": 412,
        "fhir_server.condition_ambiguous": 412,
        "fhir_server.condition_unmatched": 412,
    }
)
_ISSUE: Mapping[str, str] = MappingProxyType(
    {
        "fhir_server.body_unreadable": "structure",
        "runtime.json_refused": "structure",
        "fhir_server.request_invalid": "value",
        "fhir_server.search_invalid": "not-supported",
        "fhir_server.page_link_invalid": "expired",
        "fhir_server.resource_invalid": "structure",
        "fhir_server.interaction_unsupported": "not-supported",
        "fhir_server.unknown_address": "not-found",
        "fhir_server.format_unsupported": "not-supported",
        "fhir_server.body_type_unsupported": "not-supported",
        "fhir_server.body_too_large": "too-long",
        "fhir_server.resource_gone": "deleted",
        "fhir_server.condition_ambiguous": "multiple-matches",
        "fhir_server.condition_unmatched": "not-found",
        "fhir_server.too_many_matches": "too-costly",
    }
)


def status_of(error: BaseException) -> int:
    """Return the HTTP status of any exception; what is not coded is 500."""
    if isinstance(error, EntryFailed):
        return status_of(error.cause)
    return _STATUS.get(code_of(error), HTTP_STATUS[kind_of(error)])


def outcome_of(error: BaseException) -> dict[str, Any]:
    """Return the OperationOutcome of any exception; an uncoded one gets no text at all."""
    if kind_of(error) == "bug":
        return {
            "resourceType": "OperationOutcome",
            "issue": [{"severity": "error", "code": "exception"}],
        }
    shown: BaseException = error.cause if isinstance(error, EntryFailed) else error
    issues = issues_of(error)
    return {
        "resourceType": "OperationOutcome",
        "issue": [_rendered(issue, shown) for issue in issues],
    }


def issues_of(error: BaseException) -> tuple[Issue, ...]:
    """Return an error's issues, or one made from its code."""
    if isinstance(error, FhirServerError) and error.issues:
        return error.issues
    code = _ISSUE.get(code_of(error), ISSUE_TYPE[kind_of(error)])
    if isinstance(error, JsonTextError):
        return (Issue(code=code, rule=f"{error.rule} at line {error.line} column {error.column}"),)
    given = getattr(error, "expression", None)
    return (Issue(code=code, expression=given if isinstance(given, str) else None),)


def answer_of(error: BaseException) -> FhirAnswer:
    """Return the whole HTTP answer to an exception."""
    status = status_of(error)
    headers = {"content-type": FHIR_JSON, "cache-control": "no-store"}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    retry_after = getattr(error, "retry_after", None)
    if isinstance(retry_after, int):
        headers["retry-after"] = str(retry_after)
    resource = outcome_of(error)
    return FhirAnswer(
        status=status, headers=headers, resource=resource, body=json_text.dumps(resource)
    )


def success(text: str) -> dict[str, Any]:
    """Return an OperationOutcome that says that all is well."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "information", "code": "informational", "details": {"text": text}}],
    }


def _rendered(issue: Issue, error: BaseException) -> dict[str, Any]:
    rendered: dict[str, Any] = {
        "severity": "error",
        "code": issue.code,
        "details": {
            "coding": [{"system": CODE_SYSTEM, "code": code_of(error)}],
            "text": inspect.cleandoc(type(error).__doc__ or code_of(error)).split("\n\n")[0],
        },
    }
    if issue.rule:
        rendered["diagnostics"] = issue.rule
    if issue.expression is not None:
        rendered["expression"] = [issue.expression]
    return rendered
