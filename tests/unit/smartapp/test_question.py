"""The form, the groups to tick, the banner, and who the patient is."""

from datetime import date

import pytest

from smartapp.errors import FormInvalid
from smartapp.gateway.chart_contents import chosen, contents, identifying
from smartapp.gateway.patient_facts import banner, demographics, is_complete
from smartapp.gateway.question_form import read_form, read_reply
from tests.support.gateway import QUESTION

PATIENT = {
    "resourceType": "Patient",
    "birthDate": "1959-03-06",
    "gender": "female",
    "name": [
        {"use": "maiden", "family": "Quill"},
        {"use": "official", "family": "Marrowby", "given": ["Adela", "Ruth"]},
    ],
    "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": "40417731"}],
}


@pytest.mark.parametrize(
    "missing", ["specialty", "question_type", "question", "thinking", "urgency"]
)
def test_a_form_without_one_field_names_that_field(missing: str) -> None:
    with pytest.raises(FormInvalid) as invalid:
        read_form({**QUESTION, missing: " "}, [])
    assert [name for name, _ in invalid.value.problems] == [missing]


def test_stat_is_not_offered_here() -> None:
    with pytest.raises(FormInvalid):
        read_form({**QUESTION, "urgency": "stat"}, [])


def test_a_question_longer_than_a_sentence_is_asked_to_be_shorter() -> None:
    with pytest.raises(FormInvalid):
        read_form({**QUESTION, "question": "x" * 241}, [])


def test_groups_that_do_not_exist_are_not_included() -> None:
    assert read_form(QUESTION, ["labs", "everything"]).include == ("labs",)


def test_an_empty_reply_is_refused() -> None:
    with pytest.raises(FormInvalid):
        read_reply({"reply": "  "})


def _lab(n: int) -> dict[str, object]:
    return {"resourceType": "Observation", "id": str(n), "effectiveDateTime": f"2026-01-{n:02d}"}


def test_only_the_newest_of_a_ticked_group_is_sent_and_the_patient_first() -> None:
    chart = {"patient": [PATIENT], "labs": [_lab(n) for n in range(1, 29)] * 4, "notes": [{}]}
    sent = chosen(chart, ["labs"])
    assert sent[0] == PATIENT
    assert len(sent) == 81
    assert sent[1]["id"] == "28"


def test_what_is_not_ticked_serves_the_gate_but_is_not_sent() -> None:
    chart = {"patient": [PATIENT], "care_team": [{"resourceType": "Practitioner"}]}
    assert len(chosen(chart, ["labs", "notes"])) == 1
    assert len(identifying(chart)) == 2


def test_the_contents_say_how_much_there_is_and_how_new() -> None:
    (labs,) = contents({"labs": [_lab(3), _lab(9)]})
    assert (labs.key, labs.count, labs.newest) == ("labs", 2, "2026-01-09")


@pytest.mark.parametrize(
    "content",
    ["a file", ["a file"], [{"attachment": "a file"}], [{"attachment": [{}]}], [{}], None, 7],
)
def test_a_document_of_a_surprising_shape_is_no_picture_and_stops_no_question(
    content: object,
) -> None:
    document = {"resourceType": "DocumentReference", "content": content}
    assert [group.key for group in contents({"notes": [document]})] == ["notes"]


def test_the_banner_shows_the_official_name() -> None:
    assert banner(PATIENT, today=date(2026, 11, 24)) == {
        "name": "Adela Ruth Marrowby",
        "age_sex": "67 F",
        "born": "Mar 6, 1959",
        "record": "MRN 40417731",
    }


def test_an_infant_has_an_age_in_months() -> None:
    infant = {**PATIENT, "birthDate": "2026-03-30"}
    assert banner(infant, today=date(2026, 11, 24))["age_sex"] == "7 mo F"


def test_demographics_are_comparable_only_with_the_same_key() -> None:
    one, other = demographics(PATIENT, b"a" * 32), demographics(PATIENT, b"b" * 32)
    assert one == demographics(PATIENT, b"a" * 32)
    assert one.birth_hash != other.birth_hash
    assert one.name_hash != other.name_hash


def test_a_patient_without_birth_date_cannot_be_checked_later() -> None:
    assert is_complete(PATIENT)
    assert not is_complete({**PATIENT, "birthDate": ""})
