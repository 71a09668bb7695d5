"""Finds what a FHIR reference points to, however the EHR wrote it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

_TYPE: Final = re.compile(r"[A-Z][A-Za-z]{2,40}")


def kind_of(resource: Mapping[str, Any]) -> str:
    """Return the type of a resource; empty when it has none or one that is no word."""
    kind = resource.get("resourceType")
    return kind if isinstance(kind, str) else ""


def key_of(resource: Mapping[str, Any]) -> str | None:
    """Return `Type/id` of a resource, or None when it has no usable id."""
    kind, own_id = resource.get("resourceType"), resource.get("id")
    if isinstance(kind, str) and isinstance(own_id, str) and own_id:
        return f"{kind}/{own_id}"
    return None


def _identifiers(resource: Mapping[str, Any]) -> Iterator[str]:
    """Yield the identifiers of a resource as a condition names them: `system|value`, `value`."""
    listed = resource.get("identifier")
    for each in listed if type(listed) is list else ():
        value = each.get("value") if type(each) is dict else None
        if isinstance(value, str) and value:
            yield value
            if isinstance(each.get("system"), str):
                yield f"{each['system']}|{value}"


@dataclass(kw_only=True, slots=True)
class ReferenceIndex:
    """The resources of a case by `Type/id`: those that are walked, and all that are known."""

    walked: dict[str, int] = field(default_factory=dict)
    known: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _by_id: dict[str, str] = field(default_factory=dict)
    _by_identifier: dict[str, str] = field(default_factory=dict)
    _resolved: dict[str, str | None] = field(default_factory=dict)

    def add_walked(self, resource: Mapping[str, Any], position: int) -> None:
        """Add a resource whose outgoing form will stand at a position."""
        key = key_of(resource)
        if key is not None:
            self.walked[key] = position

    def add_known(self, resources: Iterable[Mapping[str, Any]]) -> None:
        """Add resources that a reference may point to."""
        for resource in resources:
            key = key_of(resource)
            if key is not None:
                self.known[key] = resource
                self._by_id[key.partition("/")[2]] = key

    def resolve(self, reference: str) -> str | None:
        """Return the `Type/id` a reference means; None when it cannot be told.

        Understands relative and absolute URLs, versions, urn:uuid and urn:oid, and a condition
        on the identifier that exactly one resource of the chart has.
        """
        if reference not in self._resolved:
            self._resolved[reference] = self._read(reference)
        return self._resolved[reference]

    def _read(self, reference: str) -> str | None:
        if reference.startswith(("urn:uuid:", "urn:oid:")):
            return self._by_id.get(reference.rpartition(":")[2])
        if "?" in reference:
            base, _, condition = reference.partition("?")
            value = unquote(condition.removeprefix("identifier="))
            return self._identified(f"{base.rpartition('/')[2]}?{value}")
        steps = reference.partition("/_history/")[0].split("/")
        if len(steps) >= 2 and _TYPE.fullmatch(steps[-2]) and steps[-1]:
            return f"{steps[-2]}/{steps[-1]}"
        return None

    def _identified(self, name: str) -> str | None:
        if not self._by_identifier:
            for key, resource in self.known.items():
                for identifier in _identifiers(resource):
                    # Two of a type with one identifier are none that could be meant.
                    own = f"{key.partition('/')[0]}?{identifier}"
                    other = self._by_identifier.setdefault(own, key)
                    self._by_identifier[own] = key if other == key else ""
        return self._by_identifier.get(name) or None

    def type_of(self, reference: str) -> str | None:
        """Return the resource type a reference means, if its form tells it."""
        key = self.resolve(reference)
        kind = key.partition("/")[0] if key else reference.partition("?")[0].rpartition("/")[2]
        return kind if _TYPE.fullmatch(kind) else None
