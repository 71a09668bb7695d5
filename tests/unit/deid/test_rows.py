"""Rows of the rule tables that few charts have: devices, lists, messages, conditions on links."""

from datetime import date
from typing import Any

import pytest

from deid import policy
from deid.pipeline import deidentify
from deid.text import shifted_dates
from deid.text.written_dates import WrittenDate
from tests.support.deid_cases import case, condition, observation, patient
from tests.support.structured_cases import BASE, PELL, Resource, prepared, sent

SUBJECT = {"reference": "Patient/pt-9c27e1"}


def device(**changes: Any) -> Resource:
    return {
        "resourceType": "Device",
        "id": "d",
        "type": {"text": "Pacemaker"},
        "patient": SUBJECT,
        **changes,
    }


@pytest.mark.parametrize(
    ("model", "leaves"),
    [
        ("00844588003288", True),
        ("00844588003289", False),
        ("0084458800328", False),
        (7, False),
    ],
)
def test_of_a_device_its_model_leaves_and_never_its_serial_number(
    model: object, leaves: bool
) -> None:
    carrier = {"deviceIdentifier": model, "carrierHRF": "(01)00844588003288(21)SN4471"}
    (left,) = sent(device(udiCarrier=[carrier], serialNumber="SN4471", lotNumber="L9"))
    assert "SN4471" not in str(left)
    assert left.get("udiCarrier") == ([{"deviceIdentifier": model}] if leaves else None)


@pytest.mark.parametrize("name", sorted(policy.POLICIES))
def test_of_the_making_of_a_device_only_a_year_leaves(name: str) -> None:
    made = case(device(manufactureDate="2019-07-03"))
    entries = deidentify(made, policy.load(name)).sealed.entries
    (left,) = [entry.resource for entry in entries if entry.resource_type == "Device"]
    assert left["manufactureDate"] in ("2018", "2019", "2020")
    assert "_manufactureDate" not in left


@pytest.mark.parametrize("written", ["summer", 2019, "1930"])
def test_a_year_that_cannot_be_told_does_not_leave(written: object) -> None:
    (left,) = sent(device(manufactureDate=written))
    assert "manufactureDate" not in left


def test_a_number_of_the_wrong_type_stays() -> None:
    (left,) = sent(observation(valueQuantity={"value": "9.7", "unit": "mg/dL"}, valueInteger="7"))
    assert left["valueQuantity"] == {"unit": "mg/dL"}
    assert "valueInteger" not in left


def test_what_stands_beside_a_code_is_counted_and_stays() -> None:
    code = {
        "coding": [
            {
                "system": "http://snomed.info/sct",
                "code": "84114007",
                "display": "Heart failure",
                "extension": [{"url": "u", "valueString": "Marrowby"}],
                "_display": {"extension": []},
                "zorblax": "Marrowby",
            }
        ],
        "extension": [{"url": "u"}],
    }
    result = prepared(condition(id="one", code=code), condition(id="two", code=code))
    assert result.sealed.receipt.removed["extension"] == 6
    assert result.sealed.receipt.removed["unknown_element"] == 2
    assert not any(b"arrowby" in entry.body for entry in result.sealed.entries)


def test_a_message_between_clinicians_keeps_its_words_and_loses_their_names() -> None:
    message: Resource = {
        "resourceType": "Communication",
        "id": "m",
        "status": "completed",
        "subject": SUBJECT,
        "sent": "2026-11-20",
        "sender": {"reference": "Practitioner/pell", "display": "Orin Pellwright"},
        "payload": [{"contentString": "Mrs. Marrowby: potassium 6.1"}],
    }
    (left,) = sent(message, identity_resources=(PELL,))
    assert left["payload"] == [{"contentString": "Mrs. [patient]: potassium 6.1"}]
    assert left["sender"] == {"display": "[clinician 1]"}


def test_a_list_points_to_what_left() -> None:
    listed: Resource = {
        "resourceType": "List",
        "id": "l",
        "status": "current",
        "mode": "working",
        "title": "Problems of Adela Marrowby",
        "subject": SUBJECT,
        "entry": [{"item": {"reference": "Condition/con-1"}}, {"item": {"reference": "Claim/c"}}],
    }
    left = {each["resourceType"]: each for each in sent(listed, condition())}
    assert left["List"]["entry"] == [{"item": {"reference": f"{BASE}/Condition/1"}}]
    assert left["List"]["title"] == "Problems of [patient]"


@pytest.mark.parametrize(
    "reference",
    [
        "Patient?identifier=https://hospital.example/mrn|40417731",
        "https://ehr.example/fhir/Patient?identifier=https%3A%2F%2Fhospital.example%2Fmrn%7C40417731",
        "Patient?identifier=40417731",
    ],
)
def test_a_condition_that_one_resource_meets_is_followed(reference: str) -> None:
    (left,) = sent(condition(subject={"reference": reference}))
    assert left["subject"] == {"reference": f"{BASE}/Patient/1"}


@pytest.mark.parametrize(
    "reference",
    ["Patient?identifier=x|1", "Patient?name=Marrowby", "Patient?identifier=double"],
)
def test_a_condition_that_none_or_several_meet_is_not(reference: str) -> None:
    twin = {"resourceType": "Patient", "id": "other", "identifier": [{"value": "double"}]}
    own = patient(identifier=[{"value": "double"}, {"system": "s"}, "text"])
    made = condition(subject={"reference": reference})
    assert sent(made, first=own, identity_resources=(twin,)) == []


@pytest.mark.parametrize("kind", ["Bundle", "Parameters", "Binary", "Composition", "Task"])
def test_a_container_or_a_carrier_stays_whole(kind: str) -> None:
    inner = {"resource": observation(note=[{"text": "Marrowby"}])}
    result = prepared({"resourceType": kind, "id": "x", "entry": [inner], "parameter": [inner]})
    assert result.sealed.receipt.removed["not_needed"] == 1
    assert len(result.sealed.entries) == 2


TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("written", "moved"),
    [
        (WrittenDate(month=3, day=9), "2026-04-18"),
        (WrittenDate(month=3), "2026-04"),
        (WrittenDate(month=12), "2026-01"),
        (WrittenDate(month=2, day=29, year=2023), "date"),
        (WrittenDate(month=2, day=9, year=1920), "more than 89 years before"),
        (WrittenDate(month=2, year=1920), "more than 89 years before"),
    ],
)
def test_a_date_of_a_text_moves_as_precise_as_it_was_written(
    written: WrittenDate, moved: str
) -> None:
    assert shifted_dates.wording(written, TODAY, TODAY, 40) == moved


def test_a_year_of_a_text_moves_by_its_middle_and_a_number_does_not() -> None:
    said = "On warfarin since 2019, took 2000 mg, copay 2021 paid. Born in 1920."
    made = case(texts={"question": said})
    text = deidentify(made, policy.load("expert-determination")).sealed.texts["question"]
    year = int(text.split("since [")[1][:4])
    assert year in (2018, 2019, 2020)
    assert "2000 mg" in text
    assert "1920" not in text
