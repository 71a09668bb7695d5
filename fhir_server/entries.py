"""Entries of a batch or transaction Bundle, read and checked before any is carried out (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from fhir_server import references
from fhir_server.errors import Issue, RequestInvalid
from fhir_server.structure.check import check

MAX_ENTRIES = 500


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry: its position, where it says it lives, and the request it stands for."""

    position: int
    full_url: str | None = field(repr=False)
    method: str
    path: str = field(repr=False)
    query: tuple[tuple[str, str], ...] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    # Any: FHIR JSON.
    resource: dict[str, Any] | None = field(repr=False)

    @property
    def place(self) -> str:
        """The FHIRPath of the entry."""
        return f"Bundle.entry[{self.position}]"


_CONDITIONS = {
    "ifMatch": "if-match",
    "ifNoneExist": "if-none-exist",
    "ifNoneMatch": "if-none-match",
    "ifModifiedSince": "if-modified-since",
}


def read_entries(bundle: Mapping[str, Any], base_url: str) -> tuple[Entry, ...]:
    """Return the entries of a batch or transaction; raises when the Bundle itself is broken."""
    _check_frame(bundle)
    entries = tuple(
        _entry(position, raw, base_url) for position, raw in enumerate(bundle.get("entry", ()))
    )
    if len(entries) > MAX_ENTRIES:
        raise _broken("Bundle.entry", f"more than {MAX_ENTRIES} entries", "too-costly")
    urls = [entry.full_url for entry in entries if entry.full_url is not None]
    if len(urls) != len(set(urls)):
        raise _broken("Bundle.entry", "a fullUrl stands twice", "duplicate")
    return entries


def _check_frame(bundle: Mapping[str, Any]) -> None:
    """Check the Bundle without its resources: each of them is checked as its own type."""
    raw = bundle.get("entry", [])
    stripped = [
        {name: item for name, item in entry.items() if name != "resource"}
        if isinstance(entry, dict)
        else entry
        for entry in (raw if isinstance(raw, list) else [])
    ]
    frame = dict(bundle)
    if isinstance(raw, list) and raw:
        frame["entry"] = stripped
    check(frame, resource_type="Bundle")


def _entry(position: int, raw: Mapping[str, Any], base_url: str) -> Entry:
    place = f"Bundle.entry[{position}]"
    request = raw.get("request")
    if not isinstance(request, Mapping):
        raise _broken(f"{place}.request", "element is required", "required")
    resource = raw.get("resource")
    if resource is not None and not isinstance(resource, dict):
        raise _broken(f"{place}.resource", "a resource is a JSON object", "structure")
    method = str(request["method"])
    if (resource is None) == (method in ("POST", "PUT")):
        raise _broken(f"{place}.resource", f"does not go with {method}", "structure")
    path, _, query = references.strip_base(str(request["url"]), base_url).partition("?")
    return Entry(
        position=position,
        full_url=raw.get("fullUrl"),
        method=method,
        path=path.lstrip("/"),
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers={
            header: str(request[name]) for name, header in _CONDITIONS.items() if name in request
        },
        resource=resource,
    )


def _broken(expression: str, rule: str, code: str) -> RequestInvalid:
    return RequestInvalid(issues=[Issue(code=code, expression=expression, rule=rule)])
