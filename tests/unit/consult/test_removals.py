"""The list "Removed or missing", in the words of a doctor."""

from typing import Any

import pytest

from consult.domain.member import Member
from consult.domain.removals import read_missing, read_removals
from runtime import clock


def lines(*claims: dict[str, Any]) -> list[tuple[str, int | None]]:
    return [(line.text, line.count) for line in read_removals(claims)]


def test_categories_of_the_policy_become_groups_that_a_doctor_has_words_for() -> None:
    removed = {
        "name": 35,
        "record_number": 4,
        "phone": 6,
        "city": 2,
        "street": 3,
        "link": 200,
        "metadata": 61,
    }
    assert lines({"removed": removed, "general": {"date": 176, "birth_date": 1, "age": 1}}) == [
        ("Removed: names", 35),
        ("Removed: numbers", 10),
        ("Removed: places", 5),
        ("Made general: dates", 177),
        ("Made general: ages", 1),
        ("Fields not sent", 261),
    ]


def test_a_category_of_a_newer_policy_is_counted_and_its_internal_name_is_not_shown() -> None:
    assert lines({"removed": {"retinal_scan": 2}}) == [("Fields not sent", 2)]


def test_the_receipts_of_question_and_reply_are_one_list() -> None:
    question = {"removed": {"name": 3}, "given_back": 2, "incomplete": ["labs:unreachable"]}
    reply = {"removed": {"name": 1}, "given_back": 1, "incomplete": ["labs:unreachable"]}
    assert lines(question, reply) == [
        ("Removed: names", 4),
        ("Given back by the asker", 3),
        ("Labs: EHR did not answer, may be incomplete", None),
    ]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("imaging:forbidden", "Imaging: EHR refused"),
        ("imaging:not_offered", "Imaging: not offered by the EHR"),
        ("family_history:out_of_time", "Family history: EHR took too long, may be incomplete"),
        ("notes:attachment", "Notes: some texts could not be read"),
        ("labs:page_loop", "Labs: may be incomplete"),
        ("labs", "Labs: may be incomplete"),
        ("something_new", "Part of the chart: may be incomplete"),
    ],
)
def test_a_section_that_is_not_complete_says_so_in_words(item: str, words: str) -> None:
    assert [line.text for line in read_missing([{"incomplete": [item]}])] == [words]


@pytest.mark.parametrize("item", ["care_team:reference", "coverage:not_offered", "relatives"])
def test_sections_of_which_nothing_is_ever_sent_are_not_the_specialists_concern(item: str) -> None:
    assert read_missing([{"incomplete": [item]}]) == ()


def test_refused_parts_are_counted_by_kind_and_reason() -> None:
    unread = "DocumentReference.content.attachment: no content in the chart read"
    refused = [unread, unread, "DocumentReference.content: cannot be kept", "ImagingStudy", "Flag"]
    assert [line.text for line in read_missing([{"refused": refused}])] == [
        "Not sent: 1 imaging study",
        "Not sent: 1 part of the chart",
        "Not sent: 2 documents (no content in the chart read)",
    ]


def test_claims_of_a_surprising_shape_say_nothing() -> None:
    odd = {"removed": [], "general": {"age": True, "name": "x", "date": -3}, "refused": "x"}
    assert lines({**odd, "given_back": True, "incomplete": {"labs": 1}}) == []


@pytest.mark.parametrize(
    ("facts", "title"),
    [
        ({"grade": "PGY-2", "specialty": "419192003"}, "PGY-2, internal medicine"),
        ({"grade": "PGY-1", "specialty": "773568002"}, "PGY-1, emergency medicine"),
        ({"grade": "PGY-3", "specialty": "rural medicine"}, "PGY-3, rural medicine"),
        ({"grade": "", "specialty": "394802001"}, "doctor, general medicine"),
        ({"grade": "", "specialty": "999999999"}, "doctor"),
    ],
)
def test_a_specialist_reads_the_askers_training_in_words(facts: dict[str, str], title: str) -> None:
    member = Member(
        member_id="m",
        tenant_id="t",
        role="doctor",
        region="",
        supervisor_subject=None,
        valid_until=clock.now(),
        **facts,
    )
    assert member.title == title


def test_black_boxes_on_pictures_are_told() -> None:
    question = {"pictures": {"sent": 2, "not_sent": 1, "boxes": 3}}
    assert lines(question, question) == [("Black boxes on pictures", 6)]
    odd: tuple[dict[str, Any], ...] = (
        {"pictures": {"boxes": True}}, {"pictures": 4}, {"pictures": {"sent": 1}},
    )  # fmt: skip
    assert lines(*odd) == []
