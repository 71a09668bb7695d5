"""Free text loses its identifiers, keeps its medicine, and accounts for every change."""

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from deid import known_identity
from deid.errors import ContentUnusable
from deid.text.document import GiveBack, ScrubbedText
from deid.text.engine import TextEngine
from deid.text.people import PeopleTokens

QUESTION = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
CHART: list[dict[str, Any]] = [
    {
        "resourceType": "Patient",
        "id": "p1",
        "gender": "female",
        "birthDate": "1959-03-04",
        "name": [{"family": "Marrowby", "given": ["Adela"]}],
        "identifier": [{"system": "urn:mrn", "value": "40417731"}],
    },
    {
        "resourceType": "RelatedPerson",
        "id": "r1",
        "name": [{"family": "Marrowby", "given": ["Corwin"]}],
        "gender": "male",
    },
    {
        "resourceType": "Practitioner",
        "id": "d1",
        "name": [{"family": "Lindgate", "given": ["Osric"]}],
    },
]


def scrub(text: str, **options: Any) -> ScrubbedText:
    return TextEngine().scrub(
        text,
        identity=options.pop("identity", known_identity.build(CHART)),
        people=options.pop("people", PeopleTokens()),
        question_time=QUESTION,
        **options,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mrs. Marrowby is stable.", "Mrs. [patient] is stable."),
        ("Mr. Marrowby drove her.", "Mr. [relative 1] drove her."),
        ("Read by O. Lindgate MD.", "Read by [clinician 1] MD."),
        ("MRN 40417731", "MRN [record number]"),
        ("DOB 3/4/1959", "DOB [date of birth]"),
        ("Seen Nov 16, 2026.", "Seen [6 days before]."),
        ("Seen 11/16/2026 and 2025-11-21", "Seen [6 days before] and [1 year before]"),
        ("Recheck on 11/23.", "Recheck on [1 day after]."),
        ("K 6.4 on 11/21/2026 at 22:30", "K 6.4 on [3.5 h before]"),
        ("Dx Jun 2026", "Dx [about 5 months before]"),
        ("aged 97, father died at ninety-three", "aged [age 90 or over], father died at "
         "[age 90 or over]"),
        ("Call 555-010-0148 or x4471", "Call [phone] or [extension]"),
        ("pager 4471", "pager [pager]"),
        ("mail ada@example.org", "mail [email]"),
        ("SSN 933-20-8734", "SSN [national number]"),
        ("lives at 12 Elm Street, Gullhaven, Oregon 97420",
         "lives at [address], [place], Oregon [postal code]"),
        ("transferred to Cedar Bluff Hospital", "transferred to [hospital 1]"),
        ("Moved to OR 4 at noon", "Moved to [room] at noon"),
        ("Seen 3 or 4 Nov", "Seen [19 days before] or [18 days before]"),
        ("works for Harmon Poultry", "works for [organization 1]"),
    ],
)  # fmt: skip
def test_identifiers_become_tokens(text: str, expected: str) -> None:
    assert scrub(text).output == expected


@pytest.mark.parametrize(
    "text",
    [
        "Pain 4/10, strength 5/5, BP 132/78, GCS 14, II/VI murmur.",
        "Parkinson disease, Bell's palsy, Homans sign absent, Foley catheter, Ringer's lactate.",
        "Ottawa rules negative; Wells score 1.5; Mallampati II.",
        "Na 139 K 4.2 Cl 101; platelets 245000/uL; T4 10.12.",
        "TMP-SMX DS BID, co-amoxiclav, Synthroid 88 mcg, Camila 28 Day Pack.",
        "A 67 y/o woman, since three days, last night at 03:00.",
        "Take 1-2 tabs q4-6h prn for 2/52.",
        "Chronic obstructive bronchitis (disorder)",
        "Body mass index (BMI) [Ratio]",
        "She may hope to resume; will recheck. Strong family history.",
        "Known Fibrodysplasia, Cherubism, Hypophosphatasia and Ectrodactyly; Anosmia, Buphthalmos.",
        "Has Toxocariasis, Lissencephaly, Varicocele, Dysgeusia, Prosopagnosia and Nyctalopia.",
        "Take Aggrenox Once Daily and Zytiga Once Nightly, At Bedtime; remains Symptom Free.",
        "Coded in SNOMED CT and LOINC.",
        "Take 1 or 2 tablets daily; stage 2 or 3; 2L or 3L.",
    ],
)
def test_medicine_stays_word_for_word(text: str) -> None:
    assert scrub(text).output == text


@pytest.mark.parametrize(
    "written",
    [
        "NI number QQ 12 34 56 C",
        "NI number: QQ 12 34 56 C",
        "ni number qq 12 34 56 c",
        "NI No. QQ-12-34-56-C",
        "ni number q q 1 2 3 4 5 6 c",
        "National insurance QQ 12 34 56 F",
        "QQ12 3456C",
    ],
)
def test_a_national_insurance_number_goes_whole_in_any_spacing(written: str) -> None:
    output = scrub(f"Her {written} given").output
    assert output.endswith("[national number] given")
    assert not any(sign.isdigit() for sign in output)


