"""Files that a document keeps elsewhere on the server: found, fetched, put in place.

Only kinds that may become clean text or pixels are fetched. The original resource is not
touched: a copy gets `data` beside `url`.

Spec: FHIR R4 Attachment, Binary
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_adapters import paging, replies, search
from fhir_adapters.chart import Reason, Resource
from fhir_adapters.ports import FhirSession

TEXT_TYPES = frozenset({"text/plain", "text/html", "application/xhtml+xml"})
# What is in such a file, and whether it may leave, its bytes decide later.
DOCUMENT_TYPES = frozenset(
    {
        "application/cda+xml",
        "application/gzip",
        "application/hl7-cda+xml",
        "application/octet-stream",
        "application/pdf",
        "application/rtf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/xml",
        "text/rtf",
        "text/xml",
    }
)
PICTURE_TYPES = frozenset({"image/jpeg", "image/png", "image/tiff", "application/dicom"})
_FETCHED = TEXT_TYPES | DOCUMENT_TYPES | PICTURE_TYPES
_ELEMENTS = {
    "DocumentReference": "content",
    "DiagnosticReport": "presentedForm",
    "Media": "content",
}
_FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True, kw_only=True)
class RemoteText:
    """One attachment to fetch: its place in the resource and its address on this server."""

    index: int
    url: str = field(repr=False)
    content_type: str

    @property
    def is_picture(self) -> bool:
        """Whether it is declared as a picture, which may be larger than a text."""
        return self.content_type in PICTURE_TYPES


def remote_texts(resource: Resource, *, base_url: str) -> tuple[tuple[RemoteText, ...], int]:
    """Return the texts to fetch, and how many are on other servers and stay unread."""
    found: list[RemoteText] = []
    foreign = 0
    for index, attachment in enumerate(_attachments(resource)):
        media = _media_type(attachment.get("contentType"))
        url = attachment.get("url")
        if attachment.get("data") or not isinstance(url, str):
            continue
        if media not in _FETCHED:
            continue
        admitted = search.same_origin(url, base_url=base_url)
        if admitted is None:
            foreign += 1
        else:
            found.append(RemoteText(index=index, url=admitted, content_type=media))
    return tuple(found), foreign


def fetch_text(session: FhirSession, wanted: RemoteText, *, max_bytes: int) -> bytes | Reason:
    """Read one attachment, from a raw answer or out of a FHIR Binary."""
    reply = paging.fetch(session, wanted.url, accept=wanted.content_type)
    if isinstance(reply, Reason):
        return Reason.ATTACHMENT
    if _media_type(reply.headers.get("content-type")) in (_FHIR_JSON, "application/json"):
        content = _binary_content(replies.json_resource(reply, 2 * max_bytes))
    else:
        content = reply.body
    if content is None or len(content) > max_bytes:
        return Reason.ATTACHMENT
    return content


def with_texts(resource: Resource, texts: Mapping[int, bytes]) -> Resource:
    """Return a copy of the resource whose attachments at these places carry their content."""
    name = _ELEMENTS[resource["resourceType"]]
    value = resource[name]
    items = [
        _filled(item, texts[i]) if i in texts else item for i, item in enumerate(_listed(value))
    ]
    return {**resource, name: items if isinstance(value, list) else items[0]}


def _filled(item: Any, content: bytes) -> dict[str, Any]:
    data = base64.b64encode(content).decode("ascii")
    if _has_attachment(item):
        return {**item, "attachment": {**item["attachment"], "data": data}}
    return {**item, "data": data}


def _attachments(resource: Resource) -> list[Mapping[str, Any]]:
    """The attachments of a resource by their place; Media holds one without a list around it."""
    value = resource.get(_ELEMENTS.get(str(resource.get("resourceType")), ""))
    items = [item if isinstance(item, dict) else {} for item in _listed(value)]
    if resource.get("resourceType") == "DocumentReference":
        items = [item["attachment"] if _has_attachment(item) else {} for item in items]
    return list(items)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _has_attachment(content: Any) -> bool:
    return isinstance(content, dict) and isinstance(content.get("attachment"), dict)


def _media_type(value: object) -> str:
    return value.split(";", 1)[0].strip().lower() if isinstance(value, str) else ""


def _binary_content(resource: Mapping[str, Any] | None) -> bytes | None:
    data = (resource or {}).get("data")
    if not isinstance(data, str):
        return None
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
