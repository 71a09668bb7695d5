"""The hospital's reply to a question back: the same gate, then the clock runs again."""

import copy
from datetime import datetime

from consult.domain.callers import HospitalCaller
from consult.errors import CaseUnknown, ContractBroken, VersionStale
from consult.service import check_receipt, move_case
from consult.service.services import ConsultServices
from consult.store import case_resources, cases, members
from consult.store.unit import Unit
from exchange import checks, clarification, parts
from exchange.clarification import ReplyView
from exchange.issues import Issue
from exchange.names import Resource
from exchange.task_states import Event
from fhir_server.errors import EntryFailed, VersionConflict, WriteConflict


def accept(
    services: ConsultServices,
    unit: Unit,
    caller: HospitalCaller,
    bundle: Resource,
    now: datetime,
) -> Resource:
    """Accept a reply inside the caller's transaction; return the response Bundle.

    The state and the clock of the Task are computed here; the hospital's Task only says
    which version it answers.
    """
    case_id = checks.case_of(bundle, "reply") or ""
    place = cases.by_case(unit, tenant_id=caller.tenant_id, case_id=case_id)
    if place is None:
        raise CaseUnknown
    stored = case_resources.load_task(unit, place.task_id)
    issues = checks.check_reply(bundle, stored.resource)
    if issues:
        raise ContractBroken(issues=issues)
    reply = clarification.read_reply(bundle)
    if reply.expected_version != str(stored.version):
        raise VersionStale
    sender = _check_sender(unit, caller, reply, now)
    messages = case_resources.thread(unit, place.task_id)
    resolve = case_resources.known_references(place, messages)
    check_receipt.admit(
        services,
        unit,
        caller,
        reply.receipt_token,
        case_id=case_id,
        submission=reply.submission,
        prepared_by=sender,
        covers=clarification.reply_covers(reply, resolve),
        now=now,
    )
    actor = f"member:{sender}"
    moved = move_case.advance(unit, place, stored.resource, Event.REPLY, actor=actor, now=now)
    moved["input"] = reply.task["input"]
    try:
        return case_resources.transact(unit, caller.tenant_id, _with_task(bundle, moved))
    except EntryFailed as failed:
        if isinstance(failed.cause, (VersionConflict, WriteConflict)):
            raise VersionStale from None
        raise


def _check_sender(unit: Unit, caller: HospitalCaller, reply: ReplyView, now: datetime) -> str:
    sender = parts.member_of(reply.message.get("sender")) or ""
    member = members.find(unit, sender, tenant_id=caller.tenant_id)
    if member is None or not member.is_valid(now):
        raise ContractBroken(
            issues=[
                Issue(
                    expression="Communication.sender",
                    code="business-rule",
                    rule="member-not-attested",
                )
            ]
        )
    return sender


def _with_task(bundle: Resource, task: Resource) -> Resource:
    changed = copy.deepcopy(bundle)
    for entry in changed["entry"]:
        if entry["resource"]["resourceType"] == "Task":
            entry["resource"] = task
    return changed
