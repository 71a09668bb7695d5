"""A case from input to seal: held, refused, given back, numbered."""

import copy
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from deid import policy
from deid.errors import CaseHeld, ContentUnusable
from deid.pipeline import CaseInput, Prepared, deidentify
from tests.support.deid_cases import CASE_ID, CASE_KEY, case, condition, observation, patient

UNKNOWN_WORD = "Tidesaltine"


def run(case_input: CaseInput) -> Prepared:
    return deidentify(case_input, policy.load())


def bodies(case_input: CaseInput) -> list[bytes]:
    return [entry.body for entry in run(case_input).sealed.entries]


MANY = tuple(observation(id=f"o{n}", valueQuantity={"value": n}) for n in range(12))


def test_the_order_of_the_chart_does_not_show() -> None:
    assert bodies(case(*MANY, condition())) == bodies(case(condition(), *reversed(MANY)))


def test_another_key_changes_nothing_that_leaves() -> None:
    assert bodies(case(*MANY)) == bodies(case(*MANY, case_key=bytes(32)))


def test_the_newest_comes_first() -> None:
    old = observation(id="old", effectiveDateTime="2019-01-01", valueQuantity={"value": 1})
    undated = observation(id="none", effectiveDateTime=None, valueQuantity={"value": 2})
    period = observation(
        id="period",
        effectiveDateTime=None,
        effectivePeriod={"start": "2026-11-20T00:00:00-05:00"},
        valueQuantity={"value": 3},
    )
    sealed = run(case(old, undated, period, observation())).sealed
    values = [
        float(each.resource["valueQuantity"]["value"])
        for each in sealed.entries
        if b"30525-0" not in each.body and each.resource_type == "Observation"
    ]
    assert values == [6.1, 3, 1, 2]


def test_twins_that_differ_only_in_their_links_keep_their_own() -> None:
    a, b = observation(id="a"), observation(id="b", valueQuantity={"value": 7})
    x = observation(id="x", code={"text": "panel"}, hasMember=[{"reference": "Observation/a"}])
    y = observation(id="y", code={"text": "panel"}, hasMember=[{"reference": "Observation/b"}])
    assert bodies(case(a, b, x, y)) == bodies(case(y, x, b, a))


def test_the_input_is_not_changed() -> None:
    made = case(*MANY, condition(), texts={"question": "Adela Marrowby?"})
    before = copy.deepcopy(made)
    run(made)
    assert made == before


def test_input_that_is_not_one_patients_chart_is_unusable() -> None:
    good = case(observation())
    other = patient(id="other")
    unusable = [
        replace(good, resources=()),
        replace(good, resources=(observation(),)),
        replace(good, resources=(patient(), other)),
        replace(good, resources=(patient(), "text")),
        replace(good, resources=(patient(id=""),)),
        replace(good, case_id="Marrowby/1"),
        replace(good, case_key=b"short"),
        replace(good, question_time=datetime(2026, 1, 1)),  # noqa: DTZ001 - the fault tried
    ]
    for each in unusable:
        with pytest.raises(ContentUnusable) as held:
            run(each)
        assert "arrowby" not in str(held.value)


@pytest.mark.parametrize(
    ("resource", "version"),
    [
        ({"resourceType": "MedicationOrder"}, "DSTU2 or STU3"),
        ({"resourceType": "Condition", "clinicalStatus": "active"}, "DSTU2 or STU3"),
        ({"resourceType": "Observation", "comment": "x"}, "DSTU2 or STU3"),
        ({"resourceType": "Encounter", "class": [{"coding": []}]}, "R5"),
        ({"resourceType": "MedicationRequest", "medication": {}}, "R5"),
        ({"resourceType": "InventoryItem"}, "R5"),
    ],
)
def test_content_of_another_fhir_version_is_named_and_refused(
    resource: dict[str, Any], version: str
) -> None:
    with pytest.raises(ContentUnusable) as held:
        run(case(observation(), resource))
    assert version in str(held.value)
    assert held.value.position == 2


def test_a_case_is_held_when_a_known_identifier_is_left() -> None:
    # A name spelled in a way that the text engine reads as something else, in percent form.
    hidden = "see portal%2FMarr%6Fwby"
    with pytest.raises(CaseHeld) as held:
        run(case(observation(note=[{"text": hidden}])))
    assert held.value.hits == (("Observation/1.note[0].text", "name", held.value.hits[0][2]),)
    assert "arrowby" not in str(held.value)


def test_a_record_number_in_a_number_holds_the_case() -> None:
    with pytest.raises(CaseHeld):
        run(case(observation(valueQuantity={"value": Decimal("4041.7731")})))


def test_a_number_too_long_for_a_measurement_stays_before_it_can_hold_the_case() -> None:
    prepared = run(case(observation(valueQuantity={"value": 40417731, "unit": "mmol/L"})))
    assert prepared.sealed.receipt.removed["other_id"] == 1
    assert not any(b"40417731" in entry.body for entry in prepared.sealed.entries)


