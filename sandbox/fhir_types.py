"""What this EHR offers over FHIR, type by type; the CapabilityStatement says the same.

Vendor dialects (a later issue) are other tables of this shape: see `sandbox/dialect.py`.
"""

from collections.abc import Mapping

from fhir_server.ports import TypeSupport

_READ = frozenset({"read", "vread", "history", "search"})
_WRITE = _READ | {"create"}
_PATIENT = ("patient", "identifier", "status")


def _chart(*search: str, includes: tuple[str, ...] = ()) -> TypeSupport:
    return TypeSupport(interactions=_READ, search=search, includes=includes)


TYPES: Mapping[str, TypeSupport] = {
    "AllergyIntolerance": _chart("patient", "identifier", "clinical-status", "code", "date"),
    "Binary": TypeSupport(interactions=frozenset({"read"})),
    "CarePlan": _chart(*_PATIENT, "category", "date"),
    "CareTeam": _chart(*_PATIENT, "category"),
    "Communication": TypeSupport(
        interactions=_WRITE | {"update"},
        search=(*_PATIENT, "subject", "category", "sent", "recipient", "sender", "based-on"),
        require_if_match=True,
    ),
    "Condition": _chart(
        "patient",
        "subject",
        "identifier",
        "clinical-status",
        "verification-status",
        "category",
        "code",
        "encounter",
        "onset-date",
        "recorded-date",
    ),
    "Coverage": _chart("patient", "beneficiary", "identifier", "status"),
    "Device": _chart(*_PATIENT, "type"),
    "DiagnosticReport": _chart(
        *_PATIENT,
        "subject",
        "category",
        "code",
        "date",
        "encounter",
        "result",
        includes=("DiagnosticReport:result",),
    ),
    "DocumentReference": TypeSupport(
        interactions=_WRITE | {"update"},
        search=(
            *_PATIENT,
            "subject",
            "type",
            "category",
            "date",
            "period",
            "encounter",
            "author",
            "related",
            "relatesto",
        ),
        includes=("DocumentReference:author", "DocumentReference:encounter"),
        require_if_match=True,
    ),
    "Encounter": _chart(
        *_PATIENT,
        "subject",
        "class",
        "type",
        "date",
        "participant",
        "location",
        includes=("Encounter:location", "Encounter:participant"),
    ),
    "FamilyMemberHistory": _chart("patient", "identifier", "status", "relationship"),
    "Goal": _chart("patient", "identifier", "lifecycle-status"),
    "ImagingStudy": _chart(*_PATIENT, "started", "modality"),
    "Immunization": _chart(*_PATIENT, "date", "vaccine-code"),
    "Location": _chart("identifier", "name", "status"),
    "Medication": _chart("identifier", "code", "status"),
    "MedicationRequest": _chart(
        *_PATIENT,
        "subject",
        "intent",
        "authoredon",
        "encounter",
        "code",
        "category",
        includes=("MedicationRequest:medication",),
    ),
    "MedicationStatement": _chart(*_PATIENT, "subject", "effective", "code"),
    "Observation": _chart(
        *_PATIENT,
        "subject",
        "category",
        "code",
        "combo-code",
        "date",
        "encounter",
        "value-quantity",
    ),
    "Organization": _chart("identifier", "name"),
    "Patient": TypeSupport(
        interactions=_READ | {"everything"},
        search=("identifier", "name", "family", "given", "birthdate", "gender"),
        revincludes=("Provenance:target",),
    ),
    "Practitioner": _chart("identifier", "name", "family"),
    "PractitionerRole": _chart(
        "identifier",
        "practitioner",
        "organization",
        "specialty",
        includes=("PractitionerRole:practitioner",),
    ),
    "Procedure": _chart(*_PATIENT, "subject", "code", "date", "encounter"),
    "Provenance": _chart("target", "patient", "recorded"),
    "RelatedPerson": _chart("patient", "identifier", "name"),
    "ServiceRequest": _chart(*_PATIENT, "subject", "category", "code", "authored", "intent"),
}
