"""DSTU2 (1.0) to R4: people, places, drugs, plans, orders and what was done.

Spec: FHIR DSTU2 and R4, the resource pages; the maps between the releases
"""

from collections.abc import Mapping
from typing import Any

from fhir_adapters.converters import shared_parts as parts
from fhir_adapters.converters import terminology as terms
from fhir_adapters.converters.actions import (
    code,
    each,
    first,
    kept,
    listed,
    lose,
    objects,
    part,
    silent,
    text_note,
    to,
)
from fhir_adapters.converters.shared_parts import needs, resource
from fhir_adapters.converters.tables import Action, JsonObject, Source, Table, Target

_ORDER_STATUS = {
    "proposed": "draft",
    "draft": "draft",
    "requested": "active",
    "received": "active",
    "accepted": "active",
    "active": "active",
    "in-progress": "active",
    "completed": "completed",
    "suspended": "on-hold",
    "rejected": "revoked",
    "aborted": "revoked",
    "cancelled": "revoked",
}


def _family(source: Source, target: Target) -> None:
    names = [one for one in source.values if isinstance(one, str)]
    if names:
        target.put("family", " ".join(names))


_NAME = part({**kept("use text given prefix suffix period"), "family": _family})
_TIMING = part(
    {
        **kept("event code"),
        "repeat": each(
            "repeat",
            part(
                {
                    **kept(
                        "boundsRange boundsPeriod count duration durationMax frequency "
                        "frequencyMax period periodMax"
                    ),
                    "boundsQuantity": to("boundsDuration"),
                    "durationUnits": to("durationUnit"),
                    "periodUnits": to("periodUnit"),
                    "when": listed("when"),
                }
            ),
        ),
    }
)
_DOSAGE = Table(
    elements={
        **part({}).elements,
        **kept("text asNeededBoolean asNeededCodeableConcept route method maxDosePerPeriod"),
        **parts.SPLIT_DOSE,
        "additionalInstructions": listed("additionalInstruction"),
        "timing": each("timing", _TIMING),
        "siteCodeableConcept": to("site"),
        "siteReference": lose,
        "quantityQuantity": silent,
        "quantityRange": silent,
    },
    finish=lambda source, target: parts.dose_and_rate(
        {
            "doseQuantity": source.get("quantityQuantity"),
            "doseRange": source.get("quantityRange"),
            **source,
        },
        target,
    ),
)
_DETAIL = part(
    {
        **kept(
            "code reasonCode reasonReference goal status statusReason scheduledTiming "
            "scheduledPeriod scheduledString location performer productCodeableConcept "
            "productReference dailyAmount quantity description"
        ),
        "category": lose,
        "prohibited": to("doNotPerform"),
    },
    unknown={"status": "unknown"},
)
_PLAN_ACTIVITY = part(
    {
        **kept("progress reference"),
        "actionResulting": to("outcomeReference"),
        "detail": each("detail", _DETAIL),
    }
)


def _reasons(names: str = "reason") -> dict[str, Action]:
    """A reason as a concept or as a reference, each one of several in R4."""
    return {
        f"{names}CodeableConcept": listed("reasonCode"),
        f"{names}Reference": listed("reasonReference"),
    }


def _not_taken(source: Source, target: Target) -> None:
    if source.value is True:
        target.overrule("status", "not-taken")
    elif source.value is not False:
        target.lose(source.name)


def _ended(source: Source, target: Target) -> None:
    """A prescription that was ended is not in force, also where no status says so."""
    target.lose(source.name)
    target.suppose("status", "stopped")


def _intent(source: JsonObject, target: Target) -> None:
    # The type itself says that it is an order or a plan; only a proposal says so by status.
    if source.get("status") == "proposed":
        target.made["intent"] = "proposal"


def _product(source: Source, target: Target) -> None:
    for one in source.objects:
        if one.get("form") is not None:
            target.put("form", one["form"])
        for ingredient in objects(one.get("ingredient")):
            made = {"itemReference": ingredient.get("item"), "strength": ingredient.get("amount")}
            target.add("ingredient", {k: v for k, v in made.items() if v is not None})
        batches = objects(one.get("batch"))
        if batches:
            target.put("batch", batches[0])
        if len(batches) > 1:
            target.lose("product.batch")


_REQUEST: dict[str, Any] = {"status": "unknown", "intent": "order"}

