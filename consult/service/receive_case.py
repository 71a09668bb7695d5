"""A new question: contract, member and receipt checked, stored, screened, routed, offered."""

from datetime import datetime

from consult.domain.callers import HospitalCaller
from consult.domain.codes_in_words import one_line
from consult.domain.snapshot_reading import read_clinical
from consult.errors import ContractBroken
from consult.service import check_receipt, move_case, offer_case
from consult.service.services import ConsultServices
from consult.store import case_resources, cases, members
from consult.store.cases import CasePlace
from consult.store.unit import Unit
from exchange import case_bundle, checks, task_states
from exchange.case_bundle import CaseView
from exchange.issues import Issue
from exchange.names import Resource


def accept(
    services: ConsultServices,
    unit: Unit,
    caller: HospitalCaller,
    bundle: Resource,
    now: datetime,
) -> Resource:
    """Accept a case bundle inside the caller's transaction; return the response Bundle."""
    issues = checks.check_case(bundle)
    if issues:
        raise ContractBroken(issues=issues)
    case = case_bundle.read_case(bundle)
    _check_sender(unit, caller, case, now)
    if cases.by_case(unit, tenant_id=caller.tenant_id, case_id=case.case_id) is not None:
        raise _broken("Bundle.identifier", "duplicate", "case-known")
    check_receipt.admit(
        services,
        unit,
        caller,
        case.receipt_token,
        case_id=case.case_id,
        submission=case.submission,
        prepared_by=case.requester_member,
        covers=case_bundle.covered(bundle, case),
        now=now,
    )
    response = case_resources.transact(unit, caller.tenant_id, bundle)
    place = _place(caller, case, bundle, response, now)
    cases.add(unit, place)
    move_case.note(
        unit,
        place,
        "case.received",
        actor=f"client:{caller.client_id}",
        detail={"submission": case.submission},
    )
    task = case_resources.load_task(unit, place.task_id)
    moved = offer_case.screen_and_offer(unit, place, task.resource, now)
    move_case.store(unit, place, moved, version=task.version)
    return response


def _check_sender(unit: Unit, caller: HospitalCaller, case: CaseView, now: datetime) -> None:
    member = members.find(unit, case.requester_member, tenant_id=caller.tenant_id)
    if member is None or not member.is_valid(now):
        raise _broken("ServiceRequest.requester", "business-rule", "member-not-attested")
    if task_states.due_at(case.task) <= now:
        raise _broken("ServiceRequest.occurrencePeriod.end", "business-rule", "promise-passed")


def _broken(expression: str, code: str, rule: str) -> ContractBroken:
    return ContractBroken(issues=[Issue(expression=expression, code=code, rule=rule)])


def _place(
    caller: HospitalCaller,
    case: CaseView,
    bundle: Resource,
    response: Resource,
    now: datetime,
) -> CasePlace:
    ids = {
        asked["resource"]["resourceType"]: _id_of(answered)
        for asked, answered in zip(bundle["entry"], response["entry"], strict=True)
    }
    clinical = read_clinical([case.snapshot])
    return CasePlace(
        task_id=ids["Task"],
        tenant_id=caller.tenant_id,
        case_id=case.case_id,
        request_id=ids["ServiceRequest"],
        subject_id=ids["Patient"],
        snapshot_id=ids["Bundle"],
        snapshot_sha256=case_bundle.covered(bundle, case)[0].sha256,
        question_id=ids["Communication"],
        member_id=case.requester_member,
        specialty=case.specialty,
        question_type=case.question_type,
        question_head=one_line(case.question, 300),
        results=clinical.result_count,
        notes=clinical.note_count,
        documents=clinical.document_count,
        received_at=now,
    )


def _id_of(entry: Resource) -> str:
    location = str(entry["response"]["location"]).split("/_history/", 1)[0]
    return location.rsplit("/", 1)[-1]
