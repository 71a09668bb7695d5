"""R5 (5.0) to R4: people, places, drugs, plans, orders and what was done.

Spec: FHIR R5 and R4, the resource pages and their "R4 Diff"; the maps between the releases
"""

from collections.abc import Mapping

from fhir_adapters.converters import r5_parts
from fhir_adapters.converters import terminology as terms
from fhir_adapters.converters.actions import (
    code,
    codes_of,
    each,
    first,
    kept,
    listed,
    lose,
    part,
    silent,
    split,
    to,
)
from fhir_adapters.converters.shared_parts import needs, resource
from fhir_adapters.converters.tables import JsonObject, Source, Table, Target

_INSTANTIATES = kept("instantiatesCanonical instantiatesUri")
_ADHERENCE = {
    "taking": "active",
    "taking-as-directed": "active",
    "taking-not-as-directed": "active",
    "on-hold": "on-hold",
    "on-hold-as-directed": "on-hold",
    "on-hold-not-as-directed": "on-hold",
    "stopped": "stopped",
    "stopped-as-directed": "stopped",
    "stopped-not-as-directed": "stopped",
    "not-taking": "not-taken",
}


def _rendered(source: JsonObject, target: Target) -> None:
    text = source.get("renderedDosageInstruction")
    name = "dosage" if source.get("resourceType") == "MedicationStatement" else "dosageInstruction"
    if isinstance(text, str) and not target.made.get(name):
        target.add(name, {"text": text})


def _taken(source: JsonObject, target: Target) -> None:
    _rendered(source, target)
    adherence = source.get("adherence")
    told = adherence.get("code") if isinstance(adherence, dict) else None
    found = [_ADHERENCE[code] for code in codes_of(told) if code in _ADHERENCE]
    if source.get("status") == "entered-in-error":
        target.put("status", "entered-in-error")
    elif source.get("status") == "recorded" and found:
        target.put("status", found[0])
    if source.get("status") == "draft":
        target.lose("status")
    if adherence is not None and not found:
        target.lose("adherence")
    if isinstance(adherence, dict) and adherence.get("reason") is not None:
        target.add("statusReason", adherence["reason"])


def _instruction(source: Source, target: Target) -> None:
    texts = [one["instructionMarkdown"] for one in source.objects if "instructionMarkdown" in one]
    if texts:
        target.put("patientInstruction", texts[0])
    if len(texts) != len(source.objects) or len(texts) > 1:
        target.lose(source.name)


def _member_number(source: Source, target: Target) -> None:
    values = [one["value"] for one in source.objects if isinstance(one.get("value"), str)]
    if values:
        target.put("subscriberId", values[0])
    target.add("identifier", *source.objects[1:])


def _payers(source: Source, target: Target) -> None:
    for one in source.objects:
        reference = one.get("party") if source.name == "paymentBy" else one
        if reference is not None:
            target.add("payor", reference)


def _class_value(source: Source, target: Target) -> None:
    value = source.value.get("value") if isinstance(source.value, dict) else None
    if isinstance(value, str):
        target.put("value", value)


