"""Builders for the wire: a sealed case, orders, keys, and a stored thread to write into."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from deid import sealed_case
from deid.sealed_case import DeidentifiedCase, DeidReceipt, SealedEntry, SealedSection
from exchange import names, opinion
from exchange.case_order import CaseOrder
from exchange.clarification import ReplyOrder, ThreadPlace
from exchange.opinion import (
    Author,
    Basis,
    CredentialFact,
    Opinion,
    OpinionRecord,
    Recommendation,
    Responsibility,
)
from runtime import json_text

CASE = "aaaabbbbccccddddeeeeffff22"
ASKED = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
DOCTOR = "cr-118"
SPECIALIST = "cr-903"
CLIENT = "hospital-a"
BASE_URL = "https://consult.example/fhir"


def receipt(**changes: Any) -> DeidReceipt:
    """Return the receipt of an uneventful de-identification run."""
    facts: dict[str, Any] = {
        "policy_id": "safe-harbor",
        "policy_version": "1",
        "rules_sha256": "a" * 64,
        "engine_version": "0.1.0",
        "removed": {"name": 4, "date": 9},
        "general": {"age": 1},
        "rules": {"known": 4},
        "refused": ("DocumentReference/1",),
        "gate_searched": 31,
        "gate_passed": True,
        "gate_skipped": 2,
        "risk_level": "low",
        "given_back": 0,
        "incomplete": ("Notes",),
        **changes,
    }
    return DeidReceipt(**facts)


def url(kind: str, n: int, case_id: str = CASE) -> str:
    """Return the URL of a resource inside the snapshot."""
    return names.nested_url(case_id, kind, n)


def ago(value: str, unit: str) -> dict[str, Any]:
    """Return the extension that places a value in time from the question."""
    codes = {"minute": "min", "day": "d", "year": "a"}
    return {
        "extension": [
            {
                "url": names.TIME_FROM_QUESTION,
                "valueDuration": {
                    "value": Decimal(value),
                    "unit": unit,
                    "system": "http://unitsofmeasure.org",
                    "code": codes[unit],
                },
            }
        ]
    }


def resources(case_id: str = CASE) -> tuple[dict[str, Any], ...]:
    """Return the clinical resources of the teaching case, Patient first."""
    subject = {"reference": url("Patient", 1, case_id)}

    def result(n: str, minutes: str, *, loinc: str, name: str, unit: str) -> dict[str, Any]:
        return {
            "resourceType": "Observation",
            "status": "final",
            "category": [
                {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                            "code": "laboratory",
                        }
                    ]
                }
            ],
            "code": {"coding": [{"system": names.LOINC, "code": loinc, "display": name}]},
            "subject": subject,
            "effectiveDateTime": "2026",
            "_effectiveDateTime": ago(minutes, "minute"),
            "valueQuantity": {
                "value": Decimal(n),
                "unit": unit,
                "system": "http://unitsofmeasure.org",
                "code": unit,
            },
        }

    potassium = "Potassium [Moles/volume] in Serum or Plasma"
    return (
        {
            "resourceType": "Patient",
            "gender": "female",
            "birthDate": "1958",
            "address": [{"state": "OR", "country": "US"}],
        },
        {
            "resourceType": "Condition",
            "clinicalStatus": {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                        "code": "active",
                    }
                ]
            },
            "code": {
                "coding": [
                    {
                        "system": names.SNOMED,
                        "code": "42343007",
                        "display": "Congestive heart failure",
                    }
                ]
            },
            "subject": subject,
            "onsetDateTime": "2022",
            "_onsetDateTime": ago("-4", "year"),
        },
        result("5.90", "-85", loinc="2823-3", name=potassium, unit="mmol/L"),
        result("5.10", "-2900", loinc="2823-3", name=potassium, unit="mmol/L"),
    )


def sealed(
    *,
    case_id: str = CASE,
    texts: Mapping[str, str] | None = None,
    with_data: bool = True,
    more: tuple[Mapping[str, Any], ...] = (),
    **changes: Any,
) -> DeidentifiedCase:
    """Return a sealed case as the pipeline would make it, with more resources if wanted."""
    counts: dict[str, int] = {}
    entries = []
    for resource in (*resources(case_id), *more) if with_data else ():
        kind = resource["resourceType"]
        counts[kind] = counts.get(kind, 0) + 1
        entries.append(
            SealedEntry(resource_type=kind, n=counts[kind], body=json_text.dumps(resource))
        )
    content: dict[str, Any] = {
        "case_id": case_id,
        "subject_gender": "female",
        "subject_birth_year": 1958,
        "entries": tuple(entries),
        "sections": (
            SealedSection(
                title="Problems",
                loinc=names.SECTION_PROBLEMS,
                display="Problem list - Reported",
                refs=(url("Condition", 1, case_id),),
            ),
            SealedSection(
                title="Results",
                loinc=names.SECTION_RESULTS,
                display="Relevant diagnostic tests/laboratory data note",
                refs=(url("Observation", 1, case_id), url("Observation", 2, case_id)),
            ),
        )
        if with_data
        else (),
        "texts": texts
        or {
            "question": "Would you stop spironolactone now, or halve it and recheck in 48 h?",
            "thinking": "Potassium 5.9 on spironolactone and an ACE inhibitor. "
            "[patient] is stable. I would halve the dose.",
        },
        "receipt": receipt(**changes),
        "test_data": True,
    }
    return sealed_case._reopen(content)


def order(**changes: Any) -> CaseOrder:
    """Return the order of an urgent cardiology question."""
    facts: dict[str, Any] = {
        "case_id": CASE,
        "submission_n": 1,
        "specialty": "394579002",
        "question_type": "next-step",
        "urgency": "urgent",
        "authored_on": ASKED,
        "due": ASKED + timedelta(hours=4),
        "requester_member": DOCTOR,
        "prepared_by": DOCTOR,
        "prepared_at": ASKED,
        "issuer": CLIENT,
        "receipt_id": "receipt-1",
        **changes,
    }
    return CaseOrder(**facts)


class PlainSigner:
    """A signer for tests of the contract alone: the claims, readable, with a mark of the key."""

    def __init__(self, kid: str = "test-key") -> None:
        self.kid = kid
        self.alg = "ES384"

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """Return `typ.kid.<hex of the claims>`."""
        return f"{typ}.{self.kid}.{json_text.dumps_sorted(dict(claims)).hex()}"


class PlainVerifier:
    """The counterpart of `PlainSigner`."""

    def __init__(self, kid: str = "test-key") -> None:
        self._kid = kid

    def verify(self, token: str, typ: str) -> Mapping[str, Any]:
        """Return the claims if typ and key mark are right."""
        written_typ, kid, body = token.split(".")
        if (written_typ, kid) != (typ, self._kid):
            raise PermissionError
        claims: Mapping[str, Any] = json_text.loads(bytes.fromhex(body))
        return claims


def stored_task(bundle: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the case Task as a server stores it: numbered, versioned, references its own."""
    task = dict(next(e["resource"] for e in bundle["entry"] if e["request"]["url"] == "Task"))
    return {
        **task,
        "id": "t1",
        "meta": {**task["meta"], "versionId": "3"},
        "focus": {"reference": "ServiceRequest/r1"},
        "for": {"reference": "Patient/p1"},
        "input": [
            {**task["input"][0], "valueReference": {"reference": "Communication/m1"}},
            {**task["input"][1], "valueReference": {"reference": "Bundle/b1"}},
            task["input"][2],
        ],
        **changes,
    }


