"""References: what they point at, and rewriting."""

import pytest

from fhir_server import references
from fhir_server.references import Target

BASE = "http://fhir.test/fhir"


@pytest.mark.parametrize(
    "text",
    ["Patient/1", f"{BASE}/Patient/1", "Patient/1/_history/4", f"{BASE}/Patient/1/_history/4"],
)
def test_our_own_resource_is_found_in_every_spelling(text: str) -> None:
    assert references.target_of(text, BASE) == Target(resource_type="Patient", resource_id="1")


@pytest.mark.parametrize(
    "text",
    ["https://other.test/fhir/Patient/1", "urn:uuid:5", "#contained", f"{BASE}x/Patient/1"],
)
def test_anything_else_is_a_foreign_address(text: str) -> None:
    assert references.target_of(text, BASE) == Target(address=text)


def test_rewriting_leaves_a_nested_bundle_alone() -> None:
    nested = {"resourceType": "Bundle", "entry": [{"resource": {"subject": {"reference": "old"}}}]}
    value = {"focus": {"reference": "old"}, "contained": [nested], "note": [{"text": "old"}]}
    seen: list[str] = []

    def replace(text: str, path: str) -> str:
        seen.append(path)
        return "new" if text == "old" else text

    changed = references.rewrite(value, replace)
    assert changed["focus"] == {"reference": "new"}
    assert changed["contained"] == [nested]
    assert changed["note"] == [{"text": "old"}]
    assert seen == ["focus.reference"]
    assert value["focus"] == {"reference": "old"}


def test_a_bundle_at_the_root_is_left_alone_too() -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": {"subject": {"reference": "old"}}}]}
    assert references.rewrite(bundle, lambda _text, _path: "new") == bundle
    assert list(references.references_in(bundle)) == []