TABLES: Mapping[str, Table] = {
    "CarePlan": resource(
        {
            **kept("identifier subject period category description addresses goal"),
            "status": code("status", _ORDER_STATUS),
            "context": parts.context,
            "author": parts.several_authors,
            "modified": silent,
            "support": to("supportingInfo"),
            "relatedPlan": lose,
            "participant": lose,
            "activity": each("activity", _PLAN_ACTIVITY, many=True),
            "note": parts.note,
        },
        required=needs("status intent subject"),
        unknown={"status": "unknown", "intent": "plan"},
        finish=_intent,
    ),
    "Location": resource(
        {
            **kept(
                "identifier status name description mode telecom address physicalType position "
                "managingOrganization partOf"
            ),
            "type": listed("type"),
        }
    ),
    "Medication": resource(
        {
            **kept("code manufacturer"),
            "isBrand": silent,
            "product": _product,
            "package": silent,
        }
    ),
    "MedicationOrder": resource(
        {
            **kept("identifier encounter medicationCodeableConcept medicationReference"),
            **_reasons(),
            "status": code(
                "status",
                terms.same("active on-hold completed entered-in-error stopped draft"),
            ),
            "dateWritten": to("authoredOn"),
            "dateEnded": _ended,
            "reasonEnded": to("statusReason"),
            "patient": to("subject"),
            "prescriber": to("requester"),
            "note": parts.note,
            "dosageInstruction": each("dosageInstruction", _DOSAGE, many=True),
            "dispenseRequest": each(
                "dispenseRequest",
                part(
                    {
                        **kept(
                            "validityPeriod numberOfRepeatsAllowed quantity expectedSupplyDuration"
                        ),
                        "medicationCodeableConcept": lose,
                        "medicationReference": lose,
                    }
                ),
            ),
            "substitution": each(
                "substitution",
                part(
                    {**kept("reason"), "type": to("allowedCodeableConcept")},
                    required=needs("allowedCodeableConcept"),
                ),
            ),
            "priorPrescription": to("priorPrescription"),
        },
        required=needs("status intent medication[CodeableConcept,Reference] subject"),
        unknown=_REQUEST,
    ),
    "MedicationStatement": resource(
        {
            **kept(
                "identifier informationSource dateAsserted effectiveDateTime effectivePeriod "
                "medicationCodeableConcept medicationReference"
            ),
            **_reasons("reasonForUse"),
            "status": code("status", terms.same("active completed entered-in-error intended")),
            "patient": to("subject"),
            "wasNotTaken": _not_taken,
            "reasonNotTaken": to("statusReason"),
            "supportingInformation": to("derivedFrom"),
            "note": parts.note,
            "dosage": each("dosage", _DOSAGE, many=True),
        },
        required=needs("status medication[CodeableConcept,Reference] subject"),
        unknown={"status": "unknown"},
    ),
    "Organization": resource(
        {
            **kept("identifier active name telecom address partOf"),
            "type": listed("type"),
            "contact": each(
                "contact",
                part({**kept("purpose telecom address"), "name": each("name", _NAME)}),
                many=True,
            ),
        }
    ),
    "Patient": resource(
        {
            **kept(
                "identifier active telecom gender birthDate deceasedBoolean deceasedDateTime "
                "address maritalStatus multipleBirthBoolean multipleBirthInteger photo "
                "communication managingOrganization"
            ),
            "name": each("name", _NAME, many=True),
            "contact": each(
                "contact",
                part(
                    {
                        **kept("relationship telecom address gender organization period"),
                        "name": each("name", _NAME),
                    }
                ),
                many=True,
            ),
            "animal": lose,
            "careProvider": to("generalPractitioner"),
            "link": each(
                "link",
                part(
                    {
                        **kept("other"),
                        "type": code(
                            "type", {"replace": "replaced-by", **terms.same("refer seealso")}
                        ),
                    },
                    required=needs("other type"),
                ),
                many=True,
            ),
        }
    ),
    "Practitioner": resource(
        {
            **kept(
                "identifier active telecom address gender birthDate photo qualification "
                "communication"
            ),
            "name": each("name", _NAME, many=True),
            "practitionerRole": lose,
        }
    ),
    "ProcedureRequest": resource(
        {
            **kept(
                "identifier subject code bodySite encounter asNeededBoolean "
                "asNeededCodeableConcept priority"
            ),
            **_reasons(),
            "status": code("status", _ORDER_STATUS),
            "scheduledDateTime": to("occurrenceDateTime"),
            "scheduledPeriod": to("occurrencePeriod"),
            "scheduledTiming": each("occurrenceTiming", _TIMING),
            "performer": listed("performer"),
            "notes": to("note"),
            "orderedOn": to("authoredOn"),
            "orderer": to("requester"),
        },
        required=needs("status intent subject"),
        unknown=_REQUEST,
        finish=_intent,
    ),
    "ReferralRequest": resource(
        {
            **kept("identifier encounter requester"),
            "status": code("status", _ORDER_STATUS),
            "date": silent,
            "dateSent": to("authoredOn"),
            "type": listed("category"),
            "specialty": to("performerType"),
            "priority": lose,
            "patient": to("subject"),
            "recipient": to("performer"),
            "reason": listed("reasonCode"),
            "description": text_note,
            "serviceRequested": first("code"),
            "supportingInformation": to("supportingInfo"),
            "fulfillmentTime": to("occurrencePeriod"),
        },
        required=needs("status intent subject"),
        unknown=_REQUEST,
    ),
    "RelatedPerson": resource(
        {
            **kept("identifier patient telecom gender birthDate address photo period"),
            "relationship": listed("relationship"),
            "name": each("name", _NAME, many=True),
        },
        required=needs("patient"),
    ),
    "Procedure": resource(
        {
            **kept(
                "identifier subject category code bodySite performedDateTime performedPeriod "
                "encounter location outcome report complication followUp focalDevice"
            ),
            **_reasons(),
            "status": code(
                "status",
                {"aborted": "stopped", **terms.same("in-progress completed entered-in-error")},
            ),
            "notPerformed": parts.done_unless,
            "reasonNotPerformed": first("statusReason"),
            "performer": parts.performers_with_role,
            "request": listed("basedOn"),
            "notes": to("note"),
            "used": to("usedReference"),
        },
        required=needs("status subject"),
        unknown={"status": "unknown"},
    ),
    "FamilyMemberHistory": resource(
        {
            **kept(
                "identifier patient date status name relationship bornPeriod bornDate bornString "
                "ageRange ageString deceasedBoolean deceasedRange deceasedDate deceasedString"
            ),
            "gender": parts.gender_as_sex,
            "ageQuantity": to("ageAge"),
            "deceasedQuantity": to("deceasedAge"),
            "note": parts.note,
            "condition": each(
                "condition",
                part(
                    {
                        **kept("code outcome onsetRange onsetPeriod onsetString"),
                        "onsetQuantity": to("onsetAge"),
                        "note": parts.note,
                    },
                    required=needs("code"),
                ),
                many=True,
            ),
        },
        required=needs("status patient relationship"),
    ),
}
