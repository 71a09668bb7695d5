"""The thread of a case: the specialist's question back, and the hospital's reply.

A reply passes the same gate as the question: it is built from a sealed case only and
carries its own receipt. An addendum snapshot travels with it when new data is sent
(spec/wire.md 2.3, DETAILS 14).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from deid.sealed_case import DeidentifiedCase
from exchange import case_entries, names, parts, sealing, task_states
from exchange.canonical import canonical_sha256, resolver_of
from exchange.errors import GateNotPassed, MessageUnreadable, NotSealed, OrderInvalid
from exchange.names import Resource
from exchange.sealing import Covered, ReceiptFacts, Signer
from exchange.task_states import Event, instant
from runtime import json_text

REPLY_LIMIT = 8


@dataclass(frozen=True, kw_only=True)
class ThreadPlace:
    """Where a message goes: the stored Task and the references that the network gave.

    `task` carries its server id and `meta.versionId`; `answers` is the reference of the
    message that is answered; `answers_key` is that message's (system, value);
    `message_n` is the number of the new message in its thread.
    """

    base_url: str
    task: Resource = field(repr=False)
    request_key: tuple[str, str]
    subject_key: tuple[str, str]
    answers: str
    answers_key: tuple[str, str]
    message_n: int

    @property
    def case_id(self) -> str:
        """The case that the Task belongs to."""
        value = self.task.get("groupIdentifier", {}).get("value")
        if not isinstance(value, str) or not names.CASE_ID.fullmatch(value):
            raise MessageUnreadable(expression="Task.groupIdentifier.value")
        return value

    @property
    def version(self) -> str:
        """The Task version that the message was written against."""
        value = self.task.get("meta", {}).get("versionId")
        if not isinstance(value, str):
            raise MessageUnreadable(expression="Task.meta.versionId")
        return value

    @property
    def request_reference(self) -> str:
        """The reference of the ServiceRequest."""
        return _needed(parts.reference_of(self.task.get("focus")), "Task.focus")

    @property
    def subject_reference(self) -> str:
        """The reference of the case subject."""
        return _needed(parts.reference_of(self.task.get("for")), "Task.for")

    def resolver(self) -> dict[str, tuple[str, str]]:
        """Map the references that a message here may hold to business identifiers."""
        known = {
            self.request_reference: self.request_key,
            self.subject_reference: self.subject_key,
            self.answers: self.answers_key,
        }
        known.update(resolver_of({"entry": [{"resource": self.task}]}))
        return known


def _needed(value: str | None, expression: str) -> str:
    if value is None:
        raise MessageUnreadable(expression=expression)
    return value


def thread_message(
    place: ThreadPlace,
    *,
    kind: str,
    sender: str,
    recipient: str,
    now: datetime,
    payload: list[Resource],
) -> Resource:
    """Return a Communication of this thread."""
    if kind not in names.MESSAGE_KINDS:
        raise OrderInvalid(rule="message_kind")
    return {
        "resourceType": "Communication",
        "meta": _meta_like(place.task),
        "identifier": [
            case_entries.identifier(names.SID_MESSAGE, place.case_id, "message", place.message_n)
        ],
        "basedOn": [{"reference": place.request_reference}],
        "partOf": [{"reference": f"Task/{place.task['id']}"}],
        "inResponseTo": [{"reference": place.answers}],
        "status": "completed",
        "category": [parts.concept(names.CS_MESSAGE_KIND, kind)],
        "subject": {"reference": place.subject_reference},
        "sent": instant(now),
        "sender": parts.member(sender),
        "recipient": [parts.member(recipient)],
        "payload": payload,
    }


def _meta_like(task: Resource) -> Resource:
    return parts.meta(names.PROFILE_MESSAGE, test_data=is_test_data(task))


def is_test_data(resource: Resource) -> bool:
    """Tell whether a resource carries the HTEST label."""
    labels = resource.get("meta", {}).get("security") or []
    return any(label.get("code") == "HTEST" for label in labels)


def build_request(place: ThreadPlace, *, sender: str, text: str, now: datetime) -> Resource:
    """Return the transaction by which a specialist asks back; the clock stands from now on."""
    if not text.strip():
        raise OrderInvalid(rule="text")
    task = task_states.apply(place.task, Event.ASK, now, reason="need-information")
    asker = _needed(parts.member_of(place.task.get("requester")), "Task.requester")
    message = thread_message(
        place,
        kind="clarification-request",
        sender=sender,
        recipient=asker,
        now=now,
        payload=[{"contentString": text}],
    )
    return _bundle(place, "ask", now, [_message_entry(place, message), _task_entry(place, task)])


@dataclass(frozen=True, kw_only=True)
class ReplyOrder:
    """The facts around a reply; `reply_n` counts the replies of the case from 1.

    `snapshot_n` is the number of the addendum snapshot (the first snapshot has 1).
    """

    reply_n: int
    snapshot_n: int
    sender: str
    recipient: str
    prepared_at: datetime
    issuer: str
    receipt_id: str


@dataclass(frozen=True, kw_only=True)
class BuiltReply:
    """A reply bundle with the exact bytes that leave and their hash (hex SHA-256)."""

    bundle: Resource = field(repr=False)
    body: bytes = field(repr=False)
    sha256: str
    submission: str


def build_reply(
    sealed: DeidentifiedCase, place: ThreadPlace, order: ReplyOrder, signer: Signer
) -> BuiltReply:
    """Build, seal and serialize the hospital's reply.

    The text is `sealed.texts["reply"]`; the entries of the sealed case, if any beside the
    Patient, travel as an addendum snapshot. Raises as `case_bundle.build_case` does, and
    `TransitionRefused` when nothing was asked.
    """
    _check_reply(sealed, place, order)
    submission = names.identifier_value(place.case_id, "reply", order.reply_n)
    message = thread_message(
        place,
        kind="clarification-reply",
        sender=order.sender,
        recipient=order.recipient,
        now=order.prepared_at,
        payload=[{"contentString": sealed.texts["reply"]}],
    )
    message_entry = _message_entry(place, message)
    targets = [message_entry["fullUrl"]]
    entries = [message_entry]
    covers = [_covered(message, place.resolver())]
    task = task_states.apply(place.task, Event.REPLY, order.prepared_at)
    if any(entry.resource_type != "Patient" for entry in sealed.entries):
        snapshot = case_entries.snapshot(
            sealed,
            n=order.snapshot_n,
            at=order.prepared_at,
            question_at=task_states.read_instant(place.task["authoredOn"]),
        )
        url = parts.local_url(place.case_id, "snapshot", order.snapshot_n)
        entries.append(parts.create(url, snapshot, _key(snapshot)))
        targets.append(url)
        covers.append(_covered(snapshot, {}))
        task["input"] = [
            *task["input"],
            {
                "type": parts.concept(names.CS_TASK_INPUT, "snapshot"),
                "valueReference": {"reference": url},
            },
        ]
    facts = ReceiptFacts(
        issuer=order.issuer,
        receipt_id=order.receipt_id,
        case_id=place.case_id,
        submission=submission,
        prepared_by=order.sender,
        prepared_at=order.prepared_at,
    )
    token = signer.sign(sealing.receipt_claims(facts, sealed.receipt, covers), names.RECEIPT_TYP)
    provenance = case_entries.deid_provenance(
        sealed, targets, order.sender, order.prepared_at, token
    )
    provenance_url = parts.local_url(place.case_id, "reply-provenance", order.reply_n)
    entries.append(parts.create(provenance_url, provenance, None))
    entries.append(_task_entry(place, task))
    bundle = _bundle(place, "reply", order.prepared_at, entries, n=order.reply_n)
    body = json_text.dumps(bundle)
    return BuiltReply(
        bundle=bundle,
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        submission=submission,
    )


def _check_reply(sealed: DeidentifiedCase, place: ThreadPlace, order: ReplyOrder) -> None:
    if not isinstance(sealed, DeidentifiedCase):
        raise NotSealed(type_name=type(sealed).__name__)
    if not sealed.receipt.gate_passed:
        raise GateNotPassed
    rules = {
        "case_id": sealed.case_id == place.case_id,
        "reply": bool(sealed.texts.get("reply", "").strip()),
        "reply_n": order.reply_n >= 1,
        "sender": names.MEMBER_ID.fullmatch(order.sender) is not None,
        "recipient": names.MEMBER_ID.fullmatch(order.recipient) is not None,
    }
    for rule, holds in rules.items():
        if not holds:
            raise OrderInvalid(rule=rule)


def _covered(resource: Resource, resolve: Mapping[str, tuple[str, str]]) -> Covered:
    return Covered(
        identifier=case_entries.key_text(resource),
        sha256=canonical_sha256(resource, resolve=resolve),
    )


def _key(resource: Resource) -> tuple[str, str]:
    system, value = case_entries.key_text(resource).split("|", 1)
    return system, value


def _message_entry(place: ThreadPlace, message: Resource) -> Resource:
    url = parts.local_url(place.case_id, "message", place.message_n)
    return parts.create(url, message, _key(message))


def _task_entry(place: ThreadPlace, task: Resource) -> Resource:
    return parts.update(place.base_url, task, version=place.version)


def _bundle(
    place: ThreadPlace, kind: str, now: datetime, entries: list[Resource], n: int | None = None
) -> Resource:
    number = place.message_n if n is None else n
    return {
        "resourceType": "Bundle",
        "identifier": case_entries.identifier(names.SID_SUBMISSION, place.case_id, kind, number),
        "type": "transaction",
        "timestamp": instant(now),
        "entry": entries,
    }


@dataclass(frozen=True, kw_only=True)
class ThreadMessage:
    """One message of a thread, as it is read."""

    kind: str
    sender: str
    sent: datetime
    texts: tuple[str, ...] = field(repr=False)
    identifier: str
    answers: str | None


def read_message(communication: Resource) -> ThreadMessage:
    """Read a Communication of a thread; raises `MessageUnreadable` where a part is missing."""
    category = (communication.get("category") or [None])[0]
    payload = communication.get("payload") or []
    answers = (communication.get("inResponseTo") or [None])[0]
    identifier = (communication.get("identifier") or [{}])[0].get("value")
    return ThreadMessage(
        kind=_needed(parts.code_of(category, names.CS_MESSAGE_KIND), "Communication.category"),
        sender=_needed(parts.member_of(communication.get("sender")), "Communication.sender"),
        sent=task_states.read_instant(communication.get("sent")),
        texts=tuple(item["contentString"] for item in payload if "contentString" in item),
        identifier=_needed(identifier, "Communication.identifier"),
        answers=parts.reference_of(answers),
    )


@dataclass(frozen=True, kw_only=True)
class ReplyView:
    """A received reply bundle, taken apart."""

    submission: str
    message: Resource = field(repr=False)
    task: Resource = field(repr=False)
    provenance: Resource = field(repr=False)
    snapshot: Resource | None = field(repr=False)
    expected_version: str
    receipt_token: str | None = field(repr=False)


def read_reply(bundle: Resource) -> ReplyView:
    """Take a reply bundle apart; raises `MessageUnreadable` where a part is missing."""
    message = parts.the_only(bundle, "Communication")
    task = parts.the_only(bundle, "Task")
    provenance = parts.the_only(bundle, "Provenance")
    snapshots = list(parts.resources(bundle, "Bundle"))
    if len(snapshots) > 1:
        raise MessageUnreadable(expression="Bundle.entry.resource.ofType(Bundle)")
    submission = bundle.get("identifier", {}).get("value")
    return ReplyView(
        submission=_needed(submission, "Bundle.identifier.value"),
        message=message,
        task=task,
        provenance=provenance,
        snapshot=snapshots[0] if snapshots else None,
        expected_version=_expected_version(bundle),
        receipt_token=sealing.token_of(provenance),
    )


def _expected_version(bundle: Resource) -> str:
    for entry in bundle["entry"]:
        request = entry.get("request") or {}
        match = request.get("ifMatch")
        if request.get("method") == "PUT" and isinstance(match, str):
            return match.removeprefix("W/").strip('"')
    raise MessageUnreadable(expression="Bundle.entry.request.ifMatch")


def reply_covers(reply: ReplyView, resolve: Mapping[str, tuple[str, str]]) -> list[Covered]:
    """Return what the receipt of a reply must cover, hashed from the content in hand."""
    covers = [_covered(reply.message, resolve)]
    if reply.snapshot is not None:
        covers.append(_covered(reply.snapshot, {}))
    return covers
