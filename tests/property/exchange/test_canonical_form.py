"""The canonical form survives being parsed, stored by a server, and read back."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import canonical
from exchange.errors import UnresolvedReference
from runtime import json_text

_words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
_names = st.text("abcdefgXYZ_é", min_size=1, max_size=6).filter(
    lambda name: name not in ("id", "text", "meta", "reference", "identifier")
)
_decimals = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=3
)
_leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _decimals | _words
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=12,
)
_resources = st.dictionaries(_names, _values, max_size=6).map(
    lambda body: {"resourceType": "Basic", **body}
)


@given(_resources)
def test_parse_store_read_gives_the_same_bytes(resource: dict[str, Any]) -> None:
    before = canonical.canonical_bytes(resource)
    stored = json_text.loads(json_text.dumps(resource))
    stored["id"] = "17"
    stored["meta"] = {"versionId": "3", "lastUpdated": "2026-03-02T10:15:00Z"}
    stored["text"] = {"status": "generated", "div": "<div/>"}
    assert canonical.canonical_bytes(json_text.loads(json_text.dumps(stored))) == before


@given(_resources)
def test_the_order_of_keys_does_not_matter(resource: dict[str, Any]) -> None:
    turned = dict(reversed(resource.items()))
    assert canonical.canonical_bytes(turned) == canonical.canonical_bytes(resource)


@given(_resources)
def test_pretty_printing_does_not_matter(resource: dict[str, Any]) -> None:
    printed = msgspec.json.format(json_text.dumps(resource), indent=4)
    assert canonical.canonical_bytes(json_text.loads(printed)) == canonical.canonical_bytes(
        json_text.loads(json_text.dumps(resource))
    )


@given(_resources, _names, _leaves)
def test_any_changed_element_changes_the_hash(
    resource: dict[str, Any], name: str, value: Any
) -> None:
    changed = {**resource, name: value}
    same = json_text.dumps_sorted(changed) == json_text.dumps_sorted(resource)
    hashes = {canonical.canonical_sha256(resource), canonical.canonical_sha256(changed)}
    assert len(hashes) == (1 if same else 2)


@given(st.sampled_from(["Patient/1", "urn:uuid:0", "https://elsewhere.example/Patient/1", "x"]))
def test_a_reference_that_only_one_server_understands_cannot_be_hashed(reference: str) -> None:
    resource = {"resourceType": "Basic", "subject": {"reference": reference}}
    with pytest.raises(UnresolvedReference):
        canonical.canonical_bytes(resource)
    known = {reference: ("s", "v")}
    assert b'"s|v"' in canonical.canonical_bytes(resource, resolve=known)