def place(task: dict[str, Any], message_n: int = 2) -> ThreadPlace:
    """Return the place of the next message in the thread of this Task."""
    return ThreadPlace(
        base_url=BASE_URL,
        task=task,
        request_key=(names.SID_REQUEST, f"{CASE}.request.1"),
        subject_key=(names.SID_SUBJECT, f"{CASE}.subject.1"),
        answers="Communication/m1",
        answers_key=(names.SID_MESSAGE, f"{CASE}.message.1"),
        message_n=message_n,
    )


def reply_order(**changes: Any) -> ReplyOrder:
    """Return the order of the first reply."""
    facts: dict[str, Any] = {
        "reply_n": 1,
        "snapshot_n": 2,
        "sender": DOCTOR,
        "recipient": SPECIALIST,
        "prepared_at": ASKED + timedelta(hours=1, minutes=10),
        "issuer": CLIENT,
        "receipt_id": "receipt-2",
        **changes,
    }
    return ReplyOrder(**facts)


def advice(**changes: Any) -> Opinion:
    """Return a complete opinion."""
    facts: dict[str, Any] = {
        "bottom_line": "Halve spironolactone; recheck potassium at 48 h.",
        "recommendations": (
            Recommendation(what="Spironolactone 12.5 mg daily", how="PO; stop at 6.0 & above"),
            Recommendation(what="Potassium and creatinine", how="at 48 h, then weekly"),
        ),
        "rationale": "The benefit in HFrEF is large.\n[patient] tolerated 5.5 before.",
        "change_my_mind": "Potassium > 6.0, a QRS above 120 ms, or urine below 30 mL/h.",
        "in_person_review": "this-week",
        "teaching_point": "Check potassium on day 3 and day 7.",
        "confidence": "high",
        "outcome": "advice-only",
        **changes,
    }
    return Opinion(**facts)


def record(signed_at: datetime, content: Opinion | None = None) -> OpinionRecord:
    """Return the record of an opinion by the teaching specialist."""
    return opinion.new_record(
        case_id=CASE,
        signed_at=signed_at,
        opinion=content or advice(),
        author=Author(
            member_id=SPECIALIST,
            name="Dr. Ada Quill",
            specialty="394579002",
            credentials=(
                CredentialFact(
                    credential_id="cred-1",
                    kind="license",
                    title="Licensed in OR, WA",
                    source="state board",
                    verified_on="2026-02-19",
                    valid_until="2027-01-31",
                ),
            ),
        ),
        basis=Basis(results=2, notes=0, documents=0, newest_result="85 min before"),
        responsibility=Responsibility(
            statement_id="responsibility",
            version="3",
            sha256="b" * 64,
            text="Formal advice on the data sent. The asking team decides.",
        ),
    )


def picture_document(
    body: bytes, content_type: str, *, case_id: str = CASE, **changes: Any
) -> dict[str, Any]:
    """Return a document with a picture, as it leaves."""
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"text": "Wound photo"},
        "subject": {"reference": url("Patient", 1, case_id)},
        "_date": ago("-85", "minute"),
        "content": [
            {
                "attachment": {
                    "contentType": content_type,
                    "data": base64.b64encode(body).decode("ascii"),
                    **changes,
                }
            }
        ],
    }
