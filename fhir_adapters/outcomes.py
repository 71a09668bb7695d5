"""What became of a write, typed: each outcome asks for another next step."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias


@dataclass(frozen=True, kw_only=True)
class Written:
    """The EHR says that it created the resource; verify it next."""

    reference: str = field(repr=False)
    version: str | None


@dataclass(frozen=True, kw_only=True)
class AlreadyThere:
    """The chart holds it already, from an earlier try; verify it next."""

    reference: str = field(repr=False)
    version: str | None


@dataclass(frozen=True, kw_only=True)
class OutcomeUnknown:
    """The request left, but no usable answer came.

    `may_retry` is true where the EHR lets us look before the next try (classes a and b), and
    false where only a person can look (class c).
    """

    reason: Literal["timeout", "broken_off", "server_error", "not_readable"]
    may_retry: bool


WriteOutcome: TypeAlias = Written | AlreadyThere | OutcomeUnknown


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The chart was read back: right patient, this very text, in force."""

    reference: str = field(repr=False)
    version: str | None
    text_sha256: str