TABLES: Mapping[str, Table] = {
    "CarePlan": resource(
        {
            **kept(
                "identifier basedOn replaces partOf status intent category title description "
                "subject encounter period created contributor careTeam supportingInfo goal note"
            ),
            **_INSTANTIATES,
            "custodian": to("author"),
            "addresses": split("", "addresses"),
            "activity": each(
                "activity",
                part(
                    {
                        **kept("progress"),
                        "performedActivity": split("outcomeCodeableConcept", "outcomeReference"),
                        "plannedActivityReference": to("reference"),
                    }
                ),
                many=True,
            ),
        },
        required=needs("status intent subject"),
        unknown={"status": "unknown"},
    ),
    "CareTeam": resource(
        {
            **kept(
                "identifier status category name subject period managingOrganization telecom note"
            ),
            "reason": split("reasonCode", "reasonReference"),
            "participant": each(
                "participant",
                part(
                    {
                        **kept("member onBehalfOf"),
                        "role": listed("role"),
                        "coveragePeriod": to("period"),
                        "coverageTiming": lose,
                    }
                ),
                many=True,
            ),
        }
    ),
    "Coverage": resource(
        {
            **kept(
                "identifier status type policyHolder subscriber beneficiary dependent relationship "
                "period order network subrogation contract"
            ),
            "kind": silent,
            "insurancePlan": silent,
            "costToBeneficiary": silent,
            "insurer": _payers,
            "paymentBy": _payers,
            "subscriberId": _member_number,
            "class": each(
                "class",
                part({**kept("type name"), "value": _class_value}, required=needs("type value")),
                many=True,
            ),
        },
        required=needs("status beneficiary payor"),
    ),
    "Location": resource(
        {
            **kept(
                "identifier status operationalStatus name alias description mode type address "
                "position managingOrganization partOf endpoint"
            ),
            "form": to("physicalType"),
            "contact": r5_parts.contact_points,
            "characteristic": silent,
            "hoursOfOperation": silent,
            "virtualService": silent,
        }
    ),
    "Medication": resource(
        {
            **kept("identifier code status batch"),
            "doseForm": to("form"),
            "marketingAuthorizationHolder": to("manufacturer"),
            "definition": silent,
            "totalVolume": lose,
            "ingredient": each(
                "ingredient",
                part(
                    {
                        **kept("isActive"),
                        "item": r5_parts.choice("item"),
                        "strengthRatio": to("strength"),
                        "strengthCodeableConcept": lose,
                        "strengthQuantity": lose,
                    },
                    required=needs("item[CodeableConcept,Reference]"),
                ),
                many=True,
            ),
        }
    ),
    "MedicationRequest": resource(
        {
            **kept(
                "identifier basedOn priorPrescription groupIdentifier statusReason intent category "
                "priority doNotPerform subject encounter supportingInformation authoredOn "
                "requester performerType recorder courseOfTherapyType insurance note substitution "
                "eventHistory"
            ),
            "status": code(
                "status",
                {
                    **terms.same(
                        "active on-hold cancelled completed entered-in-error stopped draft unknown"
                    ),
                    "ended": "stopped",  # the patient should no longer take it
                },
            ),
            "statusChanged": silent,
            "medication": r5_parts.choice("medication"),
            "informationSource": first("reportedReference"),
            "reported": r5_parts.reported,
            "performer": first("performer"),
            "device": lose,
            "reason": split("reasonCode", "reasonReference"),
            "renderedDosageInstruction": silent,
            "effectiveDosePeriod": lose,
            "dosageInstruction": each("dosageInstruction", r5_parts.DOSAGE, many=True),
            "dispenseRequest": each(
                "dispenseRequest",
                part(
                    {
                        **kept(
                            "initialFill dispenseInterval validityPeriod numberOfRepeatsAllowed "
                            "quantity expectedSupplyDuration"
                        ),
                        "dispenser": to("performer"),
                        "dispenserInstruction": lose,
                        "doseAdministrationAid": lose,
                    }
                ),
            ),
        },
        required=needs("status intent medication[CodeableConcept,Reference] subject"),
        unknown={"status": "unknown"},
        finish=_rendered,
    ),
    "MedicationStatement": resource(
        {
            **kept(
                "identifier partOf subject effectiveDateTime effectivePeriod dateAsserted "
                "derivedFrom note"
            ),
            "status": silent,
            "adherence": silent,
            "category": first("category"),
            "medication": r5_parts.choice("medication"),
            "encounter": to("context"),
            "effectiveTiming": lose,
            "informationSource": first("informationSource"),
            "reason": split("reasonCode", "reasonReference"),
            "relatedClinicalInformation": silent,
            "renderedDosageInstruction": silent,
            "dosage": each("dosage", r5_parts.DOSAGE, many=True),
        },
        required=needs("status medication[CodeableConcept,Reference] subject"),
        unknown={"status": "unknown"},
        finish=_taken,
    ),
    "Organization": resource(
        {
            **kept("identifier active type name alias partOf endpoint"),
            "description": silent,
            "qualification": silent,
            "contact": r5_parts.contact_points_and_addresses,
        }
    ),
    "Patient": resource(
        {
            **kept(
                "identifier active name telecom gender birthDate deceasedBoolean deceasedDateTime "
                "address maritalStatus multipleBirthBoolean multipleBirthInteger contact "
                "communication generalPractitioner managingOrganization link"
            ),
            "photo": each("photo", r5_parts.ATTACHMENT, many=True),
        }
    ),
    "Practitioner": resource(
        {
            **kept("identifier active name telecom gender birthDate address qualification"),
            "photo": each("photo", r5_parts.ATTACHMENT, many=True),
            "deceasedBoolean": silent,
            "deceasedDateTime": silent,
            "communication": r5_parts.languages,
        }
    ),
    "PractitionerRole": resource(
        {
            **kept(
                "identifier active period practitioner organization code specialty location "
                "healthcareService endpoint"
            ),
            "contact": r5_parts.contact_points,
            "characteristic": silent,
            "communication": silent,
            "availability": silent,
        }
    ),
    "RelatedPerson": resource(
        {
            **kept(
                "identifier active patient relationship name telecom gender birthDate address "
                "period communication"
            ),
            "photo": each("photo", r5_parts.ATTACHMENT, many=True),
        },
        required=needs("patient"),
    ),
    "ServiceRequest": resource(
        {
            **kept(
                "identifier basedOn replaces requisition status intent category priority "
                "doNotPerform quantityQuantity quantityRatio quantityRange subject encounter "
                "occurrenceDateTime occurrencePeriod occurrenceTiming asNeededBoolean "
                "asNeededCodeableConcept authoredOn requester performerType performer insurance "
                "specimen bodySite note relevantHistory"
            ),
            **_INSTANTIATES,
            "code": split("code", "", many=False),
            "orderDetail": lose,
            "focus": lose,
            "location": split("locationCode", "locationReference"),
            "reason": split("reasonCode", "reasonReference"),
            "supportingInfo": split("", "supportingInfo"),
            "bodyStructure": lose,
            "patientInstruction": _instruction,
        },
        required=needs("status intent subject"),
        unknown={"status": "unknown"},
    ),
    "Procedure": resource(
        {
            **kept(
                "identifier basedOn partOf status statusReason code subject encounter recorder "
                "location bodySite outcome report followUp note focalDevice"
            ),
            **_INSTANTIATES,
            "category": first("category"),
            "focus": lose,
            "occurrenceDateTime": to("performedDateTime"),
            "occurrencePeriod": to("performedPeriod"),
            "occurrenceString": to("performedString"),
            "occurrenceAge": to("performedAge"),
            "occurrenceRange": to("performedRange"),
            "occurrenceTiming": lose,
            "recorded": silent,
            "reportedBoolean": silent,
            "reportedReference": to("asserter"),
            "performer": each(
                "performer",
                part(
                    {**kept("function actor onBehalfOf"), "period": lose},
                    required=needs("actor"),
                ),
                many=True,
            ),
            "reason": split("reasonCode", "reasonReference"),
            "complication": split("complication", "complicationDetail"),
            "used": split("usedCode", "usedReference"),
            "supportingInfo": lose,
        },
        required=needs("status subject"),
        unknown={"status": "unknown"},
    ),
    "FamilyMemberHistory": resource(
        {
            **kept(
                "identifier status dataAbsentReason patient date name relationship sex bornPeriod "
                "bornDate bornString ageAge ageRange ageString estimatedAge deceasedBoolean "
                "deceasedAge deceasedRange deceasedDate deceasedString note condition"
            ),
            **_INSTANTIATES,
            "participant": silent,
            "procedure": lose,
            "reason": split("reasonCode", "reasonReference"),
        },
        required=needs("status patient relationship"),
    ),
}
