"""Actions and parts that the tables of several releases share (pure)."""

from collections.abc import Mapping
from typing import Any

from fhir_adapters.converters import terminology
from fhir_adapters.converters.actions import PART, kept, objects, part, silent, text_note
from fhir_adapters.converters.tables import Action, JsonObject, Source, Table, Target

_DOSE = ("doseRange", "doseQuantity")
_RATE = ("rateRatio", "rateRange", "rateQuantity")


def meta(source: Source, target: Target) -> None:
    """Keep of `meta` what is not about the other release."""
    if isinstance(source.value, dict):
        left = {name: one for name, one in source.value.items() if name != "profile"}
        if left:
            target.put("meta", left)


# Elements of every resource; `contained` is added where resources are known.
RESOURCE: Mapping[str, Action] = {
    **PART,
    **kept("implicitRules language text"),
    "meta": meta,
    "resourceType": silent,
}


def resource(
    elements: Mapping[str, Action],
    *,
    required: tuple[tuple[str, ...], ...] = (),
    unknown: Mapping[str, Any] | None = None,
    finish: Any = None,
) -> Table:
    """A table for a resource."""
    return Table(
        elements={**RESOURCE, **elements},
        required=required,
        unknown=unknown or {},
        finish=finish,
    )


def needs(names: str) -> tuple[tuple[str, ...], ...]:
    """What R4 requires: `status code medication[CodeableConcept,Reference]` and the like."""
    found: list[tuple[str, ...]] = []
    for one in names.split():
        stem, _, kinds = one.partition("[")
        found.append(
            tuple(f"{stem}{kind}" for kind in kinds.rstrip("]").split(",")) if kinds else (stem,)
        )
    return tuple(found)


def points_at(reference: object, *types: str) -> bool:
    """Tell whether a Reference points at one of these types, as far as its text says."""
    text = reference.get("reference") if isinstance(reference, dict) else None
    parts = text.split("/_history/")[0].split("/") if isinstance(text, str) else []
    return len(parts) >= 2 and parts[-2] in types


def context(source: Source, target: Target) -> None:
    """An encounter, or an episode of care, which R4 has no place for here."""
    if points_at(source.value, "EpisodeOfCare"):
        target.lose(source.name)
    else:
        target.put("encounter", source.value)


def agent(source: Source, target: Target) -> None:
    """Who asked; for which organization is of no use to a case."""
    for one in source.objects:
        if one.get("agent") is not None:
            target.put("requester", one["agent"])


def performers_with_role(source: Source, target: Target) -> None:
    """`role` and `actor` become `function` and `actor`."""
    for one in source.objects:
        made = {new: one[old] for old, new in _ROLES if one.get(old) is not None}
        if "actor" in made:
            target.add("performer", made)
        else:
            target.lose(source.name)


_ROLES = (("role", "function"), ("actor", "actor"), ("onBehalfOf", "onBehalfOf"))


def done_unless(source: Source, target: Target) -> None:
    """A flag that says "it was not done": R4 has a status for it."""
    if source.value is True:
        target.overrule("status", "not-done")
    elif source.value is not False:
        target.lose(source.name)


def note(source: Source, target: Target) -> None:
    """One annotation, or several; plain text in other types."""
    if isinstance(source.value, str):
        text_note(source, target)
    else:
        target.add("note", *source.objects)


def abated(source: Source, target: Target) -> None:
    """That a problem is over, without a date: a clinical status says so where none is given."""
    target.lose(source.name)
    if source.value is True:
        resolved = {"system": terminology.CONDITION_CLINICAL, "code": "resolved"}
        target.suppose("clinicalStatus", {"coding": [resolved]})


def dose_and_rate(source: JsonObject, target: Target) -> None:
    """Dose and rate stand in a part of their own in R4."""
    made: dict[str, Any] = {}
    for names, stem in ((_DOSE, "dose"), (_RATE, "rate")):
        for name in names:
            if source.get(name) is not None and not any(key.startswith(stem) for key in made):
                made[name] = source[name]
    if made:
        target.put("doseAndRate", [made])


SPLIT_DOSE = dict.fromkeys((*_DOSE, *_RATE), silent)


