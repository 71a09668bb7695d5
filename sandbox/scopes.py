"""SMART scopes, version 1 and 2: parse, narrow, and ask what they allow (pure).

Spec: SMART App Launch 2.2, Scopes and Launch Context.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

RIGHTS = "cruds"
_V1_RIGHTS = {"read": "rs", "write": "cud", "*": RIGHTS}
_CLINICAL = re.compile(
    r"(?P<level>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]+)\."
    r"(?P<rights>read|write|\*|(?=[cruds])c?r?u?d?s?)(?:\?(?P<query>[^\s?]+))?"
)
# A granular scope may narrow by these search parameters only; others are not understood here.
GRANULAR_PARAMETERS = frozenset({"category"})
CONTEXT_SCOPES = frozenset(
    {
        "openid",
        "fhirUser",
        "profile",
        "launch",
        "launch/patient",
        "launch/encounter",
        "online_access",
        "offline_access",
        "messaging/ui",
        "messaging/scratchpad",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClinicalScope:
    """One scope on data: who asks (`level`), on which type, with which rights, how narrowed."""

    level: str
    resource_type: str
    rights: str
    constraint: tuple[str, str] | None
    text: str

    def names(self, resource_type: str) -> bool:
        """Tell whether the scope speaks of this resource type."""
        return self.resource_type in ("*", resource_type)


def parse(text: str) -> ClinicalScope | None:
    """Read one clinical scope; None when it is not one, or is narrowed in an unknown way."""
    match = _CLINICAL.fullmatch(text)
    if match is None:
        return None
    rights = match["rights"]
    constraint = None
    if match["query"]:
        pairs = parse_qsl(match["query"], strict_parsing=False, keep_blank_values=True)
        if len(pairs) != 1 or pairs[0][0] not in GRANULAR_PARAMETERS or not pairs[0][1]:
            return None
        if rights in _V1_RIGHTS:  # version 1 scopes have no query part
            return None
        constraint = pairs[0]
    return ClinicalScope(
        level=match["level"],
        resource_type=match["type"],
        rights=_V1_RIGHTS.get(rights, rights),
        constraint=constraint,
        text=text,
    )


def split(text: str) -> tuple[str, ...]:
    """Cut a scope string into its words, in order and without repeats."""
    return tuple(dict.fromkeys(text.split()))


def clinical(words: Iterable[str]) -> tuple[ClinicalScope, ...]:
    """Pick the clinical scopes out of a list of scope words."""
    return tuple(scope for word in words if (scope := parse(word)) is not None)


def _covers(allowed: ClinicalScope, asked: ClinicalScope) -> bool:
    return (
        allowed.level == asked.level
        and allowed.names(asked.resource_type)
        and set(asked.rights) <= set(allowed.rights)
        and allowed.constraint in (None, asked.constraint)
    )


def narrow(asked: str, allowed: str) -> str:
    """Keep of the scopes asked for those that the allowed ones cover; unknown words fall away.

    A clinical scope survives when one allowed scope covers it whole; a scope that reaches
    further is not cut into pieces, it is left out, so the client sees exactly what it lost.
    """
    allowed_words = split(allowed)
    allowed_clinical = clinical(allowed_words)
    kept: list[str] = []
    for word in split(asked):
        scope = parse(word)
        if scope is not None:
            if any(_covers(candidate, scope) for candidate in allowed_clinical):
                kept.append(word)
        elif word in CONTEXT_SCOPES and word in allowed_words:
            kept.append(word)
    return " ".join(kept)


def is_subset(asked: str, granted: str) -> bool:
    """Tell whether every word asked for was granted, word for word (RFC 6749, 6)."""
    return set(split(asked)) <= set(split(granted))


def needs_patient(words: Iterable[str]) -> bool:
    """Tell whether these scopes oblige the server to establish a patient."""
    words = tuple(words)
    return "launch/patient" in words or any(s.level == "patient" for s in clinical(words))
