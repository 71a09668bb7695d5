"""What the chart knows is found in the forms that people, scanners and mail programs give it."""

from typing import Any

import pytest

from deid import known_identity
from deid.known_identity import KnownIdentity
from deid.people_tokens import ReferenceNames, replay
from deid.text.people import PeopleTokens

CHART: list[dict[str, Any]] = [
    {
        "resourceType": "Patient",
        "id": "p1",
        "gender": "female",
        "birthDate": "1959-03-04",
        "name": [
            {"family": "Quillfeather", "given": ["Margaret", "Anne"]},
            {"use": "maiden", "family": "Björkström", "given": ["Margaret"]},
        ],
        "identifier": [{"value": "48-29-1766"}, {"value": "999-21-4417"}],
        "telecom": [
            {"system": "phone", "value": "(541) 555-0148"},
            {"system": "phone", "value": "+44 7700 900123"},
            {"system": "email", "value": "quillfeather59@example.org"},
        ],
        "address": [{"line": ["712 Quarry Mill Road Apt 4"], "city": "Gullhaven"}],
    },
    {"resourceType": "Coverage", "id": "c", "subscriberId": "XQH549032682"},
    {"resourceType": "Organization", "id": "o1", "name": "Our Lady of the Marshes"},
    {"resourceType": "Organization", "id": "o2", "name": "Cedar Bluff Hospital"},
]


@pytest.fixture(scope="module")
def known() -> KnownIdentity:
    return known_identity.build(CHART)


def left(known: KnownIdentity, written: str, *, gate: bool = False) -> str:
    """Return the letters and digits of ``written`` that no hit covers in a sentence."""
    text = f"Seen today with {written} for review."
    start = text.index(written)
    hits = known.find_for_gate(text) if gate else known.find(text)
    covered = {i for hit in hits for i in range(hit.start, hit.end)}
    inside = range(start, start + len(written))
    return "".join(text[i] for i in inside if text[i].isalnum() and i not in covered)


@pytest.mark.parametrize(
    "written",
    [
        "Quillfeathers",
        "Q u i l l f e a t h e r",
        "Q.u.i.l.l.f.e.a.t.h.e.r",
        "Q  u  i  l  l  f  e  a  t  h  e  r",
        "Quill-\n   feather",
        "Quill=\nfeather",
        "Quillf eather",
        "Q\u0443illfeather",
        "Bjorkstrom",
        "Bjoerkstroem",
        "Bjo\u0308rkstro\u0308m",
        "Peggy Quillfeather",
        "Quillfeather, Meg",
        "Peggy",
        "mquillfeather",
        "m.quillfeather",
        "quillfeather_m",
        "mquillfeather59",
        "@margaretquillfeather",
        "QuillfeatherMargaret",
        "EcgQuillfeather",
        "ECGQuillfeather",
        "scanQUILLFEATHERfinal",
        "teamquillfeather24",
        "maq59",
        "mq1959",
    ],
)
def test_a_name_is_found_in_broken_foreign_short_and_joined_forms(
    known: KnownIdentity, written: str
) -> None:
    assert left(known, written) == ""
    assert left(known, written, gate=True) == ""


@pytest.mark.parametrize(
    "written",
    ["Quillfether", "Quillfeahter", "Quillfeatherr", "Qillfeather", "Quillfaether", "Margeret"],
)
def test_one_slip_in_a_name_is_found_and_not_called_exact(
    known: KnownIdentity, written: str
) -> None:
    assert left(known, written) == ""
    assert left(known, written, gate=True) == ""
    assert [hit.exact for hit in known.find(f"with {written} again")] == [False]


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("Marten", "Martin Luther, marten, Martens"),  # a listed name of somebody else
        ("Plater", "platelets and plated, later Slater"),
        ("Cramer", "cramped, creamer"),
        ("Camilo", "Camila 28 Day Pack"),
        ("Merkell", "Merkel cell carcinoma"),
    ],
)
def test_an_ordinary_word_one_letter_off_a_name_stays(family: str, text: str) -> None:
    known = known_identity.build([{"resourceType": "Patient", "name": [{"family": family}]}])
    words = {text[h.start : h.end].lower() for h in known.find(text)}
    assert not words & {"platelets", "plated", "later", "cramped", "creamer", "camila", "merkel"}
    assert {h.subject for h in known.find(text) if not h.exact} <= {"", "patient"}


