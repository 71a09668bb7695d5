"""What can hurt a person is withheld, masked, asked about or pointed out, as the policy says."""

import copy
from typing import Any

import pytest

from deid import policy
from deid.errors import PolicyUnusable
from deid.pipeline import Prepared, deidentify
from deid.sensitive import policy as sensitive_policy
from deid.sensitive import value_sets
from tests.support.deid_cases import case, condition, observation, patient

Json = dict[str, Any]  # FHIR JSON

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
LEVEL = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"


def coded(code: str, display: str = "", *, number: int = 1, **changes: Any) -> Json:
    concept = {"coding": [{"system": ICD, "code": code, "display": display}]}
    return condition(id=f"cond-{number}", code=concept, **changes)


def labelled(code: str, system: str = ACT) -> Json:
    return condition(meta={"security": [{"system": system, "code": code}]})


def medicine(text: str, *, number: int = 1) -> Json:
    return {
        "resourceType": "MedicationRequest",
        "id": f"med-{number}",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": text},
        "subject": {"reference": "Patient/pt-9c27e1"},
        "dosageInstruction": [{"text": "80 mg daily"}],
    }


def prepared(*resources: Json, policy_id: str = "safe-harbor", **changes: Any) -> Prepared:
    return deidentify(case(*resources, **changes), policy.load(policy_id))


def outgoing(made: Prepared) -> str:
    bodies = [entry.body.decode() for entry in made.sealed.entries]
    return "\n".join([*bodies, *made.sealed.texts.values()])


def actions(made: Prepared) -> dict[str, int]:
    return dict(made.sealed.receipt.sensitive)


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("F11.20", "substance_use"),
        ("K70.30", "substance_use"),
        ("B20", "hiv"),
        ("Z21", "hiv"),
        ("F32.9", "mental_health"),
        ("Z33.2", "reproductive_health"),
        ("F64.0", "gender_sexuality"),
        ("Z15.01", "genetics"),
        ("T74.21XA", "violence"),
        ("Z65.1", "incarceration"),
        ("A54.9", "sti"),
        ("D57.1", "sickle_cell"),
    ],
)
def test_a_code_belongs_to_its_category(code: str, category: str) -> None:
    assert list(value_sets.load().of_code(ICD, code)) == [category]


@pytest.mark.parametrize("code", ["F17.210", "E11.9", "I10", "F03.90", "J45.20"])
def test_an_ordinary_code_belongs_to_none(code: str) -> None:
    assert list(value_sets.load().of_code(ICD, code)) == []


@pytest.mark.parametrize("text", ["Archive of hearing aids", "a plan", "ST depression", "stdout"])
def test_an_ordinary_word_belongs_to_none(text: str) -> None:
    words = value_sets.load().words_in(text, text.lower())
    assert [word.word for word in words] == []


def test_what_needs_consent_leaves_and_is_asked_for() -> None:
    made = prepared(coded("B20", "HIV disease"))
    assert made.preview.sensitive is not None
    assert made.preview.sensitive.consent == ("hiv",)
    assert actions(made) == {"hiv:consent": 1}
    assert "B20" in outgoing(made)


@pytest.mark.parametrize("system", [ACT, "https://hospital.example/labels"])
@pytest.mark.parametrize(
    ("label", "category"),
    [("ETH", "substance_use"), ("HIV", "hiv"), ("PSY", "mental_health"), ("SDV", "violence"),
     ("SUD", "substance_use"), ("R", "restricted"), ("V", "restricted")],
)  # fmt: skip
def test_a_label_of_the_hospital_needs_at_least_consent(
    label: str, category: str, system: str
) -> None:
    made = prepared(labelled(label, system))
    assert actions(made) == {f"{category}:consent": 1}


@pytest.mark.parametrize("label", ["PSYTHPN", "DELAU", "NOAUTH", "NODSCLCD"])
@pytest.mark.parametrize("policy_id", sorted(policy.POLICIES))
def test_what_never_leaves_is_withheld_under_every_policy(label: str, policy_id: str) -> None:
    made = prepared(labelled(label), policy_id=policy_id)
    assert '"resourceType":"Condition"' not in outgoing(made)
    assert [name.partition(":")[2] for name in actions(made)] == ["withhold"]


def test_an_unknown_label_of_these_systems_needs_consent() -> None:
    assert actions(prepared(labelled("QQQ", LEVEL))) == {"restricted:consent": 1}
    assert actions(prepared(labelled("N", LEVEL))) == {}


@pytest.mark.parametrize(
    "kind",
    [{"text": "Psychotherapy note"}, {"text": "Psychotherapy session 12"},
     {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "90837"}]}],
)  # fmt: skip
def test_a_psychotherapy_note_never_leaves(kind: Json) -> None:
    note = {
        "resourceType": "DocumentReference",
        "id": "n1",
        "status": "current",
        "type": kind,
        "subject": {"reference": "Patient/pt-9c27e1"},
        "content": [{"attachment": {"contentType": "text/plain", "data": "Wm9yYmxlLg=="}}],
    }
    made = prepared(note)
    assert "DocumentReference" not in outgoing(made)
    assert actions(made) == {"psychotherapy_notes:withhold": 1}


