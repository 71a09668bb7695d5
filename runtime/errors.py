"""Errors of the runtime room, and the closed list of error kinds that every room uses.

A coded error names what happened (`code`, stable and dotted) and what sort of thing it
is (`kind`). How a kind is answered (HTTP status, FHIR issue type, exit code, retry) is
decided here, once. Error texts carry rule names and counts only: they are fit for a log.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal, Protocol, get_args, runtime_checkable

Kind = Literal[
    "invalid",
    "refused",
    "unauthenticated",
    "forbidden",
    "not_found",
    "conflict",
    "throttled",
    "upstream_down",
    "upstream_refused",
    "misconfigured",
    "bug",
]
Retry = Literal["no", "after_login", "after_reload", "after_wait", "yes"]

KINDS: tuple[Kind, ...] = get_args(Kind)

HTTP_STATUS: Mapping[Kind, int] = MappingProxyType(
    {
        "invalid": 422,
        "refused": 422,
        "unauthenticated": 401,
        "forbidden": 403,
        "not_found": 404,
        "conflict": 409,
        "throttled": 429,
        "upstream_down": 503,
        "upstream_refused": 502,
        "misconfigured": 500,
        "bug": 500,
    }
)

ISSUE_TYPE: Mapping[Kind, str] = MappingProxyType(
    {
        "invalid": "invariant",
        "refused": "business-rule",
        "unauthenticated": "login",
        "forbidden": "forbidden",
        "not_found": "not-found",
        "conflict": "conflict",
        "throttled": "throttled",
        "upstream_down": "transient",
        "upstream_refused": "processing",
        "misconfigured": "exception",
        "bug": "exception",
    }
)

EXIT_CODE: Mapping[Kind, int] = MappingProxyType(
    {
        "invalid": 2,
        "misconfigured": 3,
        "refused": 4,
        "unauthenticated": 5,
        "forbidden": 5,
        "not_found": 6,
        "conflict": 7,
        "throttled": 8,
        "upstream_down": 8,
        "upstream_refused": 8,
        "bug": 70,
    }
)

RETRY: Mapping[Kind, Retry] = MappingProxyType(
    {
        "invalid": "no",
        "refused": "no",
        "unauthenticated": "after_login",
        "forbidden": "no",
        "not_found": "no",
        "conflict": "after_reload",
        "throttled": "after_wait",
        "upstream_down": "yes",
        "upstream_refused": "no",
        "misconfigured": "no",
        "bug": "no",
    }
)


@runtime_checkable
class CodedError(Protocol):
    """What every expected error of every room offers. Anything else is a bug."""

    code: ClassVar[str]
    kind: ClassVar[Kind]


def kind_of(error: BaseException) -> Kind:
    """Return the kind of a coded error, and `bug` for every other exception."""
    kind = getattr(error, "kind", None)
    return kind if kind in KINDS else "bug"


def code_of(error: BaseException) -> str:
    """Return the stable code of a coded error, or `bug.<class name>` for any other."""
    code = getattr(error, "code", None)
    # Libraries use the name `code` too; without a kind of ours it means something else.
    if isinstance(code, str) and getattr(error, "kind", None) in KINDS:
        return code
    return f"bug.{type(error).__name__}"


class RuntimeFault(Exception):
    """Something in the plumbing failed; the subclass says what."""

    code: ClassVar[str] = "runtime.fault"
    kind: ClassVar[Kind] = "bug"


class JsonTextError(RuntimeFault):
    """A body is not the strict JSON we accept; the rule and the place are given."""

    code: ClassVar[str] = "runtime.json_refused"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, rule: str, line: int = 0, column: int = 0) -> None:
        """Keep the broken rule and the place (1-based; 0 when unknown)."""
        self.rule = rule
        self.line = line
        self.column = column
        super().__init__(f"JSON refused: {rule} at line {line} column {column}")


class SettingsInvalid(RuntimeFault):
    """Settings are missing or wrong; all faults are listed by name, without values."""

    code: ClassVar[str] = "runtime.settings_invalid"
    kind: ClassVar[Kind] = "misconfigured"

    def __init__(self, *, faults: tuple[str, ...]) -> None:
        """Keep the faults, each a sentence that names a setting and a rule."""
        self.faults = faults
        super().__init__("settings refused: " + "; ".join(faults))


class DatabaseUnsupported(RuntimeFault):
    """The database URL names neither SQLite in a file nor PostgreSQL."""

    code: ClassVar[str] = "runtime.database_unsupported"
    kind: ClassVar[Kind] = "misconfigured"

    def __init__(self, *, dialect: str) -> None:
        """Keep the dialect name that was asked for."""
        super().__init__(f"database dialect not supported: {dialect}")


class DatabaseUnsafe(RuntimeFault):
    """The database server runs with a setting that can lose an accepted question."""

    code: ClassVar[str] = "runtime.database_unsafe"
    kind: ClassVar[Kind] = "misconfigured"

    def __init__(self, *, setting: str) -> None:
        """Keep the name of the unsafe setting."""
        super().__init__(f"database setting can lose data: {setting}")


class SchemaOutdated(RuntimeFault):
    """The database does not have the tables this release needs; run `confer db upgrade`."""

    code: ClassVar[str] = "runtime.schema_outdated"
    kind: ClassVar[Kind] = "misconfigured"

    def __init__(self, *, missing: int) -> None:
        """Keep how many migrations or tables are missing."""
        super().__init__(f"database schema outdated: {missing} missing")


class KeyringUnusable(RuntimeFault):
    """The key file is missing, unreadable by design, or open to other users."""

    code: ClassVar[str] = "runtime.keyring_unusable"
    kind: ClassVar[Kind] = "misconfigured"

    def __init__(self, *, rule: str) -> None:
        """Keep the rule that the key file breaks."""
        super().__init__(f"keyring unusable: {rule}")


class CiphertextRefused(RuntimeFault):
    """A stored secret does not open: wrong key, wrong row, or tampered with."""

    code: ClassVar[str] = "runtime.ciphertext_refused"
    kind: ClassVar[Kind] = "misconfigured"

    def __init__(self, *, rule: str, table: str, column: str) -> None:
        """Keep the place (table and column, never the row's content) and the rule."""
        super().__init__(f"ciphertext refused: {rule} in {table}.{column}")


JoseReason = Literal[
    "malformed",
    "algorithm",
    "type",
    "unknown_key",
    "ambiguous_key",
    "signature",
    "missing_claim",
    "issuer",
    "audience",
    "expired",
    "not_yet_valid",
    "lifetime",
    "critical_header",
    "key_time",
]


class JoseRefused(RuntimeFault):
    """A signed token does not verify; the reason is for our log, never for the sender."""

    code: ClassVar[str] = "runtime.jose_refused"
    kind: ClassVar[Kind] = "unauthenticated"

    def __init__(self, *, reason: JoseReason) -> None:
        """Keep the reason."""
        self.reason: JoseReason = reason
        super().__init__(f"token refused: {reason}")


class JwksRefused(RuntimeFault):
    """A published key set cannot be used (too large, too many keys, no public keys)."""

    code: ClassVar[str] = "runtime.jwks_refused"
    kind: ClassVar[Kind] = "upstream_refused"

    def __init__(self, *, rule: str) -> None:
        """Keep the rule that the key set breaks."""
        super().__init__(f"key set refused: {rule}")


# `paused`: nothing was sent, because the other side asked us to wait or failed too often.
OutboundReason = Literal["timeout", "connect", "reset", "oversize", "tls", "paused"]


class OutboundDown(RuntimeFault):
    """The other side could not be reached or its answer broke off; try again later."""

    code: ClassVar[str] = "runtime.outbound_down"
    kind: ClassVar[Kind] = "upstream_down"

    def __init__(self, *, reason: OutboundReason, label: str) -> None:
        """Keep the reason and the route label of the call."""
        self.reason: OutboundReason = reason
        self.label = label
        super().__init__(f"outbound call failed: {reason} at {label}")


class OutboundForbidden(RuntimeFault):
    """A call was about to leave for an origin that is not on the list; it was stopped."""

    code: ClassVar[str] = "runtime.outbound_forbidden"
    kind: ClassVar[Kind] = "misconfigured"

    def __init__(self, *, rule: str, label: str) -> None:
        """Keep the rule and the route label, never the address."""
        self.rule = rule
        self.label = label
        super().__init__(f"outbound call forbidden: {rule} at {label}")


class SessionEnded(RuntimeFault):
    """The browser session is unknown, was ended, or timed out; sign in again."""

    code: ClassVar[str] = "runtime.session_ended"
    kind: ClassVar[Kind] = "unauthenticated"


class Throttled(RuntimeFault):
    """Too many attempts in the time window; wait and try again."""

    code: ClassVar[str] = "runtime.throttled"
    kind: ClassVar[Kind] = "throttled"

    def __init__(self, *, bucket: str, retry_after: int) -> None:
        """Keep the bucket's name and the seconds to wait."""
        self.bucket = bucket
        self.retry_after = retry_after
        super().__init__(f"too many attempts: {bucket}, retry after {retry_after} s")


class Replayed(RuntimeFault):
    """A one-time token id was presented a second time."""

    code: ClassVar[str] = "runtime.replayed"
    kind: ClassVar[Kind] = "unauthenticated"


class TokenRefused(RuntimeFault):
    """A bearer token is missing, unknown, or has expired."""

    code: ClassVar[str] = "runtime.token_refused"
    kind: ClassVar[Kind] = "unauthenticated"


class PolicyMissing(RuntimeFault):
    """A route has no access policy, or a policy names no route; the program must not start."""

    code: ClassVar[str] = "runtime.policy_missing"
    kind: ClassVar[Kind] = "misconfigured"

    def __init__(self, *, endpoints: tuple[str, ...]) -> None:
        """Keep the endpoint names."""
        self.endpoints = endpoints
        super().__init__("no access policy for: " + ", ".join(endpoints))


class CsrfRefused(RuntimeFault):
    """A form came without the token of this session."""

    code: ClassVar[str] = "runtime.csrf_refused"
    kind: ClassVar[Kind] = "forbidden"


class OriginRefused(RuntimeFault):
    """A form was posted from a page of another origin."""

    code: ClassVar[str] = "runtime.origin_refused"
    kind: ClassVar[Kind] = "forbidden"


class HostRefused(RuntimeFault):
    """A request names a host that this program does not serve."""

    code: ClassVar[str] = "runtime.host_refused"
    kind: ClassVar[Kind] = "not_found"


class JobInvalid(RuntimeFault):
    """A durable job may carry opaque ids only, within 1 KB, for a known kind."""

    code: ClassVar[str] = "runtime.job_invalid"
    kind: ClassVar[Kind] = "bug"

    def __init__(self, *, rule: str) -> None:
        """Keep the rule that the job breaks."""
        super().__init__(f"job refused: {rule}")


class RetryLater(RuntimeFault):
    """The job cannot go on now; it is put back and tried again later."""

    code: ClassVar[str] = "runtime.retry_later"
    kind: ClassVar[Kind] = "upstream_down"

    def __init__(self, *, reason: str = "later", after_seconds: float | None = None) -> None:
        """Keep a coded reason and, when the other side named one, the wait in seconds."""
        self.reason = reason
        self.after_seconds = after_seconds
        super().__init__(f"retry later: {reason}")


class NotReady(RuntimeFault):
    """A readiness check failed; the check's name is given."""

    code: ClassVar[str] = "runtime.not_ready"
    kind: ClassVar[Kind] = "misconfigured"

    def __init__(self, *, check: str) -> None:
        """Keep the name of the check."""
        super().__init__(f"not ready: {check}")


class LogFieldRefused(RuntimeFault):
    """A log event was given a field that the catalogue does not allow (tests only)."""

    code: ClassVar[str] = "runtime.log_field_refused"
    kind: ClassVar[Kind] = "bug"

    def __init__(self, *, event: str, fields: tuple[str, ...]) -> None:
        """Keep the event's and the fields' names."""
        super().__init__(f"log fields not allowed for {event}: {', '.join(fields)}")
