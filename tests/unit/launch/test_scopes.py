"""Scopes of both dialects as sets of rights."""

import pytest

from launch import scopes


def test_parsing_keeps_order_and_drops_repeats() -> None:
    assert scopes.parse(" a  b a ") == ("a", "b")
    assert scopes.parse("") == ()
    assert scopes.to_text(("a", "b")) == "a b"


@pytest.mark.parametrize(
    ("wanted", "granted"),
    [
        ("patient/Observation.rs", "patient/Observation.read"),
        ("patient/Observation.read", "patient/Observation.rs"),
        ("patient/Observation.rs", "patient/*.rs"),
        ("patient/Observation.rs", "patient/*.*"),
        ("patient/Observation.rs", "patient/Observation.cruds"),
        ("patient/Observation.write", "patient/Observation.cud"),
        ("patient/Observation.rs", "patient/Observation.r patient/Observation.s"),
        ("patient/Observation.rs", "user/Observation.rs"),
        ("user/Patient.r", "system/Patient.r"),
        ("patient/Observation.rs?category=lab", "patient/Observation.rs"),
        ("patient/Observation.rs?category=lab", "patient/Observation.rs?category=lab"),
        ("openid", "openid"),
    ],
)
def test_a_wish_is_granted(wanted: str, granted: str) -> None:
    assert scopes.missing([wanted], scopes.parse(granted)) == ()


@pytest.mark.parametrize(
    ("wanted", "granted"),
    [
        ("patient/Observation.rs", "patient/Observation.r"),
        ("patient/*.rs", "patient/Observation.rs"),
        ("patient/Observation.rs", "patient/Observation.rs?category=lab"),
        ("patient/Observation.rs?category=lab", "patient/Observation.rs?category=vital"),
        ("user/Patient.r", "patient/Patient.r"),
        ("patient/DocumentReference.c", "patient/DocumentReference.read"),
        ("openid", "patient/*.rs"),
        ("launch", ""),
    ],
)
def test_a_wish_is_not_granted(wanted: str, granted: str) -> None:
    assert scopes.missing([wanted], scopes.parse(granted)) == (wanted,)


@pytest.mark.parametrize(
    "text",
    ["launch/patient", "patient/Observation.", "x/Y.rs", "patient/a.rs", "patient/Observation.sr"],
)
def test_other_scopes_are_not_resource_scopes(text: str) -> None:
    assert scopes.resource_scope(text) is None


def test_one_right_can_be_asked_about() -> None:
    granted = scopes.parse("openid patient/*.rs user/DocumentReference.write")
    assert scopes.may(granted, "Observation", "s")
    assert scopes.may(granted, "DocumentReference", "c")
    assert not scopes.may(granted, "Communication", "c")
    assert not scopes.may(granted, "Observation", "r", level="system")
