"""The last look passes over what is ours in a message, and over nothing else."""

from deid.known_identity import KnownHit
from deid.recheck import Gate, Skips
from smartapp.gateway.envelope import with_claims, with_envelope

DIGEST = "0158946f64766264418cc5d57b981969793f55a9594db14eeabbc8aaf771cfae"
UUID = "7bc002fa-dc52-47d6-9563-fd8901826f7d"


class Suspicious:
    """Holds every text that it was not shown as it stands: each reading under an encoding."""

    count = 1

    def __init__(self, *shown: str) -> None:
        self._shown = shown

    def find_for_gate(self, text: str) -> list[KnownHit]:
        """A hit for anything but what was shown, and the dot in place of an id of ours."""
        if text in self._shown or text.removeprefix("urn:uuid:") == ".":
            return []
        hit = KnownHit(
            start=0,
            end=1,
            category="name",
            rule="known.name",
            token_base="patient",
            subject="patient",
        )
        return [hit]


def _passes(value: object, skips: Skips, *shown: str) -> bool:
    gate = Gate(Suspicious(*shown), skips)
    gate.search(value, "receipt")
    return gate.result().passed


def test_ids_and_digests_of_the_envelope_are_not_read_as_encodings() -> None:
    claims = {"jti": UUID, "covers": [{"sha256": DIGEST}]}
    skips = with_claims(Skips(), claims)
    assert _passes(claims, skips, UUID, DIGEST)
    message = {"resourceType": "Bundle", "entry": [{"fullUrl": f"urn:uuid:{UUID}"}]}
    shown = (f"urn:uuid:{UUID}", "Bundle")
    assert _passes(message, with_envelope(Skips(), message, ()), *shown)


def test_what_else_a_claim_says_is_still_read_under_every_encoding() -> None:
    hidden = "TWFycm93Ynkgd2FzIGhlcmU="
    claims = {"jti": UUID, "note": hidden}
    assert not _passes(claims, with_claims(Skips(), claims), UUID, hidden)


def test_an_id_is_still_searched_as_it_stands() -> None:
    claims = {"jti": UUID}
    assert not _passes(claims, with_claims(Skips(), claims))
