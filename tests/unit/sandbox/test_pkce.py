"""Proof key checks, with the vector of RFC 7636 appendix B."""

import pytest

from sandbox import pkce

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_vector_of_the_standard_verifies() -> None:
    assert pkce.verifies(VERIFIER, CHALLENGE)


@pytest.mark.parametrize(
    "verifier", [None, "", CHALLENGE, VERIFIER[:-1], VERIFIER + "!", "a" * 42, "a" * 129]
)
def test_anything_else_does_not(verifier: str | None) -> None:
    assert not pkce.verifies(verifier, CHALLENGE)


@pytest.mark.parametrize("text", [None, "", CHALLENGE + "=", CHALLENGE[:-1], "+" * 43])
def test_a_challenge_has_one_form(text: str | None) -> None:
    assert not pkce.is_challenge(text)
    assert pkce.is_challenge(CHALLENGE)
