"""Each vendor's dialect over HTTP: what its server insists on is met, what it hides is shown.

Spec: spec/smart.md section 4; spec/reliability.md V32
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from fhir_adapters import reading, writing
from fhir_adapters.adapter import Adapter
from fhir_adapters.capability import Capability, WriteClass
from fhir_adapters.chart import ChartSnapshot, Reason, SectionName
from fhir_adapters.choose_vendor import VENDORS, adapter_for
from fhir_adapters.errors import VendorMismatch, VendorUnknown, WriteNotOffered
from fhir_adapters.note import NoteToWrite
from fhir_adapters.outcomes import OutcomeUnknown, Written
from launch.discovery import SmartConfiguration
from launch.errors import DiscoveryInvalid, EndpointRefused
from tests.support import dialects
from tests.support.charts import category, entry, patient
from tests.support.dialects import DialectServer, outcome
from tests.support.launch_stores import Desk, MemorySites, make_site

WITHOUT_SIGN_IN = {"hapi", "google"}
LONG = "e" * 200


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    """The outside world; anything not registered fails the call."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as world:
        yield world


def _chart(labs: int = 3) -> list[dict[str, Any]]:
    return [
        patient(generalPractitioner=[{"reference": "Practitioner/d-1"}]),
        entry("Encounter", "e-1"),
        *(entry("Condition", f"c-{i}", category=category("problem-list-item")) for i in range(45)),
        entry("AllergyIntolerance", "a-1"),
        entry("MedicationRequest", "m-1", requester={"reference": "Practitioner/d-2"}),
        *(entry("Observation", f"o-{i}", category=category("laboratory")) for i in range(labs)),
        entry("Observation", "v-1", category=category("vital-signs")),
        entry("Observation", "s-1", category=category("social-history")),
        entry("Procedure", "pr-1"),
        entry("DiagnosticReport", "dr-1"),
        entry("DocumentReference", "n-1", category=category("clinical-note"), content=[]),
        entry("Immunization", "im-1"),
        {"resourceType": "Practitioner", "id": "d-1"},
        {"resourceType": "Practitioner", "id": "d-2"},
    ]


def _server(vendor: str, mock: responses.RequestsMock, **more: Any) -> DialectServer:
    server = DialectServer(vendor=vendor, resources=_chart(**more))
    server.serve(mock)
    return server


def _adapter(server: DialectServer) -> Adapter:
    return adapter_for(reading.read_capability(server.session()), registered=server.vendor)


def _read(server: DialectServer) -> ChartSnapshot:
    return _adapter(server).read_chart(server.session(), patient_id="p-1", encounter_id="e-1")


def _note() -> NoteToWrite:
    return NoteToWrite(
        opinion_id="case1.opinion.1",
        case_id="case1",
        patient_id="p-1",
        encounter_id="e-1",
        author="Practitioner/d-1",
        text="External opinion, filed automatically, not yet reviewed.\n",
        asked_at=datetime(2026, 3, 2, 10, 15, tzinfo=UTC),
        answered_at=datetime(2026, 3, 2, 11, 40, tzinfo=UTC),
        filed_at=datetime(2026, 3, 2, 11, 45, tzinfo=UTC),
    )


def test_every_vendor_is_played_and_every_played_server_has_an_adapter() -> None:
    assert set(dialects.VENDORS) == set(dialects.DIALECTS) == set(VENDORS)


@pytest.mark.parametrize("vendor", dialects.VENDORS)
def test_where_to_sign_in_is_found_without_a_special_case(
    vendor: str, mock: responses.RequestsMock
) -> None:
    facts = dialects.fixture(vendor, "site")
    base, origins = facts["issuer"], tuple(facts["allowed_origins"])
    announced = dialects.fixture(vendor, "smart-configuration")
    if announced is None:
        mock.get(f"{base}/.well-known/smart-configuration", status=404)
    else:
        mock.get(f"{base}/.well-known/smart-configuration", json=announced)
    mock.get(f"{base}/metadata", json=dialects.fixture(vendor, "capability-statement"))
    if announced is None:
        with pytest.raises(DiscoveryInvalid):
            _discover(base, origins)
        return
    found = _discover(base, origins)
    assert found.token_endpoint == announced["token_endpoint"]
    assert found.issuer == announced["issuer"]
    if origins:
        with pytest.raises(EndpointRefused):
            _discover(base, ())


