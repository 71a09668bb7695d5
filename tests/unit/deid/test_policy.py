"""A policy is compiled whole or refused."""

from importlib import resources

import pytest

from deid import policy
from deid.errors import PolicyUnusable

OWN = (resources.files("deid") / "rules" / "safe-harbor.toml").read_text()
RULES = (resources.files("deid") / "rules" / "base.toml").read_text()
CODES = (resources.files("deid") / "rules" / "codes.toml").read_text()


def compiled(rules: str = RULES, codes: str = CODES, own: str = OWN) -> policy.Policy:
    return policy.compile_policy(own.encode(), rules.encode(), codes.encode(), name="tried")


def compiled_beside(files: list[bytes]) -> str:
    raw = (OWN.encode(), RULES.encode(), CODES.encode())
    return policy.compile_policy(*raw, name="tried", beside=files).rules_sha256


def test_safe_harbor_loads_and_says_which_rules_it_is() -> None:
    loaded = policy.load()
    assert (loaded.id, loaded.version) == ("safe-harbor", "1")
    assert loaded.uri == "https://confer.example/fhir/deid-policy/safe-harbor/1"
    assert len(loaded.rules_sha256) == 64


def test_any_change_of_a_rule_or_code_changes_the_hash() -> None:
    hashes = {
        compiled().rules_sha256,
        compiled(rules=RULES + "\n# one more line\n").rules_sha256,
        compiled(codes=CODES + "\n# one more line\n").rules_sha256,
        compiled(own=OWN + "\n# one more line\n").rules_sha256,
    }
    assert len(hashes) == 4


def test_the_hash_covers_what_is_done_with_sensitive_content_and_the_risk_tables() -> None:
    folder = resources.files("deid")
    listed = {each.format(policy="safe-harbor") for each in policy.READ_BESIDE_THE_RULES}
    shipped = {
        f"{part}/{file.name}"
        for part in ("sensitive/values", "risk/tables")
        for file in (folder / part).iterdir()
        if file.name.endswith(".toml")
    }
    assert listed == {*shipped, "sensitive/policies/safe-harbor.toml"}
    beside = [
        (folder / each.format(policy="safe-harbor")).read_bytes()
        for each in policy.READ_BESIDE_THE_RULES
    ]
    hashes = {compiled_beside(beside)} | {
        compiled_beside([*beside[:n], one + b"\n# one more line\n", *beside[n + 1 :]])
        for n, one in enumerate(beside)
    }
    assert len(hashes) == len(beside) + 1
    assert policy.load().rules_sha256 == compiled_beside(beside)


@pytest.mark.parametrize("name", sorted(policy.POLICIES))
def test_every_policy_loads_under_its_own_name_and_says_how_dates_leave(name: str) -> None:
    loaded = policy.load(name)
    assert loaded.id == name
    assert loaded.title
    assert loaded.dates == ("shifted" if name == "expert-determination" else "relative")


def test_a_policy_of_its_own_takes_a_line_out_and_lays_another_over() -> None:
    base = {"a": {"b": "text", "c": {"d": "flag"}}, "e": "date"}
    own = {"a": {"b": False, "c": {"d": "number"}}, "f": "age", "e": "instant"}
    assert policy.laid_over(base, own) == {"a": {"c": {"d": "number"}}, "e": "instant", "f": "age"}
    assert base == {"a": {"b": "text", "c": {"d": "flag"}}, "e": "date"}


@pytest.mark.parametrize("dates", ["sometimes", ""])
def test_a_policy_that_tells_dates_in_no_known_way_is_refused(dates: str) -> None:
    with pytest.raises(PolicyUnusable):
        compiled(own=OWN.replace('dates = "relative"', f'dates = "{dates}"'))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('gender = "token:gender"', 'gender = "keep"'),
        ('gender = "token:gender"', 'gender = "token:genders"'),
        ('gender = "token:gender"', 'gender = "drop:because"'),
        ('gender = "token:gender"', 'gender = "text:loud"'),
        ('gender = "token:gender"', "gender = 7"),
        ('gender = "token:gender"', 'gender = "drop:name!"'),
        ('gender = "token:gender"', '"gen der" = "flag"'),
        ('address = "Address"', 'address = "Adress"'),
        ("[types.Patient]", "[types.Patient"),
        ("[roles]", "[rolls]"),
        ('"Account", "ActivityDefinition"', '"Patient", "ActivityDefinition"'),
        ('"=" = "quantity"', '"=" = "quality"'),
        ('"=" = "quantity"', '"=" = 7'),
    ],
)
def test_a_rule_that_cannot_be_compiled_refuses_the_policy(old: str, new: str) -> None:
    assert old in RULES
    with pytest.raises(PolicyUnusable) as held:
        compiled(rules=RULES.replace(old, new, 1))
    assert held.value.kind == "misconfigured"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pattern = '[1-9]\\d{5,17}'", "pattern = '[1-9'"),
        ("pattern = '[1-9]\\d{5,17}'", ""),
        ("pattern = '[1-9]\\d{5,17}'", "closed = true\npattern = 'x'"),
    ],
)
def test_a_code_system_that_cannot_be_compiled_refuses_the_policy(old: str, new: str) -> None:
    assert old in CODES
    with pytest.raises(PolicyUnusable):
        compiled(codes=CODES.replace(old, new, 1))


def test_bytes_that_are_not_text_refuse_the_policy() -> None:
    with pytest.raises(PolicyUnusable):
        policy.compile_policy(OWN.encode(), b"\xff", CODES.encode(), name="tried")


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(PolicyUnusable):
        policy.load("lenient")


def test_every_kept_resource_about_a_patient_must_name_the_patient() -> None:
    for kind, node in policy.load().types.nodes.items():
        if kind in ("Patient", "Medication"):
            assert node.patient_element is None
        else:
            assert node.children[str(node.patient_element)].required


def test_every_modifier_element_that_is_kept_must_stay() -> None:
    # R4 marks these as modifiers; to lose one silently would turn its resource around.
    modifiers = {
        "Condition": ("clinicalStatus", "verificationStatus"),
        "AllergyIntolerance": ("clinicalStatus", "verificationStatus"),
        "MedicationRequest": ("status", "intent", "doNotPerform"),
        "MedicationStatement": ("status",),
        "MedicationAdministration": ("status",),
        "MedicationDispense": ("status",),
        "Observation": ("status",),
        "DiagnosticReport": ("status",),
        "Procedure": ("status",),
        "Immunization": ("status", "isSubpotent"),
        "Encounter": ("status",),
        "DocumentReference": ("status",),
        "FamilyMemberHistory": ("status", "estimatedAge"),
        "CarePlan": ("status", "intent"),
        "CareTeam": ("status",),
        "Goal": ("lifecycleStatus",),
        "ServiceRequest": ("status", "intent", "doNotPerform"),
        "Specimen": ("status",),
        "Device": ("status",),
        "ImagingStudy": ("status",),
        "QuestionnaireResponse": ("status",),
    }
    nodes = policy.load().types.nodes
    loose = [
        (kind, name)
        for kind, names in modifiers.items()
        for name in names
        if not nodes[kind].children[name].required
    ]
    assert loose == []
