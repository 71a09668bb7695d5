"""Is a referral among the drafted orders, and to which specialty? Pure.

Spec: CDS Hooks 2.0, order-select and order-sign
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exchange import names
from launch.cds_hooks.hook_request import HookContext

Resource = Mapping[str, Any]

_REFERRAL_CODES = frozenset(
    {
        names.SNOMED_REFERRAL,
        names.SNOMED_CONSULTATION,
        "103696004",  # patient referral to specialist
        "306206005",  # referral to service
    }
)
# Text-only orders are common; these words begin the usual titles.
_REFERRAL_WORDS = re.compile(r"\b(?:refer|referral|consult|consultation)\b", re.IGNORECASE)
_DEAD = frozenset({"revoked", "entered-in-error", "completed"})


@dataclass(frozen=True, kw_only=True)
class DraftedReferral:
    """A referral that is being drafted; `specialty` is a code of ours, or empty."""

    specialty: str = ""


def drafted_referral(context: HookContext) -> DraftedReferral | None:
    """Return the first referral among the selected drafts, or None."""
    for resource in context.drafts:
        reference = f"{resource.get('resourceType')}/{resource.get('id')}"
        if context.selections and reference not in context.selections:
            continue
        if _is_referral(resource):
            return DraftedReferral(specialty=_specialty(resource))
    return None


def _is_referral(resource: Resource) -> bool:
    if resource.get("resourceType") != "ServiceRequest" or str(resource.get("status")) in _DEAD:
        return False
    concepts = [*_listed(resource.get("category")), *_listed(resource.get("code"))]
    return any(_codes(concept) & _REFERRAL_CODES for concept in concepts) or any(
        _REFERRAL_WORDS.search(words) for concept in concepts for words in _words(concept)
    )


def _specialty(resource: Resource) -> str:
    concepts = [*_listed(resource.get("performerType")), *_listed(resource.get("code"))]
    for concept in concepts:
        for code in sorted(_codes(concept)):
            if code in names.SPECIALTIES:
                return code
    return ""


def _listed(value: object) -> list[Mapping[str, Any]]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def _codings(concept: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from _listed(concept.get("coding") or [])


def _codes(concept: Mapping[str, Any]) -> set[str]:
    return {
        str(coding.get("code"))
        for coding in _codings(concept)
        if coding.get("system") == names.SNOMED
    }


def _words(concept: Mapping[str, Any]) -> Iterator[str]:
    texts = [concept.get("text"), *(coding.get("display") for coding in _codings(concept))]
    yield from (text for text in texts if isinstance(text, str))