@pytest.mark.parametrize(
    "clock",
    [
        "at 14:30",
        ", 14:30",
        "at 14.30",
        "at 14h30",
        "at 2:30 pm",
        "at 2:30 p.m",
        "at 1430 hrs",
        "around 14:30",
        "- 14:30",
        "(14:30)",
        "14:30-15:00",
        "from 14:30 to 15:00",
        "at 2:30 pm - 3:15 pm",
    ],
)
def test_the_time_of_a_day_goes_with_its_date(clock: str) -> None:
    text = f"Seen 2/28/2024 {clock}.".replace(" ,", ",")
    assert scrub(text).output.rstrip(".") == "Seen [3 years before]"
    assert scrub(text, shift_days=-40).output.rstrip(".") == "Seen [2024-01-19 14:30]"


@pytest.mark.parametrize(
    "clock",
    [
        "14:30 on",
        "at 14:30 on",
        "at 2:30 pm on",
        "14:30,",
        "at 1430 hrs on",
        "2:30 p.m. on the",
        "14:30",
    ],
)
def test_the_time_of_a_day_goes_with_the_date_behind_it(clock: str) -> None:
    text = f"Seen {clock} 28 Feb 2024, well"
    told = scrub(text).output.replace("at ", "")
    assert told == "Seen [3 years before], well"
    moved = scrub(text, shift_days=-40).output.replace("at ", "")
    assert moved == "Seen [2024-01-19 14:30], well"


@pytest.mark.parametrize(
    "before", ["BP 12/8 on", "INR 2.30 on", "took 9 on", "ratio 1:30:2 on", "at 14 on"]
)
def test_a_value_before_a_date_is_no_time_of_day(before: str) -> None:
    assert scrub(f"{before} 28 Feb 2024").output == f"{before} [3 years before]"


@pytest.mark.parametrize(
    "value", ["at 12 tabs", "12.30", "(12.3) normal", "(1230) normal", "- 12 tablets", "12 h"]
)
def test_a_value_after_a_date_is_no_time_of_day(value: str) -> None:
    assert scrub(f"On 2/28/2024 {value}").output == f"On [3 years before] {value}"


@pytest.mark.parametrize("shift_days", [0, -40], ids=["distances", "moved dates"])
@pytest.mark.parametrize(
    "written",
    [
        "3 and 9 Nov 2026",
        "3, 5 and 9 Nov",
        "3rd, 5th & 9th of November 2026",
        "3rd to 9th Nov",
        "3rd and the 9th of Nov",
        "3/4 Nov",
        "3./4. Nov",
        "3 Nov/4 Nov",
        "From 3-9 Nov 2026",
        "3 and 9 Nov '26",
        "Nov 3 and 9, 2026",
        "Nov 3rd to 9th",
        "Nov 3, 14 and 22",
        "Nov 3/4",
        "Nov 3-9",
        "Mon 3 and Tue 4 Nov",
        "11/3-9/2026",
        "3-9/11/2026",
        "third and ninth of November",
        "November third and ninth",
    ],
)
def test_no_day_of_a_list_of_days_stays(written: str, shift_days: int) -> None:
    output = scrub(f"Seen {written} at home", shift_days=shift_days).output
    left = re.sub(r"\[[^\]]+\]", "", output)
    assert not re.search(r"\d|nov|third|ninth", left.lower())


def test_the_days_of_a_list_keep_their_distances() -> None:
    assert scrub("Seen Nov 3, 14 and 22 for pain").output == (
        "Seen [19 days before], [8 days before] and [same day] for pain"
    )
    assert scrub("Seen 3 and 9 Nov '25").output == "Seen [1 year before] and [1 year before]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nov 3 and 2 units given", "[19 days before] and 2 units given"),
        ("Troponin 12, 9 Nov", "Troponin 12, [13 days before]"),
        ("K 4.3 and 9 Nov", "K 4.3 and [13 days before]"),
        ("Took 3 and 9 mg", "Took 3 and 9 mg"),
    ],
)
def test_a_value_beside_a_date_is_no_day(text: str, expected: str) -> None:
    assert scrub(text).output == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dear Dr. Merrit-Oake,\nDella is stable", "Dear Dr. [clinician 1],\n[person 1] is stable"),
        ("Dear Dr. Oake,\nGrace's leg hurts", "Dear Dr. [clinician 1],\n[person 1]'s leg hurts"),
        ("Dear Dr. Oake,\nGrace, 67, fell", "Dear Dr. [clinician 1],\n[person 1], 67, fell"),
        ("Dear Dr. Oake,\nWill review", "Dear Dr. [clinician 1],\nWill review"),
        ("Dr. Smith, Della is stable", "Dr. [clinician 1], [person 1] is stable"),
        ("Dr. Mary Smith, Della is stable", "Dr. [clinician 1], [person 1] is stable"),
        ("Dr. Smith, Ada", "Dr. [clinician 1]"),
        ("Dr. F. Echocardiogram was ordered", "Dr. [clinician 1] Echocardiogram was ordered"),
    ],
)
def test_a_name_ends_where_another_sentence_begins(text: str, expected: str) -> None:
    assert scrub(text).output == expected


