"""Every chart of the sandbox, de-identified for real, keeps the contract and reads well."""

from dataclasses import replace

import pytest

from consult.domain.snapshot_reading import read_clinical
from deid import policy
from deid.pipeline import deidentify
from exchange import case_bundle, checks
from fhir_server.structure.check import check
from tests.support import deid_cases, wire

CHARTS = dict(deid_cases.charts())
POLICY = policy.load()


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_a_real_chart_makes_a_case_that_the_network_admits(name: str) -> None:
    given = deid_cases.of_chart(CHARTS[name], types=deid_cases.DEFAULT_TYPES)
    sealed = deidentify(replace(given, texts={"question": "What next?"}), POLICY).sealed
    order = wire.order(case_id=sealed.case_id)
    bundle = case_bundle.build_case(sealed, order, wire.PlainSigner()).bundle
    assert checks.check_case(bundle) == ()
    for entry in bundle["entry"]:
        check(entry["resource"], resource_type=entry["resource"]["resourceType"])
    clinical = read_clinical([case_bundle.read_case(bundle).snapshot])
    assert clinical.subject.split(",")[0] in {"Woman", "Man", "Girl", "Boy", "Child", "Person"}
    assert clinical.problems


@pytest.mark.parametrize("name", ["cheryll", "jose-maria"])
def test_imaging_that_a_doctor_ticks_passes_the_networks_door_without_its_uids(name: str) -> None:
    chart = CHARTS[name]
    uids = [
        series["uid"]
        for one in chart
        if one["resourceType"] == "ImagingStudy"
        for series in one["series"]
    ]
    assert uids
    types = deid_cases.DEFAULT_TYPES | {"ImagingStudy"}
    given = replace(deid_cases.of_chart(chart, types=types), texts={"question": "What next?"})
    sealed = deidentify(given, POLICY).sealed
    built = case_bundle.build_case(sealed, wire.order(case_id=sealed.case_id), wire.PlainSigner())
    assert checks.check_case(built.bundle) == ()
    for entry in built.bundle["entry"]:
        check(entry["resource"], resource_type=entry["resource"]["resourceType"])
    sent = [entry.resource for entry in sealed.entries if entry.resource_type == "ImagingStudy"]
    assert [series["modality"]["code"] for one in sent for series in one["series"]] == ["DX"]
    assert not any(uid.encode() in built.body for uid in uids)
