"""Accepted de-identification receipts; each id counts once per hospital."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from consult.store.rows import ReceiptRow
from consult.store.unit import Unit
from runtime import json_text


class ReceiptUsedError(Exception):
    """A receipt id was used before for something else."""


def add(unit: Unit, *, tenant_id: str, claims: Mapping[str, Any], now: datetime) -> None:
    """Keep the claims of an accepted receipt; raises `ReceiptUsedError` for a second use."""
    unit.session.add(
        ReceiptRow(
            tenant_id=tenant_id,
            receipt_id=str(claims["jti"]),
            case_id=str(claims["case"]),
            submission=str(claims["submission"]),
            claims=json_text.dumps_sorted(dict(claims)).decode("utf-8"),
            received_at=now,
        )
    )
    try:
        unit.session.flush()
    except IntegrityError:
        raise ReceiptUsedError from None


def of_case(unit: Unit, *, tenant_id: str, case_id: str) -> list[dict[str, Any]]:
    """Return the claims of a case's receipts, the question's first."""
    rows = unit.session.scalars(
        select(ReceiptRow.claims)
        .where(ReceiptRow.tenant_id == tenant_id, ReceiptRow.case_id == case_id)
        .order_by(ReceiptRow.received_at, ReceiptRow.receipt_id)
    )
    return [json_text.loads(text.encode("utf-8")) for text in rows]
