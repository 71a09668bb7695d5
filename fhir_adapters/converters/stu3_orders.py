"""STU3 (3.0) to R4: people, places, drugs, plans and orders.

Spec: FHIR STU3 and R4, the resource pages and their "R3 Diff"; the maps between the releases
"""

from collections.abc import Mapping

from fhir_adapters.converters import shared_parts as parts
from fhir_adapters.converters import terminology as terms
from fhir_adapters.converters.actions import (
    code,
    each,
    first,
    kept,
    listed,
    lose,
    part,
    silent,
    text_concept,
    text_note,
    to,
)
from fhir_adapters.converters.shared_parts import needs, resource
from fhir_adapters.converters.tables import Source, Table, Target

_PLAN_STATUS = {
    **terms.same("draft active completed entered-in-error unknown"),
    "suspended": "on-hold",
    "cancelled": "revoked",
}
_PROTOCOL = {"definition": silent}

_DOSAGE = Table(
    elements={
        **part({}).elements,
        **kept(
            "sequence text additionalInstruction patientInstruction timing asNeededBoolean "
            "asNeededCodeableConcept site route method maxDosePerPeriod maxDosePerAdministration "
            "maxDosePerLifetime"
        ),
        **parts.SPLIT_DOSE,
    },
    finish=parts.dose_and_rate,
)
_DETAIL = part(
    {
        **kept(
            "code reasonCode reasonReference goal status scheduledTiming scheduledPeriod "
            "scheduledString location performer productCodeableConcept productReference "
            "dailyAmount quantity description"
        ),
        **_PROTOCOL,
        "category": lose,
        "prohibited": to("doNotPerform"),
        "statusReason": text_concept("statusReason"),
    },
    unknown={"status": "unknown"},
)


def _not_taken(source: Source, target: Target) -> None:
    if source.value == "n":
        target.overrule("status", "not-taken")
    elif source.value not in ("y", "na"):
        target.lose(source.name)


def _grouping(source: Source, target: Target) -> None:
    for one in source.objects:
        for old, new in (
            ("group", "group"),
            ("subGroup", "subgroup"),
            ("plan", "plan"),
            ("subPlan", "subplan"),
            ("class", "class"),
            ("subClass", "subclass"),
        ):
            if isinstance(one.get(old), str):
                kind = {"coding": [{"system": terms.COVERAGE_CLASS, "code": new}]}
                named = one.get(f"{old}Display")
                made = {"type": kind, "value": one[old]}
                target.add("class", {**made, "name": named} if named else made)


def _batch(source: Source, target: Target) -> None:
    for one in source.objects:
        batches = one.get("batch")
        if isinstance(batches, list) and batches:
            target.put("batch", batches[0])
        if set(one) - {"batch"} or (isinstance(batches, list) and len(batches) > 1):
            target.lose(source.name)


