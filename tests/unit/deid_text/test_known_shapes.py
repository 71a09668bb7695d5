"""Charts with the wrong shapes still give up the identifiers they hold, and break nothing."""

import pytest

from deid import known_identity


@pytest.mark.parametrize(
    "line", [7, None, {"a": 1}, True, ["18 Tidewater Lane", 7], "18 Tidewater Lane"]
)
def test_an_address_line_of_any_shape_is_read_or_passed_over(line: object) -> None:
    patient = {"resourceType": "Patient", "address": [{"line": line, "city": "Gullhaven"}]}
    identity = known_identity.build([patient])
    assert identity.find("She lives in Gullhaven.")
    if "Tidewater" in str(line):
        assert identity.find("at 18 Tidewater Lane")


@pytest.mark.parametrize("contained", [7, "x", {"resourceType": "Practitioner"}, [7, None]])
def test_contained_of_any_shape_is_passed_over(contained: object) -> None:
    patient = {"resourceType": "Patient", "contained": contained, "name": [{"family": "Marrowby"}]}
    result = {"resourceType": "Observation", "contained": contained}
    assert known_identity.build([patient, result]).find("Mrs Marrowby")
