"""Canonical URLs, identifier systems and code lists of the wire, each named once."""

import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NewType

CaseId = NewType("CaseId", str)
MemberId = NewType("MemberId", str)

# Any: FHIR JSON has no narrower type; decimals are `Decimal` (runtime.json_text).
Resource = dict[str, Any]

BASE = "https://confer.example/fhir"
WIRE_VERSION = "1"

# Identifier systems
SID_SUBJECT = f"{BASE}/sid/subject"
SID_SNAPSHOT = f"{BASE}/sid/snapshot"
SID_REQUEST = f"{BASE}/sid/request"
SID_CASE = f"{BASE}/sid/case"
SID_TASK = f"{BASE}/sid/task"
SID_OFFER = f"{BASE}/sid/offer"
SID_CANCEL = f"{BASE}/sid/cancel"
SID_MESSAGE = f"{BASE}/sid/message"
SID_PERMISSION = f"{BASE}/sid/permission"
SID_SUBMISSION = f"{BASE}/sid/submission"
SID_OPINION = f"{BASE}/sid/opinion"
SID_MEMBER = f"{BASE}/sid/member"

# Code systems of ours
CS_QUESTION_TYPE = f"{BASE}/CodeSystem/question-type"
CS_CASE_STATUS = f"{BASE}/CodeSystem/case-status"
CS_STATUS_REASON = f"{BASE}/CodeSystem/status-reason"
CS_TASK_CODE = f"{BASE}/CodeSystem/task-code"
CS_TASK_INPUT = f"{BASE}/CodeSystem/task-input"
CS_TASK_OUTPUT = f"{BASE}/CodeSystem/task-output"
CS_MESSAGE_KIND = f"{BASE}/CodeSystem/message-kind"
CS_OUTCOME = f"{BASE}/CodeSystem/outcome"
CS_CONFIDENCE = f"{BASE}/CodeSystem/confidence"
CS_DECISION = f"{BASE}/CodeSystem/decision"
CS_CARD_OVERRIDE = f"{BASE}/CodeSystem/card-override"

# Code systems of others
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
CS_FHIR_TASK = "http://hl7.org/fhir/CodeSystem/task-code"
CS_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
CS_OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
CS_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CS_ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
CS_LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
CS_PROVENANCE_AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
CS_CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
CS_SIGNATURE = "urn:iso-astm:E1762-95:2013"
CS_NOTE_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"

SIGNATURE_VERIFICATION = "1.2.840.10065.1.12.1.5"
SIGNATURE_AUTHOR = "1.2.840.10065.1.12.1.1"
SIGNATURE_FORMAT = "application/jose"

# Profiles
PROFILE_SUBJECT = f"{BASE}/StructureDefinition/case-subject"
PROFILE_SNAPSHOT = f"{BASE}/StructureDefinition/case-snapshot"
PROFILE_REQUEST = f"{BASE}/StructureDefinition/case-request"
PROFILE_TASK = f"{BASE}/StructureDefinition/case-task"
PROFILE_OFFER = f"{BASE}/StructureDefinition/offer-task"
PROFILE_CANCEL = f"{BASE}/StructureDefinition/cancel-task"
PROFILE_MESSAGE = f"{BASE}/StructureDefinition/case-message"
PROFILE_DEID = f"{BASE}/StructureDefinition/deid-provenance"
PROFILE_PERMISSION = f"{BASE}/StructureDefinition/case-permission"
PROFILE_OPINION = f"{BASE}/StructureDefinition/opinion-document"
PROFILE_OPINION_PROVENANCE = f"{BASE}/StructureDefinition/opinion-provenance"

TIME_FROM_QUESTION = f"{BASE}/StructureDefinition/time-from-question"
POLICY_NO_REIDENTIFICATION = f"{BASE}/policy/no-reidentification/1"
DEID_POLICY = f"{BASE}/deid-policy"

LOINC_REFERRAL_NOTE = "57133-1"
LOINC_CONSULT_NOTE = "11488-4"
LOINC_CONSENT = "59284-0"
LOINC_AGE = "30525-0"
SNOMED_REFERRAL = "3457005"
SNOMED_CONSULTATION = "11429006"
REQUEST_TEXT = "Second opinion, asynchronous, patient not seen"
ASKER_DISPLAY = "Requesting doctor (pseudonymous)"
SNAPSHOT_TITLE = "De-identified case snapshot"
GATEWAY_DISPLAY = "Hospital gateway"

# Section codes of the snapshot's Composition (IPS)
SECTION_PROBLEMS = "11450-4"
SECTION_ALLERGIES = "48765-2"
SECTION_MEDICATIONS = "10160-0"
SECTION_RESULTS = "30954-2"
SECTION_VITALS = "8716-3"
SECTION_PROCEDURES = "47519-4"
SECTION_IMMUNIZATIONS = "11369-6"
SECTION_SOCIAL = "29762-2"
SECTION_PLAN = "18776-5"

