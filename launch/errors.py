"""Errors of the launch room: one per step that can fail, each with what to do next.

Every error carries the step, the EHR's own error code when it is a registered one, and a
reference number that the page shows and the log repeats. Values that came from a browser
or an EHR (states, codes, tokens, descriptions, URLs) never enter an error.
"""

from enum import StrEnum
from typing import ClassVar, Literal

from runtime import tokens
from runtime.errors import Kind


class Step(StrEnum):
    """The step of the launch that failed, in the order in which they happen."""

    START = "start"
    DISCOVERY = "discovery"
    AUTHORIZE = "authorize"
    CALLBACK = "callback"
    TOKEN = "token"  # noqa: S105 - the name of a step
    IDENTITY = "identity"
    CONTEXT = "context"
    REFRESH = "refresh"
    BACKEND = "backend"
    FHIR = "fhir"
    REVOKE = "revoke"


UNRECOGNIZED = "unrecognized"

# Codes an authorization server may put into `error`. Anything else could be free text, so
# it is reported as "unrecognized". The last four were seen at Oracle Health (2024).
EHR_CODES = frozenset(
    {
        "invalid_request",
        "unauthorized_client",
        "access_denied",
        "unsupported_response_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
        "invalid_client",
        "invalid_grant",
        "unsupported_grant_type",
        "invalid_token",
        "insufficient_scope",
        "interaction_required",
        "login_required",
        "consent_required",
        "account_selection_required",
        "invalid_target",
        "invalid_launch",
        "unsupported_token_type",
        "unknown-tenant",
        "client-persona-mismatch",
        "unknown-client",
        "tenant-not-authorized",
    }
)


def ehr_code_of(text: object) -> str | None:
    """Return a registered error code as it is, `unrecognized` for other text, else None."""
    if not isinstance(text, str) or not text:
        return None
    last = text.rsplit(":", 1)[-1]
    return last if last in EHR_CODES else UNRECOGNIZED


class LaunchError(Exception):
    """A launch could not go on; the subclass says at which point and why."""

    code: ClassVar[str] = "launch.failed"
    kind: ClassVar[Kind] = "bug"
    likely_cause: ClassVar[str] = "A fault in Confer."
    next_action: ClassVar[str] = "Give the reference number to the Confer administrator."
    # One word of a closed list where a class distinguishes reasons.
    reason: str = ""

    def __init__(
        self,
        *,
        step: Step,
        site_id: str | None = None,
        ehr_code: str | None = None,
        http_status: int | None = None,
    ) -> None:
        """Keep the step, the site, the EHR's registered error code and its HTTP status."""
        self.step = step
        self.site_id = site_id
        self.ehr_code = ehr_code_of(ehr_code)
        self.http_status = http_status
        self.reference = tokens.new_case_id()[:10]
        said = f", EHR said {self.ehr_code}" if self.ehr_code else ""
        answered = f", HTTP {http_status}" if http_status else ""
        super().__init__(f"{self.code} at {step}{said}{answered}, reference {self.reference}")


class IssuerMalformed(LaunchError):
    """The launch names no usable FHIR base (`iss`): missing, not https, or not a plain URL."""

    code: ClassVar[str] = "launch.issuer_malformed"
    kind: ClassVar[Kind] = "invalid"
    likely_cause: ClassVar[str] = "The launch link in the EHR is not complete."
    next_action: ClassVar[str] = "Start Confer again from the patient's chart."


class IssuerUnknown(LaunchError):
    """The launch comes from an EHR that is not registered here. Nothing was sent to it."""

    code: ClassVar[str] = "launch.issuer_unknown"
    kind: ClassVar[Kind] = "forbidden"
    likely_cause: ClassVar[str] = "This EHR address is not registered with Confer."
    next_action: ClassVar[str] = "Ask the Confer administrator to register this EHR."


class SiteClosed(LaunchError):
    """The operator switched this site off, or it is outside its hours. Nothing is read, sent or
    written meanwhile; what was approved waits and goes on by itself when the site opens.
    """

    code: ClassVar[str] = "launch.site_closed"
    kind: ClassVar[Kind] = "upstream_down"
    likely_cause: ClassVar[str] = (
        "Confer is switched off for this EHR at the moment, or it is not open now."
    )
    next_action: ClassVar[str] = (
        "Nothing is lost; what you sent waits. If it is urgent, call the specialist."
    )

    def __init__(
        self,
        *,
        step: Step,
        site_id: str,
        reason: Literal["disabled", "out_of_hours", "removed"],
        retry_after: float | None = None,
    ) -> None:
        """Keep why, and in how many seconds it opens by its hours."""
        super().__init__(step=step, site_id=site_id)
        self.reason = reason
        self.retry_after = retry_after


