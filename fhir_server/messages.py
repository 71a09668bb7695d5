"""FHIR request and answer as values, without any web framework."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime import json_text

FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True, kw_only=True)
class FhirRequest:
    """One HTTP request below the FHIR base.

    `path` starts without a slash ("Task/1"); header names are lower case; `caller` is the
    host's own view of who asks, opaque to the engine. Only method is shown by repr: the
    rest may hold patient data.
    """

    method: str
    path: str = field(repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    # Any: each host has its own type of caller.
    caller: Any = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class FhirAnswer:
    """One HTTP answer. `body` is what goes out; `resource` is filled only where it was at hand."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    # Any: FHIR JSON.
    resource: dict[str, Any] | None = field(default=None, repr=False)
    body: bytes = field(default=b"", repr=False)

    def content(self) -> dict[str, Any] | None:
        """Return the body as JSON values; None for an answer without one."""
        if self.resource is not None or not self.body:
            return self.resource
        parsed: dict[str, Any] = json_text.loads(self.body)
        return parsed
