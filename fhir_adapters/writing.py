"""Writes an answer into the chart at most once, and reads it back.

Class (a): the server honors If-None-Exist. Class (b): we look by identifier before every
write. Class (c): neither; an unknown outcome is parked for a person, never repeated.

Spec: DESIGN decision 8; spec/wire.md 2.8
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fhir_adapters import paging, replies, search
from fhir_adapters.capability import Capability, WriteClass
from fhir_adapters.chart import Reason
from fhir_adapters.errors import (
    ChartUnreachable,
    NoteDuplicated,
    WriteNotOffered,
    WriteParked,
    WriteRefused,
)
from fhir_adapters.note import NoteToWrite
from fhir_adapters.outcomes import AlreadyThere, OutcomeUnknown, WriteOutcome, Written
from fhir_adapters.paging import Limits, Manner
from fhir_adapters.ports import FhirReply, FhirSession
from fhir_adapters.traits import WriteTraits
from fhir_adapters.write_back import communication, document_reference, forms
from runtime import json_text
from runtime.errors import OutboundDown, OutboundReason

LOOK_SECONDS = 15.0
_PLAIN = paging.PLAIN.writes
_LOCATION = re.compile(r".*/(?P<type>[A-Za-z]+)/(?P<id>[^/]+)(?:/_history/(?P<version>[^/]+))?")
# Answers that say that nothing was written; any other leaves it open.
_REFUSED = frozenset({400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 421, 422, 451})
# Nothing was sent, or the connection never stood: the request cannot have arrived.
_NEVER_SENT: frozenset[OutboundReason] = frozenset({"connect", "tls", "paused"})


@dataclass(frozen=True, kw_only=True)
class Found:
    """A resource of the chart that carries our identifier."""

    reference: str = field(repr=False)
    version: str | None
    resource: Mapping[str, Any] = field(repr=False)


def write_note(
    session: FhirSession,
    note: NoteToWrite,
    *,
    capability: Capability,
    writes: WriteTraits = _PLAIN,
    tried_before: bool = False,
) -> WriteOutcome:
    """Write the note once; `tried_before` when an earlier try may have reached the chart.

    Raises `WriteNotOffered`, `WriteRefused`, `WriteParked`, `NoteDuplicated`, or
    `ChartUnreachable` when nothing can have been written.
    """
    resource = document_reference.build(note, formats=writes.formats)
    return write(session, resource, capability=capability, writes=writes, tried_before=tried_before)


def write_message(
    session: FhirSession,
    note: NoteToWrite,
    *,
    note_reference: str,
    capability: Capability,
    writes: WriteTraits = _PLAIN,
    tried_before: bool = False,
) -> WriteOutcome:
    """Tell the requesting doctor's inbox that the note is there; same rules as for notes."""
    resource = communication.build(note, note_reference=note_reference)
    return write(session, resource, capability=capability, writes=writes, tried_before=tried_before)


def write_class(
    resource_type: str, *, capability: Capability, writes: WriteTraits
) -> WriteClass | None:
    """Return how a repeated write is kept single: the less safe of what both sides say.

    None when the server does not declare that it creates this type. A vendor's class is the
    best it is known for; a hospital that declares less gets less.
    """
    declared = capability.write_class(resource_type)
    if declared is None:
        return None
    return max(declared, writes.classes.get(resource_type, declared))


def find_note(session: FhirSession, opinion_id: str) -> tuple[Found, ...]:
    """Return every note of the chart with this opinion's identifier, whoever's it is.

    Raises `ChartUnreachable` or `WriteRefused` when it cannot be known.
    """
    return find(session, "DocumentReference", document_reference.identifier(opinion_id))


def find(
    session: FhirSession, resource_type: str, identifier: Mapping[str, str]
) -> tuple[Found, ...]:
    """Return every resource of a type that carries an identifier, all pages read."""
    value = search.token(identifier["system"], identifier["value"])
    query = search.Query(resource_type=resource_type, params=(("identifier", value),))
    manner = Manner.of(Limits(), paging.PLAIN, seconds=LOOK_SECONDS)
    pages = paging.read_pages(session, query, manner)
    if {Reason.FORBIDDEN, Reason.REJECTED, Reason.NOT_FHIR} & set(pages.reasons):
        raise WriteRefused
    if pages.reasons:
        raise ChartUnreachable
    return tuple(
        Found(
            reference=search.key_of(resource) or "",
            version=version_of(resource),
            resource=resource,
        )
        for resource in pages.resources
        if resource["resourceType"] == resource_type and carries(resource, identifier)
    )


