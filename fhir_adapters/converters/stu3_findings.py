"""STU3 (3.0) to R4: what was found, seen and done.

Spec: FHIR STU3 and R4, the resource pages and their "R3 Diff"; the maps between the releases
"""

from collections.abc import Mapping

from fhir_adapters.converters import shared_parts as parts
from fhir_adapters.converters import terminology as terms
from fhir_adapters.converters.actions import (
    code,
    concept,
    each,
    first,
    kept,
    listed,
    lose,
    part,
    silent,
    text_note,
    to,
)
from fhir_adapters.converters.shared_parts import needs, resource
from fhir_adapters.converters.tables import Source, Table, Target

_PROTOCOL = {"definition": silent}

_COMPONENT = part(
    {
        **kept(
            "code valueQuantity valueCodeableConcept valueString valueRange valueRatio "
            "valueSampledData valueTime valueDateTime valuePeriod dataAbsentReason referenceRange"
        ),
        "interpretation": listed("interpretation"),
    },
    required=needs("code"),
)


def _family_not_done(source: Source, target: Target) -> None:
    if source.value is True:
        target.lose(source.name)


def _performing_actors(source: Source, target: Target) -> None:
    for one in source.objects:
        if one.get("actor") is not None:
            target.add("performer", one["actor"])
        if one.get("role") is not None:
            target.lose("performer.role")


def _series_performers(source: Source, target: Target) -> None:
    target.add("performer", *({"actor": one} for one in source.objects))


