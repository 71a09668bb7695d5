"""An offer: the network's own Task that asks one specialist to take a case.

Offers never leave the network; the hospital sees the case Task alone (spec/wire.md 2.4).
"""

from datetime import datetime
from typing import Literal

from exchange import case_entries, names, parts
from exchange.clarification import is_test_data
from exchange.errors import OrderInvalid
from exchange.names import Resource
from exchange.task_states import instant

OfferStatus = Literal["accepted", "rejected", "cancelled"]


def build_offer(
    task: Resource, *, case_id: str, owner: str, offer_n: int, now: datetime, until: datetime
) -> Resource:
    """Return the offer Task of a stored case Task to one specialist."""
    return {
        "resourceType": "Task",
        "meta": parts.meta(names.PROFILE_OFFER, test_data=is_test_data(task)),
        "identifier": [case_entries.identifier(names.SID_OFFER, case_id, "offer", offer_n)],
        "groupIdentifier": {"system": names.SID_CASE, "value": case_id},
        "partOf": [{"reference": f"Task/{task['id']}"}],
        "basedOn": [task["focus"]],
        "status": "requested",
        "intent": "proposal",
        "priority": task["priority"],
        "code": parts.concept(names.CS_TASK_CODE, "offer"),
        "focus": task["focus"],
        "for": task["for"],
        "authoredOn": instant(now),
        "lastModified": instant(now),
        "owner": parts.member(owner),
        "restriction": {"period": {"end": instant(until)}},
    }


def settled(
    offer: Resource, status: OfferStatus, now: datetime, *, reason: str | None = None
) -> Resource:
    """Return an offer as taken, declined, or taken by another; `reason` is a status reason."""
    moved = {**offer, "status": status, "lastModified": instant(now)}
    if reason is not None:
        if reason not in names.STATUS_REASONS:
            raise OrderInvalid(rule="reason")
        moved["statusReason"] = parts.concept(names.CS_STATUS_REASON, reason)
    return moved


def is_offer(task: Resource) -> bool:
    """Tell whether a Task is an offer."""
    return parts.code_of(task.get("code"), names.CS_TASK_CODE) == "offer"
