"""What an EHR asks at a hook: frozen values, nothing of the patient printed (pure).

Spec: CDS Hooks 2.0, Calling a CDS Service; rows H2 and H7 of our checklist
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Hook = Literal["patient-view", "order-select", "order-sign"]

# Any below: FHIR JSON has no narrower type.
Resource = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FhirAuthorization:
    """A token of the EHR for this one call; it is used and forgotten, never stored."""

    access_token: str = field(repr=False)
    scope: str = ""


@dataclass(frozen=True, kw_only=True)
class HookContext:
    """Who looks at which chart, and what is drafted there.

    `user` is a reference such as `Practitioner/7`, or None when the EHR names nobody.
    `selections` are references into `drafts`; empty means all of them.
    """

    patient_id: str = field(repr=False)
    user: str | None = field(default=None, repr=False)
    drafts: tuple[Resource, ...] = field(default=(), repr=False)
    selections: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, kw_only=True)
class HookRequest:
    """One call of a hook."""

    hook: str
    context: HookContext = field(repr=False)
    fhir_server: str | None = None
    authorization: FhirAuthorization | None = field(default=None, repr=False)
    prefetch: Mapping[str, Any] = field(default_factory=dict, repr=False)
