"""Numbers that are measurements leave as written; numbers of somebody do not."""

from decimal import Decimal
from typing import Any

import pytest

from deid.structured.quantities import plausible
from tests.support.deid_cases import condition, observation
from tests.support.structured_cases import Resource, prepared, sent

LOINC = "http://loinc.org"
AGE, HEIGHT, WEIGHT, BMI = "30525-0", "8302-2", "29463-7", "39156-5"


def measured(code: str, **value: Any) -> Resource:
    coded = {"coding": [{"system": LOINC, "code": code}]}
    made = observation(code=coded, **value)
    if "valueQuantity" not in value:
        del made["valueQuantity"]
    return made


def value_of(about: str, **quantity: Any) -> Any:
    entries = prepared(measured(about, valueQuantity=quantity)).sealed.entries
    own = [e.resource for e in entries if e.resource_type == "Observation"]
    return next(r.get("valueQuantity") for r in own if "effectiveDateTime" in r)


@pytest.mark.parametrize(
    "number",
    [
        0,
        -5,
        999_999,
        250_000,
        12_000_000,
        Decimal("27.739023748890001"),
        Decimal("1E+6"),
        Decimal(0),
    ],
)
def test_a_measurement_is_plausible(number: object) -> None:
    assert plausible(number)


@pytest.mark.parametrize(
    "number",
    [5550100142, 19590304, 5550100, Decimal("5550100142"), Decimal("5.550100142E+9"), -40417731,
     Decimal("40417731.5"), Decimal("0." + "1" * 40), True, "7", None, float("nan")],
)  # fmt: skip
def test_a_number_as_long_as_that_of_a_telephone_is_not(number: object) -> None:
    assert not plausible(number)


def test_a_count_in_a_volume_may_have_one_digit_more() -> None:
    assert value_of("20447-9", value=1234567, unit="copies/mL")["value"] == 1234567
    assert value_of("20447-9", value=12345678, unit="copies/mL") is None


@pytest.mark.parametrize("element", ["valueInteger", "valueString"])
def test_a_telephone_number_does_not_leave_in_place_of_a_value(element: str) -> None:
    number = 5550199377
    made = measured("2823-3", **{element: number if element == "valueInteger" else str(number)})
    bodies = [entry.body for entry in prepared(made).sealed.entries]
    assert not any(b"5550199377" in body for body in bodies)


@pytest.mark.parametrize(
    ("quantity", "left"),
    [
        ({"value": 97, "unit": "years", "code": "a"}, ">="),
        ({"value": 97, "unit": "yr"}, ">="),
        ({"value": 1090, "unit": "months"}, ">="),
        ({"value": 89, "unit": "years"}, None),
    ],
)
def test_an_age_over_89_is_one_group_in_any_unit(quantity: Resource, left: str | None) -> None:
    out = value_of(AGE, **quantity)
    assert out.get("comparator") == left
    assert out["value"] == (90 if left else 89)


def test_an_age_without_a_unit_of_age_does_not_leave() -> None:
    assert value_of(AGE, value=97) is None
    assert value_of(AGE, value=97, unit="winters") is None
    made = measured(AGE, valueInteger=97, valueString="97")
    (left,) = [e for e in prepared(made).sealed.entries if b"effectiveDateTime" in e.body]
    assert not {"valueInteger", "valueString"} & left.resource.keys()


@pytest.mark.parametrize(
    ("code", "unit", "value", "left"),
    [
        (HEIGHT, "cm", 226, 210),
        (HEIGHT, "cm", 180, 180),
        (WEIGHT, "kg", 311, 250),
        (BMI, "kg/m2", 71, 60),
        (WEIGHT, "stone", 50, 50),
    ],
)
def test_a_rare_height_or_weight_is_cut_at_the_top(
    code: str, unit: str, value: int, left: int
) -> None:
    out = value_of(code, value=value, unit=unit)
    assert out["value"] == left
    assert out.get("comparator") == (">" if left != value else None)


def test_a_measurement_without_a_value_is_left_alone() -> None:
    assert value_of(HEIGHT, unit="cm") == {"unit": "cm"}
    (left,) = sent(measured(HEIGHT, valueString="tall"))
    assert left["valueString"] == "tall"


@pytest.mark.parametrize("code", ["5550100142", "MARROWBY7", "marrowby", "{adela}", "x", 7])
def test_a_unit_code_that_ucum_does_not_know_stays(code: object) -> None:
    (left,) = sent(observation(valueQuantity={"value": 1, "unit": "mmol/L", "code": code}))
    assert "code" not in left["valueQuantity"]


@pytest.mark.parametrize("code", ["mmol/L", "mL/min/{1.73_m2}", "10*3/uL", "{score}", "nmol/h/mL"])
def test_a_unit_code_of_ucum_leaves(code: str) -> None:
    (left,) = sent(observation(valueQuantity={"value": 1, "code": code}))
    assert left["valueQuantity"]["code"] == code


@pytest.mark.parametrize(
    ("data", "leaves"),
    [
        ("1 2 E -3.5", True),
        ("1.25e-05 U", True),
        ("5550100142 1", False),
        ("1  2", False),
        ("", False),
    ],
)
def test_samples_are_numbers_no_longer_than_a_measurement(data: str, leaves: bool) -> None:
    sampled = {"origin": {"value": 0}, "period": 10, "dimensions": 1, "data": data}
    (left,) = sent(measured("2823-3", valueSampledData=sampled))
    assert ("data" in left["valueSampledData"]) is leaves


@pytest.mark.parametrize(
    ("system", "code"),
    [(LOINC, "67875-5"), (LOINC, "56799-0"), (LOINC, "21112-8"), (LOINC, "54125-0"),
     ("http://snomed.info/sct", "224299000")],
)  # fmt: skip
def test_a_fact_about_the_person_stays_whatever_its_type(system: str, code: str) -> None:
    coded = {"coding": [{"system": system, "code": code, "display": "Full-time job"}]}
    assert sent(observation(code=coded), condition(code=coded)) == []


def test_odd_codes_of_a_resource_withhold_nothing() -> None:
    assert (
        len(sent(observation(code={"coding": ["x", {"system": [], "code": {}}], "text": "K"}))) == 1
    )


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (23500, "d", (64, "a")),
        (Decimal("64.34"), "a", (64, "a")),
        (30, "mo", (2, "a")),
        (500, "d", (16, "mo")),
        (200, "d", (28, "wk")),
        (31, "h", (0, "wk")),
        (1, "a", (1, "a")),
        (7, "mo", (7, "mo")),
    ],
)
def test_an_age_is_told_no_finer_than_the_law_allows(
    value: object, unit: str, told: tuple[int, str]
) -> None:
    # 23500 days beside the distance of another date would be the date of birth.
    (left,) = sent(condition(onsetAge={"value": value, "code": unit}))
    assert (left["onsetAge"]["value"], left["onsetAge"]["code"]) == told
    seen = value_of(AGE, value=value, code=unit)
    assert (seen["value"], seen["code"]) == told
