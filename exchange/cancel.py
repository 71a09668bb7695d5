"""Taking a question back: by the case Task before work began, by an abort Task afterwards.

The reason is a code; no free text leaves with a cancellation (DETAILS 3).
"""

from datetime import datetime

from exchange import case_entries, names, parts
from exchange.clarification import is_test_data
from exchange.errors import MessageUnreadable, OrderInvalid
from exchange.names import Resource
from exchange.task_states import instant


def build_abort(
    task: Resource, *, requester: str, reason: str, now: datetime, cancel_n: int = 1
) -> Resource:
    """Return the abort Task that asks the network to stop a case that is being worked on.

    `reason` is a code of `names.STATUS_REASONS`.
    """
    if reason not in names.STATUS_REASONS:
        raise OrderInvalid(rule="reason")
    case_id = task.get("groupIdentifier", {}).get("value")
    if not isinstance(case_id, str) or "id" not in task:
        raise MessageUnreadable(expression="Task.groupIdentifier.value")
    abort: Resource = {
        "resourceType": "Task",
        "meta": parts.meta(names.PROFILE_CANCEL, test_data=is_test_data(task)),
        "identifier": [case_entries.identifier(names.SID_CANCEL, case_id, "cancel", cancel_n)],
        "groupIdentifier": {"system": names.SID_CASE, "value": case_id},
        "status": "requested",
        "intent": "order",
        "code": parts.concept(names.CS_FHIR_TASK, "abort"),
        "focus": {"reference": f"Task/{task['id']}"},
        "for": task["for"],
        "authoredOn": instant(now),
        "requester": parts.member(requester),
        "reasonCode": parts.concept(names.CS_STATUS_REASON, reason),
    }
    if "owner" in task:
        abort["owner"] = task["owner"]
    return abort
