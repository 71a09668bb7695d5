"""What the EHR says about the open chart: patient, encounter, user, banner, context list.

All of it comes from the token answer and from nowhere else (row C1).

Spec: SMART App Launch 2.2, Scopes and Launch Context
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from launch import origins, records

Intent = Literal["new_consult", "inbox", "default"]
INTENTS: Mapping[str, Intent] = {"new-consult": "new_consult", "inbox": "inbox"}
_MAX_ITEMS = 50
_MAX_APP_CONTEXT = 2048


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
    """The context of one launch; ids of the chart are patient data and not printed.

    `tenant` means something only together with the issuer (row C6). `app_context` is what a
    CDS Hooks card sent along, handed back by the EHR: opaque, untrusted (row C7). The two of
    SMART Web Messaging come together or not at all.
    """

    patient: str | None = field(repr=False)
    encounter: str | None = field(repr=False)
    need_patient_banner: bool
    fhir_context: tuple[ContextItem, ...]
    intent: Intent
    smart_style_url: str | None
    tenant: str | None
    app_context: str | None = field(default=None, repr=False)
    messaging_handle: str | None = field(default=None, repr=False)
    messaging_origin: str | None = None


def from_token_answer(answer: Mapping[str, Any]) -> LaunchContext:
    """Read the context parameters; wrong types count as absent.

    A missing `need_patient_banner` means that the banner is shown: too much identity on the
    screen is a nuisance, too little is a wrong patient.
    """
    handle, origin = _messaging(answer)
    return LaunchContext(
        patient=_logical_id(answer.get("patient")),
        encounter=_logical_id(answer.get("encounter")),
        need_patient_banner=answer.get("need_patient_banner") is not False,
        fhir_context=_context_items(answer.get("fhirContext")),
        intent=INTENTS.get(records.text(answer.get("intent")) or "", "default"),
        smart_style_url=records.text(answer.get("smart_style_url")),
        tenant=records.text(answer.get("tenant")),
        app_context=_app_context(answer.get("appContext")),
        messaging_handle=handle,
        messaging_origin=origin,
    )


def _messaging(answer: Mapping[str, Any]) -> tuple[str | None, str | None]:
    handle = records.text(answer.get("smart_web_messaging_handle"))
    named = records.text(answer.get("smart_web_messaging_origin"))
    origin = origins.origin_of(named) if named is not None else None
    return (handle, origin) if handle is not None and origin is not None else (None, None)


def _app_context(value: object) -> str | None:
    found = records.text(value)
    return found if found is not None and len(found) <= _MAX_APP_CONTEXT else None


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
