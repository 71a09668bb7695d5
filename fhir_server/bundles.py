"""Bundles put together from stored JSON texts, so that no resource is parsed and written again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from fhir_server.ports import Stored
from runtime import json_text

SearchMode = Literal["match", "include", "outcome"]


def bundle(
    kind: str,
    entries: Iterable[bytes],
    *,
    links: Sequence[tuple[str, str]] = (),
    total: int | None = None,
) -> bytes:
    """Return the text of a Bundle; without entries the element is left out, as FHIR wants."""
    head: dict[str, object] = {"resourceType": "Bundle", "type": kind}
    if total is not None:
        head["total"] = total
    if links:
        head["link"] = [{"relation": name, "url": url} for name, url in links]
    body = b",".join(entries)
    opened = json_text.dumps(head)[:-1]
    return opened + (b',"entry":[' + body + b"]}" if body else b"}")


def entry(
    *,
    full_url: str | None = None,
    resource: bytes = b"",
    parts: Mapping[str, Mapping[str, object]] | None = None,
) -> bytes:
    """Return the text of one entry: fullUrl, resource, then search, request or response."""
    pieces = []
    if full_url is not None:
        pieces.append(b'"fullUrl":' + json_text.dumps(full_url))
    if resource:
        pieces.append(b'"resource":' + resource)
    pieces += [
        json_text.dumps(name) + b":" + json_text.dumps(part) for name, part in (parts or {}).items()
    ]
    return b"{" + b",".join(pieces) + b"}"


def found_entry(stored: Stored, base_url: str, mode: SearchMode) -> bytes:
    """Return a searchset entry."""
    return entry(
        full_url=f"{base_url}/{stored.reference}",
        resource=stored.body,
        parts={"search": {"mode": mode}},
    )


def history_entry(stored: Stored, base_url: str) -> bytes:
    """Return a history entry; a deletion has no resource."""
    first = "POST" if stored.version == 1 else "PUT"
    method = "DELETE" if stored.deleted else first
    status = {"POST": "201 Created", "PUT": "200 OK", "DELETE": "204 No Content"}[method]
    return entry(
        full_url=f"{base_url}/{stored.reference}",
        resource=stored.body,
        parts={
            "request": {
                "method": method,
                "url": stored.resource_type if method == "POST" else stored.reference,
            },
            "response": {
                "status": status,
                "etag": etag(stored),
                "lastModified": stored.updated.isoformat(timespec="milliseconds"),
            },
        },
    )


def etag(stored: Stored) -> str:
    """Return the weak ETag of a version, W/"3"."""
    return f'W/"{stored.version}"'