class LaunchParameterRefused(LaunchError):
    """A launch or callback parameter is repeated, too long, or missing."""

    code: ClassVar[str] = "launch.parameter_refused"
    kind: ClassVar[Kind] = "invalid"
    likely_cause: ClassVar[str] = "The link was changed or cut on its way."
    next_action: ClassVar[str] = "Start Confer again from the patient's chart."


class DiscoveryUnreachable(LaunchError):
    """The EHR did not answer when asked where to sign in."""

    code: ClassVar[str] = "launch.discovery_unreachable"
    kind: ClassVar[Kind] = "upstream_down"
    likely_cause: ClassVar[str] = "The EHR's interface is down or slow."
    next_action: ClassVar[str] = "Try again in a minute; nothing was lost."


class DiscoveryInvalid(LaunchError):
    """The EHR announces no usable sign-in addresses, in neither of the two places."""

    code: ClassVar[str] = "launch.discovery_invalid"
    kind: ClassVar[Kind] = "upstream_refused"
    likely_cause: ClassVar[str] = "SMART is not switched on at this EHR address."
    next_action: ClassVar[str] = "Ask the EHR team to switch SMART on for this address."


class EndpointRefused(LaunchError):
    """The EHR announces a sign-in address on a host that is not registered for the site."""

    code: ClassVar[str] = "launch.endpoint_refused"
    kind: ClassVar[Kind] = "misconfigured"
    likely_cause: ClassVar[str] = "The EHR moved its sign-in service, or someone interferes."
    next_action: ClassVar[str] = "Ask the administrator to check the site's allowed origins."


class StateRefused(LaunchError):
    """The sign-in came back with an unknown, used, expired or foreign one-time value."""

    code: ClassVar[str] = "launch.state_refused"
    kind: ClassVar[Kind] = "unauthenticated"
    likely_cause: ClassVar[str] = "The page was reloaded, waited too long, or lost its cookie."
    next_action: ClassVar[str] = "Start Confer again from the patient's chart."


class IssuerMixedUp(LaunchError):
    """The sign-in came back in the name of another authorization server (RFC 9207)."""

    code: ClassVar[str] = "launch.issuer_mixed_up"
    kind: ClassVar[Kind] = "unauthenticated"
    likely_cause: ClassVar[str] = "Two sign-ins were mixed, or someone interferes."
    next_action: ClassVar[str] = "Start again from the chart; report it if it happens twice."


class AuthorizationRefused(LaunchError):
    """The EHR did not let this user or this app in; its error code is given."""

    code: ClassVar[str] = "launch.authorization_refused"
    kind: ClassVar[Kind] = "forbidden"
    likely_cause: ClassVar[str] = "Consent was not given, or the app may not be used here."
    next_action: ClassVar[str] = "Try again; if it stays, ask the EHR team with the code."


class TokenUnreachable(LaunchError):
    """The EHR's token service did not answer or broke down."""

    code: ClassVar[str] = "launch.token_unreachable"
    kind: ClassVar[Kind] = "upstream_down"
    likely_cause: ClassVar[str] = "The EHR's sign-in service is down or slow."
    next_action: ClassVar[str] = "Start Confer again in a minute."


class TokenRefused(LaunchError):
    """The EHR's token service refused the request; its error code is given."""

    code: ClassVar[str] = "launch.token_refused"
    kind: ClassVar[Kind] = "upstream_refused"
    likely_cause: ClassVar[str] = "The registration (client id, key, redirect) does not match."
    next_action: ClassVar[str] = "Ask the Confer administrator to compare the registration."


class TokenAnswerInvalid(LaunchError):
    """The EHR's token service answered with something that is not a token answer."""

    code: ClassVar[str] = "launch.token_answer_invalid"
    kind: ClassVar[Kind] = "upstream_refused"
    likely_cause: ClassVar[str] = "A proxy or a fault at the EHR."
    next_action: ClassVar[str] = "Try again; if it stays, ask the EHR team."


class ClientKeyMissing(LaunchError):
    """The site needs a signing key or secret that the gateway does not have."""

    code: ClassVar[str] = "launch.client_key_missing"
    kind: ClassVar[Kind] = "misconfigured"
    likely_cause: ClassVar[str] = "No key of an algorithm that this EHR accepts is stored."
    next_action: ClassVar[str] = "Ask the administrator to run confer keys."


IdentityReason = Literal[
    "missing", "malformed", "signature", "claims", "issuer", "nonce", "keys", "configuration"
]