@pytest.mark.parametrize("vendor", sorted(set(dialects.VENDORS) - WITHOUT_SIGN_IN))
def test_an_old_server_without_the_well_known_address_tells_it_in_its_statement(
    vendor: str, mock: responses.RequestsMock
) -> None:
    facts = dialects.fixture(vendor, "site")
    base = facts["issuer"]
    statement = dialects.fixture(vendor, "capability-statement")
    mock.get(f"{base}/.well-known/smart-configuration", status=404)
    mock.get(f"{base}/metadata", json=statement)
    if "security" not in statement["rest"][0]:
        with pytest.raises(DiscoveryInvalid):
            _discover(base, tuple(facts["allowed_origins"]))
        return
    found = _discover(base, tuple(facts["allowed_origins"]))
    announced = dialects.fixture(vendor, "smart-configuration")
    # athenahealth's other block, under a bogus URL, stands first and names another server.
    assert found.token_endpoint == announced["token_endpoint"]


def _discover(base: str, origins: tuple[str, ...]) -> SmartConfiguration:
    desk = Desk(sites=MemorySites(sites=[make_site(issuer=base, allowed_origins=origins)]))
    return desk.client.discovery.configuration(desk.sites.sites[0], base)


@pytest.mark.parametrize("vendor", dialects.VENDORS)
def test_the_adapter_follows_from_statement_and_registration_and_disagreement_is_loud(
    vendor: str, mock: responses.RequestsMock
) -> None:
    capability = reading.read_capability(_server(vendor, mock).session())
    assert adapter_for(capability, registered=vendor).traits.key == vendor
    alone = adapter_for(capability).traits.key
    assert alone == adapter_for(capability, registered="generic").traits.key
    assert alone == {"smart_sandbox": "hapi"}.get(vendor, vendor)
    for other in set(VENDORS) - {vendor, "generic", alone}:
        traits = VENDORS[other]
        if vendor == "generic" or alone in traits.built_on:
            assert adapter_for(capability, registered=other).traits is traits
        else:
            with pytest.raises(VendorMismatch, match=f"registered {other}, stated {alone}"):
                adapter_for(capability, registered=other)
    with pytest.raises(VendorUnknown):
        adapter_for(capability, registered="epik")


@pytest.mark.parametrize("vendor", dialects.VENDORS)
def test_the_chart_is_read_page_by_page_with_what_the_server_insists_on(
    vendor: str, mock: responses.RequestsMock
) -> None:
    server = _server(vendor, mock)
    snapshot = _read(server)
    for section in snapshot.sections:
        # What is not declared is not asked for; everything else comes whole.
        assert section.reasons in ((), (Reason.NOT_OFFERED,)), section
    assert snapshot.section(SectionName.CONDITIONS).count == 45
    assert snapshot.section(SectionName.LABS).count == 3
    assert snapshot.section(SectionName.NOTES).count == 1
    assert len(snapshot.by_section[SectionName.CARE_TEAM]) == 2


@pytest.mark.parametrize("vendor", dialects.VENDORS)
def test_v32_pages_that_ran_out_are_read_again_and_then_given_up_visibly(
    vendor: str, mock: responses.RequestsMock
) -> None:
    most = 210 if vendor == "oracle" else 110  # more than one page holds
    once = _server(vendor, mock, labs=most)
    once.pages_expire = 1
    labs = _read(once).section(SectionName.LABS)
    always = DialectServer(vendor=vendor, resources=_chart(labs=most), pages_expire=99)
    mock.reset()
    always.serve(mock)
    given_up = _read(always).section(SectionName.LABS)
    if vendor == "epic":
        # one capped page, no further one
        assert (labs.state, labs.reasons, labs.count) == ("incomplete", (Reason.CAPPED,), 100)
    else:
        assert (labs.state, labs.count) == ("complete", most)
        assert (given_up.state, given_up.reason) == ("incomplete", Reason.EXPIRED_PAGE)
    assert 0 < given_up.count <= 200


@pytest.mark.parametrize(
    ("vendor", "kind", "reason"),
    [
        ("epic", "processing", Reason.REJECTED),
        ("oracle", "forbidden", Reason.FORBIDDEN),
        ("azure", "timeout", Reason.UNREACHABLE),
        ("generic", "security", Reason.FORBIDDEN),
    ],
)
def test_v32_an_error_that_comes_with_status_200_is_an_error(
    vendor: str, kind: str, reason: Reason, mock: responses.RequestsMock
) -> None:
    server = _server(vendor, mock)
    server.answers["Condition"] = [outcome(200, kind)] * 3
    section = _read(server).section(SectionName.CONDITIONS)
    assert section.state in ("incomplete", "refused")
    assert section.reason is reason