# Codes with the words a page shows for them
SPECIALTIES: Mapping[str, str] = MappingProxyType(
    {
        "394589003": "Nephrology",
        "394579002": "Cardiology",
        "394583002": "Endocrinology",
        "394807007": "Infectious diseases",
        "394591006": "Neurology",
        "394584008": "Gastroenterology",
        "394803006": "Clinical hematology",
        "418112009": "Pulmonary medicine",
        "394810000": "Rheumatology",
        "408478003": "Critical care medicine",
        "394802001": "General medicine",
    }
)
# What an asking doctor may be trained in (SNOMED CT, like the specialties that can be asked).
MEMBER_SPECIALTIES: Mapping[str, str] = MappingProxyType(
    {
        **SPECIALTIES,
        "419192003": "Internal medicine",
        "773568002": "Emergency medicine",
        "394537008": "Pediatrics",
        "408443003": "General practice",
        "394609007": "General surgery",
        "394585009": "Obstetrics and gynecology",
        "394577000": "Anesthetics",
        "394587001": "Psychiatry",
    }
)
QUESTION_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "next-step": "Next step",
        "diagnosis": "Diagnosis",
        "drug-or-dose": "Drug or dose",
        "which-test": "Which test",
        "read-a-result": "Read a result",
        "transfer": "Transfer",
    }
)
# Request priority -> the time within which an answer is promised. `stat` is not offered.
URGENCIES: Mapping[str, timedelta] = MappingProxyType(
    {"asap": timedelta(hours=1), "urgent": timedelta(hours=4), "routine": timedelta(hours=24)}
)
OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "advice-only": "Advice only",
        "test-then-decide": "Test, then decide",
        "refer-routine": "Refer, routine",
        "refer-urgent": "Refer, urgent",
        "escalate-now": "Escalate now",
        "out-of-scope": "Outside my scope",
    }
)
CONFIDENCES: Mapping[str, str] = MappingProxyType(
    {"low": "Low", "moderate": "Moderate", "high": "High"}
)
IN_PERSON_REVIEWS: Mapping[str, str] = MappingProxyType(
    {
        "not-needed": "Not needed",
        "this-week": "This week",
        "within-12-hours": "Within 12 h",
        "now-by-phone": "Now, by phone",
    }
)
DECISIONS: Mapping[str, str] = MappingProxyType(
    {"followed": "Followed", "adapted": "Adapted", "not-followed": "Not followed"}
)
STATUS_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "need-information": "More information is needed",
        "wrong-specialty": "Another specialty is needed",
        "no-capacity": "No time within the promised window",
        "conflict-of-interest": "Conflict of interest",
        "outside-scope": "Outside my scope of practice",
        "insufficient-data": "Not enough data to answer",
        "expired": "Nobody answered in time",
        "patient-moved": "The patient moved or the question was settled",
        "not-selected": "Another specialist took the case",
        "leak": "An identifier was found",
    }
)
DECLINE_REASONS: tuple[str, ...] = (
    "wrong-specialty",
    "no-capacity",
    "conflict-of-interest",
    "outside-scope",
    "insufficient-data",
)
MESSAGE_KINDS: tuple[str, ...] = (
    "question",
    "clarification-request",
    "clarification-reply",
    "opinion",
    "correction",
    "retraction",
)

# The parts of a chart that may be sent, as both sides name them to people.
CHART_SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "patient": "Patient",
        "encounter": "Visit",
        "conditions": "Problems",
        "allergies": "Allergies",
        "medications": "Medications",
        "vitals": "Vitals",
        "labs": "Labs",
        "procedures": "Procedures",
        "reports": "Reports",
        "notes": "Notes",
        "documents": "Documents",
        "imaging": "Imaging",
        "family_history": "Family history",
        "social_history": "Social history",
        "immunizations": "Immunizations",
    }
)

RECEIPT_TYP = "confer-receipt+jwt"
OPINION_TYP = "confer-opinion+jwt"
ATTESTATION_TYP = "confer-attestation+jwt"
SIGNATURE_ALGORITHMS: tuple[str, ...] = ("ES384", "RS384")

CASE_ID = re.compile(r"[a-z2-7]{26}")
MEMBER_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
SHA256 = re.compile(r"[0-9a-f]{64}")


def identifier_value(case_id: str, kind: str, n: int) -> str:
    """Return the deterministic business identifier `{case}.{kind}.{n}`."""
    return f"{case_id}.{kind}.{n}"


def nested_url(case_id: str, resource_type: str, n: int) -> str:
    """Return the absolute URL of a resource inside the snapshot."""
    return f"{BASE}/case/{case_id}/{resource_type}/{n}"


def deid_policy_uri(policy_id: str, version: int | str) -> str:
    """Return the URI that names a de-identification policy and its version."""
    return f"{DEID_POLICY}/{policy_id}/{version}"


def short_case_id(case_id: str) -> str:
    """Return the form of a case id that people read, for display only."""
    head = case_id[:7].upper()
    return f"{head[:4]}-{head[4:]}"
