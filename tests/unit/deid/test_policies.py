"""What the three policies do differently with one and the same case."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from deid import policy
from deid.date_shift import days_of
from deid.pipeline import Prepared, deidentify
from deid.pseudonyms import CaseKey
from tests.support.deid_cases import CASE_KEY, case, condition, observation, patient
from tests.support.structured_cases import Resource

RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
OMB = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3", "display": "White"}
DAYS = days_of(CaseKey(CASE_KEY))


def prepared(name: str, *resources: Resource, **changes: Any) -> Prepared:
    return deidentify(case(*resources, **changes), policy.load(name))


def left(name: str, kind: str, *resources: Resource, **changes: Any) -> Resource:
    entries = prepared(name, *resources, **changes).sealed.entries
    return next(e.resource for e in entries if e.resource_type == kind and b"30525-0" not in e.body)


def moved(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=DAYS)).isoformat()


@pytest.mark.parametrize("name", sorted(policy.POLICIES))
def test_no_policy_lets_an_identifier_of_the_patient_leave(name: str) -> None:
    note = "Mrs. Marrowby of 18 Tidewater Lane, MRN 40417731, born 3/4/1959, call (555) 010-0142."
    result = prepared(name, condition(note=[{"text": note}]), texts={"question": note})
    bodies = b"".join(entry.body for entry in result.sealed.entries)
    for identifier in ("arrowby", "idewater", "40417731", "1959-03", "3/4/1959", "0142", "97196"):
        assert identifier.encode() not in bodies
        assert identifier not in result.sealed.texts["question"]


def test_the_receipt_says_under_which_policy_and_how_dates_were_told() -> None:
    for name in policy.POLICIES:
        receipt = prepared(name).sealed.receipt
        loaded = policy.load(name)
        assert (receipt.policy_id, receipt.rules_sha256) == (name, loaded.rules_sha256)
        assert receipt.date_method == loaded.dates
        assert receipt.date_anchor == (
            "shift of the case" if name == "expert-determination" else "question time"
        )


def test_every_date_of_a_shifted_case_moves_by_the_days_of_its_key() -> None:
    name = "expert-determination"
    made = condition(
        onsetDateTime="2024-02-28",
        abatementPeriod={"start": "2024-02-29T10:00:00-05:00", "end": "2024-04"},
        recordedDate="2023",
        note=[{"text": "CT on 2/28/2024 at 14:30, again Feb 29, 2024.", "time": "2024-03-01"}],
    )
    out = left(name, "Condition", made)
    assert out["onsetDateTime"] == moved("2024-02-28")
    assert out["abatementPeriod"]["start"] == f"{moved('2024-02-29')}T10:00:00-05:00"
    assert out["abatementPeriod"]["end"] == moved("2024-04-15")[:7]
    assert out["recordedDate"] == moved("2023-07-01")[:4]
    assert out["note"][0]["time"] == moved("2024-03-01")
    assert out["note"][0]["text"] == (
        f"CT on [{moved('2024-02-28')} 14:30], again [{moved('2024-02-29')}]."
    )
    assert "_onsetDateTime" not in out


def test_a_holiday_and_the_question_time_tell_nothing_of_the_shift() -> None:
    result = prepared(
        "expert-determination",
        texts={"question": "Fell on Boxing Day 2024, seen Monday 12/30/2024. DOB 3/4/1959."},
    )
    text = result.sealed.texts["question"]
    assert "Boxing" not in text
    assert "Monday" not in text
    assert f"[{moved('2024-12-30')}]" in text
    assert "[date of birth]" in text


def test_days_that_left_lead_back_to_the_true_ones_inside_the_hospital_only() -> None:
    result = prepared(
        "expert-determination",
        observation(issued="2026-11-21T23:40:00-05:00"),
        texts={"question": "CT on 2/28/2024 at 14:30, clear."},
    )
    words = result.preview.token_words
    assert words[f"[{moved('2026-11-21')}]"] == "2026-11-21"
    assert words[f"[{moved('2024-02-28')} 14:30]"] == "2/28/2024 at 14:30"


def test_newest_comes_first_under_every_policy() -> None:
    older = observation(id="o", effectiveDateTime="2025-01-01", valueQuantity={"value": 4})
    period = observation(
        id="p", effectivePeriod={"start": "2025-06-01"}, valueQuantity={"value": 5}
    )
    del period["effectiveDateTime"]
    for name in policy.POLICIES:
        entries = prepared(name, older, period, observation()).sealed.entries
        values = [
            each.resource["valueQuantity"]["value"] for each in entries if b"2823-3" in each.body
        ]
        assert [str(value) for value in values] == ["6.10", "5", "4"]


def test_an_instant_without_a_time_of_day_is_none() -> None:
    out = left("expert-determination", "Observation", observation(issued="2026-11-21"))
    assert "issued" not in out


def test_the_death_of_a_patient_leaves_as_the_policy_says() -> None:
    dead = patient(deceasedDateTime="2026-01-05")
    assert left("safe-harbor", "Patient", first=dead)["deceasedBoolean"] is True
    out = left("expert-determination", "Patient", first=dead)
    assert out["deceasedDateTime"] == moved("2026-01-05")
    assert "deceasedBoolean" not in out


def test_the_expert_policy_says_less_about_the_person() -> None:
    twin = patient(
        multipleBirthInteger=2,
        communication=[{"language": {"coding": [{"code": "es-MX"}]}}],
        extension=[{"url": RACE, "extension": [{"url": "ombCategory", "valueCoding": OMB}]}],
    )
    harbor = left("safe-harbor", "Patient", first=twin)
    expert = left("expert-determination", "Patient", first=twin)
    assert {"birthDate", "communication", "extension"} <= harbor.keys()
    assert "multipleBirthBoolean" not in harbor
    assert not {"birthDate", "communication", "extension"} & expert.keys()
    assert expert["multipleBirthBoolean"] is True
    odd = left("expert-determination", "Patient", first=patient(multipleBirthInteger="2"))
    assert "multipleBirthBoolean" not in odd


@pytest.mark.parametrize(
    ("postcode", "region"),
    [
        ("SW1A 1AA", "London"),
        ("m1 1ae", "North West"),
        ("EX4", "South West"),
        ("ZE1 0AA", "Scotland"),
        ("BT11AA", "Northern Ireland"),
        ("IM1 1AA", None),
        ("97196", None),
        ("SW", None),
        (7, None),
    ],
)
def test_a_british_address_leaves_as_its_region(postcode: object, region: str | None) -> None:
    home = {"line": ["1 High St"], "city": "Ilkley", "state": "Devon", "postalCode": postcode}
    out = left("uk-confidential", "Patient", first=patient(address=[{**home, "country": "GB"}]))
    assert out["address"] == [{"state": region, "country": "GB"} if region else {"country": "GB"}]


def test_british_identifiers_do_not_leave_texts() -> None:
    text = "NHS number 943 476 5919, lives at LS29 8DQ, GP is GMC 7654321, NI no. AB123456C."
    out = prepared("uk-confidential", texts={"question": text}).sealed.texts["question"]
    for part in ("943", "5919", "LS29", "8DQ", "7654321", "123456"):
        assert part not in out


def test_time_is_told_from_the_question_under_the_british_policy() -> None:
    out = left("uk-confidential", "Condition", condition(onsetDateTime="2026-11-16"))
    assert out["onsetDateTime"] == "2026"
    assert out["_onsetDateTime"]["extension"][0]["valueDuration"]["value"] == -6


def test_intervals_of_a_shifted_case_are_those_of_the_chart() -> None:
    days = ["2023-12-31", "2024-01-01", "2024-02-29", "2024-03-10", "2024-03-31", "2024-11-03"]
    made = [condition(id=f"c{n}", onsetDateTime=day) for n, day in enumerate(days)]
    entries = prepared("expert-determination", *made).sealed.entries
    out = sorted(e.resource["onsetDateTime"] for e in entries if e.resource_type == "Condition")
    parsed = [datetime.fromisoformat(each) for each in out]
    true = [datetime.fromisoformat(each) for each in days]
    assert [b - a for a, b in pairwise(parsed)] == [b - a for a, b in pairwise(true)]
