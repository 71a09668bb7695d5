"""Scores what still leaves: how many people could it be, and which facts make them few."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal

from deid.risk import dated_tables
from deid.risk.dated_tables import Rarity
from deid.sealed_case import RiskLevel

Kind = Literal[
    "age", "state", "disease", "procedure", "event", "occupation", "family", "pedigree",
    "extreme_value",
]  # fmt: skip
Advice = Literal["leave_out", "hide", "general_age", "general_place", "rewrite"]

#: fewer than 11 people: the size of a group below which US health statistics are not published
#: (CMS cell suppression) and about the risk of 0.09 that EMA policy 0070 allows
HIGH_BELOW: Final = 11
#: our own choice
MEDIUM_BELOW: Final = 1000
_SHOWN: Final = 3
_PEDIGREE: Final = 4
_PEDIGREE_SHARE: Final = 1e-3
_OLD_SHARE: Final = 0.006
_ADULT: Final = 18
_AGE_CODE: Final = "30525-0"
_ICD10: Final = "icd-10"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A text or label that leaves, and how to leave out what it stands in."""

    entry: str
    key: str
    text: str = field(repr=False)
    typed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One fact that few people share; `share` is the part of all people who do (an estimate)."""

    kind: Kind
    share: float
    advice: Advice
    key: str
    """What to leave out, or empty when the word is to be hidden or written anew."""
    shown: str = field(repr=False)
    entry: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RiskReport:
    """The residual risk of a case. `people` is the expected number who share its facts."""

    level: RiskLevel
    people: int
    group: int
    """How many share age, sex and place alone."""
    facts: tuple[Fact, ...]
    """The riskiest, at most three."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """What leaves about the person: inclusive ages in years, sex, state or nation, country."""

    ages: tuple[int, int] | None
    sex: str | None
    state: str | None
    country: str


def assess(
    person: Person,
    resources: Sequence[tuple[str, str, Mapping[str, Any]]],
    texts: Iterable[Outgoing],
) -> RiskReport:
    """Return the residual risk of outgoing resources (entry, key, resource) and texts.

    The rarest fact of each kind counts, as if they were independent but for a damping: the
    first in full, the next two by their square root, because rare facts of one person often
    come from one another.
    """
    rarity = dated_tables.rarity()
    found = list(_of_resources(resources, person, rarity))
    for text in texts:
        found.extend(_of_text(text, rarity))
    facts = _distinct(found)
    group = dated_tables.population(person.country).people(
        sex=person.sex, area=person.state, ages=person.ages
    )
    people = group
    # Several facts of one kind are mostly one fact told several times: the rarest counts.
    by_kind = list({fact.kind: fact for fact in reversed(facts)}.values())[::-1]
    for place, fact in enumerate(sorted(by_kind, key=_rarest)[:_SHOWN]):
        people *= fact.share if place == 0 else fact.share**0.5
    level: RiskLevel = "low"
    if people < HIGH_BELOW:
        level = "high"
    elif people < MEDIUM_BELOW:
        level = "medium"
    return RiskReport(
        level=level,
        people=int(people),
        group=int(group),
        facts=tuple([*facts, *_of_person(person)][:_SHOWN]),
    )


def person_of(patient: Mapping[str, Any], observations: Iterable[Mapping[str, Any]]) -> Person:
    """Read what leaves about the person out of the outgoing Patient and the age."""
    addresses = patient.get("address") or [{}]
    state = addresses[0].get("state")
    country = str(addresses[0].get("country") or "US")
    return Person(
        ages=_ages(observations),
        sex=patient.get("gender"),
        state=_AREAS.get(str(state).lower(), str(state).upper()) if state else None,
        country="GB" if country in ("GB", "GBR", "UK") else "US",
    )


def _ages(observations: Iterable[Mapping[str, Any]]) -> tuple[int, int] | None:
    for each in observations:
        codes = [c.get("code") for c in each.get("code", {}).get("coding", ())]
        if _AGE_CODE not in codes:
            continue
        if "valueRange" in each:
            span = each["valueRange"]
            return int(span["low"]["value"]), int(span["high"]["value"])
        quantity = each.get("valueQuantity", {})
        if quantity.get("comparator"):
            return 90, 120
        years = int(quantity["value"]) if quantity.get("code") == "a" else 0
        return years, years
    return None


def _of_person(person: Person) -> Iterator[Fact]:
    """Yield the two facts everybody has, as the last to be shown: they can be made general."""
    if person.ages is not None and person.ages[1] - person.ages[0] < 9:
        share = _OLD_SHARE if person.ages[0] >= 90 else 0.013
        if person.ages[0] < 90:
            yield Fact(
                kind="age", share=share, advice="general_age", key="fact:age", shown="", entry=""
            )
    if person.state is not None:
        yield Fact(
            kind="state", share=0.02, advice="general_place", key="fact:state", shown="", entry=""
        )


def _of_resources(
    resources: Sequence[tuple[str, str, Mapping[str, Any]]], person: Person, rarity: Rarity
) -> Iterator[Fact]:
    relatives = [entry for entry, _, r in resources if r["resourceType"] == "FamilyMemberHistory"]
    if len(relatives) >= _PEDIGREE:
        yield Fact(
            kind="pedigree",
            share=_PEDIGREE_SHARE,
            advice="leave_out",
            key="type:FamilyMemberHistory",
            shown=f"{len(relatives)} relatives",
            entry=relatives[0],
        )
    for entry, key, resource in resources:
        if resource["resourceType"] == "Patient":
            continue
        for system, code, label in _codings(resource):
            share = rarity.of_icd10(code) if _ICD10 in system.lower() else None
            if share is not None:
                yield Fact(
                    kind="disease",
                    share=share,
                    advice="leave_out",
                    key=key,
                    shown=label or code,
                    entry=entry,
                )
            yield from _extreme(entry, key, resource, (code, label), person, rarity)
        for label in _labels(resource):
            yield from _of_text(Outgoing(entry=entry, key=key, text=label), rarity)


def _extreme(
    entry: str,
    key: str,
    resource: Mapping[str, Any],
    coding: tuple[str, str],
    person: Person,
    rarity: Rarity,
) -> Iterator[Fact]:
    bounds = rarity.extremes.get(coding[0])
    quantity = resource.get("valueQuantity")
    if bounds is None or not isinstance(quantity, Mapping):
        return
    value = quantity.get("value")
    grown = person.ages is None or person.ages[0] >= _ADULT
    if not isinstance(value, int | Decimal) or (bounds.adult and not grown):
        return
    if quantity.get("code") in (bounds.unit, None) and not bounds.low <= value <= bounds.high:
        yield Fact(
            kind="extreme_value",
            share=bounds.share,
            advice="leave_out",
            key=key,
            shown=coding[1] or "a measurement",
            entry=entry,
        )


def _of_text(text: Outgoing, rarity: Rarity) -> Iterator[Fact]:
    for kind, word, share in rarity.words_in(text.text.lower()):
        free = text.typed or not text.key
        yield Fact(
            kind=_KIND_OF[kind],
            share=share,
            advice="hide" if kind in ("event", "occupation", "family") or free else "leave_out",
            key=text.key,
            shown=word,
            entry=text.entry,
        )


def _distinct(found: Iterable[Fact]) -> list[Fact]:
    """Return each fact once, the rarest first; of one disease only its rarest mention."""
    best: dict[tuple[str, str], Fact] = {}
    for fact in found:
        name = (fact.kind, fact.shown.lower())
        if name not in best or fact.share < best[name].share:
            best[name] = fact
    return sorted(best.values(), key=lambda fact: (fact.share, fact.kind, fact.shown))


def _rarest(fact: Fact) -> float:
    return fact.share


def _codings(resource: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for element in ("code", "vaccineCode"):
        for coding in (resource.get(element) or {}).get("coding", ()):
            yield (
                str(coding.get("system", "")),
                str(coding.get("code", "")),
                str(coding.get("display", "")),
            )
    for part in (
        resource.get("condition", ()) if isinstance(resource.get("condition"), list) else ()
    ):
        yield from _codings(part)


def _labels(resource: Mapping[str, Any]) -> Iterator[str]:
    """Yield the labels of what a resource is about."""
    for element in ("code", "relationship", "medicationCodeableConcept"):
        concept = resource.get(element)
        if isinstance(concept, Mapping):
            if isinstance(concept.get("text"), str):
                yield concept["text"]
            for coding in concept.get("coding", ()):
                if isinstance(coding.get("display"), str):
                    yield coding["display"]


_KIND_OF: Final[Mapping[str, Kind]] = {
    "disease": "disease",
    "procedure": "procedure",
    "event": "event",
    "occupation": "occupation",
    "family": "family",
}
_STATE_NAMES: Final = (
    "alabama AL,alaska AK,arizona AZ,arkansas AR,california CA,colorado CO,connecticut CT,"
    "delaware DE,district of columbia DC,florida FL,georgia GA,hawaii HI,idaho ID,illinois IL,"
    "indiana IN,iowa IA,kansas KS,kentucky KY,louisiana LA,maine ME,maryland MD,"
    "massachusetts MA,michigan MI,minnesota MN,mississippi MS,missouri MO,montana MT,nebraska NE,"
    "nevada NV,new hampshire NH,new jersey NJ,new mexico NM,new york NY,north carolina NC,"
    "north dakota ND,ohio OH,oklahoma OK,oregon OR,pennsylvania PA,rhode island RI,"
    "south carolina SC,south dakota SD,tennessee TN,texas TX,utah UT,vermont VT,virginia VA,"
    "washington WA,west virginia WV,wisconsin WI,wyoming WY,england ENG,wales WLS,scotland SCT,"
    "northern ireland NIR"
)
_AREAS: Final[Mapping[str, str]] = {
    each.rpartition(" ")[0]: each.rpartition(" ")[2] for each in _STATE_NAMES.split(",")
}
