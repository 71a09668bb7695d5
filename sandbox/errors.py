"""What can go wrong in the simulated EHR: one family, fit for logs, never a value of a chart."""

from typing import ClassVar

from runtime.errors import Kind


class SandboxError(Exception):
    """The simulated EHR cannot do what was asked."""

    code: ClassVar[str] = "sandbox.error"
    kind: ClassVar[Kind] = "bug"


class OAuthRefused(SandboxError):
    """An authorization, token, introspection or revocation request breaks a rule of OAuth 2.0,
    SMART App Launch 2.2 or this server's registration; `error` is the word the client receives."""

    code: ClassVar[str] = "sandbox.oauth_refused"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, error: str, rule: str) -> None:
        super().__init__(f"{error}: {rule}")
        self.error = error
        self.rule = rule


class ClientUnknown(OAuthRefused):
    """No registered client could be authenticated by this request."""

    code: ClassVar[str] = "sandbox.client_unknown"
    kind: ClassVar[Kind] = "unauthenticated"

    def __init__(self, *, rule: str) -> None:
        super().__init__(error="invalid_client", rule=rule)


class RedirectRefused(SandboxError):
    """The client or its redirect address is not registered, so nothing may be sent there:
    the answer is a page of this EHR."""

    code: ClassVar[str] = "sandbox.redirect_refused"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class TokenMissing(SandboxError):
    """The FHIR request carries no bearer token in its Authorization header."""

    code: ClassVar[str] = "sandbox.token_missing"
    kind: ClassVar[Kind] = "unauthenticated"


class TokenRefused(SandboxError):
    """The bearer token is unknown, expired or revoked."""

    code: ClassVar[str] = "sandbox.token_refused"
    kind: ClassVar[Kind] = "unauthenticated"


class ScopeMissing(SandboxError):
    """The token's scopes do not allow this interaction on this resource type."""

    code: ClassVar[str] = "sandbox.scope_missing"
    kind: ClassVar[Kind] = "forbidden"

    def __init__(self, *, interaction: str, resource_type: str) -> None:
        super().__init__(f"{interaction} on {resource_type}")
        self.interaction = interaction
        self.resource_type = resource_type


class OtherPatient(SandboxError):
    """The resource belongs to, or points at, a patient other than the one of this launch."""

    code: ClassVar[str] = "sandbox.other_patient"
    kind: ClassVar[Kind] = "forbidden"

    def __init__(self, *, resource_type: str) -> None:
        super().__init__(resource_type)
        self.resource_type = resource_type


class SignInNeeded(SandboxError):
    """Nobody is signed in to the EHR in this browser."""

    code: ClassVar[str] = "sandbox.sign_in_needed"
    kind: ClassVar[Kind] = "unauthenticated"


class PageNotFound(SandboxError):
    """There is no such patient, document or launch here."""

    code: ClassVar[str] = "sandbox.page_not_found"
    kind: ClassVar[Kind] = "not_found"


class FaultDoorClosed(SandboxError):
    """The fault switches are off: this is not sandbox mode, or the secret is missing or wrong."""

    code: ClassVar[str] = "sandbox.fault_door_closed"
    kind: ClassVar[Kind] = "forbidden"


class FaultUnknown(SandboxError):
    """A fault switch names an effect, a place or a number that does not exist."""

    code: ClassVar[str] = "sandbox.fault_unknown"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, field: str) -> None:
        super().__init__(field)
        self.field = field


class SwitchUnknown(SandboxError):
    """A switch of the test bench, or a vendor's dialect, does not exist or takes other values."""

    code: ClassVar[str] = "sandbox.switch_unknown"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, field: str) -> None:
        super().__init__(field)
        self.field = field


class SimulatedRefusal(SandboxError):
    """The EHR refuses by a rule of the vendor it pretends to be, or of a switch."""

    code: ClassVar[str] = "sandbox.simulated_refusal"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class DraftRefused(SandboxError):
    """What an app wants to put into a chart's scratchpad is no document of this chart, or its
    launch is over; `rule` says which."""

    code: ClassVar[str] = "sandbox.draft_refused"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class PersonaBroken(SandboxError):
    """A persona's files are missing or do not fit together; the message names persona and rule."""

    code: ClassVar[str] = "sandbox.persona_broken"
    kind: ClassVar[Kind] = "misconfigured"

    def __init__(self, *, persona: str, rule: str) -> None:
        super().__init__(f"{persona}: {rule}")
        self.persona = persona
        self.rule = rule


class SimulatedFault(SandboxError):
    """A fault switch of this simulated EHR struck; nothing is wrong with the request."""

    code: ClassVar[str] = "sandbox.simulated_fault"
    kind: ClassVar[Kind] = "upstream_down"
