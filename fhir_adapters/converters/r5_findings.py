"""R5 (5.0) to R4: what was found and seen.

Spec: FHIR R5 and R4, the resource pages and their "R4 Diff"; the maps between the releases
"""

from collections.abc import Mapping
from typing import Any

from fhir_adapters.converters import r5_parts
from fhir_adapters.converters import shared_parts as parts
from fhir_adapters.converters import terminology as terms
from fhir_adapters.converters.actions import (
    code,
    codes_of,
    each,
    kept,
    lose,
    objects,
    part,
    silent,
    split,
    to,
)
from fhir_adapters.converters.shared_parts import needs, points_at, resource
from fhir_adapters.converters.tables import JsonObject, Source, Table, Target

_INSTANTIATES = kept("instantiatesCanonical instantiatesUri")


def _classes(source: Source, target: Target) -> None:
    codings = [one for each_ in source.objects for one in objects(each_.get("coding"))]
    if codings:
        target.put("class", codings[0])
    if len(source.objects) > 1 or not codings:
        target.lose(source.name)


def _encounter_reasons(source: Source, target: Target) -> None:
    for one in source.objects:
        inner = Source(name="reason.value", value=one.get("value") or [])
        split("reasonCode", "reasonReference")(inner, target)


def _encounter_diagnoses(source: Source, target: Target) -> None:
    for one in source.objects:
        uses = objects(one.get("use"))
        for condition in objects(one.get("condition")):
            if condition.get("reference") is None:
                target.lose("diagnosis.condition.concept")
                continue
            made = {"condition": condition["reference"]}
            target.add("diagnosis", {**made, "use": uses[0]} if uses else made)
        if len(uses) > 1:
            target.lose("diagnosis.use")


_STAY = ("dietPreference", "specialArrangement", "specialCourtesy")


def _stay(source: JsonObject, target: Target) -> None:
    stay = target.made.get("hospitalization", {})
    told = {name: source[name] for name in _STAY if source.get(name)}
    if told and isinstance(stay, dict):
        target.made["hospitalization"] = {**stay, **told}


def _evidence(source: Source, target: Target) -> None:
    for one in source.objects:
        made = {
            new: one[old] if isinstance(one[old], list) else [one[old]]
            for old, new in (("concept", "code"), ("reference", "detail"))
            if one.get(old) is not None
        }
        if made:
            target.add("evidence", made)


def _allergy_type(source: Source, target: Target) -> None:
    codes = [one for one in codes_of(source.value) if one in ("allergy", "intolerance")]
    if codes:
        target.put("type", codes[0])
    else:
        target.lose(source.name)


def _studies(source: Source, target: Target) -> None:
    for one in source.objects:
        if points_at(one, "ImagingStudy"):
            target.add("imagingStudy", one)
        else:
            target.lose(source.name)


def _attesters(source: Source, target: Target) -> None:
    found = [one["party"] for one in source.objects if one.get("party") is not None]
    if found:
        target.put("authenticator", found[0])
    if len(found) > 1:
        target.lose(source.name)


def _document_context(source: JsonObject, target: Target) -> None:
    made: dict[str, Any] = {
        name: source[name]
        for name in ("period", "facilityType", "practiceSetting")
        if source.get(name) is not None
    }
    for one in objects(source.get("context")):
        name = "encounter" if points_at(one, "Encounter", "EpisodeOfCare") else "related"
        made.setdefault(name, []).append(one)
    made.setdefault("related", []).extend(objects(source.get("basedOn")))
    events = [one["concept"] for one in objects(source.get("event")) if one.get("concept")]
    made["event"] = events
    left = {name: value for name, value in made.items() if value}
    if left:
        target.put("context", left)
    if any(one.get("reference") for one in objects(source.get("event"))):
        target.lose("event.reference")


