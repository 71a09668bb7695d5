"""What the EHR sent along: one resource, or the knowledge that it did not send it (pure).

An EHR may leave a key out, send null, an error, a page of a longer list, or another patient's
resource; none of that counts as sent.

Spec: CDS Hooks 2.0, Prefetch Template; row H6 of our checklist
"""

from collections.abc import Mapping
from typing import Any

Resource = Mapping[str, Any]


def resource_of(
    prefetch: Mapping[str, Any], key: str, *, resource_type: str, logical_id: str | None = None
) -> Resource | None:
    """Return the resource under a key if it is whole, of this type and (if given) this id."""
    value = prefetch.get(key)
    found = _only_entry(value) if _is_bundle(value) else value
    return checked(found, resource_type=resource_type, logical_id=logical_id)


def checked(value: object, *, resource_type: str, logical_id: str | None) -> Resource | None:
    """Return the value if it is a resource of this type and (if given) this id, else None."""
    if not isinstance(value, dict) or value.get("resourceType") != resource_type:
        return None
    return value if logical_id is None or value.get("id") == logical_id else None


def _is_bundle(value: object) -> bool:
    return isinstance(value, dict) and value.get("resourceType") == "Bundle"


def _only_entry(bundle: Any) -> object:
    # Any: the caller checked that this is a JSON object.
    links = bundle.get("link")
    paged = isinstance(links, list) and any(
        isinstance(link, dict) and link.get("relation") == "next" for link in links
    )
    entries = bundle.get("entry")
    if paged or not isinstance(entries, list) or len(entries) != 1:
        return None
    return entries[0].get("resource") if isinstance(entries[0], dict) else None