def test_a_listed_name_one_letter_off_is_removed_but_not_called_the_patient() -> None:
    known = known_identity.build(
        [{"resourceType": "Patient", "name": [{"given": ["Marina"], "family": "Quillfeather"}]}]
    )
    hits = known.find("her friend Marita Quilfeather came")
    assert [(h.token_base, h.subject) for h in hits] == [("person", ""), ("patient", "patient")]


@pytest.mark.parametrize(
    "written",
    [
        "541 555 0148", "541/555-0148", "54 15 55 01 48", "5 4 1 5 5 5 0 1 4 8", "555-0148",
        "+1 541 555 0148", "07700 900123", "00447700900123", "7700 900 123",
        "five four one five five five oh one four eight", "541 five five five 0148",
        "48 29 17 66", "4829l766", "48291766", "999 21 4417", "99921441 7", "XQH-549-032-682",
        "549032682", "nine nine nine, two one, four four one seven",
    ],
)  # fmt: skip
def test_a_number_is_found_in_any_grouping_in_words_and_misread(
    known: KnownIdentity, written: str
) -> None:
    assert left(known, written) == ""
    assert left(known, written, gate=True) == ""


@pytest.mark.parametrize(
    "text",
    ["SSN 4417", "last four of her SSN: 4417", "MRN ending in 1766", "xxx-xx-4417",
     "(last 4: 2682)", "***-**-4417", "Social security number 4417"],
)  # fmt: skip
def test_the_last_four_digits_count_after_their_cue(known: KnownIdentity, text: str) -> None:
    assert [text[h.start : h.end] for h in known.find_for_gate(text)] == [text.strip(")")[-4:]]


def test_four_digits_without_a_cue_are_nobodys(known: KnownIdentity) -> None:
    text = "Platelets 4417, code 1766, 2682 steps, seen at 1766 hours"
    assert known.find(text) == []


@pytest.mark.parametrize(
    "written",
    [
        "1959/03/04", "4-Mar-59", "4 March '59", "MAR 04 1959", "March the 4th 1959",
        "the fourth of March 1959", "fourth of March nineteen fifty-nine", "1959 March 4",
        "4. März 1959", "4 de marzo de 1959", "4 mars 1959", "3 / 4 / 1959", "4.III.1959",
        "59-03-04", "03 04 1959",
    ],
)  # fmt: skip
def test_the_birth_date_is_found_in_words_and_other_languages(
    known: KnownIdentity, written: str
) -> None:
    assert left(known, written).replace("the", "") == ""
    assert left(known, written, gate=True).replace("the", "") == ""


@pytest.mark.parametrize(
    "text", ["DOB 030459", "born 3/4", "birthday is March 4", "born on the 4th of March"]
)
def test_a_birthday_without_its_year_counts_after_a_cue(known: KnownIdentity, text: str) -> None:
    assert known.find_for_gate(text)


def test_a_birthday_without_its_year_and_cue_is_any_day(known: KnownIdentity) -> None:
    assert known.find("030459 units, 3/4 strength, seen March 4, score 34") == []


@pytest.mark.parametrize(
    "written",
    ["712 Quarry Mill Rd", "712 Quarry Mill Road", "Quarry Mill Rd", "Our Lady of the Marshes",
     "our lady of the marshes", "Cedar Bluff"],
)  # fmt: skip
def test_an_address_and_an_institution_are_found_without_their_less_telling_parts(
    known: KnownIdentity, written: str
) -> None:
    assert left(known, written) == ""
    assert left(known, written, gate=True) == ""


def test_our_own_token_is_no_number_of_the_chart() -> None:
    known = known_identity.build([{"resourceType": "Patient", "identifier": [{"value": "1"}]}])
    assert known.find_for_gate("seen at [hospital 1] and [care home 1]") == []
    assert known.find_for_gate("hospital no 1")


