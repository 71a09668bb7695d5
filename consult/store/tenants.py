"""Hospitals, their clients and the public keys that these registered inline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from consult.domain.callers import ClientId, TenantId
from consult.store.rows import ClientKeyRow, ClientRow, TenantRow
from consult.store.unit import Unit
from runtime import json_text

Jwk = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Client:
    """A registered client and the hospital it speaks for."""

    client_id: ClientId
    tenant_id: TenantId


def register(
    unit: Unit, *, tenant_id: str, client_id: str, keys: Sequence[Jwk], now: datetime
) -> None:
    """Register a hospital's client with its keys; registering again replaces the keys."""
    if unit.session.get(TenantRow, tenant_id) is None:
        unit.session.add(TenantRow(tenant_id=tenant_id, created_at=now, active=True))
        unit.session.flush()
    if unit.session.get(ClientRow, client_id) is None:
        unit.session.add(ClientRow(client_id=client_id, tenant_id=tenant_id, active=True))
        unit.session.flush()
    replace_keys(unit, client_id, keys, now=now)


def find_client(unit: Unit, client_id: str) -> Client | None:
    """Return an active client of an active hospital, or None."""
    row = unit.session.execute(
        select(ClientRow.client_id, ClientRow.tenant_id)
        .join(TenantRow, TenantRow.tenant_id == ClientRow.tenant_id)
        .where(ClientRow.client_id == client_id, ClientRow.active, TenantRow.active)
    ).one_or_none()
    if row is None:
        return None
    return Client(client_id=ClientId(row.client_id), tenant_id=TenantId(row.tenant_id))


def active_keys(unit: Unit, client_id: str) -> list[dict[str, Any]]:
    """Return the keys that a client signs in with now."""
    return _keys(unit, (ClientKeyRow.client_id == client_id, ClientKeyRow.retired_at.is_(None)))


def all_keys(unit: Unit, client_id: str) -> list[dict[str, Any]]:
    """Return every key a client ever had: receipts outlive a rotation."""
    return _keys(unit, (ClientKeyRow.client_id == client_id,))


def retired_at(unit: Unit, client_id: str, kid: str) -> datetime | None:
    """Return when a key of a client was retired; None while it is in use, or unknown."""
    row = unit.session.get(ClientKeyRow, (client_id, kid))
    return row.retired_at if row is not None else None


def _keys(unit: Unit, conditions: tuple[Any, ...]) -> list[dict[str, Any]]:
    # Any: SQLAlchemy's column expressions.
    rows = unit.session.scalars(
        select(ClientKeyRow.jwk).where(*conditions).order_by(ClientKeyRow.kid)
    )
    return [json_text.loads(text.encode("utf-8")) for text in rows]


def replace_keys(unit: Unit, client_id: str, keys: Sequence[Jwk], *, now: datetime) -> None:
    """Make these the keys of a client; those that are no longer named are retired."""
    kids = {str(key["kid"]) for key in keys}
    unit.session.execute(
        update(ClientKeyRow)
        .where(
            ClientKeyRow.client_id == client_id,
            ClientKeyRow.kid.not_in(kids),
            ClientKeyRow.retired_at.is_(None),
        )
        .values(retired_at=now)
        .execution_options(synchronize_session=False)
    )
    for key in keys:
        place = (client_id, str(key["kid"]))
        if unit.session.get(ClientKeyRow, place) is None:
            unit.session.add(
                ClientKeyRow(
                    client_id=client_id,
                    kid=str(key["kid"]),
                    jwk=json_text.dumps_sorted(dict(key)).decode("utf-8"),
                    added_at=now,
                )
            )
    unit.session.flush()


def was_retired(unit: Unit, client_id: str, kid: str) -> bool:
    """Tell whether a key id was in use once and is no longer."""
    row = unit.session.get(ClientKeyRow, (client_id, kid))
    return row is not None and row.retired_at is not None
