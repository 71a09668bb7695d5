"""What the walk leaves out is counted by place and reason, once for each value."""

import pytest

from deid import policy
from deid.errors import ResourceRefused
from deid.pipeline import deidentify
from deid.preview import DroppedField
from tests.support.deid_cases import case, observation


def dropped(**changes: object) -> set[tuple[str, str, int]]:
    made = deidentify(case(observation(**changes)), policy.load())
    return {_row(each) for each in made.preview.dropped}


def _row(each: DroppedField) -> tuple[str, str, int]:
    return each.element, each.category, each.count


def test_a_part_of_the_wrong_type_is_left_out_and_counted() -> None:
    assert ("Observation.note", "wrong_type", 2) in dropped(note=["x", 7])


def test_an_element_that_never_leaves_counts_each_of_its_values() -> None:
    two = dropped(identifier=[{"value": "a"}, {"value": "b"}])
    one = dropped(identifier={"value": "a"})
    assert {count for place, _, count in two if place == "Observation.identifier"} == {2}
    assert {count for place, _, count in one if place == "Observation.identifier"} == {1}


def test_an_unknown_element_beside_a_value_is_counted_as_unknown() -> None:
    places = dropped(_nobody={"extension": []}, status="final", _status=[])
    assert any(why == "unknown_element" for _, why, _ in places)
    assert ("Observation._status", "extension", 1) in places


def test_a_refusal_tells_the_place_and_that_it_cannot_be_kept() -> None:
    made = deidentify(case(observation(status=7)), policy.load())
    assert list(made.sealed.receipt.refused) == [
        str(ResourceRefused(expression="Observation.status", reason="cannot be kept"))
    ]
    with pytest.raises(AttributeError):
        made.sealed.receipt.refused = ()  # type: ignore[misc]