TABLES: Mapping[str, Table] = {
    "CarePlan": resource(
        {
            **kept(
                "identifier basedOn replaces partOf intent category title description subject "
                "period careTeam addresses supportingInfo goal note"
            ),
            **_PROTOCOL,
            "status": code("status", _PLAN_STATUS),
            "context": parts.context,
            "author": parts.several_authors,
            "activity": each(
                "activity",
                part(
                    {
                        **kept("outcomeCodeableConcept outcomeReference progress reference"),
                        "detail": each("detail", _DETAIL),
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
                "identifier status category name subject period reasonCode reasonReference "
                "managingOrganization note"
            ),
            "context": parts.context,
            "participant": each(
                "participant",
                part({**kept("member onBehalfOf period"), "role": listed("role")}),
                many=True,
            ),
        }
    ),
    "Coverage": resource(
        {
            **kept(
                "identifier status type policyHolder subscriber subscriberId beneficiary dependent "
                "relationship period payor order network contract"
            ),
            "grouping": _grouping,
            "sequence": silent,
        },
        required=needs("status beneficiary payor"),
    ),
    "Location": resource(
        {
            **kept(
                "identifier status operationalStatus name alias description mode telecom address "
                "physicalType position managingOrganization partOf endpoint"
            ),
            "type": listed("type"),
        }
    ),
    "Medication": resource(
        {
            **kept("code status manufacturer form"),
            # about the pack, not about the drug
            "isBrand": silent,
            "isOverTheCounter": silent,
            "image": silent,
            "package": _batch,
            "ingredient": each(
                "ingredient",
                part(
                    {
                        **kept("itemCodeableConcept itemReference isActive"),
                        "amount": to("strength"),
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
                "identifier basedOn groupIdentifier status intent priority "
                "medicationCodeableConcept medicationReference subject supportingInformation "
                "authoredOn recorder reasonCode reasonReference note dispenseRequest "
                "priorPrescription detectedIssue eventHistory"
            ),
            **_PROTOCOL,
            "category": listed("category"),
            "context": parts.context,
            "requester": parts.agent,
            "dosageInstruction": each("dosageInstruction", _DOSAGE, many=True),
            "substitution": each(
                "substitution",
                part(
                    {**kept("reason"), "allowed": to("allowedBoolean")},
                    required=needs("allowedBoolean"),
                ),
            ),
        },
        required=needs("status intent medication[CodeableConcept,Reference] subject"),
        unknown={"status": "unknown"},
    ),
    "MedicationStatement": resource(
        {
            **kept(
                "identifier basedOn partOf context status category medicationCodeableConcept "
                "medicationReference effectiveDateTime effectivePeriod dateAsserted "
                "informationSource subject derivedFrom reasonCode reasonReference note"
            ),
            "taken": _not_taken,
            "reasonNotTaken": to("statusReason"),
            "dosage": each("dosage", _DOSAGE, many=True),
        },
        required=needs("status medication[CodeableConcept,Reference] subject"),
        unknown={"status": "unknown"},
    ),
    "Organization": resource(
        kept("identifier active type name alias telecom address partOf contact endpoint")
    ),
    "Patient": resource(
        {
            **kept(
                "identifier active name telecom gender birthDate deceasedBoolean deceasedDateTime "
                "address maritalStatus multipleBirthBoolean multipleBirthInteger photo contact "
                "communication generalPractitioner managingOrganization link"
            ),
            "animal": lose,
        }
    ),
    "Practitioner": resource(
        kept(
            "identifier active name telecom address gender birthDate photo qualification "
            "communication"
        )
    ),
    "PractitionerRole": resource(
        kept(
            "identifier active period practitioner organization code specialty location "
            "healthcareService telecom availableTime notAvailable availabilityExceptions endpoint"
        )
    ),
    "ProcedureRequest": resource(
        {
            **kept(
                "identifier basedOn replaces requisition intent priority doNotPerform category "
                "code subject occurrenceDateTime occurrencePeriod occurrenceTiming asNeededBoolean "
                "asNeededCodeableConcept authoredOn performerType reasonCode reasonReference "
                "supportingInfo specimen bodySite note relevantHistory"
            ),
            **_PROTOCOL,
            "status": code("status", _PLAN_STATUS),
            "context": parts.context,
            "requester": parts.agent,
            "performer": listed("performer"),
        },
        required=needs("intent subject"),
        unknown={"status": "unknown"},
    ),
    "ReferralRequest": resource(
        {
            **kept(
                "identifier basedOn replaces intent priority subject occurrenceDateTime "
                "occurrencePeriod authoredOn reasonCode reasonReference supportingInfo note "
                "relevantHistory"
            ),
            **_PROTOCOL,
            "groupIdentifier": to("requisition"),
            "status": code("status", _PLAN_STATUS),
            "type": listed("category"),
            "serviceRequested": first("code"),
            "context": parts.context,
            "requester": parts.agent,
            "specialty": to("performerType"),
            "recipient": to("performer"),
            "description": text_note,
        },
        required=needs("intent subject"),
        unknown={"status": "unknown"},
    ),
    "RelatedPerson": resource(
        {
            **kept("identifier active patient name telecom gender birthDate address photo period"),
            "relationship": listed("relationship"),
        },
        required=needs("patient"),
    ),
}
