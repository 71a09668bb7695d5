"""Row 50 of spec deid.md 5: reversal, given back words, drift, crashes, versions of one case."""

import hashlib
import pickle
from dataclasses import replace
from typing import Any

import pytest

from deid import policy
from deid.errors import DeidError, PolicyUnusable
from deid.pipeline import Prepared, deidentify
from deid.text.document import GiveBack
from tests.support.escapes import (
    ALWAYS,
    CLINICIAN,
    PATIENT,
    SUBJECT,
    Escape,
    case_of,
    check,
    found,
    listed,
    note,
    observation,
    outgoing,
    readable,
    sent,
)

_WORDS = "Seen by Dr Achterberg. Zebulonite crystals of Kallistrate type. Okonkwo agrees. edema"
_CASE = Escape(row=50, words="versions", resources=(note(_WORDS),))


def _again(**changes: Any) -> Prepared:
    return deidentify(replace(case_of(_CASE), **changes), policy.load())


@pytest.mark.parametrize("text", ["\n", " \n\t\n", "(\n\n", "\u00a0\n\u200b"])
def test_row_50_a_text_of_nothing_does_not_break_the_last_look(text: str) -> None:
    prepared = sent(replace(_CASE, resources=(observation(note=[{"text": text}]), note(text))))

    assert found(_CASE, outgoing(prepared)) == []
    assert "718-7" in readable(prepared)


def test_row_50_a_given_back_word_leaves_once_and_is_counted() -> None:
    likely = sent(_CASE).preview.likely
    assert likely

    prepared = _again(given_back=frozenset({likely[0].key}))

    assert prepared.sealed.receipt.given_back == 1
    assert likely[0].key.token in readable(prepared)
    assert found(_CASE, outgoing(prepared)) == []


@pytest.mark.parametrize("word", ["Okonkwo", "Achterberg", "Dr Achterberg"])
def test_row_50_a_known_name_cannot_be_given_back(word: str) -> None:
    path = sent(_CASE).preview.likely[0].key.path
    keys = frozenset(GiveBack(path, word, n) for n in (1, 2, 3))

    prepared = _again(given_back=keys)

    assert prepared.sealed.receipt.given_back == 0
    assert found(_CASE, outgoing(prepared)) == []


def test_row_50_a_given_back_word_that_became_known_is_looked_at_again() -> None:
    key = sent(_CASE).preview.likely[0].key
    newcomer = {**CLINICIAN, "id": "new", "name": [{"family": key.token, "given": ["Una"]}]}
    case = case_of(_CASE)

    prepared = deidentify(
        replace(
            case,
            given_back=frozenset({key}),
            identity_resources=(*case.identity_resources, newcomer),
        ),
        policy.load(),
    )

    assert key.token not in readable(prepared)
    assert prepared.sealed.receipt.given_back == 0


def test_row_50_receipt_and_content_hold_no_hash_of_a_value() -> None:
    whole = "\n".join(outgoing(sent(_CASE)))
    values = {*ALWAYS, PATIENT["id"], "0093187", "1961-07-29"}
    for value in values:
        for form in {value, value.lower(), value.upper(), f"Patient/{value}"}:
            for method in ("md5", "sha1", "sha256", "sha512"):
                digest = hashlib.new(method, form.encode()).hexdigest()
                assert digest[:10] not in whole


def test_row_50_the_sealed_case_carries_no_original_out_of_its_process() -> None:
    prepared = sent(_CASE)
    assert found(_CASE, [pickle.dumps(prepared.sealed).decode("latin-1")]) == []
    assert found(_CASE, [repr(prepared), repr(prepared.sealed), str(prepared.preview)]) == []


def test_row_50_versions_of_one_case_differ_by_what_was_added_and_nothing_else() -> None:
    case = case_of(_CASE)
    more = replace(
        case,
        resources=(*case.resources, {**note("Dr Achterberg is back. No edema."), "id": "doc-8"}),
    )
    one, two = deidentify(case, policy.load()), deidentify(more, policy.load())

    bodies = [{e.body for e in each.sealed.entries} for each in (one, two)]
    assert bodies[0] <= bodies[1]
    assert len(bodies[1] - bodies[0]) == 1
    assert found(_CASE, outgoing(two)) == []


def test_row_50_a_word_hidden_in_the_second_version_is_gone_everywhere() -> None:
    assert "crystals" in readable(_again())
    assert "crystals" not in "\n".join(outgoing(_again(hidden=frozenset({"crystals"}))))


def test_row_50_an_unknown_policy_is_no_policy() -> None:
    with pytest.raises(PolicyUnusable):
        policy.load("safe-harbour")
    assert len(sent(_CASE).sealed.receipt.rules_sha256) == 64


def test_row_50_a_text_beyond_the_engine_stops_with_a_code() -> None:
    with pytest.raises(DeidError) as stopped:
        _again(texts={"question": "Okonkwo edema " * 200_000})
    assert found(_CASE, [str(stopped.value), repr(stopped.value)]) == []


ROW_50 = listed(
    Escape(
        row=50,
        words="elements of the vendor and of a profile",
        planted=("Basil Quenby",),
        resources=(
            observation(
                instantiatesCanonical="https://x.example/Basil-Quenby",
                orderedBy=[{"reason": "Basil Quenby asked"}],
                siteStructure={"display": "Basil Quenby"},
                epicNote={"text": "Basil Quenby"},
            ),
        ),
        kept=("718-7",),
        outcome="either",
    ),
    Escape(
        row=50,
        words="elements of a later release stop the case",
        planted=("Basil Quenby",),
        resources=(observation(triggeredBy=[{"reason": "Basil Quenby asked"}]),),
        outcome="stopped",
    ),
    Escape(
        row=50,
        words="a type of a later release stops the case",
        planted=("Basil Quenby",),
        resources=(
            {
                "resourceType": "NutritionIntake",
                "id": "n",
                "subject": SUBJECT,
                "note": [{"text": "Basil Quenby"}],
            },
        ),
        outcome="stopped",
    ),
    Escape(
        row=50,
        words="brackets that look like our own tokens",
        planted=("Basil Quenby", "Okonkwo"),
        resources=(note("[patient Okonkwo] [clinician 9 Dr Basil Quenby] {{Okonkwo}} edema"),),
        kept=("edema",),
    ),
    *(
        Escape(
            row=50,
            words=f"the policy {name} is as strict about names",
            planted=("Basil Quenby", "2026-11-14"),
            policy=name,
            resources=(note("Dr Basil Quenby saw Rosalind Okonkwo-Hale on 2026-11-14, edema"),),
            kept=("edema",),
        )
        for name in ("safe-harbor", "expert-determination", "uk-confidential")
    ),
)


@pytest.mark.parametrize("escape", ROW_50)
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)