def test_texts_of_the_doctor_leave_clean() -> None:
    made = case(texts={"question": "Is Mrs. Marrowby safe?", "thinking": "Adela: AKI"})
    assert dict(run(made).sealed.texts) == {
        "question": "Is Mrs. [patient] safe?",
        "thinking": "[patient]: AKI",
    }


def test_entities_in_a_text_are_read_before_it_is_cleaned() -> None:
    made = case(texts={"question": "K &lt; 3 in M&#97;rrowby"})
    assert run(made).sealed.texts["question"] == "K < 3 in [patient]"


def test_a_likely_word_comes_back_once_and_goes_with_its_text() -> None:
    question = f"She uses {UNKNOWN_WORD} on everything, {UNKNOWN_WORD} daily"
    hidden = run(case(texts={"question": question}))
    first, second = hidden.preview.likely
    assert UNKNOWN_WORD not in hidden.sealed.texts["question"]
    assert (first.word, first.before, first.given_back) == (UNKNOWN_WORD, "She uses ", False)

    back = run(case(texts={"question": question}, given_back=frozenset({first.key})))
    assert back.sealed.texts["question"].count(UNKNOWN_WORD) == 1
    assert back.sealed.receipt.given_back == 1
    assert back.preview.counts["likely"] == 1

    edited = run(case(texts={"question": question + "."}, given_back=frozenset({first.key})))
    assert UNKNOWN_WORD not in edited.sealed.texts["question"]
    assert edited.sealed.receipt.given_back == 0
    assert second.key != first.key


def test_a_given_back_word_stays_with_its_resource_when_others_are_unticked() -> None:
    noted = observation(note=[{"text": f"She uses {UNKNOWN_WORD} on everything"}])
    (word,) = run(case(noted, condition(), *MANY)).preview.likely
    back = run(case(*MANY, noted, given_back=frozenset({word.key})))
    assert [each.given_back for each in back.preview.likely] == [True]


def test_words_the_doctor_hides_are_gone_everywhere() -> None:
    made = case(
        observation(note=[{"text": "retired ferry captain"}]),
        texts={"question": "67, retired ferry captain"},
        hidden=frozenset({"ferry captain"}),
    )
    prepared = run(made)
    assert all(b"ferry" not in entry.body for entry in prepared.sealed.entries)
    assert "ferry" not in prepared.sealed.texts["question"]
    marks = {piece.mark for pair in prepared.preview.pairs for piece in pair.outgoing}
    assert "hidden" in marks


def test_the_preview_shows_exactly_what_leaves() -> None:
    made = case(
        observation(note=[{"text": "Adela Marrowby seen Nov 16 by Dr. Pellwright"}]),
        texts={"question": "Mrs. Marrowby, K 6.1"},
    )
    prepared = run(made)
    for pair in prepared.preview.pairs:
        outgoing = "".join(piece.text for piece in pair.outgoing)
        assert outgoing == prepared.sealed.texts["question"] or any(
            outgoing.encode() in entry.body for entry in prepared.sealed.entries
        )
    texts = {pair.title: "".join(p.text for p in pair.original) for pair in prepared.preview.pairs}
    assert texts["texts.question"] == "Mrs. Marrowby, K 6.1"
    assert texts["Observation.note.text"] == "Adela Marrowby seen Nov 16 by Dr. Pellwright"
    numbers = {reason.number for pair in prepared.preview.pairs for reason in pair.reasons}
    assert numbers == set(range(1, len(numbers) + 1))


def test_the_same_reason_has_the_same_number_on_the_whole_page() -> None:
    made = case(texts={"question": "Adela Marrowby", "thinking": "Adela Marrowby"})
    first, second = run(made).preview.pairs
    assert first.reasons == second.reasons


def test_the_preview_says_where_each_text_stands_in_what_leaves() -> None:
    prepared = run(case(observation(note=[{"text": "stable"}]), texts={"question": "K 6.1?"}))
    assert {pair.entry for pair in prepared.preview.pairs} == {None, "Observation/1"}


def test_fields_that_stay_are_listed_with_their_reason() -> None:
    dropped = {(each.element, each.category) for each in run(case()).preview.dropped}
    assert {
        ("Patient.name", "name"),
        ("Patient.telecom", "phone"),
        ("Patient.identifier", "record_number"),
        ("Patient.address.line", "street"),
        ("Patient.address.city", "city"),
    } <= dropped


def test_changed_labels_are_shown_and_unchanged_ones_are_not() -> None:
    made = case(condition(code={"text": "fall at Marrowby"}), observation(code={"text": "pain"}))
    labels = run(made).preview.labels
    assert ["".join(p.text for p in each.outgoing) for each in labels] == ["fall at [patient]"]