@pytest.mark.parametrize("family", ["Donald", "Gregor"])
def test_a_longer_surname_with_a_prefix_is_another_name(family: str) -> None:
    known = known_identity.build([{"resourceType": "Patient", "name": [{"family": family}]}])
    assert known.find_for_gate(f"Dr. Mc{family} called") == []


def test_an_institution_that_bears_a_known_name_keeps_its_own_token() -> None:
    known = known_identity.build(
        [*CHART, {"resourceType": "Organization", "name": "Quillfeather Family Medicine"}]
    )
    people = PeopleTokens()
    replay(people, known, {"[clinic 1]": "Margaret Quillfeather's practice"})

    names = ReferenceNames(known, people)

    assert people.token_for("patient", subject="patient") == "[patient]"
    assert names("clinic", key="o9", name="Quillfeather Walk-in") == "[clinic 2]"
    assert names("patient", key="p1", name="Margaret Quillfeather") == "[patient]"


@pytest.mark.parametrize("system", [[], {}, 7, None])
def test_a_contact_system_of_a_wrong_type_breaks_nothing(system: object) -> None:
    known = known_identity.build(
        [{"resourceType": "Patient", "telecom": [{"system": system, "value": "x"}]}]
    )
    assert known.count == 0


@pytest.mark.parametrize(
    "written", ["M.A.Q.", "MAQ", "Qu1llfeather", "Qui11feather", "QUILLFEATHER"]
)
def test_initials_and_misread_letters_of_the_patient_are_found(
    known: KnownIdentity, written: str
) -> None:
    assert left(known, written) == ""


def test_initials_of_the_patient_that_are_a_word_stay_without_dots() -> None:
    known = known_identity.build(
        [{"resourceType": "Patient", "name": [{"given": ["Mary", "Rose"], "family": "Idle"}]}]
    )
    assert known.find("MRI of the head") == []
    assert known.find("M.R.I. signed")


@pytest.mark.parametrize(
    "name",
    [
        "Community Health Hospital",
        "County Medical Center",
        "General Hospital",
        "General Hospital, Inc.",
        "City Hospital Trust",
        "Regional Health System",
        "Family Medicine Associates",
        "South City Nursing Home",
        "Medical Center Hospital",
    ],
)
def test_an_institution_of_everyday_words_is_found_as_it_is_written(name: str) -> None:
    known = known_identity.build([{"resourceType": "Organization", "name": name}])
    assert known.find(f"Seen at {name} today")
    assert known.find_for_gate(f"Seen at {name} today")
    assert known.find_for_gate("a community health hospital, the general hospital") == []


@pytest.mark.parametrize(
    "name", ["Hospital", "Surgery", "Outpatient Clinic", "General Surgery", "Emergency Department"]
)
def test_what_every_hospital_has_holds_no_case(name: str) -> None:
    known = known_identity.build([{"resourceType": "Organization", "name": name}])
    assert known.find_for_gate(f"Seen by {name}, then {name.lower()}") == []


OTHER_LETTERS: list[dict[str, Any]] = [
    {"resourceType": "Patient", "id": "p1", "name": [{"family": "王", "given": ["小明"]}]},
    {"resourceType": "Practitioner", "id": "a", "name": [{"family": "김", "given": ["민준"]}]},
    {"resourceType": "Practitioner", "id": "b", "name": [{"family": "محمود", "given": ["علي"]}]},
    {"resourceType": "Practitioner", "id": "c", "name": [{"text": "田中さくら"}]},
]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("王小明 is stable", "王小明"),
        ("患者王小明来了", "王小明"),
        ("小明好", "小明"),
        ("Seen by 김민준 today", "김민준"),
        ("민준은 왔다", "민준"),
        ("Dr علي", "علي"),
        ("田中さくらさん", "田中さくら"),
    ],
)
def test_a_name_of_letters_without_capitals_or_spaces_is_found(text: str, name: str) -> None:
    known = known_identity.build(OTHER_LETTERS)
    assert name in {text[hit.start : hit.end] for hit in known.find(text)}
    assert known.find_for_gate(text)


def test_one_sign_alone_is_no_name() -> None:
    known = known_identity.build(OTHER_LETTERS)
    assert known.find("国王的新衣") == []
    assert known.find("김치를 먹다") == []
