"""The case bundle: one question with its de-identified snapshot, as seven entries.

Only a sealed `DeidentifiedCase` can be built into a bundle, and the receipt inside covers
the two resources that carry text (spec/wire.md 2.2, 2.10).
"""

import hashlib
from dataclasses import dataclass, field

from deid.sealed_case import DeidentifiedCase
from exchange import case_entries, names, parts, sealing
from exchange.canonical import canonical_sha256, resolver_of
from exchange.case_order import CaseOrder
from exchange.errors import GateNotPassed, MessageUnreadable, NotSealed, OrderInvalid
from exchange.names import Resource
from exchange.sealing import Covered, ReceiptFacts, Signer
from exchange.task_states import instant
from runtime import json_text

ENTRY_TYPES = (
    "Patient",
    "Bundle",
    "ServiceRequest",
    "Task",
    "Communication",
    "Provenance",
    "Consent",
)


@dataclass(frozen=True, kw_only=True)
class BuiltCase:
    """A case bundle with the exact bytes that leave and their hashes (hex SHA-256)."""

    bundle: Resource = field(repr=False)
    body: bytes = field(repr=False)
    sha256: str
    snapshot_sha256: str
    question_sha256: str
    submission: str


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """A received case bundle, taken apart."""

    case_id: str
    submission: str
    specialty: str
    question_type: str
    urgency: str
    requester_member: str
    question: str = field(repr=False)
    thinking: str = field(repr=False)
    receipt_token: str | None = field(repr=False)
    patient: Resource = field(repr=False)
    snapshot: Resource = field(repr=False)
    request: Resource = field(repr=False)
    task: Resource = field(repr=False)
    message: Resource = field(repr=False)
    provenance: Resource = field(repr=False)
    consent: Resource = field(repr=False)


def build_case(sealed: DeidentifiedCase, order: CaseOrder, signer: Signer) -> BuiltCase:
    """Build, seal and serialize a case bundle.

    Raises `NotSealed` for anything but a sealed case, `GateNotPassed`, and `OrderInvalid`
    when a code, id or time is not one that the contract knows.
    """
    if not isinstance(sealed, DeidentifiedCase):
        raise NotSealed(type_name=type(sealed).__name__)
    if not sealed.receipt.gate_passed:
        raise GateNotPassed
    _check_order(sealed, order)
    urls = case_entries.EntryUrls.of(order.case_id)
    snapshot = case_entries.snapshot(
        sealed, n=1, at=order.prepared_at, question_at=order.authored_on
    )
    snapshot_sha256 = canonical_sha256(snapshot)
    entries = [
        _entry(urls.patient, case_entries.patient(sealed)),
        _entry(urls.snapshot, snapshot),
        _entry(urls.request, case_entries.request(sealed, order, urls)),
        _entry(urls.task, case_entries.task(sealed, order, urls, snapshot_sha256)),
        _entry(urls.message, case_entries.message(sealed, order, urls)),
    ]
    resolve = resolver_of({"entry": entries})
    question_sha256 = canonical_sha256(entries[4]["resource"], resolve=resolve)
    token = signer.sign(
        sealing.receipt_claims(
            _receipt_facts(order),
            sealed.receipt,
            [
                Covered(identifier=case_entries.key_text(snapshot), sha256=snapshot_sha256),
                Covered(
                    identifier=case_entries.key_text(entries[4]["resource"]), sha256=question_sha256
                ),
            ],
        ),
        names.RECEIPT_TYP,
    )
    provenance = case_entries.deid_provenance(
        sealed, [urls.patient, urls.snapshot], order.prepared_by, order.prepared_at, token
    )
    entries.append(parts.create(urls.provenance, provenance, None))
    entries.append(_entry(urls.consent, case_entries.consent(sealed, order, urls)))
    bundle: Resource = {
        "resourceType": "Bundle",
        "identifier": {"system": names.SID_SUBMISSION, "value": order.submission},
        "type": "transaction",
        "timestamp": instant(order.prepared_at),
        "entry": entries,
    }
    body = json_text.dumps(bundle)
    return BuiltCase(
        bundle=bundle,
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        snapshot_sha256=snapshot_sha256,
        question_sha256=question_sha256,
        submission=order.submission,
    )