@pytest.mark.parametrize(
    ("code", "status"),
    [("4118", 403), ("4130", 404), ("4131", 400), ("4134", 200), ("4135", 404)],
)
def test_what_an_epic_hospital_refuses_by_its_rules_is_asked_for_once(
    code: str, status: int, mock: responses.RequestsMock
) -> None:
    server = _server("epic", mock)
    server.answers["Condition"] = [outcome(status, "processing", code)] * 3
    section = _read(server).section(SectionName.CONDITIONS)
    assert (section.state, section.reason) == ("refused", Reason.FORBIDDEN)
    assert len(server.answers["Condition"]) == 2


def test_a_warning_of_epic_that_a_part_is_missing_shows(mock: responses.RequestsMock) -> None:
    server = _server("epic", mock)
    warning = outcome(200, "informational", "4119", severity="warning")
    page = (
        b'{"resourceType":"Bundle","type":"searchset","entry":[{"resource":'
        + warning[2]
        + b',"search":{"mode":"outcome"}}]}'
    )
    server.answers["AllergyIntolerance"] = [(200, warning[1], page)]
    section = _read(server).section(SectionName.ALLERGIES)
    assert (section.state, section.reason) == ("incomplete", Reason.PARTIAL)


@pytest.mark.parametrize("vendor", ["generic", "medplum", "meditech"])
def test_a_server_that_is_too_busy_is_asked_again_when_it_says(
    vendor: str, mock: responses.RequestsMock
) -> None:
    server = _server(vendor, mock)
    server.answers["Procedure"] = [(429, {"Retry-After": "2"}, b"")]
    assert _read(server).section(SectionName.PROCEDURES).state == "complete"
    assert server.pauses == [2.0]


@pytest.mark.parametrize("vendor", sorted(v for v in VENDORS if VENDORS[v].id_length > 64))
def test_ids_longer_than_the_standard_allows_are_read(
    vendor: str, mock: responses.RequestsMock
) -> None:
    server = _server(vendor, mock)
    server.resources.append(entry("Encounter", LONG))
    adapter = _adapter(server)
    assert len(LONG) <= adapter.traits.id_length
    snapshot = adapter.read_chart(server.session(), patient_id="p-1", encounter_id=LONG)
    assert snapshot.section(SectionName.ENCOUNTER).count == 1


@pytest.mark.parametrize(
    ("vendor", "found"),
    [
        ("generic", WriteClass.CONDITIONAL),
        ("hapi", WriteClass.CONDITIONAL),
        ("epic", WriteClass.SEARCHABLE),
        ("oracle", WriteClass.BLIND),
        ("veradigm", WriteClass.BLIND),
        ("athenahealth", None),
        ("meditech", None),
    ],
)
def test_a_note_is_written_as_safely_as_the_vendor_allows(
    vendor: str, found: WriteClass | None, mock: responses.RequestsMock
) -> None:
    server = _server(vendor, mock)
    adapter = _adapter(server)
    chosen = writing.write_class(
        "DocumentReference", capability=adapter.capability, writes=adapter.traits.writes
    )
    assert chosen is found
    if found is None:
        with pytest.raises(WriteNotOffered):
            adapter.write_note(server.session(), _note(), tried_before=False)
        return
    outcome_of_write = adapter.write_note(server.session(), _note(), tried_before=False)
    if vendor == "veradigm":
        # Created and not a word about where: nobody can look there, so a person has to.
        assert outcome_of_write == OutcomeUnknown(reason="not_readable", may_retry=False)
        return
    assert isinstance(outcome_of_write, Written)
    verified = adapter.verify_note(server.session(), _note(), reference=outcome_of_write.reference)
    assert verified.reference == outcome_of_write.reference


def test_a_statement_may_say_less_than_its_vendor_is_known_for() -> None:
    declared = Capability.from_statement(dialects.fixture("epic", "capability-statement"))
    without = {
        name: replace(found, search_params=found.search_params - {"identifier"})
        for name, found in declared.types.items()
    }
    found = writing.write_class(
        "DocumentReference",
        capability=replace(declared, types=without),
        writes=VENDORS["epic"].writes,
    )
    assert found is WriteClass.BLIND