TABLES: Mapping[str, Table] = {
    "AllergyIntolerance": resource(
        {
            **kept(
                "identifier type category criticality code patient onsetDateTime onsetAge "
                "onsetPeriod onsetRange onsetString recorder asserter lastOccurrence note reaction"
            ),
            "assertedDate": to("recordedDate"),
            "clinicalStatus": concept(
                "clinicalStatus", terms.ALLERGY_CLINICAL, terms.same("active inactive resolved")
            ),
            "verificationStatus": concept(
                "verificationStatus",
                terms.ALLERGY_VERIFICATION,
                terms.same("unconfirmed confirmed refuted entered-in-error"),
            ),
        },
        required=needs("patient"),
    ),
    "Binary": parts.BINARY,
    "Condition": resource(
        {
            **kept(
                "identifier category severity code bodySite subject onsetDateTime onsetAge "
                "onsetPeriod onsetRange onsetString abatementDateTime abatementAge abatementPeriod "
                "abatementRange abatementString asserter evidence note"
            ),
            "abatementBoolean": parts.abated,
            "assertedDate": to("recordedDate"),
            "context": parts.context,
            "clinicalStatus": concept(
                "clinicalStatus",
                terms.CONDITION_CLINICAL,
                terms.same("active recurrence inactive remission resolved"),
            ),
            "verificationStatus": concept(
                "verificationStatus",
                terms.CONDITION_VERIFICATION,
                terms.same("provisional differential confirmed refuted entered-in-error"),
            ),
            "stage": listed("stage"),
        },
        required=needs("subject"),
    ),
    "DiagnosticReport": resource(
        {
            **kept(
                "identifier basedOn status code subject effectiveDateTime effectivePeriod issued "
                "specimen result imagingStudy conclusion presentedForm"
            ),
            "category": listed("category"),
            "context": parts.context,
            "performer": _performing_actors,
            "image": to("media"),
            "codedDiagnosis": to("conclusionCode"),
        },
        required=needs("status code"),
        unknown={"status": "unknown"},
    ),
    "DocumentReference": resource(
        {
            **kept(
                "masterIdentifier identifier status docStatus type subject author authenticator "
                "custodian relatesTo description securityLabel"
            ),
            "class": parts.document_class,
            "created": silent,
            "indexed": to("date"),
            "content": each(
                "content",
                part(
                    {
                        **kept("format"),
                        "attachment": each(
                            "attachment",
                            part(kept("contentType language data url size hash title creation")),
                        ),
                    }
                ),
                many=True,
            ),
            "context": each(
                "context",
                part(
                    {
                        **kept("event period facilityType practiceSetting sourcePatientInfo"),
                        "encounter": listed("encounter"),
                        "related": parts.related_documents,
                    }
                ),
            ),
        },
        required=needs("status content"),
        finish=parts.document_created,
    ),
    "Encounter": resource(
        {
            **kept(
                "identifier status statusHistory class classHistory type priority subject "
                "episodeOfCare participant period length account hospitalization location "
                "serviceProvider partOf"
            ),
            "appointment": listed("appointment"),
            "incomingReferral": to("basedOn"),
            "reason": listed("reasonCode"),
            "diagnosis": each(
                "diagnosis",
                part({**kept("condition rank"), "role": to("use")}, required=needs("condition")),
                many=True,
            ),
        },
        required=needs("status class"),
        unknown={"status": "unknown", "class": terms.ABSENT},
    ),
    "FamilyMemberHistory": resource(
        {
            **kept(
                "identifier status patient date name relationship bornPeriod bornDate bornString "
                "ageAge ageRange ageString estimatedAge deceasedBoolean deceasedAge deceasedRange "
                "deceasedDate deceasedString reasonCode reasonReference note condition"
            ),
            **_PROTOCOL,
            "gender": parts.gender_as_sex,
            "notDone": _family_not_done,
            "notDoneReason": to("dataAbsentReason"),
        },
        required=needs("status patient relationship"),
    ),
    "ImagingStudy": resource(
        {
            **kept(
                "identifier started basedOn referrer interpreter endpoint numberOfSeries "
                "numberOfInstances procedureCode description"
            ),
            "uid": parts.study_uid,
            "accession": parts.accession,
            "availability": silent,
            "modalityList": to("modality"),
            "patient": to("subject"),
            "context": parts.context,
            "procedureReference": first("procedureReference"),
            "reason": listed("reasonCode"),
            "series": each(
                "series",
                part(
                    {
                        **kept(
                            "number modality description numberOfInstances endpoint bodySite "
                            "laterality started"
                        ),
                        "uid": parts.bare_uid,
                        "availability": silent,
                        "performer": _series_performers,
                        "instance": each("instance", parts.INSTANCE, many=True),
                    },
                    required=needs("uid modality"),
                ),
                many=True,
            ),
        },
        required=needs("subject"),
        unknown={"status": "unknown"},
    ),
    "Immunization": resource(
        {
            **kept(
                "identifier vaccineCode patient encounter primarySource reportOrigin location "
                "manufacturer lotNumber expirationDate site route doseQuantity note reaction"
            ),
            "status": code("status", terms.same("completed entered-in-error")),
            "notGiven": parts.done_unless,
            "date": to("occurrenceDateTime"),
            "practitioner": parts.performers_with_role,
            "explanation": parts.explanation,
            "vaccinationProtocol": parts.vaccination_protocol,
        },
        required=needs("status vaccineCode patient"),
        finish=parts.occurrence,
    ),
    "Media": resource(
        {
            **kept(
                "identifier basedOn view subject operator reasonCode bodySite device height width "
                "frames duration content note"
            ),
            "type": concept(
                "type",
                terms.MEDIA_TYPE,
                {"photo": "image", **terms.same("video audio")},
            ),
            "subtype": to("modality"),
            "context": parts.context,
            "occurrenceDateTime": to("createdDateTime"),
            "occurrencePeriod": to("createdPeriod"),
        },
        required=needs("content"),
        unknown={"status": "unknown"},
    ),
    "Observation": resource(
        {
            **kept(
                "identifier basedOn status category code subject effectiveDateTime effectivePeriod "
                "issued performer valueQuantity valueCodeableConcept valueString valueBoolean "
                "valueRange valueRatio valueSampledData valueTime valueDateTime valuePeriod "
                "dataAbsentReason bodySite method specimen device referenceRange"
            ),
            "context": parts.context,
            "valueAttachment": lose,
            "interpretation": listed("interpretation"),
            "comment": text_note,
            "related": parts.related_observations,
            "component": each("component", _COMPONENT, many=True),
        },
        required=needs("status code"),
        unknown={"status": "unknown"},
    ),
    "OperationOutcome": parts.OUTCOME,
    "Procedure": resource(
        {
            **kept(
                "identifier basedOn partOf category code subject performedDateTime performedPeriod "
                "location reasonCode reasonReference bodySite outcome report complication "
                "complicationDetail followUp note focalDevice usedReference usedCode"
            ),
            **_PROTOCOL,
            "status": code(
                "status",
                {
                    **terms.same("preparation in-progress completed entered-in-error unknown"),
                    "suspended": "on-hold",
                    "aborted": "stopped",
                },
            ),
            "notDone": parts.done_unless,
            "notDoneReason": to("statusReason"),
            "context": parts.context,
            "performer": parts.performers_with_role,
        },
        required=needs("subject"),
        unknown={"status": "unknown"},
    ),
}