def _check_order(sealed: DeidentifiedCase, order: CaseOrder) -> None:
    rules = {
        "case_id": names.CASE_ID.fullmatch(order.case_id) is not None
        and sealed.case_id == order.case_id,
        "specialty": order.specialty in names.SPECIALTIES,
        "question_type": order.question_type in names.QUESTION_TYPES,
        "urgency": order.urgency in names.URGENCIES,
        "due": order.due > order.authored_on,
        "requester_member": names.MEMBER_ID.fullmatch(order.requester_member) is not None,
        "prepared_by": names.MEMBER_ID.fullmatch(order.prepared_by) is not None,
        "submission_n": order.submission_n >= 1,
        "question": bool(sealed.texts.get("question", "").strip()),
    }
    for rule, holds in rules.items():
        if not holds:
            raise OrderInvalid(rule=rule)


def _receipt_facts(order: CaseOrder) -> ReceiptFacts:
    return ReceiptFacts(
        issuer=order.issuer,
        receipt_id=order.receipt_id,
        case_id=order.case_id,
        submission=order.submission,
        prepared_by=order.prepared_by,
        prepared_at=order.prepared_at,
    )


def _entry(full_url: str, resource: Resource) -> Resource:
    identifier = resource["identifier"]
    first = identifier if isinstance(identifier, dict) else identifier[0]
    return parts.create(full_url, resource, (first["system"], first["value"]))


def covered(bundle: Resource, case: CaseView) -> list[Covered]:
    """Return what a receipt must cover in this bundle, hashed from the content in hand."""
    resolve = resolver_of(bundle)
    return [
        Covered(
            identifier=case_entries.key_text(resource),
            sha256=canonical_sha256(resource, resolve=resolve),
        )
        for resource in (case.snapshot, case.message)
    ]


def read_case(bundle: Resource) -> CaseView:
    """Take a case bundle apart; raises `MessageUnreadable` where a part is missing.

    Reading is not checking: `checks.check_case` comes first at every trust boundary.
    """
    found = {name: parts.the_only(bundle, name) for name in ENTRY_TYPES}
    task, request, message = found["Task"], found["ServiceRequest"], found["Communication"]
    payload = [str(item.get("contentString", "")) for item in message.get("payload") or []]

    def needed(value: str | None, expression: str) -> str:
        if not value:
            raise MessageUnreadable(expression=expression)
        return value

    order_detail = (request.get("orderDetail") or [None])[0]
    return CaseView(
        case_id=needed(_value(task.get("groupIdentifier")), "Task.groupIdentifier.value"),
        submission=needed(_value(bundle.get("identifier")), "Bundle.identifier.value"),
        specialty=needed(
            parts.code_of(request.get("performerType"), names.SNOMED),
            "ServiceRequest.performerType",
        ),
        question_type=needed(
            parts.code_of(order_detail, names.CS_QUESTION_TYPE), "ServiceRequest.orderDetail"
        ),
        urgency=needed(request.get("priority"), "ServiceRequest.priority"),
        requester_member=needed(
            parts.member_of(task.get("requester")), "Task.requester.identifier"
        ),
        question=needed(payload[0] if payload else None, "Communication.payload[0]"),
        thinking=payload[1] if len(payload) > 1 else "",
        receipt_token=sealing.token_of(found["Provenance"]),
        patient=found["Patient"],
        snapshot=found["Bundle"],
        request=request,
        task=task,
        message=message,
        provenance=found["Provenance"],
        consent=found["Consent"],
    )


def _value(identifier: object) -> str | None:
    value = identifier.get("value") if isinstance(identifier, dict) else None
    return value if isinstance(value, str) else None
