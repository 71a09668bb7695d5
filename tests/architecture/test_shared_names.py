"""Names that two rooms must spell alike, because neither may import the other."""

import deid.pipeline
from deid import policy
from deid.structured import date_methods
from exchange import names


def test_de_identified_content_lies_below_the_base_of_the_wire_contract() -> None:
    assert deid.pipeline.NETWORK_BASE == names.BASE


def test_times_are_told_in_the_extension_that_the_network_reads() -> None:
    assert date_methods.TIME_FROM_QUESTION == names.TIME_FROM_QUESTION


def test_a_receipt_names_its_policy_as_the_network_checks_it() -> None:
    rules = policy.load("safe-harbor")
    assert rules.uri == names.deid_policy_uri(rules.id, rules.version)
