"""The last look finds what is known in every disguise and holds nothing absurd."""

import base64
import hashlib
import html
import io
import json
from urllib.parse import quote

import pytest
from PIL import Image

from deid import known_identity, policy
from deid.errors import ContentUnusable
from deid.pipeline import gate_skips
from deid.recheck import Gate, GateResult, Skips, search_bytes, views
from tests.support.deid_cases import CASE_ID, patient

SKIPS = gate_skips(policy.load(), CASE_ID)


def looked(value: object, **about: object) -> GateResult:
    identity = known_identity.build([patient(**about)])
    return search_bytes(json.dumps(value).encode(), identity, skips=SKIPS)


def named(family: str, given: str = "Adela") -> dict[str, object]:
    return {"name": [{"family": family, "given": [given]}]}


def test_clean_bytes_pass_and_say_how_much_was_searched() -> None:
    result = looked({"note": [{"text": "Potassium 6.1, [patient] stable"}]})
    assert result.passed
    assert result.searched > 5


def entity(text: str) -> str:
    return "".join(f"&#{ord(c)};" for c in text)


@pytest.mark.parametrize(
    "text",
    [
        "seen Marrowby today",
        "seen MARROWBY today",
        "seen Mar\u200browby today",
        base64.b64encode(b"Seen today: Adela Marrowby, stable").decode(),
        base64.urlsafe_b64encode("Seen: Märrowby Marrowby".encode()).decode().rstrip("="),
        base64.b64encode("Adela Marrowby".encode("utf-16-le")).decode(),
        base64.b64encode(base64.b64encode(b"Adela Marrowby was seen")).decode(),
        "path/" + base64.b64encode(b"Seen today: Adela Marrowby, stable").decode(),
        "x" + base64.b64encode(b"Seen today: Adela Marrowby").decode(),
        base64.encodebytes(
            b"Seen on the ward today and tomorrow was Adela Marrowby, " * 2
        ).decode(),
        b"Adela Marrowby".hex(),
        "=4D=61=72=72=6F=77by",
        "Seen Marr=\nowby",
        quote(quote("&#77;arrowby")),
        quote("seen by/Marrowby"),
        "%4D%61%72%72%6F%77%62%79",
        entity("Marrowby"),
        html.escape("<b>") + entity("Marrowby"),
        "\\u004darrowby",
        "\\x4darrowby",
        "MRN 40417731",
        "MRN 404-17-731",
        "18 Tidewater Lane",
        "(555) 010-0142",
        "5550100142",
        "born 1959-03-04",
        "born 03/04/1959",
    ],
)
def test_a_known_identifier_is_found_in_every_disguise(text: str) -> None:
    result = looked({"note": [{"text": text}]})
    assert not result.passed
    assert {hit.expression for hit in result.hits} == {"Bundle.note[0].text"}
    assert "arrowby" not in repr(result)


UTF_8, UTF_16 = ("utf-8",), ("utf-8", "utf-16-le", "utf-16-be")


# Each of these scripts sets the first bit of every byte of its base64. UTF-16 is read where its
# letters share a block; in base64, that of Han and Korean cannot be told from noise.
@pytest.mark.parametrize(
    ("family", "given", "encodings"),
    [
        ("Иванова", "Светлана", UTF_16),
        ("Παπαδόπουλος", "Γιώργος", UTF_16),
        ("محمود", "علي", UTF_16),
        ("王", "小明", UTF_8),
        ("김", "민준", UTF_8),
    ],
)
def test_a_name_in_other_letters_is_found_as_it_stands_and_in_base64(
    family: str, given: str, encodings: tuple[str, ...]
) -> None:
    for words in (f"{given} {family}", f"seen by {family} {given} today", f"{given} {family}" * 3):
        for text in (words, *(base64.b64encode(words.encode(e)).decode() for e in encodings)):
            found = looked({"note": [{"text": text}]}, **named(family, given))
            assert not found.passed, (words, text)