def test_every_span_points_at_the_same_thing_on_both_sides() -> None:
    result = scrub("Pt Adela Marrowby, MRN 40417731, seen Nov 16, 2026 by Dr. Vantreek.")
    assert len(result.spans) == 4
    for span in result.spans:
        assert result.output[span.out_start : span.out_end] == span.replacement
    rebuilt, position = "", 0
    for span in result.spans:
        rebuilt += result.output[position : span.out_start]
        rebuilt += result.original.value[span.start : span.end]
        position = span.out_end
    assert rebuilt + result.output[position:] == result.original.value


def test_kinds_tell_removed_from_made_general() -> None:
    result = scrub("Marrowby, 97 y/o, on Nov 16, 2026, uses Tidesalt")
    assert [s.kind for s in result.spans] == ["removed", "general", "general", "likely"]


def test_a_person_keeps_one_token_through_the_whole_case() -> None:
    people = PeopleTokens()
    first = scrub("Dr. Orla Vantreek saw her. Dr. Pellworth agreed.", people=people)
    second = scrub("D/w Dr. Pellworth and Dr. Vantreek.", people=people)
    assert first.output == "Dr. [clinician 1] saw her. Dr. [clinician 2] agreed."
    assert second.output == "D/w Dr. [clinician 2] and Dr. [clinician 1]."


def test_a_name_announced_once_is_removed_everywhere_in_the_note() -> None:
    result = scrub("Seen by Dr. Strongfellow. Later Strongfellow and strongfellow's team.")
    assert "trongfellow" not in result.output


def test_an_unknown_word_is_likely_and_comes_back_one_occurrence_at_a_time() -> None:
    text = "Low-salt diet, uses Tidesalt daily; asks for Tidesalt."
    hidden = scrub(text, path="note/1")
    assert hidden.output == "Low-salt diet, uses [likely name] daily; asks for [likely name]."
    key = hidden.spans[1].give_back
    assert key == GiveBack("note/1", "Tidesalt", 2)
    back = scrub(text, path="note/1", given_back=frozenset({key}))
    assert back.output == "Low-salt diet, uses [likely name] daily; asks for Tidesalt."
    assert [s.kind for s in back.spans] == ["likely", "given_back"]


def test_a_give_back_of_another_text_or_of_a_known_name_changes_nothing() -> None:
    keys = frozenset({GiveBack("note/1", "Marrowby", 1), GiveBack("note/2", "Tidesalt", 1)})
    result = scrub("Marrowby uses Tidesalt", path="note/1", given_back=keys)
    assert result.output == "[patient] uses [likely name]"


def test_words_hidden_by_the_doctor_go_in_any_case() -> None:
    result = scrub("Plays bagpipes. BAGPIPES daily.", hidden=frozenset({"Bagpipes"}))
    assert result.output == "Plays [hidden]. [hidden] daily."
    assert {s.kind for s in result.spans} == {"hidden"}


def test_a_birth_date_of_somebody_over_89_tells_no_age() -> None:
    assert "more than 89 years" in scrub("Admitted 5/1/1931").output


def test_wrapped_lines_do_not_split_a_name() -> None:
    line = "She was brought in by ambulance to the emergency room with Adela"
    result = scrub(f"{line}\nMarrowby, and the story goes on in the usual way for a\nwhile")
    assert "Adela" not in result.output
    assert "Marrowby" not in result.output


def test_the_same_input_gives_the_same_output() -> None:
    text = "Pt Adela Marrowby seen by Dr. Vantreek at Cedar Bluff Hospital on 11/16/2026."
    assert scrub(text) == scrub(text)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u200b", "...", "\U0001f600", "ß", "İstanbul"])
def test_odd_texts_do_no_harm(text: str) -> None:
    assert isinstance(scrub(text).output, str)


def test_a_text_over_the_limit_is_refused() -> None:
    with pytest.raises(ContentUnusable, match="a text is too long"):
        TextEngine(max_characters=10).scrub(
            "x" * 11,
            identity=known_identity.build([]),
            people=PeopleTokens(),
            question_time=QUESTION,
        )


@pytest.mark.parametrize(
    "hostile",
    ["a" * 20_000, "1" * 20_000, "A. " * 7_000, "(" * 20_000, "1-" * 10_000, "Ab " * 7_000,
     "a@" * 10_000, "x." * 10_000, "12 Elm " * 3_000, "of the " * 3_000],
)  # fmt: skip
def test_no_text_makes_the_engine_slow(hostile: str) -> None:
    started = time.process_time()
    scrub(hostile)
    assert time.process_time() - started < 5


def test_the_original_is_never_shown_by_repr() -> None:
    result = scrub("Adela Marrowby uses Tidesalt")
    assert "Marrowby" not in repr(result)
    assert "Tidesalt" not in repr(result.spans)
