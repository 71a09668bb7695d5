"""Proves that what was written is in the right chart, in force, with the very content.

Where a server rewrites content (XHTML becomes RTF there), chart, state and that there is
content are proven, and the identifier says whose it is.

Spec: DESIGN section 4 step 8; DETAILS 17 (the hash is that of the rendering, kept before
writing)
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from fhir_adapters import paging, replies, search, writing
from fhir_adapters.attachments import RemoteText, fetch_text
from fhir_adapters.capability import Capability
from fhir_adapters.chart import Reason
from fhir_adapters.errors import (
    ChartUnreachable,
    NoteChanged,
    NoteDuplicated,
    NoteNotFound,
    NoteWrongPatient,
)
from fhir_adapters.note import NoteToWrite
from fhir_adapters.outcomes import Verified
from fhir_adapters.paging import Limits
from fhir_adapters.ports import FhirReply, FhirSession
from fhir_adapters.traits import WriteTraits
from fhir_adapters.write_back import document_reference, forms
from fhir_adapters.write_back.forms import Part
from fhir_adapters.writing import Found

_PASSING = (Reason.UNREACHABLE, Reason.THROTTLED)


def verify_note(
    session: FhirSession,
    note: NoteToWrite,
    *,
    capability: Capability,
    reference: str,
    writes: WriteTraits = paging.PLAIN.writes,
) -> Verified:
    """Read a note back, as `verify` does for any form."""
    resource = document_reference.build(note, formats=writes.formats)
    return verify(session, resource, capability=capability, reference=reference, writes=writes)


def verify(
    session: FhirSession,
    written: Mapping[str, Any],
    *,
    capability: Capability,
    reference: str,
    writes: WriteTraits = paging.PLAIN.writes,
) -> Verified:
    """Read back what was written, by identifier where the server can search it.

    `written` is the resource as it was built. Raises `NoteNotFound`, `NoteDuplicated`,
    `NoteWrongPatient`, `NoteChanged`, or `ChartUnreachable`.
    """
    patient_id = str(written["subject"]["reference"]).removeprefix("Patient/")
    found = _read(session, written, patient_id, capability=capability, reference=reference)
    if not search.belongs_to(found.resource, patient_id, base_url=session.base_url):
        raise NoteWrongPatient
    if found.reference != reference:
        raise NoteDuplicated
    if found.resource.get("status") != written["status"]:
        raise NoteChanged
    wanted = next(forms.parts(written))
    content = _content(session, found.resource, wanted, keeps=writes.keeps_content)
    if content is None or (writes.keeps_content and content != wanted.data):
        raise NoteChanged
    return Verified(
        reference=found.reference,
        version=found.version,
        text_sha256=hashlib.sha256(content).hexdigest(),
    )


def _read(
    session: FhirSession,
    written: Mapping[str, Any],
    patient_id: str,
    *,
    capability: Capability,
    reference: str,
) -> Found:
    kind = written["resourceType"]
    identifier = forms.identifier_of(written)
    if capability.can_find(kind):
        found = writing.find(session, kind, identifier)
        if not found:
            raise NoteNotFound
        for one in found:
            if not search.belongs_to(one.resource, patient_id, base_url=session.base_url):
                raise NoteWrongPatient
        if len(found) > 1:
            raise NoteDuplicated
        return found[0]
    reply = paging.fetch(session, reference)
    if reply in _PASSING:
        raise ChartUnreachable
    resource = None if isinstance(reply, Reason) else _document(reply, reference)
    if resource is None or not writing.carries(resource, identifier):
        raise NoteNotFound
    return Found(reference=reference, version=writing.version_of(resource), resource=resource)


def _document(reply: FhirReply, reference: str) -> dict[str, Any] | None:
    resource = replies.json_resource(reply, Limits().page_bytes)
    return resource if resource is not None and search.key_of(resource) == reference else None


def _content(
    session: FhirSession, resource: Mapping[str, Any], wanted: Part, *, keeps: bool
) -> bytes | None:
    """The first content of the written kind; of any kind where the server rewrites it."""
    for part in forms.parts(resource):
        if keeps and part.media != wanted.media:
            continue
        if part.url is None:
            return part.data
        fetched = _fetched(session, part)
        if fetched is not None or keeps:
            return fetched
    return None


def _fetched(session: FhirSession, part: Part) -> bytes | None:
    # Some servers move the text of a note into a Binary of their own.
    admitted = search.same_origin(part.url or "", base_url=session.base_url)
    if admitted is None:
        return None
    wanted = RemoteText(index=0, url=admitted, content_type=part.media)
    content = fetch_text(session, wanted, max_bytes=Limits().attachment_bytes)
    return content or None if not isinstance(content, Reason) else None
