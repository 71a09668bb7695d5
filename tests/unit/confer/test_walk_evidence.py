"""The walk's own proof finds a name in sent bytes, and takes no word of ours for one."""

import base64

import pytest

from confer.walker import evidence
from exchange import names
from runtime import jose, json_text

CASE = "a" * 26
KEY = jose.new_signing_key("ES384")


def _found(text: str = "", claim: str = "", **signature: str) -> int:
    token = jose.sign(KEY, {"policy": claim}, typ="confer-receipt+jwt")
    signed = {"sigFormat": names.SIGNATURE_FORMAT, "data": _encoded(token), **signature}
    resources = [
        {"resourceType": "Communication", "payload": [{"contentString": text}]},
        {"resourceType": "Provenance", "signature": [signed]},
    ]
    body = {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}
    return evidence.known_identifiers_in(json_text.dumps(body), "jose-maria", CASE)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_the_format_of_a_signature_is_not_a_patient_called_jose() -> None:
    assert _found() == 0


@pytest.mark.parametrize(
    "place",
    [
        {"text": "about Jose"},
        {"text": "application/jose"},
        {"text": _encoded("for José Ledesma")},
        {"claim": "of José"},
        {"sigFormat": "of Jose"},
        {"when": "JOSE"},
    ],
)
def test_the_name_anywhere_else_is_found(place: dict[str, str]) -> None:
    assert _found(**place)
