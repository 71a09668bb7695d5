"""What leaves of the patient."""

from typing import Any

import pytest

from deid import policy
from deid.pipeline import deidentify
from tests.support.deid_cases import case, patient

RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"


def left(**changes: Any) -> dict[str, Any]:
    return deidentify(case(first=patient(**changes)), policy.load()).sealed.entries[0].resource


def age(**changes: Any) -> tuple[Any, ...] | None:
    entries = deidentify(case(first=patient(**changes)), policy.load()).sealed.entries
    for each in entries[1:]:
        quantity = each.resource["valueQuantity"]
        return quantity["value"], quantity["code"], quantity.get("comparator")
    return None


def test_only_gender_year_state_and_country_leave() -> None:
    assert left() == {
        "resourceType": "Patient",
        "gender": "female",
        "birthDate": "1959",
        "address": [{"state": "OR", "country": "US"}],
    }


@pytest.mark.parametrize(
    ("born", "year"),
    [
        ("1959-03-04", "1959"),
        ("1937-01-01", "1937"),
        ("1936-12-31", None),
        ("1920", None),
        ("2024-11-22", "2024"),
        ("2024-11-23", None),
        ("2026-11-01", None),
        ("around 1959", None),
        (1959, None),
    ],
)
def test_the_year_of_birth_stays_behind_for_the_very_young_and_old(
    born: object, year: str | None
) -> None:
    assert left(birthDate=born).get("birthDate") == year


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        ("1959-11-22", (67, "a", None)),
        ("1959-11-23", (66, "a", None)),
        ("1937-11-22", (89, "a", None)),
        ("1936-11-22", (90, "a", ">=")),
        ("1901-01-01", (90, "a", ">=")),
        ("2024-11-22", (2, "a", None)),
        ("2024-11-23", (23, "mo", None)),
        ("2025-11-22", (12, "mo", None)),
        ("2025-11-23", (52, "wk", None)),
        ("2026-11-20", (0, "wk", None)),
        ("2026", (0, "a", None)),
        ("2027-01-01", None),
        ("unknown", None),
        (None, None),
    ],
)
def test_age_is_weeks_then_months_then_years_then_ninety_and_over(
    born: object, expected: tuple[Any, ...] | None
) -> None:
    assert age(birthDate=born) == expected


def test_a_patient_who_died_is_as_old_as_at_death() -> None:
    assert age(birthDate="1930-01-01", deceasedDateTime="2000-06-01") == (70, "a", None)
    assert age(birthDate="1959-03-04", deceasedDateTime="soon") == (67, "a", None)
    assert left(deceasedDateTime="2000-06-01")["deceasedBoolean"] is True


def test_the_age_is_an_observation_about_the_patient() -> None:
    sealed = deidentify(case(), policy.load()).sealed
    made = sealed.entries[1].resource
    assert made["code"]["coding"][0]["code"] == "30525-0"
    assert made["subject"]["reference"].endswith("/Patient/1")
    assert [section.title for section in sealed.sections] == ["Background"]


def test_the_seal_tells_gender_and_year() -> None:
    sealed = deidentify(case(), policy.load()).sealed
    assert (sealed.subject_gender, sealed.subject_birth_year) == ("female", 1959)
    old = deidentify(case(first=patient(birthDate="1920-01-01", gender=7)), policy.load()).sealed
    assert (old.subject_gender, old.subject_birth_year) == (None, None)


def test_of_race_only_the_broad_category_leaves() -> None:
    race = {
        "url": RACE,
        "extension": [
            {"url": "ombCategory", "valueCoding": {
                "system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3", "display": "Marr"}},
            {"url": "detailed", "valueCoding": {"code": "1586-7"}},
            {"url": "text", "valueString": "Marrowby clan"},
        ],
    }  # fmt: skip
    broad = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3", "display": "White"}
    assert left(extension=[race])["extension"] == [
        {"url": RACE, "extension": [{"url": "ombCategory", "valueCoding": broad}]}
    ]
    only_detail = {"url": RACE, "extension": race["extension"][1:]}
    assert "extension" not in left(extension=[only_detail, "x", {"url": 7}])


def test_a_language_leaves_without_its_country() -> None:
    spoken = [
        {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "gd-GB"}]}},
        {"language": {"text": "the Marrowby tongue"}},
        {"language": {"coding": ["x", {"code": 7}]}},
    ]
    assert left(communication=spoken)["communication"] == [
        {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "gd"}]}}
    ]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ({"state": "Oregon", "country": "US"}, {"state": "Oregon", "country": "US"}),
        ({"state": "massachusetts "}, {"state": "massachusetts"}),
        ({"state": "Gullhaven County", "country": "United Marrowby"}, None),
        ({"postalCode": "97196", "text": "18 Tidewater Lane"}, None),
    ],
)
def test_nothing_below_the_state_leaves(
    address: dict[str, str], expected: dict[str, str] | None
) -> None:
    assert left(address=[address]).get("address", [None])[0] == expected
