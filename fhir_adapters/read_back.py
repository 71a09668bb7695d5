"""Proves that a written note is in the right chart, in force, with the very text.

Spec: DESIGN section 4 step 8; DETAILS 17 (the hash is that of the rendering, kept before
writing)
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from fhir_adapters import paging, search, writing
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
from fhir_adapters.write_back import document_reference
from fhir_adapters.writing import Found

TEXT_TYPE = "text/plain"


def verify_note(
    session: FhirSession, note: NoteToWrite, *, capability: Capability, reference: str
) -> Verified:
    """Read the note back, by identifier where the server can search it, else by reference.

    Raises `NoteNotFound`, `NoteDuplicated`, `NoteWrongPatient`, `NoteChanged`, or
    `ChartUnreachable`.
    """
    found = _read(session, note, capability=capability, reference=reference)
    if not search.belongs_to(found.resource, note.patient_id, base_url=session.base_url):
        raise NoteWrongPatient
    if found.reference != reference:
        raise NoteDuplicated
    if found.resource.get("status") != "current":
        raise NoteChanged
    text = _text(session, found.resource)
    if text is None or hashlib.sha256(text).hexdigest() != note.text_sha256:
        raise NoteChanged
    return Verified(reference=found.reference, version=found.version, text_sha256=note.text_sha256)


def _read(
    session: FhirSession, note: NoteToWrite, *, capability: Capability, reference: str
) -> Found:
    if capability.can_find("DocumentReference"):
        found = writing.find_note(session, note.opinion_id)
        if not found:
            raise NoteNotFound
        for one in found:
            if not search.belongs_to(one.resource, note.patient_id, base_url=session.base_url):
                raise NoteWrongPatient
        if len(found) > 1:
            raise NoteDuplicated
        return found[0]
    reply = paging.fetch(session, reference)
    if reply is Reason.UNREACHABLE:
        raise ChartUnreachable
    resource = None if isinstance(reply, Reason) else _document(reply, reference)
    if resource is None or not writing.carries(
        resource, document_reference.identifier(note.opinion_id)
    ):
        raise NoteNotFound
    return Found(reference=reference, version=writing.version_of(resource), resource=resource)


def _document(reply: FhirReply, reference: str) -> dict[str, Any] | None:
    resource = paging.json_resource(reply, Limits().page_bytes)
    return resource if resource is not None and search.key_of(resource) == reference else None


def _text(session: FhirSession, resource: Mapping[str, Any]) -> bytes | None:
    contents = resource.get("content")
    for content in contents if isinstance(contents, list) else []:
        attachment = content.get("attachment") if isinstance(content, dict) else None
        if not isinstance(attachment, dict) or not _is_text(attachment.get("contentType")):
            continue
        if isinstance(attachment.get("data"), str):
            return _decoded(attachment["data"])
        return _fetched(session, attachment.get("url"))
    return None


def _is_text(content_type: object) -> bool:
    return isinstance(content_type, str) and content_type.split(";", 1)[0].strip() == TEXT_TYPE


def _decoded(data: str) -> bytes | None:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None


def _fetched(session: FhirSession, url: object) -> bytes | None:
    # Some servers move the text of a note into a Binary of their own.
    admitted = search.same_origin(url, base_url=session.base_url) if isinstance(url, str) else None
    if admitted is None:
        return None
    wanted = RemoteText(index=0, url=admitted, content_type=TEXT_TYPE)
    content = fetch_text(session, wanted, max_bytes=Limits().attachment_bytes)
    return None if isinstance(content, Reason) else content
