"""The hospital's last words on a case: acknowledged, and what was decided.

Both are changes of the case Task by the hospital (DETAILS 19): closing it when the answer
is safely in the chart, later a coded decision. The request is completed by its author.
"""

from datetime import datetime

from exchange import names, parts, task_states
from exchange.errors import OrderInvalid
from exchange.names import Resource
from exchange.task_states import Event


def closed(task: Resource, now: datetime) -> Resource:
    """Return the answered Task as closed: PUT it with If-Match."""
    return task_states.apply(task, Event.CLOSE, now)


def request_completed(request: Resource) -> Resource:
    """Return the ServiceRequest as completed: PUT it after the Task was closed."""
    return {**request, "status": "completed"}


def decided(task: Resource, decision: str, now: datetime) -> Resource:
    """Return the closed Task with the coded decision; a later decision replaces it."""
    if decision not in names.DECISIONS:
        raise OrderInvalid(rule="decision")
    moved = task_states.apply(task, Event.DECIDE, now)
    kept = [
        item
        for item in moved.get("output") or []
        if parts.code_of(item.get("type"), names.CS_TASK_OUTPUT) != "decision"
    ]
    moved["output"] = [
        *kept,
        {
            "type": parts.concept(names.CS_TASK_OUTPUT, "decision"),
            "valueCodeableConcept": parts.concept(names.CS_DECISION, decision),
        },
    ]
    return moved


def decision_of(task: Resource) -> str | None:
    """Return the decision that the Task records, or None."""
    for item in task.get("output") or []:
        if parts.code_of(item.get("type"), names.CS_TASK_OUTPUT) == "decision":
            return parts.code_of(item.get("valueCodeableConcept"), names.CS_DECISION)
    return None
