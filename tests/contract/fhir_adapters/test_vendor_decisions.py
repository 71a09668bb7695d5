"""What the adapter decides by the capabilities that real vendors announce."""

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_adapters import sections
from fhir_adapters.capability import Capability, WriteClass
from fhir_adapters.chart import SectionName

FACTS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).resolve().parents[3] / "fixtures/vendors/capabilities.json").read_text()
)


def _capability(vendor: str) -> Capability:
    resources = [
        {
            "type": name,
            "interaction": [{"code": code} for code in facts["does"]],
            "searchParam": [{"name": param} for param in facts["params"]],
            "conditionalCreate": facts["conditional_create"],
        }
        for name, facts in FACTS[vendor].items()
    ]
    return Capability.from_statement({"rest": [{"mode": "server", "resource": resources}]})


@pytest.mark.parametrize(
    ("vendor", "note", "message"),
    [
        ("epic", WriteClass.SEARCHABLE, WriteClass.SEARCHABLE),
        ("epic_customer", WriteClass.BLIND, WriteClass.BLIND),
        ("athenahealth", None, None),
        ("meditech", None, WriteClass.BLIND),
        ("veradigm", WriteClass.BLIND, None),
    ],
)
def test_each_vendor_gets_the_safest_write_it_allows(
    vendor: str, note: WriteClass | None, message: WriteClass | None
) -> None:
    capability = _capability(vendor)
    assert capability.write_class("DocumentReference") is note
    assert capability.write_class("Communication") is message


@pytest.mark.parametrize("vendor", sorted(FACTS))
def test_observations_are_never_searched_without_a_category(vendor: str) -> None:
    # Epic (2026) refuses an Observation search that has neither category nor code.
    for name in (SectionName.VITALS, SectionName.LABS, SectionName.SOCIAL_HISTORY):
        found = sections.queries(sections.WISHES[name], _capability(vendor), "p")
        assert [param for query in found for param, _ in query.params][:2] == [
            "patient",
            "category",
        ]


@pytest.mark.parametrize("vendor", sorted(FACTS))
def test_only_declared_parameters_are_sent(vendor: str) -> None:
    capability = _capability(vendor)
    declares_count = any("_count" in facts["params"] for facts in FACTS[vendor].values())
    for wishes in sections.WISHES.values():
        for query in sections.queries(wishes, capability, "p"):
            declared = set(FACTS[vendor][query.resource_type]["params"])
            sent = {param for param, _ in query.params}
            assert sent <= declared | (set() if declares_count else {"_count"})
