"""Whole charts under every policy: sent, admitted by the network, still FHIR, dates as promised."""

import importlib
import json
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from deid import policy
from deid.date_shift import days_of
from deid.pipeline import Prepared, deidentify
from deid.pseudonyms import CaseKey
from exchange import checks
from exchange.case_bundle import build_case
from tests.support import deid_cases, wire

CHARTS = {
    name: chart
    for name, chart in deid_cases.charts()
    if name in ("adela", "canary", "denis", "pearly")
}
QUESTION = "Potassium 6.1 since 11/20/2026?"
FULL_DATE = re.compile(r'"\d{4}-\d{2}-\d{2}')


def prepared(chart: str, name: str) -> Prepared:
    made = replace(
        deid_cases.of_chart(CHARTS[chart]), texts={"question": QUESTION}, case_id=wire.CASE
    )
    return deidentify(made, policy.load(name))


@pytest.mark.parametrize("name", sorted(policy.POLICIES))
@pytest.mark.parametrize("chart", CHARTS)
def test_the_network_admits_a_chart_under_every_policy(chart: str, name: str) -> None:
    sealed = prepared(chart, name).sealed

    built = build_case(sealed, wire.order(), wire.PlainSigner())

    assert checks.check_case(built.bundle) == ()
    dated = [entry for entry in sealed.entries if FULL_DATE.search(entry.body.decode())]
    assert bool(dated) == (policy.load(name).dates == "shifted")
    for entry in sealed.entries:
        module = importlib.import_module(f"fhir.resources.R4B.{entry.resource_type.lower()}")
        getattr(module, entry.resource_type).model_validate(json.loads(entry.body))


@pytest.mark.parametrize("chart", CHARTS)
def test_the_days_of_a_shifted_chart_are_its_true_days_moved(chart: str) -> None:
    case = replace(deid_cases.of_chart(CHARTS[chart]), case_id=wire.CASE)
    true = {
        each["effectiveDateTime"][:10]
        for each in case.resources
        if len(str(each.get("effectiveDateTime", ""))) >= len("2026-01-01")
    }
    shift = timedelta(days=days_of(CaseKey(case.case_key)))
    left = {
        entry.resource["effectiveDateTime"][:10]
        for entry in prepared(chart, "expert-determination").sealed.entries
        if "effectiveDateTime" in entry.resource
    }
    assert bool(left) == bool(true)
    assert left <= {(date.fromisoformat(each) + shift).isoformat() for each in true}