def test_the_receipt_counts_and_names_rules_and_no_value() -> None:
    made = case(
        observation(note=[{"text": "Adela Marrowby, MRN 40417731"}]),
        observation(id="bad", status="odd"),
        incomplete=("notes",),
        test_data=True,
    )
    sealed = run(made).sealed
    receipt = sealed.receipt
    assert receipt.policy_id == "safe-harbor"
    assert receipt.rules_sha256 == policy.load().rules_sha256
    assert receipt.removed["name"] >= 2
    assert receipt.general["date"] == 1
    assert receipt.refused == ("Observation.status: cannot be kept",)
    assert receipt.incomplete == ("notes",)
    assert receipt.gate_passed
    assert receipt.date_anchor == "question time"
    assert sealed.test_data
    assert "arrowby" not in repr(receipt)


def test_texts_of_a_refused_resource_are_not_shown_as_leaving() -> None:
    bad = observation(note=[{"text": "stable"}], status="odd")
    assert run(case(bad)).preview.pairs == ()


def test_sections_hold_every_resource_once() -> None:
    vital = observation(
        id="v",
        category=[
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "vital-signs",
                    }
                ]
            }
        ],
    )
    plain = observation(id="p", category=None)
    sealed = run(case(vital, plain, observation(), condition())).sealed
    by_title = {section.title: section.refs for section in sealed.sections}
    base = f"https://confer.example/fhir/case/{CASE_ID}"
    assert by_title["Problems"] == (f"{base}/Condition/1",)
    assert len(by_title["Vital signs"]) == 1
    assert len(by_title["Results"]) == 2
    refs = [ref for section in sealed.sections for ref in section.refs]
    assert len(refs) == len(set(refs)) == len(sealed.entries) - 1


def test_printing_the_input_or_result_shows_no_value() -> None:
    made = case(observation(note=[{"text": "Adela Marrowby"}]), texts={"question": "Marrowby"})
    assert "arrowby" not in repr(made)
    assert repr(CASE_KEY) not in repr(made)
    prepared = run(made)
    assert "arrowby" not in repr(prepared)
    assert "arrowby" not in repr(prepared.preview)


def test_a_likely_word_in_a_label_can_come_back() -> None:
    made = condition(code={"text": f"uses {UNKNOWN_WORD} on everything"})
    (word,) = run(case(made)).preview.likely
    assert word.word == UNKNOWN_WORD
    back = run(case(made, given_back=frozenset({word.key}))).sealed
    assert any(UNKNOWN_WORD.encode() in entry.body for entry in back.entries)


def test_a_reply_counts_on_from_the_question() -> None:
    texts = {"reply": "Dr. Zimmerly agrees", "question": "Seen by Dr. Pellworth, Dr. Zimmerly"}
    sealed = run(case(texts=texts)).sealed
    assert sealed.texts["question"] == "Seen by Dr. [clinician 1], Dr. [clinician 2]"
    assert sealed.texts["reply"] == "Dr. [clinician 2] agrees"


def test_a_reply_keeps_the_tokens_that_left_before() -> None:
    pell = {
        "resourceType": "Practitioner",
        "id": "p",
        "name": [{"family": "Pellworth", "given": ["Orin"]}],
    }
    earlier = {
        "[clinician 1]": "Zimmerly",
        "[clinician 3]": "Orin Pellworth",
        "[clinician 4]": "Pellworth",
        "[clinician 5]": "Zimmerly",
        "[hospital 2]": "Zorbin Infirmary",
        "[patient]": "Adela",
        "no token": "x",
    }
    texts = {"reply": "Dr. Pellworth, Dr. Zimmerly and Dr. Quimbolt agree"}
    made = case(texts=texts, earlier=earlier, identity_resources=(pell,))
    assert run(made).sealed.texts["reply"] == (
        "Dr. [clinician 3], Dr. [clinician 1] and Dr. [clinician 6] agree"
    )


def test_the_vault_learns_whom_each_token_means_from_texts_and_links() -> None:
    pell = {"resourceType": "Practitioner", "id": "p", "name": [{"text": "Orin Pellworth"}]}
    made = case(
        observation(performer=[{"reference": "Practitioner/p"}]),
        texts={"question": "Adela, then Mrs. Adela Marrowby, seen by Dr. Zimmerly on Nov 16"},
        identity_resources=(pell,),
    )
    words = run(made).preview.token_words
    assert words == {
        "[patient]": "Adela Marrowby",
        "[clinician 1]": "Zimmerly",
        "[clinician 2]": "Orin Pellworth",
    }


def test_content_nested_without_end_is_unusable() -> None:
    item: dict[str, Any] = {"linkId": "1"}
    for _ in range(5000):
        item = {"linkId": "1", "item": [item]}
    form = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "subject": {"reference": "Patient/pt-9c27e1"},
        "item": [item],
    }
    with pytest.raises(ContentUnusable, match="nested too deep"):
        run(case(form))
