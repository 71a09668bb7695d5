"""What the chart knows is found in every spelling; plain words are never held for a surname."""

from typing import Any

import pytest

from deid import known_identity
from deid.known_identity import KnownIdentity


def patient(family: str, *given: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": "p1",
        "gender": "female",
        "name": [{"family": family, "given": list(given)}],
        **more,
    }


def identity(family: str, *given: str, **more: Any) -> KnownIdentity:
    return known_identity.build([patient(family, *given, **more)])


def found(known: KnownIdentity, text: str) -> list[str]:
    return [text[h.start : h.end] for h in known.find(text)]


def held(known: KnownIdentity, text: str) -> list[str]:
    return [text[h.start : h.end] for h in known.find_for_gate(text)]


@pytest.mark.parametrize(
    "written",
    [
        "Johnetta529 Marquardt819",
        "Johnetta Marquardt",
        "Marquardt, Johnetta",
        "MARQUARDT",
        "marquardt",
        "Marquardt's",
        "J. Marquardt",
        "Mar\u200bquardt",
        "M\u0430rquardt",  # a Cyrillic letter
        "Mar-\nquardt",
        "M a r q u a r d t",
        "ECG_Marquardt_112126",
    ],
)
def test_a_name_is_found_in_every_disguise(written: str) -> None:
    known = identity("Marquardt819", "Johnetta529")
    assert found(known, f"Seen today: {written} again")
    assert held(known, f"Seen today: {written} again")


@pytest.mark.parametrize("written", ["O'Keefe", "O\u2019Keefe", "OKeefe", "O Keefe", "O'KEEFE"])
def test_an_apostrophe_may_be_any_or_missing(written: str) -> None:
    assert held(identity("O'Keefe", "Karena"), f"with {written} today") == [written]


@pytest.mark.parametrize("written", ["S\u00e9amus", "Seamus", "SE\u0301AMUS", "seamus"])
def test_accents_do_not_matter(written: str) -> None:
    assert held(identity("Smyth", "S\u00e9amus"), f"told {written} so") == [written]


@pytest.mark.parametrize(
    ("family", "given", "text"),
    [
        ("White", "Anna", "white blood cells 11.2"),
        ("White", "Anna", "White cell count 12"),
        ("White", "Anna", "WHITE BLOOD CELLS"),
        ("White", "Anna", "White"),
        ("White", "Anna", "Ethnicity: White"),
        ("Price", "Will", "Price of the drug; he will price it"),
        ("Code", "Li", "Code status: full code"),
        ("Li", "Wei", "Li 0.8 mmol/L"),
        ("Blood", "Drew", "RN drew blood. Hemoglobin in Blood"),
        ("Parkinson", "Pat", "Parkinson's disease, Parkinson disease"),
        ("Hope", "May", "We hope he may improve"),
    ],
)
def test_nothing_absurd_is_held_or_removed_for_a_surname_that_is_a_word(
    family: str, given: str, text: str
) -> None:
    known = identity(family, given)
    assert found(known, text) == []
    assert held(known, text) == []


@pytest.mark.parametrize(
    ("family", "given", "text", "expected"),
    [
        ("White", "Anna", "Mrs White was seen", "White"),
        ("White", "Anna", "Dear Ms. White,", "White"),
        ("White", "Anna", "WHITE, ANNA", "WHITE, ANNA"),
        ("Price", "Will", "Will Price was told", "Will Price"),
        ("Code", "Li", "Mr Code agreed", "Code"),
        ("Li", "Wei", "Dr. Li called", "Li"),
        ("Li", "Wei", "Wei Li", "Wei Li"),
        ("Blood", "Drew", "Dr Blood", "Blood"),
    ],
)
def test_a_surname_that_is_a_word_is_held_where_it_is_a_name(
    family: str, given: str, text: str, expected: str
) -> None:
    known = identity(family, given)
    assert held(known, text) == [expected]
    assert found(known, text) == [expected]


def test_a_short_record_number_counts_only_with_its_cue() -> None:
    known = identity("Doe", "Jane", identifier=[{"system": "urn:x", "value": "7"}])
    assert held(known, "MRN: 7") == ["7"]
    assert held(known, "7 mg daily, 5.7, day 7 of 7") == []


