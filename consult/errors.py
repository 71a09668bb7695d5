"""Errors of the consult room: what the network refuses, and why."""

from collections.abc import Sequence
from typing import ClassVar

from exchange.issues import Issue
from runtime.errors import Kind


class ConsultError(Exception):
    """The consult server refuses something; the subclass says what."""

    code: ClassVar[str] = "consult.error"
    kind: ClassVar[Kind] = "bug"


class ContractBroken(ConsultError):
    """The message does not keep the wire contract; each issue names the place and the rule."""

    code = "consult.contract_broken"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, issues: Sequence[Issue]) -> None:
        """Keep the issues; none holds a value."""
        self.issues = tuple(issues)
        super().__init__(f"contract broken: {len(self.issues)} issues")


class ReceiptRefused(ConsultError):
    """The de-identification receipt is missing, forged, or does not fit what it came with."""

    code = "consult.receipt_refused"
    kind: ClassVar[Kind] = "refused"

    def __init__(self, *, issues: Sequence[Issue]) -> None:
        """Keep the failing points."""
        self.issues = tuple(issues)
        super().__init__("receipt refused: " + ", ".join(issue.rule for issue in self.issues))


class DigestWrong(ConsultError):
    """The body is not the one that Content-Digest describes, or the header is missing."""

    code = "consult.digest_wrong"
    kind: ClassVar[Kind] = "invalid"


class SubmissionUnknown(ConsultError):
    """A transaction must carry a submission key of a kind that this server takes."""

    code = "consult.submission_unknown"
    kind: ClassVar[Kind] = "invalid"


class WireVersionUnknown(ConsultError):
    """The gateway speaks a version of the wire that this server does not; upgrade one side."""

    code = "consult.wire_version_unknown"
    kind: ClassVar[Kind] = "invalid"


class SubmissionDiffers(ConsultError):
    """This submission key was used before, for other content."""

    code = "consult.submission_differs"
    kind: ClassVar[Kind] = "conflict"


class ContentPurged(ConsultError):
    """The submission was accepted before and its content has been erased since."""

    code = "consult.content_purged"
    kind: ClassVar[Kind] = "conflict"


class AccessDenied(ConsultError):
    """This hospital's client may not do that, or not with this resource."""

    code = "consult.access_denied"
    kind: ClassVar[Kind] = "forbidden"


class TokenMissing(ConsultError):
    """No valid access token came with the request."""

    code = "consult.token_missing"
    kind: ClassVar[Kind] = "unauthenticated"


class ChangeNotAllowed(ConsultError):
    """A hospital may move its own case along the contract's table, and change nothing else."""

    code = "consult.change_not_allowed"
    kind: ClassVar[Kind] = "conflict"


class VersionStale(ConsultError):
    """The case changed since it was read; load it again."""

    code = "consult.version_stale"
    kind: ClassVar[Kind] = "conflict"


class CaseUnknown(ConsultError):
    """There is no such case, or it is not one that you may know of."""

    code = "consult.case_unknown"
    kind: ClassVar[Kind] = "not_found"


class CaseTaken(ConsultError):
    """Another specialist took this case a moment ago; nothing is expected of you."""

    code = "consult.case_taken"
    kind: ClassVar[Kind] = "conflict"


class CaseMovedOn(ConsultError):
    """The case is no longer in a state in which this can be done."""

    code = "consult.case_moved_on"
    kind: ClassVar[Kind] = "conflict"

    def __init__(self, *, status: str = "", business: str = "") -> None:
        """Keep the state's two codes."""
        self.status = status
        self.business = business
        super().__init__(f"case moved on: {status}/{business}")


class AlreadyAnswered(ConsultError):
    """This case has its answer already; a second one would be a correction."""

    code = "consult.already_answered"
    kind: ClassVar[Kind] = "conflict"


class NotYourCase(ConsultError):
    """Another specialist holds this case."""

    code = "consult.not_your_case"
    kind: ClassVar[Kind] = "forbidden"


class CredentialLapsed(ConsultError):
    """A credential that this act needs is missing, expired or overdue for checking."""

    code = "consult.credential_lapsed"
    kind: ClassVar[Kind] = "forbidden"

    def __init__(self, *, kinds: Sequence[str]) -> None:
        """Keep the kinds of the credentials."""
        self.kinds = tuple(kinds)
        super().__init__("credentials not valid now: " + ", ".join(self.kinds))


class OpinionIncomplete(ConsultError):
    """The opinion lacks something before it can be signed; each issue names the field."""

    code = "consult.opinion_incomplete"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, issues: Sequence[Issue]) -> None:
        """Keep the issues; expressions are field names."""
        self.issues = tuple(issues)
        super().__init__(
            "opinion incomplete: " + ", ".join(issue.expression for issue in self.issues)
        )


class StatementNotAccepted(ConsultError):
    """The present responsibility statement has to be accepted before signing."""

    code = "consult.statement_not_accepted"
    kind: ClassVar[Kind] = "invalid"


class StepUpNeeded(ConsultError):
    """Signing needs a fresh code from the authenticator."""

    code = "consult.step_up_needed"
    kind: ClassVar[Kind] = "invalid"


class InputInvalid(ConsultError):
    """A field is empty, too long, or not one of the choices."""

    code = "consult.input_invalid"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, field: str) -> None:
        """Keep the field's name."""
        self.field = field
        super().__init__(f"input invalid: {field}")


class SignInRefused(ConsultError):
    """Name, password and code do not fit together."""

    code = "consult.sign_in_refused"
    kind: ClassVar[Kind] = "unauthenticated"


class AttestationRefused(ConsultError):
    """The attestation is not a valid statement of this hospital about a member."""

    code = "consult.attestation_refused"
    kind: ClassVar[Kind] = "refused"

    def __init__(self, *, point: str) -> None:
        """Keep the failing point."""
        self.point = point
        super().__init__(f"attestation refused: {point}")


class KeyRotationRefused(ConsultError):
    """The new key set is not one that can be registered."""

    code = "consult.key_rotation_refused"
    kind: ClassVar[Kind] = "refused"

    def __init__(self, *, point: str) -> None:
        """Keep the failing point."""
        self.point = point
        super().__init__(f"key rotation refused: {point}")


class SandboxOnly(ConsultError):
    """Demo specialists and codes exist in sandbox mode only."""

    code = "consult.sandbox_only"
    kind: ClassVar[Kind] = "misconfigured"