def explanation(source: Source, target: Target) -> None:
    """Why a vaccine was given, or why not."""
    for one in source.objects:
        target.add("reasonCode", *objects(one.get("reason")))
        refused = objects(one.get("reasonNotGiven"))
        if refused:
            target.put("statusReason", refused[0])
        if len(refused) > 1:
            target.lose("explanation.reasonNotGiven")


def vaccination_protocol(source: Source, target: Target) -> None:
    """Which dose of which series; R4 wants the number of the dose."""
    for one in source.objects:
        number = one.get("doseSequence")
        if number is None:
            target.lose(source.name)
            continue
        made: dict[str, Any] = {"doseNumberPositiveInt": number}
        for old, new in _PROTOCOL:
            if one.get(old) is not None:
                made[new] = one[old]
        for name in ("description", "doseStatus", "doseStatusReason"):
            if one.get(name) is not None:
                target.lose(f"{source.name}.{name}")
        target.add("protocolApplied", made)


_PROTOCOL = (
    ("series", "series"),
    ("authority", "authority"),
    ("targetDisease", "targetDisease"),
    ("seriesDoses", "seriesDosesPositiveInt"),
)


def occurrence(_source: JsonObject, target: Target) -> None:
    """When a vaccine was given must be said in R4, if only that it is not known."""
    if "occurrenceDateTime" not in target.made and "_occurrenceDateTime" not in target.made:
        target.put("occurrenceString", "unknown")


def related_observations(source: Source, target: Target) -> None:
    """Members and origins; how else observations relate is lost."""
    names = {"has-member": "hasMember", "derived-from": "derivedFrom"}
    for one in source.objects:
        name = names.get(str(one.get("type")))
        if name is None or one.get("target") is None:
            target.lose(source.name)
        else:
            target.add(name, one["target"])


def document_class(source: Source, target: Target) -> None:
    """The kind of document is one of several categories in R4."""
    target.add("category", *source.objects)


def document_created(source: JsonObject, target: Target) -> None:
    """When the document was made is told by its attachments in R4."""
    created = source.get("created")
    if created is None:
        return
    contents = objects(target.made.get("content"))
    parts = [one["attachment"] for one in contents if isinstance(one.get("attachment"), dict)]
    if not parts:
        target.lose("created")
    for one in parts:
        one.setdefault("creation", created)


def related_documents(source: Source, target: Target) -> None:
    """`identifier` and `ref` become one reference."""
    for one in source.objects:
        reference = dict(one["ref"]) if isinstance(one.get("ref"), dict) else {}
        if one.get("identifier") is not None:
            reference["identifier"] = one["identifier"]
        if reference:
            target.add("related", reference)


def several_authors(source: Source, target: Target) -> None:
    """The first is the author of a plan, the others contribute."""
    for position, one in enumerate(source.objects):
        if position == 0:
            target.put("author", one)
        else:
            target.add("contributor", one)


def accession(source: Source, target: Target) -> None:
    """The accession number is one of several identifiers in R4."""
    target.add("identifier", *source.objects)


def study_uid(source: Source, target: Target) -> None:
    """The UID of a study is one of several identifiers in R4, with its prefix."""
    if isinstance(source.value, str):
        target.add("identifier", {"system": terminology.DICOM_UID, "value": source.value})


def bare_uid(source: Source, target: Target) -> None:
    """UIDs of series and images are written without `urn:oid:` in R4."""
    if isinstance(source.value, str):
        target.put(source.name, source.value.removeprefix("urn:oid:"))


def sop_class(source: Source, target: Target) -> None:
    """The kind of image is a coding in R4."""
    if isinstance(source.value, str):
        target.put("sopClass", {"system": terminology.URI, "code": source.value})


def gender_as_sex(source: Source, target: Target) -> None:
    """The gender of a relative is a concept in R4."""
    target.put("sex", {"coding": [{"system": terminology.GENDER, "code": source.value}]})


ATTACHMENT = "contentType language data url size hash title creation"
BINARY = resource(
    {**kept("contentType data securityContext"), "content": lambda s, t: t.put("data", s.value)},
    required=needs("contentType"),
)
OUTCOME = resource(kept("issue"), required=needs("issue"))
INSTANCE = part(
    {**kept("number title"), "uid": bare_uid, "sopClass": sop_class},
    required=needs("uid sopClass"),
)
