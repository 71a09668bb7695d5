"""One case, ready for the page: read from its resources, shown to who may see it."""

import base64

from consult.domain.case_view import CaseHead, CaseView, Message
from consult.domain.removals import read_removals
from consult.domain.snapshot_reading import read_clinical
from consult.domain.specialist import SignedIn
from consult.service import desk_access
from consult.service.services import ConsultServices
from consult.store import case_resources, cases, drafts, receipts
from consult.store.cases import CasePlace, CaseSummary
from consult.store.unit import Unit
from exchange import clarification, names, opinion_bundle, parts, task_states
from exchange.names import Resource
from fhir_server.ports import Stored


def open_case(services: ConsultServices, signed_in: SignedIn, task_id: str) -> CaseView:
    """Return a case that is offered to this specialist or held by them, and mark it as seen.

    Raises `CaseUnknown` for any other case, whether it exists or not.
    """
    me = signed_in.specialist.member_id
    with services.reading() as unit:
        place, task = desk_access.case_in_sight(unit, signed_in, task_id)
        is_mine = desk_access.owner_of(task.resource) == me
        view = _view(unit, place, task, me=me, is_mine=is_mine)
    with services.writing() as unit:
        cases.note_seen(unit, task_id=task_id, member_id=me, version=task.version)
    return view


def _view(unit: Unit, place: CasePlace, task: Stored, *, me: str, is_mine: bool) -> CaseView:
    summary = cases.summaries(unit, [place.task_id], reader=me)[place.task_id]
    messages = case_resources.thread(unit, place.task_id)
    thread = tuple(_message(one, me) for one in messages)
    question = thread[0].texts
    draft = drafts.find(unit, task_id=place.task_id, member_id=me) if is_mine else None
    claims = receipts.of_case(unit, tenant_id=place.tenant_id, case_id=place.case_id)
    return CaseView(
        head=_head(place, task, summary, is_mine=is_mine),
        question=question[0] if question else "",
        thinking=question[1] if len(question) > 1 else "",
        clinical=read_clinical(case_resources.snapshots(unit, task.resource)),
        thread=thread[1:],
        removed=read_removals(claims),
        draft=draft.opinion if draft else None,
        draft_saved_at=draft.saved_at if draft else None,
        answer_text=_answer_text(unit, task.resource),
    )


def _head(place: CasePlace, task: Stored, summary: CaseSummary, *, is_mine: bool) -> CaseHead:
    status, business = task_states.state_of(task.resource)
    return CaseHead(
        task_id=place.task_id,
        case_id=place.case_id,
        short_id=names.short_case_id(place.case_id),
        specialty=place.specialty,
        question_type=place.question_type,
        urgency=str(task.resource.get("priority")),
        status=status,
        business=business,
        asked_at=task_states.read_instant(task.resource.get("authoredOn")),
        due_at=task_states.due_at(task.resource),
        expires_at=task_states.expires_at(task.resource),
        paused_since=task_states.paused_since(task.resource),
        asker_title=summary.asker_title,
        asker_region=summary.asker_region,
        is_mine=is_mine,
        version=task.version,
    )


def _message(stored: Stored, me: str) -> Message:
    read = clarification.read_message(stored.resource)
    return Message(kind=read.kind, from_me=read.sender == me, sent=read.sent, texts=read.texts)


def _answer_text(unit: Unit, task: Resource) -> str | None:
    reference = parts.task_entry(task, kind="valueReference", code="opinion-document")
    if reference is None:
        return None
    kind, _, identity = reference.partition("/")
    document = case_resources.read(unit, kind, identity).resource
    for item in document.get("content") or []:
        attachment = item.get("attachment") or {}
        if attachment.get("contentType") == opinion_bundle.TEXT_TYPE:
            return base64.b64decode(str(attachment.get("data"))).decode("utf-8")
    return None
