"""The walk's own proof finds a name in sent bytes, and takes no word of ours for one."""

import json

import pytest

from confer.walker import evidence
from exchange import names

CASE = "a" * 26


def _found(persona: str, **signature: str) -> int:
    body = {"resourceType": "Provenance", "signature": [signature]}
    return evidence.known_identifiers_in(json.dumps(body).encode(), persona, CASE)


def test_the_format_of_a_signature_is_not_a_patient_called_jose() -> None:
    assert _found("jose-maria", sigFormat=names.SIGNATURE_FORMAT) == 0


@pytest.mark.parametrize(
    "signature", [{"sigFormat": "of Jose"}, {"data": names.SIGNATURE_FORMAT}, {"data": "José"}]
)
def test_the_name_anywhere_else_is_found(signature: dict[str, str]) -> None:
    assert _found("jose-maria", **signature) == 1
