"""The inbox of one specialist, in three SQL statements."""

from consult.domain.inbox import Inbox, InboxCase, arrange
from consult.domain.specialist import SignedIn
from consult.service import desk_access
from consult.service.services import ConsultServices
from consult.store import case_resources, cases
from consult.store.cases import CaseSummary
from exchange import offer, task_states
from fhir_server.ports import Stored


def list_inbox(services: ConsultServices, signed_in: SignedIn) -> Inbox:
    """Return every case that is offered to this specialist or held by them, grouped.

    At most 300 tasks are looked at, newest changes first.
    """
    me = signed_in.specialist.member_id
    with services.reading() as unit:
        around, included = case_resources.tasks_around(unit, me)
        tasks = _visible(around, included)
        summaries = cases.summaries(unit, list(tasks), reader=me)
    return arrange(
        _line(task, summaries[task_id], me)
        for task_id, task in tasks.items()
        if task_id in summaries
    )


def _visible(around: list[Stored], included: list[Stored]) -> dict[str, Stored]:
    """The case Tasks to show: held ones, and those behind an open offer."""
    held = {one.id: one for one in around if not offer.is_offer(one.resource)}
    offered = {
        str(one.resource["partOf"][0]["reference"]).removeprefix("Task/")
        for one in around
        if offer.is_offer(one.resource) and one.resource.get("status") == "requested"
    }
    shown = {one.id: one for one in included if one.id in offered and _is_open(one)}
    return {**shown, **held}


def _is_open(task: Stored) -> bool:
    return task_states.state_of(task.resource) in (task_states.OFFERED, task_states.ASKED_EARLY)


def _line(task: Stored, summary: CaseSummary, me: str) -> InboxCase:
    status, business = task_states.state_of(task.resource)
    place = summary.place
    return InboxCase(
        task_id=task.id,
        question=place.question_head,
        specialty=place.specialty,
        question_type=place.question_type,
        urgency=str(task.resource.get("priority")),
        status=status,
        business=business,
        due_at=task_states.due_at(task.resource),
        paused_since=task_states.paused_since(task.resource),
        asker_title=summary.asker_title,
        asker_region=summary.asker_region,
        results=place.results,
        notes=place.notes,
        documents=place.documents,
        is_mine=desk_access.owner_of(task.resource) == me,
        is_new=task.version > summary.seen_version,
        changed_at=task.updated,
    )
