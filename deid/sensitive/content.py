"""What a resource is about: its categories by code, label and word, in its main or other parts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from deid.sensitive.value_sets import ValueSets

Why = Literal["code", "word", "label", "visit", "combination", "left_out"]
Resource = Mapping[str, Any]  # FHIR JSON

#: elements that say what a resource is about: if one is sensitive, the resource is
_MAIN: Final = frozenset(
    {"code", "medicationCodeableConcept", "vaccineCode", "type", "class", "valueCodeableConcept",
     "component"}
)  # fmt: skip
#: free text, which the text engine reads word by word; it looks like a concept with a text only
FREE_TEXT: Final = frozenset({"note", "dosageInstruction", "dosage", "text", "section", "payload"})
#: elements that hold no code of a patient's condition and stand in every resource
_PLAIN: Final = FREE_TEXT | {
    "meta", "contained", "coding", "valueQuantity", "referenceRange", "subject", "patient",
    "encounter", "context", "performer", "requester", "recorder", "asserter", "author",
    "identifier", "clinicalStatus", "verificationStatus", "interpretation", "participant",
    "serviceProvider", "location", "period", "effectivePeriod", "content", "basedOn", "result",
    "name", "telecom", "address", "birthDate",
}  # fmt: skip

Said = tuple[tuple[tuple[str, "Why"], ...], tuple[tuple[str, str], ...]]
#: what the concepts of one case say, each read once: (categories, hints)
Memo = dict[tuple[Any, ...], Said]


@dataclass(slots=True)
class Met:
    """Categories of a resource as a whole, of parts of it, and words that give one away."""

    main: dict[str, Why] = field(default_factory=dict)
    parts: set[str] = field(default_factory=set)
    hints: list[tuple[str, str]] = field(default_factory=list)


def met_in(resource: Resource, values: ValueSets, memo: Memo) -> Met:
    """Return what a resource and the resources contained in it are about."""
    met = Met()
    for category in _labelled(resource, values):
        met.main[category] = "label"
    contained = resource.get("contained")
    inside = contained if isinstance(contained, list) else []
    for each in (resource, *inside):
        if isinstance(each, dict):
            for name, value in each.items():
                if type(value) in (dict, list) and name not in _PLAIN:
                    main = name in _MAIN
                    for concept in _concepts(value):
                        _note(_said(concept, values, memo), met, main=main)
    return met


def of_concept(value: Mapping[str, Any], values: ValueSets) -> Iterator[tuple[str, Why]]:
    """Yield the categories of one concept or coding."""
    for coding in _codings(value):
        for category in values.of_code(coding.get("system"), coding.get("code")):
            yield category, "code"
    for label in _labels(value):
        for word in values.words_in(label, label.lower()):
            if not word.hint:
                yield word.category, "word"


def is_concept(value: Mapping[str, Any]) -> bool:
    """Tell whether a JSON object is a CodeableConcept."""
    return "coding" in value or (set(value) <= {"text", "id", "extension"} and "text" in value)


def linked(resource: Resource) -> Iterator[str]:
    """Yield the visit and the medicine a resource links to: it says what they say."""
    for name in ("encounter", "context", "medicationReference"):
        target = resource.get(name)
        reference = target.get("reference") if isinstance(target, dict) else None
        if isinstance(reference, str):
            yield "/".join(reference.partition("/_history/")[0].split("/")[-2:])


def name_of(resource: Resource) -> str:
    """Return how the chart calls a resource; empty when it does not."""
    for element in ("code", "medicationCodeableConcept", "vaccineCode", "type"):
        value = resource.get(element)
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, dict):
            return next((label for label in _labels(first) if label), "")
    return ""


def _labelled(resource: Resource, values: ValueSets) -> Iterator[str]:
    meta = resource.get("meta")
    security = meta.get("security") if isinstance(meta, dict) else None
    for each in security if isinstance(security, list) else ():
        if isinstance(each, dict):
            category = values.labels.category(each.get("system"), each.get("code"))
            if category is not None:
                yield category


def _concepts(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every concept and bare coding below a value."""
    if type(value) is list:
        for each in value:
            yield from _concepts(each)
    elif type(value) is dict:
        if "coding" in value or "code" in value or is_concept(value):
            yield value
        for name, each in value.items():
            if type(each) in (dict, list) and name not in _PLAIN:
                yield from _concepts(each)


def _said(value: Mapping[str, Any], values: ValueSets, memo: Memo) -> Said:
    codings = _codings(value)
    parts = [(each.get("system"), each.get("code"), each.get("display")) for each in codings]
    key = (_hashable(value.get("text")), *(_hashable(part) for each in parts for part in each))
    known = memo.get(key)
    if known is None:
        hints = tuple(
            (word.category, word.word)
            for label in _labels(value)
            for word in values.words_in(label, label.lower())
            if word.hint
        )
        known = memo[key] = (tuple(of_concept(value, values)), hints)
    return known


def _hashable(value: Any) -> Any:
    return value if type(value) is str else None


def _note(said: Said, met: Met, *, main: bool) -> None:
    for category, why in said[0]:
        if main:
            met.main.setdefault(category, why)
        else:
            met.parts.add(category)
    met.hints.extend(said[1])


def _codings(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = value.get("coding")
    items = listed if isinstance(listed, list) else []
    inner: list[Mapping[str, Any]] = [each for each in items if isinstance(each, dict)]
    return [*inner, value] if "code" in value else inner


def _labels(value: Mapping[str, Any]) -> Iterator[str]:
    for each in (value.get("text"), *(coding.get("display") for coding in _codings(value))):
        if isinstance(each, str) and len(each) == len(each.lower()):
            yield each
