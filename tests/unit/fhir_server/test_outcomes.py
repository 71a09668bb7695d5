"""Every error becomes a status and an OperationOutcome that FHIR knows, without any value."""

import inspect
import typing

import pytest

from fhir_server import errors, outcomes
from fhir_server.errors import EntryFailed, FhirServerError, Issue, ResourceInvalid, VersionConflict
from runtime.errors import HTTP_STATUS, JsonTextError, Kind, Throttled

# FHIR R4, value set issue-type.
ISSUE_TYPES = frozenset(
    [
        "invalid",
        "structure",
        "required",
        "value",
        "invariant",
        "security",
        "login",
        "unknown",
        "expired",
        "forbidden",
        "suppressed",
        "processing",
        "not-supported",
        "duplicate",
        "multiple-matches",
        "not-found",
        "deleted",
        "too-long",
        "code-invalid",
        "extension",
        "too-costly",
        "business-rule",
        "conflict",
        "transient",
        "lock-error",
        "no-store",
        "exception",
        "timeout",
        "incomplete",
        "throttled",
        "informational",
    ]
)
CLASSES = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, FhirServerError)
    and cls not in (FhirServerError, EntryFailed, errors.EngineMisconfigured)
]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_each_error_has_a_status_and_a_known_issue_type(cls: type[FhirServerError]) -> None:
    error = cls()
    answer = outcomes.answer_of(error)
    assert 400 <= answer.status < 500
    assert answer.resource is not None
    (issue,) = answer.resource["issue"]
    assert issue["code"] in ISSUE_TYPES
    assert issue["details"]["coding"][0]["code"] == cls.code
    assert issue["details"]["text"]
    assert answer.headers["content-type"] == "application/fhir+json"


def test_every_kind_has_a_status() -> None:
    assert set(HTTP_STATUS) == set(typing.get_args(Kind))


def test_issues_carry_path_and_rule() -> None:
    error = ResourceInvalid(issues=[Issue(code="value", expression="Task.status", rule="why")])
    (issue,) = outcomes.outcome_of(error)["issue"]
    assert (issue["code"], issue["expression"], issue["diagnostics"]) == (
        "value",
        ["Task.status"],
        "why",
    )


def test_a_failed_entry_answers_as_its_cause_does() -> None:
    cause = VersionConflict()
    error = EntryFailed(
        entry=2, cause=cause, issues=[Issue(code="conflict", expression="Bundle.entry[2]")]
    )
    answer = outcomes.answer_of(error)
    assert answer.status == 412
    assert answer.resource is not None
    assert answer.resource["issue"][0]["expression"] == ["Bundle.entry[2]"]
    assert answer.resource["issue"][0]["details"]["coding"][0]["code"] == VersionConflict.code


def test_an_uncoded_exception_says_nothing() -> None:
    answer = outcomes.answer_of(ValueError("Zoe Quillfeather"))
    assert answer.status == 500
    assert b"Quillfeather" not in answer.body
    assert answer.resource == {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "exception"}],
    }


def test_errors_of_the_codec_and_of_limits_are_understood() -> None:
    broken = outcomes.answer_of(JsonTextError(rule="duplicate_key", line=3, column=7))
    assert broken.status == 400
    assert b"duplicate_key at line 3 column 7" in broken.body
    slow = outcomes.answer_of(Throttled(bucket="fhir", retry_after=9))
    assert (slow.status, slow.headers["retry-after"]) == (429, "9")


def test_without_a_token_the_answer_names_the_scheme() -> None:
    assert outcomes.answer_of(errors.Unauthenticated()).headers["www-authenticate"] == "Bearer"