def test_a_known_identifier_is_found_in_a_number_and_in_a_key() -> None:
    assert not looked({"valueQuantity": {"value": 40417731}}).passed
    result = looked({"Marrowby": 1})
    assert [hit.expression for hit in result.hits] == ["Bundle.(key)"]


def test_what_stands_under_an_unknown_key_is_searched_and_the_key_is_not_told() -> None:
    result = looked({"Gullhaven Marrowby": {"text": "Marrowby"}})
    assert {hit.expression for hit in result.hits} == {
        "Bundle.(key)",
        "Bundle.(other).text",
    }


@pytest.mark.parametrize(
    ("family", "value"),
    [
        ("Final", {"status": "final"}),
        ("White", {"extension": [{"valueCoding": {
            "system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3", "display": "White"}}]}),
        ("Code", {"code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]}}),
        ("Observation", {"reference":
            f"https://confer.example/fhir/case/{CASE_ID}/Observation/7"}),
        ("Male", {"gender": "male"}),
    ],
)  # fmt: skip
def test_words_of_ours_hold_no_case_whatever_the_patient_is_called(
    family: str, value: dict[str, object]
) -> None:
    assert looked(value, **named(family)).passed


def test_a_word_of_ours_is_passed_over_only_where_it_belongs() -> None:
    skipped = looked({"status": "final"}, **named("Final", "Zorbina"))
    elsewhere = looked({"note": [{"text": "Mrs. Final called"}]}, **named("Final", "Zorbina"))
    assert skipped.passed
    assert not elsewhere.passed


def test_skips_that_would_have_been_hits_are_counted() -> None:
    body = {"system": "http://loinc.org", "code": "30525-0", "display": "Age"}
    assert looked(body).skipped == 0
    ours = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "code": "PRENC",
        "display": "pre-admission",
    }
    result = looked({"class": ours}, **named("Prenc"))
    assert (result.passed, result.skipped) == (True, 1)
    assert not looked({"note": "PRENC"}, **named("Prenc")).passed


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("White", "White cell count 12.1, white sputum"),
        ("Price", "The price of the drug was discussed"),
        ("Code", "Code status: full code"),
        ("Li", "Li 0.6 mmol/L, LiCl stopped"),
    ],
)
def test_hostile_surnames_hold_nothing_absurd(family: str, text: str) -> None:
    assert looked({"note": [{"text": text}]}, **named(family, "Zorbina")).passed


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("White", "Mrs. White slept well"),
        ("Price", "Seen with Mr. Price"),
        ("Code", "Dr. Code agrees"),
        ("Li", "Ms. Li slept well"),
    ],
)
def test_hostile_surnames_are_found_where_they_name_somebody(family: str, text: str) -> None:
    assert not looked({"note": [{"text": text}]}, **named(family, "Zorbina")).passed


def test_a_record_number_of_one_digit_is_found_only_with_its_cue() -> None:
    about = {"identifier": [{"system": "https://hospital.example/mrn", "value": "7"}]}
    assert looked({"note": [{"text": "Pain 7/10 on day 7, grade 7"}]}, **about).passed
    assert not looked({"note": [{"text": "MRN 7 was seen"}]}, **about).passed


def test_bytes_that_are_not_json_cannot_pass() -> None:
    with pytest.raises(ContentUnusable):
        search_bytes(b"{", known_identity.build([patient()]), skips=SKIPS)


def test_views_go_three_layers_deep_and_end() -> None:
    word = "Adela Marrowby was seen today"
    for _ in range(3):
        word = base64.b64encode(word.encode()).decode()
    assert "Adela Marrowby was seen today" in views(word)
    assert views("plain text") == ["plain text"]
    assert "AAAAAAAAA" in views("AAAAAAAAA")
    assert "\\x01" not in "".join(views("AQIDBAUGBwg="))