def _formats(source: Source, target: Target) -> None:
    found = [one["valueCoding"] for one in source.objects if one.get("valueCoding") is not None]
    if found:
        target.put("format", found[0])
    if len(found) != len(source.objects) or len(found) > 1:
        target.lose(source.name)


def _modalities(source: Source, target: Target) -> None:
    for one in source.objects:
        codings = objects(one.get("coding"))
        if codings:
            target.add("modality", codings[0])
        else:
            target.lose(source.name)


def _procedures(source: Source, target: Target) -> None:
    for one in source.objects:
        if one.get("concept") is not None:
            target.add("procedureCode", one["concept"])
        if one.get("reference") is not None:
            target.put("procedureReference", one["reference"])


def _reaction(source: Source, target: Target) -> None:
    for one in source.objects:
        if one.get("concept") is not None:
            target.lose(f"{source.name}.concept")
        if one.get("reference") is not None:
            target.put("detail", one["reference"])


TABLES: Mapping[str, Table] = {
    "AllergyIntolerance": resource(
        {
            **kept(
                "identifier clinicalStatus verificationStatus category criticality code patient "
                "encounter onsetDateTime onsetAge onsetPeriod onsetRange onsetString recordedDate "
                "lastOccurrence note"
            ),
            "type": _allergy_type,
            "participant": r5_parts.participants,
            "reaction": each(
                "reaction",
                part(
                    {
                        **kept("substance description onset severity exposureRoute note"),
                        "manifestation": split("manifestation", ""),
                    },
                    required=needs("manifestation"),
                ),
                many=True,
            ),
        },
        required=needs("patient"),
    ),
    "Binary": parts.BINARY,
    "Condition": resource(
        {
            **kept(
                "identifier clinicalStatus verificationStatus category severity code bodySite "
                "subject encounter onsetDateTime onsetAge onsetPeriod onsetRange onsetString "
                "abatementDateTime abatementAge abatementPeriod abatementRange abatementString "
                "recordedDate stage note"
            ),
            "participant": r5_parts.participants,
            "evidence": _evidence,
        },
        required=needs("subject"),
        finish=r5_parts.known_clinical_status,
    ),
    "DiagnosticReport": resource(
        {
            **kept(
                "identifier basedOn status category code subject encounter effectiveDateTime "
                "effectivePeriod issued performer resultsInterpreter specimen result media "
                "conclusion conclusionCode"
            ),
            "presentedForm": each("presentedForm", r5_parts.ATTACHMENT, many=True),
            "note": lose,
            "study": _studies,
            "supportingInfo": lose,
            "composition": silent,
        },
        required=needs("status code"),
        unknown={"status": "unknown"},
    ),
    "DocumentReference": resource(
        {
            **kept(
                "identifier status type category subject date author custodian description "
                "securityLabel"
            ),
            "docStatus": code(
                "docStatus", terms.same("preliminary final amended entered-in-error")
            ),
            "version": silent,
            "attester": _attesters,
            "modality": lose,
            "bodySite": lose,
            **dict.fromkeys(
                ("context", "basedOn", "event", "facilityType", "practiceSetting", "period"),
                silent,
            ),
            "relatesTo": each(
                "relatesTo",
                part(
                    {
                        **kept("target"),
                        "code": r5_parts.code_of("code", "replaces transforms signs appends"),
                    },
                    required=needs("code target"),
                ),
                many=True,
            ),
            "content": each(
                "content",
                part(
                    {
                        "attachment": each("attachment", r5_parts.ATTACHMENT),
                        "profile": _formats,
                    },
                    required=needs("attachment"),
                ),
                many=True,
            ),
        },
        required=needs("status content"),
        finish=_document_context,
    ),
    "Encounter": resource(
        {
            **kept(
                "identifier type priority subject episodeOfCare basedOn appointment length "
                "account serviceProvider partOf"
            ),
            "status": code(
                "status",
                {
                    **terms.same("planned in-progress cancelled entered-in-error unknown"),
                    "on-hold": "onleave",
                    # over for those who treated; what is left is paperwork
                    "discharged": "finished",
                    "completed": "finished",
                },
            ),
            "class": _classes,
            "serviceType": r5_parts.first_concept("serviceType"),
            "actualPeriod": to("period"),
            **dict.fromkeys(
                (
                    "plannedStartDate",
                    "plannedEndDate",
                    "virtualService",
                    "careTeam",
                    "subjectStatus",
                    "dietPreference",
                    "specialArrangement",
                    "specialCourtesy",
                ),
                silent,
            ),
            "participant": each(
                "participant",
                part({**kept("type period"), "actor": to("individual")}),
                many=True,
            ),
            "reason": _encounter_reasons,
            "diagnosis": _encounter_diagnoses,
            "admission": to("hospitalization"),
            "location": each(
                "location",
                part(
                    {**kept("location status period"), "form": to("physicalType")},
                    required=needs("location"),
                ),
                many=True,
            ),
        },
        required=needs("status class"),
        unknown={"status": "unknown", "class": terms.ABSENT},
        finish=_stay,
    ),
    "ImagingStudy": resource(
        {
            **kept(
                "identifier status subject encounter started basedOn referrer endpoint "
                "numberOfSeries numberOfInstances location note description"
            ),
            "partOf": silent,
            "modality": _modalities,
            "procedure": _procedures,
            "reason": split("reasonCode", "reasonReference"),
            "series": each(
                "series",
                part(
                    {
                        **kept(
                            "uid number description numberOfInstances endpoint specimen started "
                            "performer instance"
                        ),
                        "modality": r5_parts.coding_of("modality"),
                        "laterality": r5_parts.coding_of("laterality"),
                        "bodySite": r5_parts.concept_coding("bodySite"),
                    },
                    required=needs("uid modality"),
                ),
                many=True,
            ),
        },
        required=needs("status subject"),
        unknown={"status": "unknown"},
    ),
    "Immunization": resource(
        {
            **kept(
                "identifier status statusReason vaccineCode patient encounter occurrenceDateTime "
                "occurrenceString primarySource location lotNumber expirationDate site route "
                "doseQuantity performer note isSubpotent subpotentReason fundingSource"
            ),
            "basedOn": silent,
            "administeredProduct": lose,
            "supportingInformation": silent,
            "informationSource": split("reportOrigin", "", many=False),
            "manufacturer": r5_parts.reference_or_name("manufacturer"),
            "programEligibility": r5_parts.eligibility,
            "reason": split("reasonCode", "reasonReference"),
            "reaction": each(
                "reaction",
                part({**kept("date reported"), "manifestation": _reaction}),
                many=True,
            ),
            "protocolApplied": each(
                "protocolApplied",
                part(
                    {
                        **kept("series authority targetDisease"),
                        "doseNumber": to("doseNumberString"),
                        "seriesDoses": to("seriesDosesString"),
                    },
                    required=needs("doseNumberString"),
                ),
                many=True,
            ),
        },
        required=needs("status vaccineCode patient occurrence[DateTime,String]"),
    ),
    "Observation": resource(
        {
            **kept(
                "identifier basedOn partOf status category code subject focus encounter "
                "effectiveDateTime effectivePeriod effectiveTiming effectiveInstant issued "
                f"performer interpretation note bodySite method specimen device hasMember "
                f"derivedFrom {r5_parts.VALUES}"
            ),
            "instantiatesCanonical": silent,
            "instantiatesReference": silent,
            "triggeredBy": lose,
            "bodyStructure": lose,
            "valueSampledData": r5_parts.sampled_data,
            "valueAttachment": lose,
            "valueReference": lose,
            "referenceRange": each("referenceRange", r5_parts.RANGE, many=True),
            "component": each("component", r5_parts.COMPONENT, many=True),
        },
        required=needs("status code"),
        unknown={"status": "unknown"},
    ),
    "OperationOutcome": parts.OUTCOME,
}
