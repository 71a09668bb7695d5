"""Actions and parts of the R5 tables that stand in several types (pure)."""

from typing import Any

from fhir_adapters.converters import shared_parts as parts
from fhir_adapters.converters.actions import (
    codes_of,
    each,
    first,
    kept,
    lose,
    objects,
    part,
    silent,
)
from fhir_adapters.converters.shared_parts import needs
from fhir_adapters.converters.tables import Action, JsonObject, Source, Target

_RECORDERS = frozenset({"author", "enterer"})
_ASSERTERS = frozenset({"informant", "attester", "verifier"})


def _size(source: Source, target: Target) -> None:
    # An integer64 is a string in the JSON of R5.
    text = str(source.value)
    if text.isdecimal():
        target.put("size", int(text))


def _as_needed_for(source: Source, target: Target) -> None:
    # "As needed for pain" says "as needed" as well; R4 takes one of the two.
    target.made.pop("asNeededBoolean", None)
    first("asNeededCodeableConcept")(source, target)


ATTACHMENT = part(
    {
        **kept(parts.ATTACHMENT),
        "size": _size,
        **dict.fromkeys(("height", "width", "frames", "duration", "pages"), silent),
    }
)
RANGE = part({**kept("low high type appliesTo age text"), "normalValue": lose})
DOSAGE = part(
    {
        **kept(
            "sequence text additionalInstruction patientInstruction timing site route method "
            "doseAndRate maxDosePerAdministration maxDosePerLifetime"
        ),
        "asNeeded": lambda s, t: t.put("asNeededBoolean", s.value),
        "asNeededFor": _as_needed_for,
        "maxDosePerPeriod": first("maxDosePerPeriod"),
    }
)


def choice(stem: str) -> Action:
    """A CodeableReference that R4 has as a choice; the reference wins when both are there."""

    def act(source: Source, target: Target) -> None:
        for one in source.objects:
            if one.get("reference") is not None:
                target.put(f"{stem}Reference", one["reference"])
                if one.get("concept") is not None:
                    target.lose(f"{source.name}.concept")
            elif one.get("concept") is not None:
                target.put(f"{stem}CodeableConcept", one["concept"])

    return act


def first_concept(name: str) -> Action:
    """A list of CodeableReferences of which R4 takes one concept."""

    def act(source: Source, target: Target) -> None:
        concepts = [one["concept"] for one in source.objects if one.get("concept") is not None]
        if concepts:
            target.put(name, concepts[0])
        if len(concepts) != len(source.objects) or len(concepts) > 1:
            target.lose(source.name)

    return act


def coding_of(name: str) -> Action:
    """A concept that R4 has as a coding."""

    def act(source: Source, target: Target) -> None:
        codings = objects(source.value.get("coding")) if isinstance(source.value, dict) else []
        if codings:
            target.put(name, codings[0])
        if len(codings) != 1:
            target.lose(source.name)

    return act


def concept_coding(name: str) -> Action:
    """A CodeableReference that R4 has as a coding."""

    def act(source: Source, target: Target) -> None:
        concept = source.value.get("concept") if isinstance(source.value, dict) else None
        coding_of(name)(Source(name=source.name, value=concept), target)

    return act


def code_of(name: str, codes: str) -> Action:
    """A concept that R4 has as one of a few codes."""
    allowed = frozenset(codes.split())

    def act(source: Source, target: Target) -> None:
        found = [one for one in codes_of(source.value) if one in allowed]
        if found:
            target.put(name, found[0])
        else:
            target.lose(source.name)

    return act


def reference_or_name(name: str) -> Action:
    """A CodeableReference that R4 has as a reference; a concept's text becomes its display."""

    def act(source: Source, target: Target) -> None:
        for one in source.objects:
            concept = one.get("concept")
            if one.get("reference") is not None:
                target.put(name, one["reference"])
            elif isinstance(concept, dict) and isinstance(concept.get("text"), str):
                target.put(name, {"display": concept["text"]})
            else:
                target.lose(source.name)

    return act


def participants(source: Source, target: Target) -> None:
    """Who recorded it and who said so; other functions are lost."""
    for one in source.objects:
        codes = set(codes_of(one.get("function")))
        if codes & _RECORDERS:
            target.put("recorder", one.get("actor"))
        elif codes & _ASSERTERS:
            target.put("asserter", one.get("actor"))
        else:
            target.lose(source.name)


def known_clinical_status(_source: JsonObject, target: Target) -> None:
    """R5 may say that the clinical status is not known; R4 then says nothing."""
    codes = codes_of(target.made.get("clinicalStatus"))
    if codes and set(codes) == {"unknown"}:
        del target.made["clinicalStatus"]


def sampled_data(source: Source, target: Target) -> None:
    """A curve; R4 knows it only with its step in milliseconds."""
    value = source.value if isinstance(source.value, dict) else {}
    if value.get("intervalUnit") != "ms" or "interval" not in value:
        target.lose(source.name)
        return
    left = {k: v for k, v in value.items() if k not in ("interval", "intervalUnit", "codeMap")}
    target.put(source.name, {**left, "period": value["interval"]})


def reported(source: Source, target: Target) -> None:
    """Whether it was reported by somebody; R4 takes that or who."""
    if "reportedReference" not in target.made:
        target.put("reportedBoolean", source.value)


def eligibility(source: Source, target: Target) -> None:
    """Eligibility for a program; which program is lost."""
    for one in source.objects:
        if one.get("programStatus") is not None:
            target.add("programEligibility", one["programStatus"])
        if one.get("program") is not None:
            target.lose(f"{source.name}.program")


def languages(source: Source, target: Target) -> None:
    """Languages without their order."""
    target.add("communication", *_all(source, "language"))


def contact_points(source: Source, target: Target) -> None:
    """Phone numbers and the like of all contacts."""
    for one in source.objects:
        target.add("telecom", *objects(one.get("telecom")))


def contact_points_and_addresses(source: Source, target: Target) -> None:
    """The same with addresses, and whoever is named with a purpose."""
    contact_points(source, target)
    target.add("address", *_all(source, "address"))
    for one in source.objects:
        names = objects(one.get("name"))
        if names:
            made: dict[str, Any] = {"name": names[0]}
            if one.get("purpose") is not None:
                made["purpose"] = one["purpose"]
            target.add("contact", made)


def _all(source: Source, name: str) -> list[Any]:
    found: list[Any] = []
    for one in source.objects:
        value = one.get(name)
        found.extend(value if isinstance(value, list) else [value] if value is not None else [])
    return found


VALUES = (
    "valueQuantity valueCodeableConcept valueString valueBoolean valueInteger valueRange "
    "valueRatio valueTime valueDateTime valuePeriod dataAbsentReason"
)
COMPONENT = part(
    {
        **kept(f"code interpretation {VALUES}"),
        "valueSampledData": sampled_data,
        "valueAttachment": lose,
        "valueReference": lose,
        "referenceRange": each("referenceRange", RANGE, many=True),
    },
    required=needs("code"),
)
