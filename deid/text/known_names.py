"""Turns hits of known identifiers into findings and decides whose shared name it is."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import cast

from deid.known_identity import KnownHit, KnownIdentity
from deid.text.document import Category, Finding
from deid.text.tokens import TextView

_CLINICIAN_BEFORE = re.compile(r"\b(?:dr|drs|prof|doctor|professor|rn|np|md)\.?\s{1,2}$")
_MALE_BEFORE = re.compile(r"\b(?:mr|husband|son|father|brother|dad|uncle|nephew)\.?,?\s{1,2}$")
_FEMALE_BEFORE = re.compile(
    r"\b(?:mrs|ms|miss|wife|daughter|mother|sister|mom|mum|aunt|niece)\.?,?\s{1,2}$"
)
_KIN_BEFORE = re.compile(
    r"\b(?:husband|wife|spouse|partner|son|daughter|father|mother|brother|sister|dad|mom|mum|aunt|"
    r"uncle|niece|nephew|friend|neighbou?r)\.?,?\s{1,2}$"
)
#: without any other sign a shared name is the patient's
_ORDER = {"patient": 0, "relative": 1, "clinician": 2}


def known_findings(view: TextView, identity: KnownIdentity) -> Iterator[Finding]:
    """Yield one finding per stretch of text that the chart knows."""
    hits = identity.find_folded(view.folded)
    for (start, end), group in groupby(hits, key=lambda h: (h.start, h.end)):
        hit = _whose(list(group), view.lower[max(0, start - 14) : start], identity.patient_gender)
        yield Finding(
            start=start,
            end=end,
            category=cast(Category, hit.category),
            confidence="known" if hit.exact else "sure",
            rule=hit.rule,
            base=hit.token_base if hit.category in ("name", "organization") else "",
            subject=hit.subject if hit.category in ("name", "organization") else "",
        )


def _whose(hits: list[KnownHit], before: str, patient_gender: str) -> KnownHit:
    best = min(hits, key=lambda h: (h.category, _ORDER.get(h.token_base, 3), h.subject))
    wanted = ""
    if _CLINICIAN_BEFORE.search(before):
        wanted = "clinician"
    elif _KIN_BEFORE.search(before) or _other_gender(before, patient_gender):
        wanted = "relative"
    return next((h for h in hits if h.token_base == wanted), best)


def _other_gender(before: str, patient_gender: str) -> bool:
    if patient_gender == "female":
        return bool(_MALE_BEFORE.search(before))
    return patient_gender == "male" and bool(_FEMALE_BEFORE.search(before))
