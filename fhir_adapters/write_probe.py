"""How a server keeps a repeated write single, found out on a test patient and cleaned up.

What a CapabilityStatement declares and what a server does are two things. The probe writes
one resource twice under one identifier, looks, and marks every copy as entered in error.

Spec: DESIGN decision 8 (write classes); spec/smart.md section 2, row 13
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fhir_adapters import writing
from fhir_adapters.capability import Capability, WriteClass
from fhir_adapters.errors import AdapterError
from fhir_adapters.note import NoteToWrite
from fhir_adapters.outcomes import AlreadyThere, Written
from fhir_adapters.ports import FhirReply, FhirSession
from fhir_adapters.traits import WriteTraits
from fhir_adapters.write_back import document_reference, forms
from runtime import json_text
from runtime.errors import OutboundDown


class PutSession(FhirSession, Protocol):
    """A session that can also update (launch.authorized_session.AuthorizedSession)."""

    def put(
        self, address: str, body: bytes, *, headers: Mapping[str, str] | None = None
    ) -> FhirReply:
        """Update below the base."""


@dataclass(frozen=True, kw_only=True)
class Probed:
    """What the probe found.

    `found` is None when not even the first write was taken. `left` counts copies that could
    not be marked as entered in error: a person has to.
    """

    declared: WriteClass | None
    found: WriteClass | None
    copies: int
    left: int

    @property
    def is_as_declared(self) -> bool:
        """Whether the server does at least what is declared for it."""
        return self.found is not None and (self.declared is None or self.found <= self.declared)


def probe_notes(
    session: PutSession,
    note: NoteToWrite,
    *,
    capability: Capability,
    writes: WriteTraits,
) -> Probed:
    """Write a note twice to a test patient, tell the class, and retract every copy.

    Raises `AdapterError` when the first write is refused or nothing can be known.
    """
    resource = document_reference.build(note, formats=writes.formats)
    declared = writing.write_class("DocumentReference", capability=capability, writes=writes)
    references = [_create(session, resource), _create(session, resource)]
    made = [one for one in dict.fromkeys(references) if one is not None]
    searched = _searched(session, resource)
    if len(made) == 1 and None not in references:
        found = WriteClass.CONDITIONAL
    else:
        found = WriteClass.SEARCHABLE if set(made) <= searched and made else WriteClass.BLIND
    every = list(dict.fromkeys([*made, *sorted(searched)]))
    left = sum(not _retract(session, reference) for reference in every)
    return Probed(declared=declared, found=found, copies=len(every), left=left)


def _create(session: FhirSession, resource: dict[str, Any]) -> str | None:
    # Without a class of its own each write is one plain POST with If-None-Exist.
    plain = WriteTraits(classes={resource["resourceType"]: WriteClass.CONDITIONAL})
    outcome = writing.write(session, resource, capability=_CREATES, writes=plain)
    return outcome.reference if isinstance(outcome, (Written, AlreadyThere)) else None


_CREATES = Capability.from_statement(
    {
        "rest": [
            {
                "mode": "server",
                "resource": [{"type": "DocumentReference", "interaction": [{"code": "create"}]}],
            }
        ]
    }
)


def _searched(session: FhirSession, resource: Mapping[str, Any]) -> set[str]:
    try:
        found = writing.find(session, resource["resourceType"], forms.identifier_of(resource))
    except AdapterError:
        return set()
    return {one.reference for one in found}


def _retract(session: PutSession, reference: str) -> bool:
    """Mark a copy as entered in error; the EHR keeps it, but nobody reads it as true."""
    try:
        answer = session.get(reference)
        if answer.status != 200:
            return False
        present = json_text.loads(answer.body)
        body = json_text.dumps({**present, "status": "entered-in-error"})
        version = answer.headers.get("etag")  # some servers update no version but a named one
        headers = {"If-Match": version} if version else None
        return session.put(reference, body, headers=headers).status in (200, 201)
    except OutboundDown:
        return False
