"""Unfinished answers."""

from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from consult.store.rows import DraftRow
from consult.store.unit import Unit
from exchange.opinion import Opinion
from runtime import json_text


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An unfinished answer and when it was saved."""

    opinion: Opinion = field(repr=False)
    saved_at: datetime


def save(unit: Unit, *, task_id: str, member_id: str, opinion: Opinion, now: datetime) -> None:
    """Save a draft over the one before."""
    body = json_text.dumps(msgspec.to_builtins(opinion)).decode("utf-8")
    unit.session.merge(DraftRow(task_id=task_id, member_id=member_id, body=body, saved_at=now))
    unit.session.flush()


def find(unit: Unit, *, task_id: str, member_id: str) -> Draft | None:
    """Return a specialist's draft of a case, or None."""
    row = unit.session.get(DraftRow, (task_id, member_id))
    if row is None:
        return None
    opinion = msgspec.convert(json_text.loads(row.body.encode("utf-8")), Opinion)
    return Draft(opinion=opinion, saved_at=row.saved_at)


def discard(unit: Unit, *, task_id: str, member_id: str) -> None:
    """Delete a draft, if there is one."""
    row = unit.session.get(DraftRow, (task_id, member_id))
    if row is not None:
        unit.session.delete(row)
        unit.session.flush()