def test_the_random_case_id_is_not_read_as_an_encoding_but_everything_beside_it_is() -> None:
    identity = known_identity.build([patient()])
    by_chance = base64.b64encode(b"x. Marrowby, yz").decode()
    coded = base64.b64encode(b"Seen today: Adela Marrowby").decode()

    def look(text: str, case_id: str) -> bool:
        skips = gate_skips(policy.load(), case_id)
        return search_bytes(json.dumps({"text": text}).encode(), identity, skips=skips).passed

    assert look(f"{by_chance}.submit.1", by_chance)
    assert not look(f"{by_chance}.submit.1", CASE_ID)
    assert not look(f"{by_chance} {coded}", by_chance)
    assert not look("Marrowby", "Marrowby")


@pytest.mark.parametrize("data", ["iVBORw0KGgo", "/9j/4AAQSkZJRg==", "iVBORw0KGgo*"])
def test_a_picture_that_is_not_ours_is_a_hit_whatever_it_shows(data: str) -> None:
    result = looked({"content": [{"attachment": {"data": data}}]})
    assert [(h.expression, h.rule) for h in result.hits] == [
        ("Bundle.content[0].attachment.data", "picture.not_ours")
    ]
    assert looked({"content": [{"attachment": {"title": data}}]}).passed


@pytest.mark.parametrize(
    "text", ["0123456789abc", "AQIDBAUGBwg=" * 4, "plain words\nin lines", "12345 67890", "a=b=c"]
)
def test_what_is_no_encoding_of_a_name_passes(text: str) -> None:
    assert looked({"note": [{"text": text}]}).passed


def test_the_error_says_what_is_wrong_and_nothing_else() -> None:
    with pytest.raises(ContentUnusable, match=r"\Athe outgoing bytes are not JSON\Z"):
        search_bytes(b"{", known_identity.build([patient()]), skips=SKIPS)


def test_a_finished_body_is_searched_under_its_own_name() -> None:
    gate = Gate(known_identity.build([patient()]), SKIPS)
    gate.search_body(b'{"note":[{"text":"Marrowby"}],"status":"final"}', "Observation/1")
    assert [h.expression for h in gate.result().hits] == ["Observation/1.note[0].text"]


def test_every_word_of_ours_that_was_passed_over_counts() -> None:
    skips = Skips(
        constants=frozenset({("status", "marrowby")}),
        element_names=frozenset({"entry", "status"}),
    )
    body = json.dumps({"entry": [{"status": "marrowby"}, {"status": "marrowby"}]}).encode()
    result = search_bytes(body, known_identity.build([patient()]), skips=skips)
    assert (result.passed, result.skipped) == (True, 2)


def test_our_own_picture_passes_only_to_the_letter() -> None:
    made = io.BytesIO()
    Image.new("RGB", (2, 2)).save(made, "PNG")
    digest = hashlib.sha256(made.getvalue()).hexdigest()
    data = base64.b64encode(made.getvalue()).decode()

    def passes(data: str, digest: str) -> bool:
        skips = gate_skips(policy.load(), CASE_ID, pictures=frozenset({digest}))
        body = json.dumps({"data": data}).encode()
        return search_bytes(body, known_identity.build([patient()]), skips=skips).passed

    assert passes(data, digest)
    assert not passes(data, "0" * 64)
    assert not passes(data[:20] + "*" + data[20:], digest)


@pytest.mark.parametrize("width", [16, 18, 23])
def test_base64_in_lines_of_any_width_is_read_across_the_breaks(width: int) -> None:
    coded = base64.b64encode(b"On the ward today was Adela Marrowby again").decode()
    lines = "\n".join(coded[at : at + width] for at in range(0, len(coded), width))
    assert any("Adela Marrowby again" in view for view in views(lines))


def test_base64_for_addresses_is_read_with_its_own_signs() -> None:
    coded = base64.urlsafe_b64encode(b"???>>>~~~ Adela Marrowby").decode()
    assert "_" in coded
    assert "-" in coded
    assert "???>>>~~~ Adela Marrowby" in views(coded)
