"""Which words of a message are the network's own: codes, URLs, labels and build times.

The last look at the finished bytes passes over exactly these, each in its own element, so
that a patient called Price or Code is neither leaked nor makes every message suspicious.
What the nested snapshot holds is not envelope: there only the policy's own words pass.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from deid.recheck import Skips
from exchange import case_entries, names

# Literals that the builders of `exchange` write beside the codes listed in `names`.
_LITERALS = frozenset(
    [
        "Bundle",
        "Patient",
        "ServiceRequest",
        "Task",
        "Communication",
        "Provenance",
        "Consent",
        "Composition",
        "Device",
        "PractitionerRole",
        "transaction",
        "document",
        "POST",
        "PUT",
        "active",
        "order",
        "requested",
        "completed",
        "received",
        "on-hold",
        "in-progress",
        "final",
        "permit",
        "instance",
        "related",
        "fulfill",
        "male",
        "female",
        "other",
        "unknown",
        "pseudonymize",
        "submitted",
        "question",
        "snapshot",
        "snapshot-sha256",
        "assembler",
        "verifier",
        "treatment",
        "TREAT",
        "N",
        "PSEUDED",
        "NORELINK",
        "HTEST",
    ]
) | {"Patient referral", "Consultation", "Referral note"}
# UUIDs and SHA-256 digests, which the envelope holds by the dozen.
_RANDOM = re.compile(r"\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64})\b")
# When the message was made: the network knows it anyway, and a newborn may be born that day.
_BUILD_TIMES = frozenset(
    {"timestamp", "authoredOn", "lastModified", "sent", "recorded", "when", "start", "end"}
    | {"dateTime", "lastUpdated", "prepared_at"}
)
_TIME = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9:.]{5,15}(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?")


def with_envelope(skips: Skips, message: Mapping[str, Any], tokens: Iterable[str]) -> Skips:
    """Return skips that also pass over our own words in the envelope of this message.

    `tokens` are the receipts just signed: their encoded form is passed over here, and the
    caller searches their claims in clear.
    """
    pairs: set[tuple[str, str]] = {
        ("data", base64.b64encode(token.encode("ascii")).decode("ascii")) for token in tokens
    }
    elements: set[str] = set()
    random: set[str] = set()
    for name, leaf in _envelope(message, ""):
        elements.add(name)
        random.update(_random_of(leaf))
        if isinstance(leaf, str) and (leaf in _words() or _is_build_time(name, leaf)):
            pairs.add((name, leaf))
    return replace(
        skips,
        constants=skips.constants | pairs,
        element_names=skips.element_names | elements,
        random=skips.random | random,
    )


def with_claims(skips: Skips, claims: Mapping[str, Any]) -> Skips:
    """Return skips for a receipt's claims in clear: their keys are rule names of ours."""
    keys, random = set(), set()
    for name, leaf in _envelope(claims, ""):
        keys.add(name)
        random.update(_random_of(leaf))
    return replace(skips, element_names=skips.element_names | keys, random=skips.random | random)


def _is_build_time(name: str, leaf: str) -> bool:
    return name in _BUILD_TIMES and _TIME.fullmatch(leaf) is not None


def _random_of(leaf: Any) -> list[str]:
    """The ids and digests of ours in a leaf: read as an encoding, chance spells short names."""
    return _RANDOM.findall(leaf) if isinstance(leaf, str) else []


def _envelope(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Walk (element name, leaf) outside the clinical content and outside free text."""
    if isinstance(value, Mapping):
        nested = value.get("resourceType") == "Bundle" and value.get("type") == "document"
        for key, item in value.items():
            yield key, None
            if key == "contentString":
                continue
            # Of a snapshot only the Composition is envelope; the rest is the chart's.
            yield from _envelope(item[:1] if nested and key == "entry" else item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _envelope(item, name)
    else:
        yield name, value


@cache
def _words() -> frozenset[str]:
    found = set(_LITERALS)
    for module in (names, case_entries):
        for value in vars(module).values():
            found.update(_strings(value))
    return frozenset(found)


def _strings(value: Any) -> Iterator[str]:
    # Any: a module's namespace holds all sorts of things; only its texts matter here.
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strings(key)
            yield from _strings(item)
    elif isinstance(value, tuple | frozenset):
        for item in value:
            yield from _strings(item)
