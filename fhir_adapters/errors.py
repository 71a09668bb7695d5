"""Errors of the fhir_adapters room: reading a chart, and writing the answer into it.

Errors carry codes of the FHIR issue-type list, HTTP statuses, counts and FHIRPaths; never
ids of patients, texts of an EHR or addresses.
"""

from typing import ClassVar

from runtime.errors import Kind

# FHIR R4 IssueType; anything else an EHR writes there is reported as "unrecognized".
ISSUE_CODES = frozenset(
    {
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
    }
)
UNRECOGNIZED = "unrecognized"


def issue_code_of(text: object) -> str | None:
    """Return a FHIR issue type as it is, `unrecognized` for other text, else None."""
    if not isinstance(text, str) or not text:
        return None
    return text if text in ISSUE_CODES else UNRECOGNIZED


class AdapterError(Exception):
    """Something between Confer and the chart failed; the subclass says what."""

    code: ClassVar[str] = "adapter.failed"
    kind: ClassVar[Kind] = "bug"

    def __init__(self, *, http_status: int | None = None, issue_code: str | None = None) -> None:
        """Keep the EHR's HTTP status and its FHIR issue type."""
        self.http_status = http_status
        self.issue_code = issue_code_of(issue_code)
        answered = f", HTTP {http_status}" if http_status else ""
        said = f", issue {self.issue_code}" if self.issue_code else ""
        super().__init__(f"{self.code}{answered}{said}")


class ChartUnreachable(AdapterError):
    """The EHR's FHIR interface did not answer, or answered that it is down; try again."""

    code: ClassVar[str] = "adapter.chart_unreachable"
    kind: ClassVar[Kind] = "upstream_down"


class ChartForbidden(AdapterError):
    """The EHR does not let this sign-in read the patient's chart."""

    code: ClassVar[str] = "adapter.chart_forbidden"
    kind: ClassVar[Kind] = "forbidden"


class PatientUnreadable(AdapterError):
    """The EHR answered the request for the patient with something that is not a patient."""

    code: ClassVar[str] = "adapter.patient_unreadable"
    kind: ClassVar[Kind] = "upstream_refused"


class PatientMismatch(AdapterError):
    """The EHR returned another patient than the one that was asked for. Everything stopped."""

    code: ClassVar[str] = "adapter.patient_mismatch"
    kind: ClassVar[Kind] = "refused"


class PatientMerged(AdapterError):
    """The EHR says that this patient's record was joined to another one. Everything stopped."""

    code: ClassVar[str] = "adapter.patient_merged"
    kind: ClassVar[Kind] = "refused"


class StatementUnusable(AdapterError):
    """The EHR does not say what it can do (no readable CapabilityStatement)."""

    code: ClassVar[str] = "adapter.statement_unusable"
    kind: ClassVar[Kind] = "upstream_refused"


class ReleaseUnsupported(AdapterError):
    """The EHR speaks a FHIR release that is not read: neither DSTU2, STU3, R4 nor R5."""

    code: ClassVar[str] = "adapter.release_unsupported"
    kind: ClassVar[Kind] = "upstream_refused"


class ReleaseMismatch(AdapterError):
    """The site is registered with another FHIR release than its EHR states; correct the site."""

    code: ClassVar[str] = "adapter.release_mismatch"
    kind: ClassVar[Kind] = "refused"

    def __init__(self, *, registered: str, stated: str) -> None:
        """Keep the names of both releases."""
        self.registered = registered
        self.stated = stated
        super().__init__()
        self.args = (f"{self.code}: registered {registered}, stated {stated}",)


class VendorUnknown(AdapterError):
    """The site is registered with a vendor that has no adapter; correct the site."""

    code: ClassVar[str] = "adapter.vendor_unknown"
    kind: ClassVar[Kind] = "refused"


class VendorMismatch(AdapterError):
    """The site is registered as one vendor and its EHR names another; correct the site."""

    code: ClassVar[str] = "adapter.vendor_mismatch"
    kind: ClassVar[Kind] = "refused"

    def __init__(self, *, registered: str, stated: str) -> None:
        """Keep the keys of both vendors."""
        self.registered = registered
        self.stated = stated
        super().__init__()
        self.args = (f"{self.code}: registered {registered}, stated {stated}",)


class NoteInvalid(AdapterError):
    """The note built for the chart breaks FHIR R4; the FHIRPaths are given."""

    code: ClassVar[str] = "adapter.note_invalid"
    kind: ClassVar[Kind] = "bug"

    def __init__(self, *, expressions: tuple[str, ...]) -> None:
        """Keep the FHIRPaths at fault."""
        self.expressions = expressions
        super().__init__()
        self.args = (f"{self.code}: {', '.join(expressions)}",)


class WriteNotOffered(AdapterError):
    """This EHR does not take notes of this kind; the answer stays copyable in the app."""

    code: ClassVar[str] = "adapter.write_not_offered"
    kind: ClassVar[Kind] = "upstream_refused"


class WriteRefused(AdapterError):
    """The EHR refused the note; its FHIR issue type and HTTP status are given."""

    code: ClassVar[str] = "adapter.write_refused"
    kind: ClassVar[Kind] = "upstream_refused"


class WriteParked(AdapterError):
    """Whether an earlier try reached the chart cannot be known here; a person must look."""

    code: ClassVar[str] = "adapter.write_parked"
    kind: ClassVar[Kind] = "conflict"


class NoteNotFound(AdapterError):
    """The note that was written cannot be read back."""

    code: ClassVar[str] = "adapter.note_not_found"
    kind: ClassVar[Kind] = "upstream_refused"


class NoteDuplicated(AdapterError):
    """The chart holds more than one note with this opinion's identifier; a person must look."""

    code: ClassVar[str] = "adapter.note_duplicated"
    kind: ClassVar[Kind] = "conflict"


class NoteWrongPatient(AdapterError):
    """The note with this opinion's identifier belongs to another patient. Stop and alarm."""

    code: ClassVar[str] = "adapter.note_wrong_patient"
    kind: ClassVar[Kind] = "refused"


class NoteChanged(AdapterError):
    """The note in the chart does not hold the text that was written, or was withdrawn there."""

    code: ClassVar[str] = "adapter.note_changed"
    kind: ClassVar[Kind] = "conflict"
