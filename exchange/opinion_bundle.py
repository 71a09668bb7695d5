"""The opinion bundle: the signed document, its message, its proof, and the Task answered.

The signature covers the canonical DocumentReference; the reader renders the attached
record again and refuses a document whose text or XHTML says anything else
(spec/wire.md 2.3, 2.10).
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from exchange import names, opinion, opinion_render, parts, sealing, task_states
from exchange.canonical import canonical_sha256
from exchange.case_entries import identifier, key_text
from exchange.clarification import ThreadPlace, is_test_data, thread_message
from exchange.errors import MessageUnreadable, OrderInvalid
from exchange.issues import Issue
from exchange.names import Resource
from exchange.opinion import OpinionRecord
from exchange.sealing import OpinionSeal, Signer, Verifier
from exchange.task_states import Event, instant

TEXT_TYPE = "text/plain; charset=utf-8"
XHTML_TYPE = "application/xhtml+xml"
JSON_TYPE = "application/json"
DESCRIPTION = "Second opinion on de-identified data, patient not examined"


@dataclass(frozen=True, kw_only=True)
class OpinionOrder:
    """The facts around a signature: who signs, with which statement, how they signed in."""

    signature_id: str
    issuer: str
    snapshot_sha256: str
    authentication: str
    signed_at: datetime
    opinion_n: int = 1


def build_opinion(
    record: OpinionRecord, place: ThreadPlace, order: OpinionOrder, signer: Signer
) -> Resource:
    """Return the signed transaction of four entries that answers a case.

    `place.task` must be in progress. Raises `OrderInvalid` for an incomplete opinion and
    `TransitionRefused` when the case cannot be answered now.
    """
    issues = opinion.check_opinion(record.opinion)
    if issues:
        raise OrderInvalid(rule=f"opinion.{issues[0].expression}")
    if record.case_id != place.case_id or record.signed_at != instant(order.signed_at):
        raise OrderInvalid(rule="record")
    document = _document(record, place, order)
    document_url = parts.local_url(place.case_id, "opinion", order.opinion_n)
    message_url = parts.local_url(place.case_id, "message", place.message_n)
    token = signer.sign(
        sealing.opinion_claims(
            _seal(record, order),
            document_sha256=canonical_sha256(document, resolve=place.resolver()),
        ),
        names.OPINION_TYP,
    )
    asker = parts.member_of(place.task.get("requester"))
    if asker is None:
        raise MessageUnreadable(expression="Task.requester")
    message = thread_message(
        place,
        kind="opinion",
        sender=record.author.member_id,
        recipient=asker,
        now=order.signed_at,
        payload=[
            {"contentString": record.opinion.bottom_line},
            {"contentReference": {"reference": document_url}},
        ],
    )
    entries = [
        parts.create(document_url, document, _key(document)),
        parts.create(message_url, message, _key(message)),
        parts.create(
            parts.local_url(place.case_id, "opinion-provenance", order.opinion_n),
            _provenance(record, place, order, [document_url, message_url], token),
            None,
        ),
        parts.update(
            place.base_url,
            _answered(record, place, order, document_url, message_url),
            version=place.version,
        ),
    ]
    return {
        "resourceType": "Bundle",
        "identifier": identifier(names.SID_SUBMISSION, place.case_id, "opinion", order.opinion_n),
        "type": "transaction",
        "timestamp": instant(order.signed_at),
        "entry": entries,
    }


def _key(resource: Resource) -> tuple[str, str]:
    system, value = key_text(resource).split("|", 1)
    return system, value


def _seal(record: OpinionRecord, order: OpinionOrder) -> OpinionSeal:
    return OpinionSeal(
        issuer=order.issuer,
        member_id=record.author.member_id,
        case_id=record.case_id,
        signature_id=order.signature_id,
        snapshot_sha256=order.snapshot_sha256,
        credentials=[
            {
                "id": item.credential_id,
                "kind": item.kind,
                "source": item.source,
                "verified_at": item.verified_on,
                "valid_until": item.valid_until,
            }
            for item in record.author.credentials
        ],
        statement={
            "id": record.responsibility.statement_id,
            "version": record.responsibility.version,
            "sha256": record.responsibility.sha256,
        },
        authentication=order.authentication,
        signed_at=order.signed_at,
    )


def _document(record: OpinionRecord, place: ThreadPlace, order: OpinionOrder) -> Resource:
    def attachment(content_type: str, body: bytes) -> Resource:
        data = base64.b64encode(body).decode("ascii")
        return {"attachment": {"contentType": content_type, "data": data, "title": "Opinion"}}

    return {
        "resourceType": "DocumentReference",
        "meta": parts.meta(names.PROFILE_OPINION, test_data=is_test_data(place.task)),
        "identifier": [identifier(names.SID_OPINION, place.case_id, "opinion", order.opinion_n)],
        "status": "current",
        "docStatus": "final",
        "type": parts.concept(names.LOINC, names.LOINC_CONSULT_NOTE, "Consult note"),
        "category": [parts.concept(names.CS_NOTE_CATEGORY, "clinical-note", "Clinical Note")],
        "subject": {"reference": place.subject_reference},
        "date": instant(order.signed_at),
        "author": [parts.member(record.author.member_id)],
        "description": DESCRIPTION,
        "securityLabel": [parts.concept(names.CS_CONFIDENTIALITY, "N")],
        "content": [
            attachment(TEXT_TYPE, opinion_render.to_text(record).encode("utf-8")),
            attachment(XHTML_TYPE, opinion_render.to_xhtml(record).encode("utf-8")),
            attachment(JSON_TYPE, opinion.to_json(record)),
        ],
        "context": {
            "period": {"start": place.task["authoredOn"]},
            "related": [{"reference": place.request_reference}],
        },
    }


def _provenance(
    record: OpinionRecord,
    place: ThreadPlace,
    order: OpinionOrder,
    targets: list[str],
    token: str,
) -> Resource:
    who = parts.member(record.author.member_id)
    when = instant(order.signed_at)
    return {
        "resourceType": "Provenance",
        "meta": parts.meta(names.PROFILE_OPINION_PROVENANCE, test_data=is_test_data(place.task)),
        "target": [{"reference": target} for target in targets],
        "recorded": when,
        "activity": parts.concept(names.CS_LIFECYCLE, "attest"),
        "agent": [{"type": parts.concept(names.CS_PROVENANCE_AGENT, "author"), "who": who}],
        "signature": [sealing.signature(token, kind=names.SIGNATURE_AUTHOR, when=when, who=who)],
    }


def _answered(
    record: OpinionRecord,
    place: ThreadPlace,
    order: OpinionOrder,
    document_url: str,
    message_url: str,
) -> Resource:
    escalates = record.opinion.outcome == "escalate-now"
    event = Event.ESCALATE if escalates else Event.ANSWER
    task = task_states.apply(place.task, event, order.signed_at)

    def output(code: str, **value: object) -> Resource:
        return {"type": parts.concept(names.CS_TASK_OUTPUT, code), **value}

    task["output"] = [
        output("opinion-document", valueReference={"reference": document_url}),
        output("opinion-message", valueReference={"reference": message_url}),
        output(
            "outcome",
            valueCodeableConcept=parts.concept(names.CS_OUTCOME, record.opinion.outcome),
        ),
        output(
            "confidence",
            valueCodeableConcept=parts.concept(names.CS_CONFIDENCE, record.opinion.confidence),
        ),
    ]
    period = task.setdefault("executionPeriod", {})
    period["end"] = instant(order.signed_at)
    return task


@dataclass(frozen=True, kw_only=True)
class OpinionView:
    """A received opinion whose attachments agree with one another.

    `sha256` is the canonical hash of the document: the fingerprint that is shown.
    """

    record: OpinionRecord
    identifier: str
    sha256: str
    text: str = field(repr=False)
    xhtml: str = field(repr=False)


def read_opinion(document: Resource, *, resolve: Mapping[str, tuple[str, str]]) -> OpinionView:
    """Read an opinion document.

    Raises `MessageUnreadable` when an attachment is missing or says something else than
    the signed record. Whether the signature holds is `verify_opinion`.
    """
    if document.get("docStatus") != "final" or document.get("status") != "current":
        raise MessageUnreadable(expression="DocumentReference.docStatus")
    bodies = _attachments(document)
    record = opinion.from_json(bodies[JSON_TYPE])
    if opinion.check_opinion(record.opinion):
        raise MessageUnreadable(expression="DocumentReference.content[2]")
    text, xhtml = opinion_render.to_text(record), opinion_render.to_xhtml(record)
    if bodies[TEXT_TYPE] != text.encode("utf-8"):
        raise MessageUnreadable(expression="DocumentReference.content[0]")
    if bodies[XHTML_TYPE] != xhtml.encode("utf-8"):
        raise MessageUnreadable(expression="DocumentReference.content[1]")
    return OpinionView(
        record=record,
        identifier=key_text(document).split("|", 1)[1],
        sha256=canonical_sha256(document, resolve=resolve),
        text=text,
        xhtml=xhtml,
    )


def _attachments(document: Resource) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for item in document.get("content") or []:
        attachment = item.get("attachment") or {}
        try:
            found[str(attachment.get("contentType"))] = base64.b64decode(
                str(attachment.get("data")), validate=True
            )
        except (binascii.Error, ValueError):
            raise MessageUnreadable(expression="DocumentReference.content.attachment") from None
    if set(found) != {TEXT_TYPE, XHTML_TYPE, JSON_TYPE}:
        raise MessageUnreadable(expression="DocumentReference.content")
    return found


def verify_opinion(
    view: OpinionView, provenance: Resource, verifier: Verifier, *, snapshot_sha256: str
) -> tuple[Issue, ...]:
    """Check the signature of an opinion against the document in hand.

    `snapshot_sha256` is the hospital's own record of what it sent. Raises what the
    verifier raises for a token that does not verify.
    """
    token = sealing.token_of(provenance)
    if token is None:
        return (
            Issue(expression="Provenance.signature", code="required", rule="opinion-signature"),
        )
    claims = verifier.verify(token, names.OPINION_TYP)
    issues = sealing.check_opinion_claims(
        claims,
        case_id=view.record.case_id,
        member_id=view.record.author.member_id,
        document_sha256=view.sha256,
        snapshot_sha256=snapshot_sha256,
    )
    if claims.get("signed_at") != view.record.signed_at:
        issues.append(
            Issue(
                expression="Provenance.signature[0].data",
                code="business-rule",
                rule="opinion-time",
            )
        )
    return tuple(issues)
