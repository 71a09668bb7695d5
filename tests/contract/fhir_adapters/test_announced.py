"""What five vendors really announce is digested by discovery and adapter choice as it is."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import responses

from fhir_adapters import sections
from fhir_adapters.capability import Capability, WriteClass
from fhir_adapters.chart import SectionName
from fhir_adapters.choose_vendor import VENDORS, adapter_for
from fhir_adapters.converters import statements
from fhir_adapters.converters.releases import CONVERTERS
from fhir_adapters.release import Release, release_of
from launch.discovery import oauth_uris
from runtime import json_text
from tests.support.launch_stores import Desk, MemorySites, make_site

FOLDER = Path(__file__).resolve().parents[3] / "fixtures" / "vendors" / "announced"
STATEMENTS = tuple(sorted(p.stem for p in FOLDER.glob("*_r4.json")))
OLDER = ("epic_capabilitystatement_stu3", "epic_conformance_dstu2")
CONFIGURATIONS = tuple(sorted(p.stem for p in FOLDER.glob("*configuration.json")))
BASE = "https://ehr.example/fhir"


def _load(name: str) -> Any:
    return json_text.loads((FOLDER / f"{name}.json").read_bytes())


def _statement(name: str) -> dict[str, Any]:
    """Return the facts as the statement that they were taken from."""
    facts = _load(name)
    extensions = [
        {"url": one["url"], "extension": one["parts"]} for one in facts["security"]["extensions"]
    ]
    resources = [
        {
            "type": resource_type,
            "interaction": [{"code": code} for code in found["does"]],
            "searchParam": [{"name": param} for param in found["params"]],
            "conditionalCreate": found.get("conditional_create", False),
        }
        for resource_type, found in facts["resources"].items()
    ]
    rest = {"mode": "server", "security": {"extension": extensions}, "resource": resources}
    return {
        "resourceType": "Conformance" if "conformance" in name else "CapabilityStatement",
        "fhirVersion": facts["fhirVersion"],
        "software": {"name": facts["software"]},
        "rest": [rest],
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_announced_configuration_is_understood(name: str) -> None:
    announced = _load(name)
    addresses = ("authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint")
    origins = {_origin(announced[one]) for one in addresses if one in announced}
    origins |= {_origin(announced.get("introspection_endpoint", BASE))}
    desk = Desk(
        sites=MemorySites(sites=[make_site(issuer=BASE, allowed_origins=tuple(sorted(origins)))])
    )
    with responses.RequestsMock() as mock:
        mock.get(f"{BASE}/.well-known/smart-configuration", json=announced)
        found = desk.client.discovery.configuration(desk.sites.sites[0], BASE)
    assert found.token_endpoint == announced["token_endpoint"]
    assert found.authorization_endpoint == announced["authorization_endpoint"]
    assert found.issuer == announced["issuer"]
    assert found.capabilities == tuple(announced.get("capabilities", ()))


@pytest.mark.parametrize("name", [*STATEMENTS, *OLDER])
def test_the_sign_in_of_every_announced_statement_is_found(name: str) -> None:
    uris = oauth_uris(_statement(name))
    assert uris is not None
    by_name = {
        part["url"]: part["valueUri"] for part in _load(name)["security"]["extensions"][-1]["parts"]
    }
    assert uris["token_endpoint"] == by_name["token"]
    assert uris["authorization_endpoint"] == by_name["authorize"]


@pytest.mark.parametrize("name", [*STATEMENTS, *OLDER])
def test_every_announced_statement_leads_to_its_vendor_s_adapter(name: str) -> None:
    capability = Capability.from_statement(_statement(name))
    vendor = next(key for key in VENDORS if key in name.split("_"))
    version = _load(name)["fhirVersion"]
    assert adapter_for(capability).traits.key == vendor
    adapter = adapter_for(capability, registered=vendor, fhir_version=version)
    assert adapter.traits is VENDORS[vendor]


@pytest.mark.parametrize("name", STATEMENTS)
def test_each_announced_r4_server_is_asked_for_a_chart_in_parameters_it_declares(
    name: str,
) -> None:
    adapter = adapter_for(Capability.from_statement(_statement(name)))
    facts = _load(name)["resources"]
    declares_count = any("_count" in found["params"] for found in facts.values())
    offered: set[SectionName] = set()
    for section, wishes in sections.WISHES.items():
        for query in sections.queries(wishes, adapter.capability, "p", adapter.traits.search):
            offered.add(section)
            sent = {param for param, _ in query.params}
            declared = set(facts[query.resource_type]["params"])
            assert sent <= declared | (set() if declares_count else {"_count"})
            assert sent & {"patient", "subject", "beneficiary"}
            if query.resource_type == "Observation":
                assert "category" in sent
    assert {
        SectionName.CONDITIONS,
        SectionName.ALLERGIES,
        SectionName.MEDICATIONS,
        SectionName.LABS,
        SectionName.PROCEDURES,
        SectionName.DOCUMENTS,
    } <= offered


@pytest.mark.parametrize("name", OLDER)
def test_the_older_paths_of_a_vendor_offer_a_chart_through_the_converters(name: str) -> None:
    statement = _statement(name)
    release = release_of(statement["fhirVersion"])
    seen = statements.as_r4(statement, CONVERTERS[release])
    capability = Capability.from_statement(seen)
    adapter = adapter_for(capability)
    asked = {
        query.resource_type
        for wishes in sections.WISHES.values()
        for query in sections.queries(wishes, capability, "p", adapter.traits.search)
    }
    assert {"Condition", "AllergyIntolerance", "MedicationRequest", "Observation"} <= asked
    assert "MedicationOrder" not in capability.types
    assert (release is Release.DSTU2) == ("MedicationOrder" in _load(name)["resources"])
    for resource_type in ("DocumentReference", "Communication", "Observation"):
        assert capability.write_class(resource_type) is None


@pytest.mark.parametrize(
    ("name", "note", "message"),
    [
        ("epic_capabilitystatement_r4", WriteClass.SEARCHABLE, WriteClass.SEARCHABLE),
        ("apotti_epic_capabilitystatement_r4", WriteClass.BLIND, WriteClass.BLIND),
        ("athenahealth_capabilitystatement_r4", None, None),
        ("meditech_capabilitystatement_r4", None, WriteClass.BLIND),
        ("veradigm_capabilitystatement_r4", WriteClass.BLIND, None),
    ],
)
def test_each_announced_server_gets_the_safest_write_it_allows(
    name: str, note: WriteClass | None, message: WriteClass | None
) -> None:
    capability = Capability.from_statement(_statement(name))
    assert capability.write_class("DocumentReference") is note
    assert capability.write_class("Communication") is message
