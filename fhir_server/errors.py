"""Errors of the FHIR engine; `outcomes` turns them into HTTP status and OperationOutcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from runtime.errors import Kind


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One finding: FHIR issue type, FHIRPath of the place, and the rule that was broken.

    `rule` is a short fixed phrase of ours; it never holds a value from the resource.
    """

    code: str
    expression: str | None = None
    rule: str = ""


class FhirServerError(Exception):
    """An interaction was not carried out; the subclass says why."""

    code: ClassVar[str] = "fhir_server.error"
    kind: ClassVar[Kind] = "bug"

    def __init__(self, *, issues: Sequence[Issue] = ()) -> None:
        """Keep the issues, each with a FHIRPath and a rule, none with a value."""
        self.issues = tuple(issues)
        super().__init__(f"{self.code} ({len(self.issues)} issues)")


class BodyUnreadable(FhirServerError):
    """The request body is not the strict JSON this server reads."""

    code = "fhir_server.body_unreadable"
    kind: ClassVar[Kind] = "invalid"


class RequestInvalid(FhirServerError):
    """The request breaks a rule of the REST interface (ids, headers, bundle shape)."""

    code = "fhir_server.request_invalid"
    kind: ClassVar[Kind] = "invalid"


class SearchInvalid(FhirServerError):
    """A search parameter, modifier, prefix or value is not supported here."""

    code = "fhir_server.search_invalid"
    kind: ClassVar[Kind] = "invalid"


class PageLinkInvalid(FhirServerError):
    """A page link is altered, too old, or was made for another caller; search again."""

    code = "fhir_server.page_link_invalid"
    kind: ClassVar[Kind] = "invalid"


class ResourceInvalid(FhirServerError):
    """The resource has elements, types or codes that FHIR R4 does not allow there."""

    code = "fhir_server.resource_invalid"
    kind: ClassVar[Kind] = "invalid"


class BusinessRuleBroken(FhirServerError):
    """A rule of this service refuses the change, although the resource is valid."""

    code = "fhir_server.business_rule"
    kind: ClassVar[Kind] = "refused"


class Unauthenticated(FhirServerError):
    """No valid access token came with the request."""

    code = "fhir_server.unauthenticated"
    kind: ClassVar[Kind] = "unauthenticated"


class Forbidden(FhirServerError):
    """The caller may not do this with this resource."""

    code = "fhir_server.forbidden"
    kind: ClassVar[Kind] = "forbidden"


class UnknownResource(FhirServerError):
    """There is no such resource, or the caller may not know of it."""

    code = "fhir_server.unknown_resource"
    kind: ClassVar[Kind] = "not_found"


class UnknownAddress(FhirServerError):
    """This server has no such address or resource type."""

    code = "fhir_server.unknown_address"
    kind: ClassVar[Kind] = "not_found"


class ResourceGone(FhirServerError):
    """The resource was deleted."""

    code = "fhir_server.resource_gone"
    kind: ClassVar[Kind] = "not_found"


class InteractionUnsupported(FhirServerError):
    """The interaction is not declared in this server's CapabilityStatement."""

    code = "fhir_server.interaction_unsupported"
    kind: ClassVar[Kind] = "invalid"


class FormatUnsupported(FhirServerError):
    """Only FHIR JSON is answered here."""

    code = "fhir_server.format_unsupported"
    kind: ClassVar[Kind] = "invalid"


class BodyTypeUnsupported(FhirServerError):
    """Only FHIR JSON bodies are read here."""

    code = "fhir_server.body_type_unsupported"
    kind: ClassVar[Kind] = "invalid"


class BodyTooLarge(FhirServerError):
    """The request body is larger than this server accepts."""

    code = "fhir_server.body_too_large"
    kind: ClassVar[Kind] = "invalid"


class VersionConflict(FhirServerError):
    """The resource changed since the version named in If-Match; load it again."""

    code = "fhir_server.version_conflict"
    kind: ClassVar[Kind] = "conflict"


class WriteConflict(FhirServerError):
    """Two writers met on the same resource and this one lost; load it again."""

    code = "fhir_server.write_conflict"
    kind: ClassVar[Kind] = "conflict"


class ConditionAmbiguous(FhirServerError):
    """A condition (If-None-Exist or a conditional reference) matches more than one resource."""

    code = "fhir_server.condition_ambiguous"
    kind: ClassVar[Kind] = "conflict"


class ConditionUnmatched(FhirServerError):
    """A conditional reference matches no resource."""

    code = "fhir_server.condition_unmatched"
    kind: ClassVar[Kind] = "conflict"


class TooManyMatches(FhirServerError):
    """A search inside the program found more rows than it may load at once."""

    code = "fhir_server.too_many_matches"
    kind: ClassVar[Kind] = "invalid"


class EntryFailed(FhirServerError):
    """An entry of a transaction failed, so that nothing of it was stored."""

    code = "fhir_server.entry_failed"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, entry: int, cause: Exception, issues: Sequence[Issue]) -> None:
        """Keep the entry's position, the coded error behind it and its placed issues."""
        self.entry = entry
        self.cause = cause
        super().__init__(issues=issues)


class EngineMisconfigured(FhirServerError):
    """The host registered something that the engine does not have."""

    code = "fhir_server.misconfigured"
    kind: ClassVar[Kind] = "misconfigured"

    def __init__(self, *, rule: str, name: str) -> None:
        """Keep the rule and the name (a type, parameter or interaction) that broke it."""
        super().__init__()
        self.args = (f"FHIR engine: {rule}: {name}",)
