"""What a server's answer means: a resource, or why there is none (no network here).

Servers say the same thing by a status, by an OperationOutcome with that status, or by an
OperationOutcome in a 200. All three are judged alike, by the vendor's codes where it has some.

Spec: FHIR R4 OperationOutcome, IssueType; spec/reliability.md V32
"""

from collections.abc import Mapping
from typing import Any

from fhir_adapters.chart import Reason
from fhir_adapters.ports import FhirReply
from fhir_adapters.traits import AnswerTraits
from runtime import json_text
from runtime.errors import JsonTextError

# An issue of one of these types says that the server kept something back (Epic 4119, 2026).
PARTIAL_ISSUES = frozenset({"incomplete", "suppressed", "too-costly", "forbidden", "throttled"})
NOT_CONVERTED_ISSUE = "not-supported"
CONVERSION_SYSTEM = "https://confer.example/fhir/CodeSystem/conversion"
_BAD = frozenset({"error", "fatal"})
_FORBIDDEN_ISSUES = frozenset({"security", "login", "forbidden", "suppressed"})
_PASSING_ISSUES = frozenset({"transient", "throttled", "timeout", "lock-error", "no-store"})
_GONE_STATUSES = frozenset({404, 410})


def json_resource(reply: FhirReply, max_bytes: int) -> dict[str, Any] | None:
    """Return the body as a FHIR resource, None when it is not one."""
    try:
        value = json_text.loads(reply.body, max_bytes=max_bytes)
    except JsonTextError:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        return None
    return value


def refusal(reply: FhirReply, answers: AnswerTraits) -> Reason | None:
    """Return why an answer brings nothing, None for one with status 200.

    The vendor's own codes are read first: an EHR may answer 404 to say "not for you".
    """
    if reply.status == 200:
        return None
    codes = _codes_of(reply)
    if reply.status in (401, 403) or codes & answers.refused_codes:
        return Reason.FORBIDDEN
    if reply.status == 429:
        return Reason.THROTTLED
    return Reason.UNREACHABLE if reply.status >= 500 else Reason.REJECTED


def outcome_reason(outcome: Mapping[str, Any], answers: AnswerTraits) -> Reason | None:
    """Return what an OperationOutcome that came instead of an answer means."""
    codes = detail_codes(outcome)
    if codes & answers.refused_codes:
        return Reason.FORBIDDEN
    for issue in issues_of(outcome):
        if issue.get("severity") not in _BAD:
            continue
        code = issue.get("code")
        if code in _FORBIDDEN_ISSUES:
            return Reason.FORBIDDEN
        return Reason.UNREACHABLE if code in _PASSING_ISSUES else Reason.REJECTED
    return Reason.NOT_FHIR


def is_expired(reply: FhirReply, answers: AnswerTraits) -> bool:
    """Tell whether a following page is gone, so that its search has to begin anew."""
    if reply.status == 200 and not _may_be_outcome(reply):
        return False
    codes = _codes_of(reply)
    if codes & answers.expired_codes or "expired" in codes:
        return True
    return reply.status in _GONE_STATUSES | answers.expired_statuses


def is_merged(reply: FhirReply, answers: AnswerTraits) -> bool:
    """Tell whether the server says that the patient's record was joined to another one."""
    return bool(answers.merged_codes) and bool(_codes_of(reply) & answers.merged_codes)


def is_cut(resource: Mapping[str, Any]) -> bool:
    """Tell whether a single resource lost something when it was converted to R4."""
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    return any(
        isinstance(tag, dict) and tag.get("system") == CONVERSION_SYSTEM
        for tag in (tags if isinstance(tags, list) else [])
    )


def issues_of(outcome: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the issues of an OperationOutcome; parts of the wrong shape are left out."""
    listed = outcome.get("issue")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def detail_codes(outcome: Mapping[str, Any]) -> frozenset[str]:
    """Return the codes of `issue.details.coding` together with the issue types."""
    found: set[str] = set()
    for issue in issues_of(outcome):
        found.update(code for code in (issue.get("code"),) if isinstance(code, str))
        details = issue.get("details")
        codings = details.get("coding") if isinstance(details, dict) else None
        for coding in codings if isinstance(codings, list) else []:
            if isinstance(coding, dict) and isinstance(coding.get("code"), str):
                found.add(coding["code"])
    return frozenset(found)


def _codes_of(reply: FhirReply) -> frozenset[str]:
    outcome = json_resource(reply, 1_000_000)
    if outcome is None or outcome["resourceType"] != "OperationOutcome":
        return frozenset()
    return detail_codes(outcome)


def _may_be_outcome(reply: FhirReply) -> bool:
    # A page of results can be large; an OperationOutcome names itself near its beginning.
    return b"OperationOutcome" in reply.body[:2_000] and b'"Bundle"' not in reply.body[:2_000]
