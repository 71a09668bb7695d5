"""Errors of the CDS Hooks service. The EHR sees the kind; the reason stays in our log.

Values that came with a call (tokens, ids, comments, addresses) never enter an error.
"""

from typing import ClassVar, Literal

from runtime.errors import Kind

RefusedBecause = Literal[
    "no_token",
    "malformed",
    "key_id",
    "type",
    "algorithm",
    "issuer",
    "site",
    "jku",
    "keys",
    "keys_unreachable",
    "unknown_key",
    "ambiguous_key",
    "signature",
    "critical_header",
    "missing_claim",
    "audience",
    "expired",
    "not_yet_valid",
    "lifetime",
    "replay",
]


class HookError(Exception):
    """A CDS Hooks call could not be served; the subclass says why."""

    code: ClassVar[str] = "hooks.failed"
    kind: ClassVar[Kind] = "bug"

    def __init__(self, *, reason: str = "", site_id: str | None = None) -> None:
        """Keep one word of a closed list, and the site where it is proven."""
        self.reason = reason
        self.site_id = site_id
        super().__init__(f"{self.code} {reason}".strip())


class CallerRefused(HookError):
    """A call without a token that proves a registered EHR; the log has the reason, it has none."""

    code: ClassVar[str] = "hooks.caller_refused"
    kind: ClassVar[Kind] = "unauthenticated"

    def __init__(self, *, reason: RefusedBecause, site_id: str | None = None) -> None:
        """Keep the reason for the log."""
        super().__init__(reason=reason, site_id=site_id)


class HooksClosed(HookError):
    """The site is switched off, and its hooks with it."""

    code: ClassVar[str] = "hooks.closed"
    kind: ClassVar[Kind] = "forbidden"


class ServiceUnknown(HookError):
    """There is no CDS service of this id."""

    code: ClassVar[str] = "hooks.service_unknown"
    kind: ClassVar[Kind] = "not_found"


class HookRequestInvalid(HookError):
    """The body is not a CDS Hooks request; the first field that is wrong is named."""

    code: ClassVar[str] = "hooks.request_invalid"
    kind: ClassVar[Kind] = "invalid"


class ForeignServer(HookError):
    """The call names another FHIR server than the one registered for this EHR."""

    code: ClassVar[str] = "hooks.foreign_server"
    kind: ClassVar[Kind] = "forbidden"


class DataMissing(HookError):
    """What the card needs came neither as prefetch nor could it be read; so there is no card."""

    code: ClassVar[str] = "hooks.data_missing"
    kind: ClassVar[Kind] = "refused"


class CardInvalid(HookError):
    """A card of ours breaks the rules of CDS Hooks; a bug."""

    code: ClassVar[str] = "hooks.card_invalid"
    kind: ClassVar[Kind] = "bug"
