"""How many people fit what leaves, which facts make them few, and what one click does."""

from typing import Any

import pytest

from deid import policy
from deid.pipeline import Prepared, deidentify
from deid.risk import dated_tables
from deid.risk.assess import RiskReport
from tests.support.deid_cases import case, condition, observation, patient

Json = dict[str, Any]  # FHIR JSON


def prepared(*resources: Json, **changes: Any) -> Prepared:
    return deidentify(case(*resources, **changes), policy.load())


def risk(*resources: Json, **changes: Any) -> RiskReport:
    report = prepared(*resources, **changes).preview.risk
    assert report is not None
    return report


def asked(question: str) -> RiskReport:
    return risk(texts={"question": question, "thinking": "Fluids."})


def test_the_table_of_the_census_adds_up() -> None:
    us = dated_tables.population("US")
    whole = us.people(sex=None, area=None, ages=None)
    assert whole == 330784232
    states = {area for _, area in us.counts} - {"US"}
    assert len(states) == 51
    assert sum(us.people(sex=None, area=area, ages=None) for area in states) == whole


def test_the_census_of_the_united_kingdom_is_near_its_total() -> None:
    gb = dated_tables.population("GB")
    assert 0.97 < gb.people(sex=None, area=None, ages=None) / 66_940_000 < 1.03


def test_an_ordinary_patient_shares_with_many() -> None:
    report = risk(observation(), condition())
    assert report.level == "low"
    assert report.people > 10_000
    assert [fact.kind for fact in report.facts] == ["age", "state"]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Burned in the fireworks plant explosion, next step?", "event"),
        ("Mother of quintuplets with HELLP, deliver now?", "event"),
        ("The only case in this country: treat again?", "event"),
        ("Sole survivor of a plane crash, clot?", "event"),
        ("Works as a jockey, fit to ride?", "occupation"),
        ("After heart-lung transplant, fever?", "procedure"),
        ("Sibling with fatal familial insomnia: test?", "disease"),
        ("Sperm donor conceived, half-sibling affected?", "family"),
    ],
)
def test_a_rare_fact_in_a_text_is_named(question: str, kind: str) -> None:
    report = asked(question)
    assert kind in [fact.kind for fact in report.facts]
    assert report.level in ("medium", "high")


def test_what_a_newspaper_would_print_is_high() -> None:
    report = asked("Mother of quintuplets after the plant explosion: deliver now?")
    assert report.level == "high"
    assert len(report.facts) == 3
    assert report.facts[0].shown == "quintuplets"


@pytest.mark.parametrize("text", ["twinge of pain", "firstborn cases", "a familiar ward"])
def test_part_of_a_word_is_no_fact(text: str) -> None:
    assert {fact.kind for fact in asked(text).facts} <= {"age", "state"}


def test_a_rare_code_is_named_with_what_to_leave_out() -> None:
    code = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "A81.00"}]}
    made = prepared(condition(code=code))
    assert made.preview.risk is not None
    fact = made.preview.risk.facts[0]
    assert (fact.kind, fact.advice, made.preview.risk.level) == ("disease", "leave_out", "high")
    after = prepared(condition(code=code), left_out=frozenset({fact.key}))
    assert after.sealed.receipt.risk_level == "low"
    assert not any("A81" in entry.body.decode() for entry in after.sealed.entries)


def test_a_family_is_a_fact_of_its_own() -> None:
    relatives = [
        {
            "resourceType": "FamilyMemberHistory",
            "id": f"f{n}",
            "status": "completed",
            "patient": {"reference": "Patient/pt-9c27e1"},
            "relationship": {"text": name},
        }
        for n, name in enumerate(("mother", "father", "sister", "aunt"))
    ]
    report = risk(*relatives)
    assert report.facts[0].kind == "pedigree"
    after = risk(*relatives, left_out=frozenset({"type:FamilyMemberHistory"}))
    assert "pedigree" not in [fact.kind for fact in after.facts]


@pytest.mark.parametrize(("value", "shown"), [(231, True), (172, False), (118, True)])
def test_a_value_that_few_have_is_named(value: int, shown: bool) -> None:
    height = observation(
        code={"coding": [{"system": "http://loinc.org", "code": "8302-2"}]},
        valueQuantity={"value": value, "unit": "cm", "code": "cm",
                       "system": "http://unitsofmeasure.org"},
    )  # fmt: skip
    kinds = [fact.kind for fact in risk(height).facts]
    assert ("extreme_value" in kinds) is shown


def test_the_state_can_be_left_out() -> None:
    made = prepared(left_out=frozenset({"fact:state"}))
    assert made.sealed.entries[0].resource["address"] == [{"country": "US"}]
    assert made.preview.risk is not None
    assert made.preview.risk.group > 1_000_000


def test_the_age_can_be_told_in_decades_everywhere() -> None:
    made = prepared(
        texts={"question": "A 67-year-old woman, 67 F, fit?", "thinking": "Yes."},
        left_out=frozenset({"fact:age"}),
    )
    age = next(e.resource for e in made.sealed.entries if e.resource_type == "Observation")
    assert (age["valueRange"]["low"]["value"], age["valueRange"]["high"]["value"]) == (60, 69)
    assert "birthDate" not in made.sealed.entries[0].resource
    assert made.sealed.subject_birth_year is None
    assert "67" not in made.sealed.texts["question"]


def test_an_age_of_ninety_and_over_is_not_made_finer() -> None:
    made = prepared(first=patient(birthDate="1930-01-01"), left_out=frozenset({"fact:age"}))
    age = next(e.resource for e in made.sealed.entries if e.resource_type == "Observation")
    assert age["valueQuantity"]["comparator"] == ">="


def test_the_receipt_names_kinds_and_no_value() -> None:
    receipt = prepared(texts={"question": "Mother of quintuplets?", "thinking": "x"}).sealed.receipt
    assert receipt.risk_facts[0] == "event"
    assert "quintuplets" not in repr(receipt)


def test_the_same_case_is_scored_the_same() -> None:
    question = "Explosion; heart transplant; twin sister"
    assert asked(question) == asked(question)
