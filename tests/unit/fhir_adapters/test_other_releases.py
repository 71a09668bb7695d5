"""Servers of DSTU2, STU3 and R5: their charts are read as R4, and nothing is written there."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from deid.structured.version import require_r4
from fhir_adapters import choose_vendor, reading
from fhir_adapters.capability import Capability
from fhir_adapters.chart import ChartSnapshot, PatientFlag, Reason, SectionName
from fhir_adapters.converters import r4_view
from fhir_adapters.errors import PatientUnreadable, ReleaseMismatch, ReleaseUnsupported
from fhir_adapters.reading import ReadOptions
from fhir_adapters.release import Release
from runtime import json_text
from runtime.outbound import OutboundAnswer
from tests.support.memory_fhir import MemoryFhirSession, answer
from tests.support.other_releases import each_type

VERSIONS = {Release.DSTU2: "1.0.2", Release.STU3: "3.0.2", Release.R5: "5.0.0"}
OTHERS = tuple(VERSIONS)


def _declares(release: Release) -> dict[str, Any]:
    names = sorted({resource["resourceType"] for resource in each_type(release)})
    codes = [{"code": code} for code in ("read", "search-type", "create")]
    params = [{"name": name} for name in ("patient", "category", "_id", "identifier")]
    types = [
        {
            "type": name,
            "interaction": codes,
            "searchParam": params,
            "conditionalCreate": True,
        }
        for name in names
    ]
    kind = "Conformance" if release is Release.DSTU2 else "CapabilityStatement"
    return {
        "resourceType": kind,
        "fhirVersion": VERSIONS[release],
        "rest": [{"mode": "server", "resource": types}],
    }


@dataclass(kw_only=True)
class _Server(MemoryFhirSession):
    """A server that may insist on the media type of its own time."""

    strict: Literal["", "refuses", "answers in XML"] = ""
    accepts: list[str] = field(default_factory=list)

    def get(
        self,
        address: str,
        params: Sequence[tuple[str, str]] = (),
        *,
        accept: str = "application/fhir+json",
    ) -> OutboundAnswer:
        self.accepts.append(accept)
        if self.strict and accept == "application/fhir+json":
            return answer(406) if self.strict == "refuses" else _xml()
        return super().get(address, params, accept=accept)


def _xml() -> OutboundAnswer:
    return answer(200, b"<Conformance/>", content_type="application/xml+fhir")


def _server(release: Release, **more: Any) -> _Server:
    return _Server(capability=_declares(release), resources=each_type(release), **more)


def _read(server: MemoryFhirSession, **options: Any) -> ChartSnapshot:
    return reading.read_chart(
        server, patient_id="p1", encounter_id="e1", options=ReadOptions(**options)
    )


@pytest.mark.parametrize("release", OTHERS)
def test_the_whole_chart_arrives_as_r4(release: Release) -> None:
    server = _server(release)
    snapshot = _read(server)
    require_r4(snapshot.resources)
    held = {str(name): len(resources) for name, resources in snapshot.by_section.items()}
    for name in ("patient", "encounter", "conditions", "allergies", "medications", "labs"):
        assert held[name] > 0, name
    for name in ("procedures", "reports", "family_history", "immunizations", "relatives"):
        assert held[name] > 0, name
    assert held["notes"] + held["documents"] == 1
    types = {resource["resourceType"] for resource in snapshot.resources}
    assert not types & {"MedicationOrder", "ProcedureRequest", "ReferralRequest"}
    assert [path for _, path in server.calls].count("metadata") == 1


@pytest.mark.parametrize(
    ("release", "section"),
    [
        (Release.DSTU2, SectionName.MEDICATIONS),
        (Release.STU3, SectionName.CONDITIONS),
        (Release.R5, SectionName.LABS),
    ],
)
def test_a_section_that_lost_something_says_so_and_keeps_the_rest(
    release: Release, section: SectionName
) -> None:
    found = _read(_server(release)).section(section)
    assert found.state == "incomplete"
    assert Reason.NOT_CONVERTED in found.reasons
    assert found.count > 0


@pytest.mark.parametrize("release", OTHERS)
def test_an_entry_that_cannot_be_converted_is_left_out_and_shown_as_missing(
    release: Release,
) -> None:
    server = _server(release)
    for resource in server.resources:
        if resource["resourceType"] == "Procedure":
            del resource["subject"]
    found = _read(server).section(SectionName.PROCEDURES)
    assert (found.state, found.count) == ("incomplete", 0)
    assert Reason.NOT_CONVERTED in found.reasons


@pytest.mark.parametrize("strict", ["refuses", "answers in XML"])
def test_an_old_server_is_asked_in_its_own_words(strict: str) -> None:
    server = _server(Release.DSTU2, strict=strict)
    snapshot = _read(server)
    asked = {path.split("?")[0] for _, path in server.calls}
    assert "MedicationOrder" in asked
    assert "MedicationRequest" not in asked
    assert snapshot.section(SectionName.LABS).count == 1


def test_searches_by_post_are_asked_in_its_own_words_too() -> None:
    server = _server(Release.DSTU2)
    orders = [r for r in server.resources if r["resourceType"] == "MedicationOrder"]
    page = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": orders[0]}]}
    server.fail("POST MedicationOrder/_search", lambda: answer(200, page))
    reply = r4_view.view(server).post("MedicationRequest/_search", b"patient=p1")
    found: Any = json_text.loads(reply.body)
    assert found["entry"][0]["resource"]["resourceType"] == "MedicationRequest"
    assert ("POST", "MedicationOrder/_search") in server.calls


def test_a_document_of_an_old_server_comes_with_its_file() -> None:
    snapshot = _read(_server(Release.DSTU2))
    document = next(r for r in snapshot.resources if r["resourceType"] == "DocumentReference")
    attachment = document["content"][0]["attachment"]
    assert attachment["contentType"] == "application/hl7-cda+xml"
    assert base64.b64decode(attachment["data"]) == b"<ClinicalDocument/>"


def test_a_merged_patient_is_flagged_on_an_old_server_too() -> None:
    assert PatientFlag.MERGED in _read(_server(Release.DSTU2)).flags


@pytest.mark.parametrize("release", OTHERS)
def test_nothing_is_ever_written_there(release: Release) -> None:
    server = _server(release)
    capability = reading.read_capability(server)
    assert capability.fhir_version == VERSIONS[release]
    assert capability.write_class("DocumentReference") is None
    assert Capability.from_statement(_declares(release)).write_class("DocumentReference") is None


@pytest.mark.parametrize(
    "version",
    ["0.0.82", "2.0.0", "6.0.0-ballot3", "four", "3.0.2; rm", "3.0.2\x1b]0;x", "4.0.1\n"],
)
def test_a_release_that_nobody_knows_is_refused_by_name(version: str) -> None:
    server = _server(Release.STU3)
    server.capability = {**server.capability, "fhirVersion": version}
    with pytest.raises(ReleaseUnsupported):
        _read(server)


def test_a_registration_for_another_release_is_refused() -> None:
    with pytest.raises(ReleaseMismatch, match="registered R4, stated STU3"):
        _read(
            _server(Release.STU3),
            choose_traits=lambda told: choose_vendor.adapter_for(told, fhir_version="4.0.1").traits,
        )


def test_a_patient_that_cannot_be_converted_is_no_patient() -> None:
    server = _server(Release.R5)
    server.resources = [{"resourceType": "Basic", "id": "p1"}]
    server.fail("Patient/p1", lambda: answer(200, {"resourceType": "Basic", "id": "p1"}))
    with pytest.raises(PatientUnreadable):
        _read(server)


def test_what_was_lost_is_told_without_anything_of_the_patient() -> None:
    session = r4_view.view(_server(Release.DSTU2))
    page: Any = json_text.loads(session.get("MedicationRequest?patient=p1").body)
    outcome = page["entry"][-1]["resource"]
    assert outcome["issue"][0]["expression"] == ["MedicationOrder.dateEnded"]
    assert page["entry"][0]["resource"]["meta"]["tag"][0]["code"] == "incomplete"
    assert "2026" not in str(outcome)


def test_an_r4_server_answers_through_the_view_byte_by_byte() -> None:
    body = b'{"resourceType": "Patient",  "id": "p1"}'
    server = MemoryFhirSession()
    server.capability = {**server.capability, "fhirVersion": "4.0.1"}
    server.fail("Patient/p1", lambda: answer(200, body))
    assert r4_view.view(server).get("Patient/p1").body is body
    assert r4_view.view(server, fhir_version="4.3.0") is server
