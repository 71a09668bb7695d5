"""Accepted transactions by key: same key and bytes give the same answer, other bytes none."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from consult.store.rows import SubmissionRow
from consult.store.unit import Unit


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What was accepted under a key; `response` is None after a privacy purge."""

    sha256: str
    response: bytes | None = field(repr=False)


class SubmissionExistsError(Exception):
    """Another transaction with this key was faster; look again."""


def find(unit: Unit, *, tenant_id: str, key: str) -> Submission | None:
    """Return what this hospital submitted under a key, or None."""
    row = unit.session.get(SubmissionRow, (tenant_id, key))
    return Submission(sha256=row.sha256, response=row.response) if row is not None else None


def reserve(
    unit: Unit, *, tenant_id: str, key: str, sha256: str, body: bytes, now: datetime
) -> None:
    """Take a key; a second writer waits for the first and then raises.

    Raises `SubmissionExistsError` when the key is taken; the session must then roll back.
    """
    unit.session.add(
        SubmissionRow(
            tenant_id=tenant_id,
            key=key,
            sha256=sha256,
            body=body,
            response=None,
            received_at=now,
        )
    )
    try:
        unit.session.flush()
    except IntegrityError:
        raise SubmissionExistsError from None


def keep_response(unit: Unit, *, tenant_id: str, key: str, response: bytes) -> None:
    """Store what we answered, to be given again to the same submission."""
    row = unit.session.get_one(SubmissionRow, (tenant_id, key))
    row.response = response
    unit.session.flush()