class IdentityRefused(LaunchError):
    """The signed statement of who signed in (id_token) does not hold; the reason is given."""

    code: ClassVar[str] = "launch.identity_refused"
    kind: ClassVar[Kind] = "unauthenticated"
    likely_cause: ClassVar[str] = "Wrong clock, changed keys or issuer, or someone interferes."
    next_action: ClassVar[str] = "Start again from the chart; report it if it happens twice."

    def __init__(self, *, reason: IdentityReason, site_id: str | None = None) -> None:
        """Keep the reason as one word of the closed list."""
        self.reason = reason
        super().__init__(step=Step.IDENTITY, site_id=site_id)
        self.args = (f"{self.args[0]}, {reason}",)


class IdentityUnreachable(LaunchError):
    """The EHR's signing keys could not be fetched, so nobody's identity can be checked."""

    code: ClassVar[str] = "launch.identity_unreachable"
    kind: ClassVar[Kind] = "upstream_down"
    likely_cause: ClassVar[str] = "The EHR's sign-in service is down or slow."
    next_action: ClassVar[str] = "Start Confer again in a minute."


class UserUnknown(LaunchError):
    """The EHR signed somebody in but does not say who (`fhirUser`)."""

    code: ClassVar[str] = "launch.user_unknown"
    kind: ClassVar[Kind] = "forbidden"
    likely_cause: ClassVar[str] = "The scopes openid and fhirUser were not granted."
    next_action: ClassVar[str] = "Ask the EHR team to grant openid and fhirUser to Confer."


class UserNotClinician(LaunchError):
    """The person who signed in is a patient or a relative; Confer is for clinicians."""

    code: ClassVar[str] = "launch.user_not_clinician"
    kind: ClassVar[Kind] = "forbidden"
    likely_cause: ClassVar[str] = "Confer was opened from a patient portal."
    next_action: ClassVar[str] = "Open Confer from the EHR as a clinician."


class PatientMissing(LaunchError):
    """The EHR let the user in but named no patient."""

    code: ClassVar[str] = "launch.patient_missing"
    kind: ClassVar[Kind] = "refused"
    likely_cause: ClassVar[str] = "No chart was open in the EHR, or it did not say which one."
    next_action: ClassVar[str] = "Open the patient's chart and start Confer from there."


class PatientChanged(LaunchError):
    """A renewed sign-in names another patient than the one it was opened for; it was ended."""

    code: ClassVar[str] = "launch.patient_changed"
    kind: ClassVar[Kind] = "refused"
    likely_cause: ClassVar[str] = "Another chart was opened in the same EHR session."
    next_action: ClassVar[str] = "Start Confer again from the right chart."


class TenantMixedUp(LaunchError):
    """The EHR opened the chart in the name of another hospital than the registered one."""

    code: ClassVar[str] = "launch.tenant_mixed_up"
    kind: ClassVar[Kind] = "unauthenticated"
    likely_cause: ClassVar[str] = "Several hospitals share this EHR, and it named another one."
    next_action: ClassVar[str] = "Ask the administrator to compare the site's tenant."


class SignInOver(LaunchError):
    """The EHR sign-in has ended and cannot be renewed."""

    code: ClassVar[str] = "launch.sign_in_over"
    kind: ClassVar[Kind] = "unauthenticated"
    likely_cause: ClassVar[str] = "Too much time has passed, or the EHR ended the session."
    next_action: ClassVar[str] = "Start Confer again from the patient's chart; drafts are kept."


class RefreshBusy(LaunchError):
    """Another request has been renewing this sign-in for too long."""

    code: ClassVar[str] = "launch.refresh_busy"
    kind: ClassVar[Kind] = "upstream_down"
    likely_cause: ClassVar[str] = "The EHR's sign-in service is slow."
    next_action: ClassVar[str] = "Try again in a minute."


class ForeignAddress(LaunchError):
    """A chart address points outside the EHR; the sign-in was not sent there."""

    code: ClassVar[str] = "launch.foreign_address"
    kind: ClassVar[Kind] = "refused"
    likely_cause: ClassVar[str] = "The EHR links to another server, or someone interferes."
    next_action: ClassVar[str] = "Go on without this part of the chart."


class BackendRefused(LaunchError):
    """The EHR granted the gateway's own account less than it needs, or a user's right."""

    code: ClassVar[str] = "launch.backend_refused"
    kind: ClassVar[Kind] = "misconfigured"
    likely_cause: ClassVar[str] = "The Backend Services client is not registered as needed."
    next_action: ClassVar[str] = "Ask the administrator to check the site's system scopes."