def test_a_masked_item_tells_its_group_and_nothing_else() -> None:
    told = coded("Z65.1", "Imprisonment", note=[{"text": "Held at Gullhaven county jail"}])
    leaves = outgoing(prepared(told))
    assert "Social history, kind not told" in leaves
    assert not any(word in leaves for word in ("Z65", "Imprison", "jail", "county"))


def test_words_of_a_masked_category_are_blotted_out_in_notes() -> None:
    made = prepared(coded("I10", note=[{"text": "Seen after release from prison, well."}]))
    assert "Seen after release from [not told], well." in outgoing(made)
    assert "prison" not in outgoing(made)


def test_the_words_of_the_doctor_are_not_changed_unasked() -> None:
    texts = {"question": "Inmate with fever?", "thinking": "Endocarditis."}
    made = prepared(texts=texts)
    assert made.sealed.texts["question"] == "Inmate with fever?"
    assert actions(made) == {"incarceration:consent": 1}
    taken = prepared(texts=texts, left_out=frozenset({"sensitive:incarceration"}))
    assert taken.sealed.texts["question"] == "[not told] with fever?"


def test_a_medicine_that_gives_away_what_was_left_out_is_pointed_out() -> None:
    before = prepared(coded("F11.20", "Opioid dependence"), medicine("Methadone 10 MG Oral Tablet"))
    assert before.preview.sensitive is not None
    problem = next(i for i in before.preview.sensitive.items if i.element == "Condition")
    after = prepared(
        coded("F11.20", "Opioid dependence"),
        medicine("Methadone 10 MG Oral Tablet"),
        left_out=frozenset({problem.key}),
    )
    assert "Opioid" not in outgoing(after)
    assert after.preview.sensitive is not None
    assert [i.shown for i in after.preview.sensitive.items if i.reveals] == [
        "Methadone 10 MG Oral Tablet"
    ]
    both = prepared(
        coded("F11.20"),
        medicine("Methadone 10 MG Oral Tablet"),
        left_out=frozenset({"sensitive:substance_use"}),
    )
    assert "ethadone" not in outgoing(both)


def test_a_combination_of_antiretrovirals_says_hiv_and_one_alone_does_not() -> None:
    pair = (medicine("lamivudine 300 MG"), medicine("tenofovir 300 MG", number=2))
    assert actions(prepared(*pair)) == {"hiv:consent": 2}
    assert actions(prepared(pair[0])) == {}


def test_a_visit_speaks_for_what_belongs_to_it() -> None:
    visit = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"system": ACT, "code": "AMB"},
        "type": [{"text": "Methadone clinic visit"}],
        "subject": {"reference": "Patient/pt-9c27e1"},
    }
    made = prepared(visit, observation(encounter={"reference": "Encounter/e1"}))
    assert actions(made) == {"substance_use:warn": 2}


def test_confidential_care_of_a_minor_needs_consent() -> None:
    young = patient(birthDate="2011-05-05")
    assert actions(prepared(coded("A54.9"), first=young)) == {"sti:consent": 1}
    assert actions(prepared(coded("A54.9"))) == {"sti:warn": 1}


def test_the_input_is_not_changed() -> None:
    resource = coded("Z65.1", "Imprisonment")
    before = copy.deepcopy(resource)
    prepared(resource)
    assert resource == before


def test_what_was_left_out_is_gone_and_can_be_named() -> None:
    before = prepared(coded("B20", "HIV disease"))
    assert before.preview.sensitive is not None
    key = before.preview.sensitive.items[0].key
    after = prepared(coded("B20", "HIV disease"), left_out=frozenset({key}))
    assert "B20" not in outgoing(after)
    assert after.preview.sensitive is not None
    assert after.preview.sensitive.consent == ()
    assert actions(after) == {"hiv:withhold": 1}


def test_counts_of_rules_do_not_tell_what_was_blotted_out() -> None:
    receipt = prepared(coded("I10", note=[{"text": "Was in prison."}])).sealed.receipt
    assert receipt.rules["sensitive.word"] == 1
    assert not any("prison" in rule or "incarceration" in rule for rule in receipt.rules)


@pytest.mark.parametrize(
    ("old", "new"),
    [('hiv = "consent"', ""), ('hiv = "consent"', 'hiv = "perhaps"'),
     ('psychotherapy_notes = "withhold"', 'psychotherapy_notes = "warn"'),
     ('no_disclosure = "withhold"', 'no_disclosure = "consent"'), ("[actions]", "[acts]"),
     ('hiv = "consent"', 'hiv = "consent"\nspleen = "warn"')],
)  # fmt: skip
def test_a_policy_that_is_not_whole_is_refused(old: str, new: str) -> None:
    body = (
        sensitive_policy.resources.files("deid.sensitive") / "policies/safe-harbor.toml"
    ).read_bytes()
    broken = body.replace(old.encode(), new.encode(), 1)
    assert broken != body
    with pytest.raises(PolicyUnusable):
        sensitive_policy.compile_actions(broken, value_sets.load(), name="test")


def test_a_policy_without_actions_is_refused() -> None:
    with pytest.raises(PolicyUnusable):
        sensitive_policy.load("no-such-policy")
