"""DSTU2 (1.0) to R4: what was found and seen.

Spec: FHIR DSTU2 and R4, the resource pages; the maps between the releases
"""

from collections.abc import Mapping

from fhir_adapters.converters import shared_parts as parts
from fhir_adapters.converters import terminology as terms
from fhir_adapters.converters.actions import (
    code,
    codes_of,
    concept,
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

_ENCOUNTER_CLASS = {
    "inpatient": "IMP",
    "outpatient": "AMB",
    "ambulatory": "AMB",
    "emergency": "EMER",
    "home": "HH",
    "field": "FLD",
    "virtual": "VR",
}
_DOCUMENT_STATUS = ("preliminary", "final", "amended", "entered-in-error")


_RANGE = part({**kept("low high age text"), "meaning": to("type")})
_COMPONENT = part(
    {
        **kept(
            "code valueQuantity valueCodeableConcept valueString valueRange valueRatio "
            "valueSampledData valueTime valueDateTime valuePeriod dataAbsentReason"
        ),
        "valueAttachment": lose,
        "referenceRange": each("referenceRange", _RANGE, many=True),
    },
    required=needs("code"),
)


def _allergy_status(source: Source, target: Target) -> None:
    clinical = {"active": "active", "inactive": "inactive", "resolved": "resolved"}
    verified = {"confirmed": "confirmed", "unconfirmed": "unconfirmed", "refuted": "refuted"}
    verified["entered-in-error"] = "entered-in-error"
    for codes, name, system in (
        (clinical, "clinicalStatus", terms.ALLERGY_CLINICAL),
        (verified, "verificationStatus", terms.ALLERGY_VERIFICATION),
    ):
        found = codes.get(source.value) if isinstance(source.value, str) else None
        if found is not None:
            target.put(name, {"coding": [{"system": system, "code": found}]})
            return
    target.lose(source.name)


def _allergy_category(source: Source, target: Target) -> None:
    if source.value in ("food", "medication", "environment"):
        target.put("category", [source.value])
    else:
        target.lose(source.name)


def _class(source: Source, target: Target) -> None:
    found = _ENCOUNTER_CLASS.get(str(source.value))
    if found is None:
        target.lose(source.name)
    else:
        target.put("class", {"system": terms.ACT_CODE, "code": found})


def _diagnoses(source: JsonObject, target: Target) -> None:
    stay = source.get("hospitalization")
    for name, role in (("admittingDiagnosis", "AD"), ("dischargeDiagnosis", "DD")):
        for one in objects(stay.get(name)) if isinstance(stay, dict) else []:
            use = {"coding": [{"system": terms.DIAGNOSIS_ROLE, "code": role}]}
            target.add("diagnosis", {"condition": one, "use": use})


def _performer(source: Source, target: Target) -> None:
    if isinstance(source.value, dict):
        function = "AP" if source.name == "performer" else "OP"
        coding = {"system": terms.FUNCTION, "code": function}
        target.add("performer", {"function": {"coding": [coding]}, "actor": source.value})


def _reported(source: Source, target: Target) -> None:
    if isinstance(source.value, bool):
        target.put("primarySource", not source.value)


def _document_status(source: Source, target: Target) -> None:
    codes = [one for one in codes_of(source.value) if one in _DOCUMENT_STATUS]
    if codes:
        target.put("docStatus", codes[0])
    else:
        target.lose(source.name)


def _modalities(source: Source, target: Target) -> None:
    target.add("modality", *source.objects)


def _ages(stem: str) -> dict[str, Action]:
    return {
        **kept(f"{stem}DateTime {stem}Period {stem}Range {stem}String {stem}Age"),
        f"{stem}Quantity": to(f"{stem}Age"),
    }


TABLES: Mapping[str, Table] = {
    "AllergyIntolerance": resource(
        {
            **kept("identifier type patient recordedDate"),
            "onset": to("onsetDateTime"),
            "recorder": to("recorder"),
            "reporter": to("asserter"),
            "substance": to("code"),
            "status": _allergy_status,
            "criticality": code(
                "criticality",
                # some servers write the later words
                {
                    "CRITL": "low",
                    "CRITH": "high",
                    "CRITU": "unable-to-assess",
                    **terms.same("low high"),
                },
            ),
            "category": _allergy_category,
            "lastOccurence": to("lastOccurrence"),
            "note": parts.note,
            "reaction": each(
                "reaction",
                part(
                    {
                        **kept("substance manifestation description onset severity exposureRoute"),
                        "certainty": lose,
                        "note": listed("note"),
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
            **kept("identifier code severity bodySite encounter asserter"),
            **_ages("onset"),
            **_ages("abatement"),
            "abatementBoolean": parts.abated,
            "patient": to("subject"),
            "dateRecorded": to("recordedDate"),
            "category": listed("category"),
            "clinicalStatus": concept(
                "clinicalStatus",
                terms.CONDITION_CLINICAL,
                terms.same("active relapse remission resolved"),
            ),
            "verificationStatus": concept(
                "verificationStatus",
                terms.CONDITION_VERIFICATION,
                terms.same("provisional differential confirmed refuted entered-in-error"),
            ),
            "stage": listed("stage"),
            "evidence": each(
                "evidence", part({**kept("detail"), "code": listed("code")}), many=True
            ),
            "notes": text_note,
        },
        required=needs("subject"),
    ),
    "DiagnosticReport": resource(
        {
            **kept(
                "identifier status code subject encounter effectiveDateTime effectivePeriod issued "
                "specimen result imagingStudy conclusion presentedForm"
            ),
            "category": listed("category"),
            "performer": listed("performer"),
            "request": to("basedOn"),
            "image": to("media"),
            "codedDiagnosis": to("conclusionCode"),
        },
        required=needs("status code"),
        unknown={"status": "unknown"},
    ),
    "DocumentReference": resource(
        {
            **kept(
                "masterIdentifier identifier subject type author custodian authenticator status "
                "relatesTo description securityLabel"
            ),
            "class": parts.document_class,
            "created": silent,
            "indexed": to("date"),
            "docStatus": _document_status,
            "content": each(
                "content",
                part(
                    {
                        "attachment": each("attachment", part(kept(parts.ATTACHMENT))),
                        "format": first("format"),
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
                "identifier status statusHistory type priority episodeOfCare participant period "
                "length serviceProvider partOf location"
            ),
            "class": _class,
            "patient": to("subject"),
            "incomingReferral": to("basedOn"),
            "appointment": listed("appointment"),
            "reason": listed("reasonCode"),
            "indication": listed("reasonReference"),
            "hospitalization": each(
                "hospitalization",
                part(
                    {
                        **kept(
                            "preAdmissionIdentifier origin admitSource reAdmission dietPreference "
                            "specialCourtesy specialArrangement destination dischargeDisposition"
                        ),
                        "admittingDiagnosis": silent,
                        "dischargeDiagnosis": silent,
                    }
                ),
            ),
        },
        required=needs("status class"),
        unknown={"status": "unknown", "class": terms.ABSENT},
        finish=_diagnoses,
    ),
    "ImagingStudy": resource(
        {
            **kept("identifier started referrer numberOfSeries numberOfInstances description"),
            "patient": to("subject"),
            "uid": parts.study_uid,
            "accession": parts.accession,
            "order": to("basedOn"),
            "modalityList": _modalities,
            "availability": silent,
            "url": silent,
            "procedure": first("procedureReference"),
            "interpreter": listed("interpreter"),
            "series": each(
                "series",
                part(
                    {
                        **kept(
                            "number modality description numberOfInstances bodySite laterality "
                            "started"
                        ),
                        "uid": parts.bare_uid,
                        "availability": silent,
                        "url": silent,
                        "instance": each(
                            "instance",
                            part(
                                {
                                    **parts.INSTANCE.elements,
                                    "type": silent,
                                    "content": silent,
                                },
                                required=parts.INSTANCE.required,
                            ),
                            many=True,
                        ),
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
                "identifier vaccineCode patient encounter manufacturer location lotNumber "
                "expirationDate site route doseQuantity reaction"
            ),
            "status": code("status", terms.same("completed entered-in-error")),
            "date": to("occurrenceDateTime"),
            "wasNotGiven": parts.done_unless,
            "reported": _reported,
            "performer": _performer,
            "requester": _performer,
            "note": parts.note,
            "explanation": parts.explanation,
            "vaccinationProtocol": parts.vaccination_protocol,
        },
        required=needs("status vaccineCode patient"),
        finish=parts.occurrence,
    ),
    "Media": resource(
        {
            **kept("identifier subject operator view deviceName height width frames duration"),
            "content": each("content", part(kept(parts.ATTACHMENT))),
            "type": concept(
                "type", terms.MEDIA_TYPE, {"photo": "image", **terms.same("video audio")}
            ),
            "subtype": to("modality"),
        },
        required=needs("content"),
        unknown={"status": "unknown"},
    ),
    "Observation": resource(
        {
            **kept(
                "identifier status code subject encounter effectiveDateTime effectivePeriod issued "
                "performer valueQuantity valueCodeableConcept valueString valueRange valueRatio "
                "valueSampledData valueTime valueDateTime valuePeriod dataAbsentReason bodySite "
                "method specimen device"
            ),
            "valueAttachment": lose,
            "category": listed("category"),
            "interpretation": listed("interpretation"),
            "comments": text_note,
            "referenceRange": each("referenceRange", _RANGE, many=True),
            "related": parts.related_observations,
            "component": each("component", _COMPONENT, many=True),
        },
        required=needs("status code"),
        unknown={"status": "unknown"},
    ),
    "OperationOutcome": parts.OUTCOME,
}
