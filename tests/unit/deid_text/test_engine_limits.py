"""Very long texts: what is read is cleaned, what is not read does not leave."""

from datetime import UTC, datetime

from deid import known_identity
from deid.text.document import ScrubbedText
from deid.text.engine import TextEngine
from deid.text.people import PeopleTokens

QUESTION = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
PATIENT = {"resourceType": "Patient", "name": [{"family": "Quillfeather", "given": ["Ivo"]}]}


def scrub(text: str, engine: TextEngine | None = None) -> ScrubbedText:
    return (engine or TextEngine()).scrub(
        text,
        identity=known_identity.build([PATIENT]),
        people=PeopleTokens(),
        question_time=QUESTION,
    )


def test_what_stands_behind_the_most_that_is_read_is_left_out_and_told() -> None:
    result = scrub("Quillfeather is well. " * 4 + "Then Zorbina came", TextEngine(most_read=40))

    assert result.output == "[patient] is well. [patient] is[rest of a long text]"
    assert result.spans[-1].rule == "text.length"
    assert result.spans[-1].end == len(result.original)


def test_a_text_without_a_space_is_cut_where_reading_stops() -> None:
    assert scrub("a" * 50, TextEngine(most_read=40)).output == "a" * 40 + "[rest of a long text]"


def test_a_phone_in_brackets_keeps_both_or_none() -> None:
    assert scrub("Call (541-555-0148) today").output == "Call ([phone]) today"
    assert scrub("Call (541) 555-0148 today").output == "Call [phone] today"


def test_a_time_in_milliseconds_announces_nobody() -> None:
    assert scrub("QTc 478 ms. Flat T waves").output == "QTc 478 ms. Flat T waves"


def test_a_short_first_name_of_the_chart_is_the_patient_everywhere() -> None:
    assert scrub("Ivo's DKA resolved. Ivo slept.").output == (
        "[patient]'s DKA resolved. [patient] slept."
    )
