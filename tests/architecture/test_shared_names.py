"""Names that two rooms must spell alike, because neither may import the other."""

from typing import get_args

import pytest

import deid.pipeline
from consult.domain import governance
from deid import policy, sealed_case
from deid.structured import date_methods
from exchange import names, sealing
from runtime.settings_schema import SettingsSchema


def test_de_identified_content_lies_below_the_base_of_the_wire_contract() -> None:
    assert deid.pipeline.NETWORK_BASE == names.BASE


def test_times_are_told_in_the_extension_that_the_network_reads() -> None:
    assert date_methods.TIME_FROM_QUESTION == names.TIME_FROM_QUESTION


@pytest.mark.parametrize("name", sorted(policy.POLICIES))
def test_a_receipt_names_its_policy_as_the_network_checks_it(name: str) -> None:
    rules = policy.load(name)
    assert rules.uri == names.deid_policy_uri(rules.id, rules.version)


def test_the_network_admits_exactly_the_policies_that_ship() -> None:
    ours = {(name, policy.load(name).version) for name in policy.POLICIES}
    assert ours == governance.ADMITTED_POLICIES


def test_a_hospital_may_choose_exactly_the_policies_that_ship() -> None:
    rule = SettingsSchema().fields["deid_policy"].validate
    assert set(rule.choices) == policy.POLICIES


def test_dates_are_told_in_the_ways_that_the_network_knows() -> None:
    assert set(sealing.DATE_METHODS) == set(get_args(date_methods.Name))
    assert set(sealing.DATE_METHODS) == set(get_args(sealed_case.DateMethod))
