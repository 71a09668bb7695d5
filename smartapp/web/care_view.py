"""Sensitive content and residual risk in the doctor's words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_SHOWN = 6
_ORDER = ("withhold", "mask", "consent", "warn")
_ACTIONS: Mapping[str, tuple[str, str, str]] = {
    # action -> (tag, its tone, what happens)
    "withhold": ("Stays here", "", "It is not sent."),
    "mask": ("Told in general", "", "Only its group is sent, not which one."),
    "consent": ("Needs consent", "yellow", "It is sent only if you say below that consent exists."),
    "warn": ("For your attention", "", "It is sent."),
}
_REVEALS = "This still gives it away: you kept the rest back."
_LEVELS = {
    "low": "Many people fit this",
    "medium": "Not many people fit this",
    "high": "This may point to one person",
}
_FACTS: Mapping[str, tuple[str, str]] = {
    # kind -> (what it is, the advice)
    "age": ("The exact age", "Say it in decades"),
    "state": ("The state", "Leave out the state"),
    "disease": ("A rare disease", "Leave this out"),
    "procedure": ("A rare operation", "Leave this out"),
    "event": ("Something that may have been in the news", "Hide this word"),
    "occupation": ("A rare occupation", "Hide this word"),
    "family": ("A family tie that few have", "Hide this word"),
    "pedigree": ("A whole family", "Leave out the family history"),
    "extreme_value": ("A value that few people have", "Leave this result out"),
}
_ELEMENTS: Mapping[str, str] = {
    "texts.question": "your question",
    "texts.thinking": "your thinking",
    "texts.reply": "your reply",
    "Condition": "problem",
    "MedicationRequest": "medication",
    "MedicationStatement": "medication",
    "Observation": "result",
    "DocumentReference": "note",
    "DiagnosticReport": "report",
    "Procedure": "procedure",
    "Encounter": "visit",
    "FamilyMemberHistory": "family history",
    "Patient": "the whole chart",
}


@dataclass(frozen=True, kw_only=True)
class CareLine:
    """One piece of sensitive content; `key` leaves it out."""

    where: str
    shown: str = field(repr=False)
    key: str
    count: int
    note: str


@dataclass(frozen=True, kw_only=True)
class CareGroup:
    """One category and what is done with it."""

    category: str
    title: str
    tag: str
    tone: str
    happens: str
    lines: tuple[CareLine, ...]
    more: int
    can_leave_out: bool


@dataclass(frozen=True, kw_only=True)
class RiskLine:
    """One fact that few people share, and the one click that makes it less telling."""

    number: int
    what: str
    shown: str = field(repr=False)
    where: str
    advice: str
    key: str
    word: str = field(repr=False)
    """A word to hide instead of something to leave out."""


@dataclass(frozen=True, kw_only=True)
class CareView:
    """Both panels, and what has to be said before Approve."""

    groups: tuple[CareGroup, ...]
    consent: tuple[tuple[str, str], ...]
    left_out: tuple[tuple[str, str], ...] = field(repr=False)
    level: str
    head: str
    people: str
    group: str
    facts: tuple[RiskLine, ...]


def care(shown: Mapping[str, Any], left_out: Mapping[str, str]) -> CareView:
    """Read the reports of a stored preview into what the page says."""
    sensitive, risk = shown["sensitive"], shown["risk"]
    titles: Mapping[str, str] = sensitive["titles"]
    return CareView(
        groups=_groups(sensitive["items"], titles),
        consent=tuple((name, titles[name]) for name in sensitive["consent"]),
        left_out=tuple((key, title or "Something you left out") for key, title in left_out.items()),
        level=str(risk["level"]),
        head=_LEVELS[risk["level"]],
        people=about(int(risk["people"])),
        group=about(int(risk["group"])),
        facts=tuple(_fact(n, fact) for n, fact in enumerate(risk["facts"], start=1)),
    )


def about(people: int) -> str:
    """`about 4,000`: one digit that counts, because it is an estimate."""
    if people < 11:
        return "fewer than 11"
    size = 10 ** (len(str(people)) - 1)
    return f"about {round(people / size) * size:,}"


def title_of(shown: Mapping[str, Any], key: str) -> str:
    """What stands beside "Put it back" for a key that the preview offered."""
    if key.startswith("sensitive:"):
        return str(shown["sensitive"]["titles"].get(key.partition(":")[2], ""))
    for fact in shown["risk"]["facts"]:
        if fact["key"] == key and key.startswith(("fact:", "type:")):
            return _FACTS[fact["kind"]][0]
    for item in (*shown["sensitive"]["items"], *shown["risk"]["facts"]):
        if item["key"] == key and item["shown"]:
            return str(item["shown"])
    return ""


def _groups(items: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> tuple[CareGroup, ...]:
    met: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for item in items:
        met.setdefault((_ORDER.index(item["action"]), item["category"]), []).append(item)
    return tuple(_group(category, titles, met[(n, category)]) for n, category in sorted(met))


def _group(
    category: str, titles: Mapping[str, str], items: Sequence[Mapping[str, Any]]
) -> CareGroup:
    tag, tone, happens = _ACTIONS[items[0]["action"]]
    same: dict[tuple[str, str, str], int] = {}
    keys: dict[tuple[str, str, str], str] = {}
    leaves = items[0]["action"] in ("consent", "warn")
    for item in items:
        where = _where(item["element"])
        line = (where, str(item["shown"]), _REVEALS if item["reveals"] else "")
        same[line] = same.get(line, 0) + 1
        keys.setdefault(line, str(item["key"]) if leaves and where != "the whole chart" else "")
    lines = [
        CareLine(where=line[0], shown=line[1], key=keys[line], count=count, note=line[2])
        for line, count in same.items()
    ]
    return CareGroup(
        category=category,
        title=titles[category],
        tag=tag,
        tone=tone,
        happens=happens,
        lines=tuple(lines[:_SHOWN]),
        more=max(len(lines) - _SHOWN, 0),
        can_leave_out=leaves,
    )


def _where(element: str) -> str:
    return _ELEMENTS.get(element) or _ELEMENTS.get(element.partition(".")[0], "chart")


def _fact(number: int, fact: Mapping[str, Any]) -> RiskLine:
    what, advice = _FACTS[fact["kind"]]
    key, word = str(fact["key"]), ""
    if fact["advice"] == "hide":
        key, word, advice = "", str(fact["shown"]), "Hide this word"
    return RiskLine(
        number=number,
        what=what,
        shown=str(fact["shown"]),
        where=_where(str(fact["entry"]).partition("/")[0]) if fact["entry"] else "",
        advice=advice,
        key=key,
        word=word,
    )
