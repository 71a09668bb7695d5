"""References as text: what they point at, and rewriting them inside a resource (pure)."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ID_PATTERN = re.compile(r"[A-Za-z0-9.-]{1,64}")
TYPE_PATTERN = re.compile(r"[A-Z][A-Za-z]{1,63}")
_RELATIVE = re.compile(
    r"(?P<type>[A-Z][A-Za-z]{1,63})/(?P<id>[A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?"
)
# Elements that hold an address besides Reference.reference (FHIR R4, http.html#trules).
_ADDRESS_ELEMENTS = frozenset({"reference", "url", "uri", "valueUri", "valueUrl", "valueUuid"})


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a reference points at: a resource of this server, or a foreign address."""

    resource_type: str | None = None
    resource_id: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)


def target_of(reference: str, base_url: str) -> Target:
    """Read `Type/id`, with or without our own base in front, with or without a version.

    Anything else (another server, urn:uuid, a contained "#x") is a foreign address.
    """
    found = _RELATIVE.fullmatch(strip_base(reference, base_url))
    if found is None:
        return Target(address=reference)
    return Target(resource_type=found["type"], resource_id=found["id"])


def strip_base(address: str, base_url: str) -> str:
    """Return `address` without our own base; unchanged when it is not below our base."""
    return address.removeprefix(base_url.rstrip("/") + "/")


def rewrite(value: Any, replace: Callable[[str, str], str], *, path: str = "") -> Any:
    """Return a copy in which `replace(text, path)` decided on every address-like text.

    A Bundle, at the root or nested, is handed through untouched: its entries point at one
    another by their own fullUrls, and its bytes may be signed.
    """
    if isinstance(value, dict):
        if value.get("resourceType") == "Bundle":
            return value
        return {
            key: (
                replace(item, f"{path}.{key}")
                if key in _ADDRESS_ELEMENTS and isinstance(item, str)
                else rewrite(item, replace, path=f"{path}.{key}" if path else key)
            )
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [rewrite(item, replace, path=f"{path}[{index}]") for index, item in enumerate(value)]
    return value


def references_in(value: Any) -> Iterator[str]:
    """Yield every Reference.reference of a resource, Bundles left out."""
    if isinstance(value, Mapping) and value.get("resourceType") != "Bundle":
        for key, item in value.items():
            if key == "reference" and isinstance(item, str):
                yield item
            else:
                yield from references_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from references_in(item)
