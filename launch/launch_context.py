"""What the EHR says about the open chart: patient, encounter, user, banner, context list.

All of it comes from the token answer and from nowhere else (row C1).

Spec: SMART App Launch 2.2, Scopes and Launch Context
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from launch import records

Intent = Literal["new_consult", "inbox", "default"]
_INTENTS: Mapping[str, Intent] = {"new-consult": "new_consult", "inbox": "inbox"}
_MAX_ITEMS = 50


@dataclass(frozen=True, kw_only=True)
class ContextItem:
    """One entry of `fhirContext`; plain strings of SMART 2.0 become references."""

    reference: str | None = field(default=None, repr=False)
    canonical: str | None = None
    identifier: Mapping[str, Any] | None = field(default=None, repr=False)
    resource_type: str | None = None
    role: str = "launch"


@dataclass(frozen=True, kw_only=True)
class LaunchContext:
    """The context of one launch; ids of the chart are patient data and not printed."""

    patient: str | None = field(repr=False)
    encounter: str | None = field(repr=False)
    need_patient_banner: bool
    fhir_context: tuple[ContextItem, ...]
    intent: Intent
    smart_style_url: str | None
    tenant: str | None


def from_token_answer(answer: Mapping[str, Any]) -> LaunchContext:
    """Read the context parameters; wrong types count as absent.

    A missing `need_patient_banner` means that the banner is shown: too much identity on the
    screen is a nuisance, too little is a wrong patient.
    """
    return LaunchContext(
        patient=_logical_id(answer.get("patient")),
        encounter=_logical_id(answer.get("encounter")),
        need_patient_banner=answer.get("need_patient_banner") is not False,
        fhir_context=_context_items(answer.get("fhirContext")),
        intent=_INTENTS.get(records.text(answer.get("intent")) or "", "default"),
        smart_style_url=records.text(answer.get("smart_style_url")),
        tenant=records.text(answer.get("tenant")),
    )


def _logical_id(value: object) -> str | None:
    # An id becomes part of a URL path: anything that is not one plain segment is refused.
    # Real ids exceed the 64 characters of the specification (Epic), so length is generous.
    found = records.text(value)
    if found is None or len(found) > 255 or found in (".", ".."):
        return None
    return found if all(c.isalnum() or c in "-._~" for c in found) and found.isascii() else None


def _context_items(value: object) -> tuple[ContextItem, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(item for item in map(_context_item, value[:_MAX_ITEMS]) if item is not None)


def _context_item(value: object) -> ContextItem | None:
    if isinstance(value, str):
        return ContextItem(reference=value) if value.strip() else None
    if not isinstance(value, dict):
        return None
    identifier = value.get("identifier")
    item = ContextItem(
        reference=records.text(value.get("reference")),
        canonical=records.text(value.get("canonical")),
        identifier=identifier if isinstance(identifier, dict) else None,
        resource_type=records.text(value.get("type")),
        role=records.text(value.get("role")) or "launch",
    )
    return item if item.reference or item.canonical or item.identifier else None
