"""The scope algebra: what is read, what is narrowed, what never widens."""

import pytest

from sandbox import scopes

LAB = "category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"


@pytest.mark.parametrize(
    ("text", "rights"),
    [
        ("patient/Observation.read", "rs"),
        ("patient/Observation.write", "cud"),
        ("user/*.*", "cruds"),
        ("system/Patient.rs", "rs"),
        ("patient/DocumentReference.c", "c"),
        ("patient/*.cruds", "cruds"),
    ],
)
def test_both_versions_of_scopes_are_read(text: str, rights: str) -> None:
    scope = scopes.parse(text)

    assert scope is not None
    assert scope.rights == rights
    assert scope.constraint is None


@pytest.mark.parametrize(
    "text",
    [
        "patient/Observation",
        "patient/Observation.",
        "patient/Observation.sr",
        "patient/Observation.rr",
        "patient/observation.rs",
        "doctor/Observation.rs",
        "patient/Observation.read?category=x",
        "patient/Observation.rs?code=1",
        "patient/Observation.rs?category=a&category=b",
        "patient/Observation.rs?category=",
        "openid",
        "patient/*.rs ",
        "patient/*.rs\n",
    ],
)
def test_what_is_not_a_scope_on_data_is_not_taken_for_one(text: str) -> None:
    assert scopes.parse(text) is None


def test_a_granular_scope_keeps_its_constraint() -> None:
    scope = scopes.parse(f"patient/Observation.rs?{LAB}")

    assert scope is not None
    assert scope.constraint == ("category", LAB.removeprefix("category="))


@pytest.mark.parametrize(
    ("asked", "allowed", "kept"),
    [
        ("patient/*.rs", "patient/*.rs", "patient/*.rs"),
        ("patient/Observation.r", "patient/*.rs", "patient/Observation.r"),
        ("patient/Observation.read", "patient/*.rs", "patient/Observation.read"),
        ("patient/*.rs", "patient/Observation.rs", ""),
        ("patient/*.cruds", "patient/*.rs", ""),
        ("user/*.rs", "patient/*.rs", ""),
        ("system/*.rs", "user/*.rs patient/*.rs", ""),
        (f"patient/Observation.rs?{LAB}", "patient/*.rs", f"patient/Observation.rs?{LAB}"),
        ("patient/Observation.rs", f"patient/Observation.rs?{LAB}", ""),
        ("openid fhirUser made-up", "openid patient/*.rs", "openid"),
        ("openid openid", "openid", "openid"),
        ("", "openid", ""),
    ],
)
def test_narrowing_keeps_what_is_covered_whole_and_nothing_else(
    asked: str, allowed: str, kept: str
) -> None:
    assert scopes.narrow(asked, allowed) == kept


def test_a_refresh_asks_word_for_word() -> None:
    assert scopes.is_subset("openid", "openid patient/*.rs")
    assert not scopes.is_subset("patient/Observation.rs", "patient/*.rs")


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (("patient/*.rs",), True),
        (("launch/patient",), True),
        (("user/*.rs", "openid"), False),
    ],
)
def test_patient_scopes_oblige_the_server_to_find_a_patient(
    words: tuple[str, ...], needed: bool
) -> None:
    assert scopes.needs_patient(words) is needed
