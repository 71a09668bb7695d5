"""A word given back is looked at again each time; one that the chart knows never comes back."""

from dataclasses import replace

from deid import policy
from deid.pipeline import CaseInput, Prepared, deidentify
from deid.text.document import GiveBack
from tests.support.deid_cases import case

WORD = "Tidesalt"
TEXTS = {"question": "Safe?", "thinking": f"She uses {WORD}. More {WORD} hurts."}


def run(made: CaseInput) -> Prepared:
    return deidentify(made, policy.load())


def keys(made: Prepared) -> frozenset[GiveBack]:
    return frozenset(word.key for word in made.preview.likely if word.word == WORD)


def given() -> CaseInput:
    first = case(texts=TEXTS)
    return replace(first, given_back=keys(run(first)))


def test_a_likely_word_comes_back_place_by_place() -> None:
    first = case(texts=TEXTS)
    both = keys(run(first))
    assert len(both) == 2
    one = run(replace(first, given_back=frozenset({min(both, key=lambda key: key.n)})))
    assert one.sealed.texts["thinking"] == f"She uses {WORD}. More [likely name] hurts."
    assert run(given()).sealed.texts["thinking"] == TEXTS["thinking"]
    assert run(given()).sealed.receipt.given_back == 2


def test_a_word_that_the_chart_now_knows_does_not_come_back() -> None:
    clinician = {
        "resourceType": "Practitioner",
        "id": "p1",
        "name": [{"family": WORD, "given": ["Orla"]}],
    }
    before = given()
    changed = replace(before, identity_resources=(*before.identity_resources, clinician))
    made = run(changed)
    assert WORD not in made.sealed.texts["thinking"]
    assert made.sealed.receipt.given_back == 0
    assert not any(word.word == WORD for word in made.preview.likely)


def test_a_relative_of_the_patient_who_turns_up_takes_the_word_away() -> None:
    relative = {
        "resourceType": "RelatedPerson",
        "id": "r1",
        "patient": {"reference": "Patient/pt-9c27e1"},
        "name": [{"given": [WORD]}],
    }
    before = given()
    made = run(replace(before, identity_resources=(*before.identity_resources, relative)))
    assert WORD not in made.sealed.texts["thinking"]


def test_an_edit_of_the_text_ends_what_was_given_back() -> None:
    edited = {**TEXTS, "thinking": TEXTS["thinking"] + " Today."}
    made = run(replace(given(), texts=edited))
    assert WORD not in made.sealed.texts["thinking"]


def test_a_known_name_cannot_be_given_back_by_a_made_up_key() -> None:
    texts = {"question": "Safe?", "thinking": "Marrowby is well."}
    first = run(case(texts=texts))
    path = next(pair.path for pair in first.preview.pairs if pair.path.startswith("texts.thinking"))
    forged = frozenset({GiveBack(path, "Marrowby", 1)})
    made = run(case(texts=texts, given_back=forged))
    assert "Marrowby" not in made.sealed.texts["thinking"]
    assert made.sealed.receipt.given_back == 0
