"""Who signed in, as the EHR's own reference to a person (pure).

Spec: SMART App Launch 2.2, Scopes for requesting identity data; rows I3 of our checklist
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from launch import origins, records

USER_TYPES = frozenset({"Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Person"})
CLINICIAN_TYPES = frozenset({"Practitioner", "PractitionerRole", "Person"})
_REFERENCE = re.compile(r"(?:(?P<base>.+)/)?(?P<type>[A-Za-z]+)/(?P<id>[A-Za-z0-9\-._~]{1,255})")


@dataclass(frozen=True, kw_only=True)
class FhirUser:
    """A person at the EHR. `reference` is relative when it lies under the FHIR base.

    A reference elsewhere identifies the person just as well but is never read with the
    bearer token (`is_local` is false then).
    """

    reference: str = field(repr=False)
    resource_type: str
    is_local: bool

    @property
    def is_clinician(self) -> bool:
        """Whether the person acts as a professional, not as patient or relative."""
        return self.resource_type in CLINICIAN_TYPES


def from_claims(claims: Mapping[str, Any], *, issuer: str) -> FhirUser | None:
    """Return the person of `fhirUser`, or of `profile` on older servers; None if neither."""
    for claim in ("fhirUser", "profile"):
        found = _read(records.text(claims.get(claim)), issuer=issuer)
        if found is not None:
            return found
    return None


def _read(value: str | None, *, issuer: str) -> FhirUser | None:
    match = _REFERENCE.fullmatch(value or "")
    if match is None or match["type"] not in USER_TYPES or match["id"] in (".", ".."):
        return None
    local = f"{match['type']}/{match['id']}"
    base = match["base"]
    if base is None or base == origins.without_end_slash(issuer):
        return FhirUser(reference=local, resource_type=match["type"], is_local=True)
    if origins.origin_of(base) is None:
        return None
    return FhirUser(reference=f"{base}/{local}", resource_type=match["type"], is_local=False)