@pytest.mark.parametrize("written", ["85-14-85", "851485", "85 14 85", "85.14.85"])
def test_separators_of_a_number_do_not_matter(written: str) -> None:
    known = identity("Doe", "Jane", identifier=[{"value": "85-14-85"}])
    assert held(known, f"chart {written}.") == [written]


def test_a_number_inside_a_longer_number_is_another_number() -> None:
    known = identity("Doe", "Jane", identifier=[{"value": "85-14-85"}])
    assert held(known, "9851485 and 85-14-850") == []


@pytest.mark.parametrize(
    "written",
    ["1959-03-04", "03/04/1959", "3/4/59", "4.3.1959", "March 4, 1959", "4 Mar 1959", "04MAR1959",
     "19590304", "4th of March 1959"],
)  # fmt: skip
def test_the_birth_date_is_found_in_the_usual_formats(written: str) -> None:
    known = identity("Doe", "Jane", birthDate="1959-03-04")
    assert held(known, f"born {written} here") == [written]


def test_the_birth_year_alone_is_no_date_of_birth() -> None:
    known = identity("Doe", "Jane", birthDate="1959-03-04")
    assert held(known, "since 1959, 4359 steps") == []


@pytest.mark.parametrize(
    "written", ["(555) 010-0142", "555.010.0142", "+1 555 010 0142", "5550100142"]
)
def test_a_phone_is_found_in_every_format(written: str) -> None:
    known = identity("Doe", "Jane", telecom=[{"system": "phone", "value": "555-010-0142"}])
    assert "".join(c for c in held(known, f"call {written}")[0] if c.isdigit()).endswith("0100142")


def test_address_lines_match_with_short_and_long_street_words() -> None:
    known = identity(
        "Doe",
        "Jane",
        address=[{"line": ["18 Tidewater Lane"], "city": "Gullhaven", "postalCode": "97420"}],
    )
    assert held(known, "lives 18 Tidewater Ln, Gullhaven, Oregon 97420") == [
        "18 Tidewater Ln",
        "Gullhaven",
        "97420",
    ]


def test_displays_of_references_name_people_and_institutions() -> None:
    known = known_identity.build(
        [
            patient("Doe", "Jane"),
            {
                "resourceType": "Encounter",
                "id": "e1",
                "participant": [
                    {"individual": {"reference": "Practitioner/d1", "display": "Dr. Orla Vantreek"}}
                ],
                "serviceProvider": {"display": "Gullhaven Urgent Care"},
            },
            {
                "resourceType": "Observation",
                "performer": [{"reference": "urn:uuid:9", "display": "Imre Castellane, MD"}],
            },
        ]
    )
    assert held(known, "Vantreek and Castellane at Gullhaven Urgent Care") == [
        "Vantreek",
        "Castellane",
        "Gullhaven Urgent Care",
    ]


def test_names_in_extensions_and_contacts_are_known() -> None:
    known = known_identity.build(
        [
            patient(
                "Doe",
                "Jane",
                extension=[
                    {
                        "url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName",
                        "valueString": "Quillfeather",
                    }
                ],
                contact=[{"name": {"family": "Zabrowitz", "given": ["Corwin"]}}],
            )
        ]
    )
    assert held(known, "Quillfeather, Zabrowitz") == ["Quillfeather", "Zabrowitz"]


def test_race_text_of_the_chart_is_no_identifier() -> None:
    known = known_identity.build(
        [
            patient(
                "Doe",
                "Jane",
                extension=[
                    {
                        "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
                        "extension": [{"url": "text", "valueString": "Caucasian"}],
                    }
                ],
            )
        ]
    )
    assert held(known, "a Caucasian woman") == []


def test_the_same_person_in_two_resources_is_one_subject() -> None:
    doctor = {"resourceType": "Practitioner", "id": "d1",
              "name": [{"family": "Vantreek", "given": ["Orla"]}]}  # fmt: skip
    encounter = {
        "resourceType": "Encounter",
        "participant": [{"individual": {"display": "Dr. Orla Vantreek"}}],
    }
    known = known_identity.build([patient("Doe", "Jane"), doctor, encounter])
    assert {h.subject for h in known.find("Orla Vantreek, Vantreek")} == {"clinician:1"}


def test_an_empty_chart_finds_nothing() -> None:
    known = known_identity.build([])
    assert known.count == 0
    assert known.find("Anybody at all") == []


def test_its_repr_shows_no_value() -> None:
    assert "Marquardt" not in repr(identity("Marquardt", "Jo"))