def write(
    session: FhirSession,
    resource: dict[str, Any],
    *,
    capability: Capability,
    writes: WriteTraits = _PLAIN,
    tried_before: bool = False,
) -> WriteOutcome:
    """Write a resource that carries our identifier, by the rules of its class."""
    name = resource["resourceType"]
    kept_single = write_class(name, capability=capability, writes=writes)
    if kept_single is None:
        raise WriteNotOffered
    if kept_single is WriteClass.BLIND and tried_before:
        raise WriteParked
    can_find = capability.can_find(name)
    if can_find and (tried_before or kept_single is WriteClass.SEARCHABLE):
        present = _one(find(session, name, forms.identifier_of(resource)))
        if present is not None:
            return AlreadyThere(reference=present.reference, version=present.version)
    attempt = _Attempt(
        session=session, resource=resource, can_find=can_find, write_class=kept_single
    )
    return attempt.post()


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """One POST and the reading of whatever came back."""

    session: FhirSession
    resource: dict[str, Any]
    can_find: bool
    write_class: WriteClass

    def post(self) -> WriteOutcome:
        identifier = forms.identifier_of(self.resource)
        name = self.resource["resourceType"]
        body = json_text.dumps(self.resource)
        # Sent in every class: a server that does not know it ignores it.
        wanted = f"identifier={identifier['system']}|{identifier['value']}"
        try:
            reply = self.session.post(name, body, headers={"If-None-Exist": wanted})
        except OutboundDown as down:
            if down.reason in _NEVER_SENT:
                raise ChartUnreachable from None
            return self._look("timeout" if down.reason == "timeout" else "broken_off")
        if reply.status in (200, 201):
            return self._created(reply)
        return self._not_created(reply)

    def _created(self, reply: FhirReply) -> WriteOutcome:
        place = _place(reply, self.resource["resourceType"], self.session.base_url)
        if place is None:
            return self._look("not_readable")
        reference, version = place
        if reply.status == 201:
            return Written(reference=reference, version=version)
        return AlreadyThere(reference=reference, version=version)

    def _not_created(self, reply: FhirReply) -> WriteOutcome:
        if reply.status == 412:
            raise NoteDuplicated(http_status=412)
        if reply.status == 429:
            raise ChartUnreachable(http_status=429)
        if reply.status >= 500:
            return self._look("server_error")
        if reply.status not in _REFUSED:
            return self._look("not_readable")  # accepted, redirected, timed out on the way, ...
        raise WriteRefused(http_status=reply.status, issue_code=_issue_code(reply))

    def _look(self, reason: Any) -> WriteOutcome:
        """Find out whether the write arrived although its answer did not."""
        retry = self.write_class is not WriteClass.BLIND
        if not self.can_find:
            return OutcomeUnknown(reason=reason, may_retry=retry)
        name = self.resource["resourceType"]
        try:
            present = _one(find(self.session, name, forms.identifier_of(self.resource)))
        except (ChartUnreachable, WriteRefused):
            present = None
        if present is None:
            # Not there yet is not "never": the server may still be working on it.
            return OutcomeUnknown(reason=reason, may_retry=retry)
        return Written(reference=present.reference, version=present.version)


def _one(found: tuple[Found, ...]) -> Found | None:
    if len(found) > 1:
        raise NoteDuplicated
    return found[0] if found else None


def carries(resource: Mapping[str, Any], identifier: Mapping[str, str]) -> bool:
    """Tell whether the resource carries the identifier."""
    listed = resource.get("identifier")
    return any(
        isinstance(one, dict) and all(one.get(k) == v for k, v in identifier.items())
        for one in (listed if isinstance(listed, list) else [listed])
    )


def version_of(resource: Mapping[str, Any]) -> str | None:
    """Return the version id a resource says it has."""
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else None


def _place(reply: FhirReply, resource_type: str, base_url: str) -> tuple[str, str | None] | None:
    # Servers answer with a Location, with the resource, or with neither.
    location = search.same_origin(reply.headers.get("location", ""), base_url=base_url)
    match = _LOCATION.fullmatch(urlsplit(location).path) if location else None
    if match is not None and match["type"] == resource_type:
        return f"{resource_type}/{match['id']}", match["version"] or _etag(reply)
    body = replies.json_resource(reply, Limits().page_bytes)
    key = search.key_of(body) if body is not None else None
    if body is None or key is None or not key.startswith(f"{resource_type}/"):
        return None
    return key, version_of(body) or _etag(reply)


def _etag(reply: FhirReply) -> str | None:
    match = re.fullmatch(r'(?:W/)?"([^"]+)"', reply.headers.get("etag", ""))
    return match[1] if match else None


def _issue_code(reply: FhirReply) -> str | None:
    outcome = replies.json_resource(reply, Limits().page_bytes) or {}
    issues = outcome.get("issue")
    first = issues[0] if isinstance(issues, list) and issues else {}
    code = first.get("code") if isinstance(first, dict) else None
    return code if isinstance(code, str) else None
