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
