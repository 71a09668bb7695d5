"""Tables of the hospital side, all named gw_*. Columns ending in `_sealed` are encrypted.

The keys that open them stay in the hospital; nothing of these tables is ever sent.
"""

from datetime import UTC, datetime

from typing import Any

from sqlalchemy import (
    CursorResult,
    DateTime,
    Dialect,
    LargeBinary,
    MetaData,
    Result,
    String,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC moment; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time rather than guess its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive time")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware time on every database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class SmartAppBase(DeclarativeBase):
    """Base of every gw_* table."""

    metadata = MetaData(naming_convention=_NAMING)
    type_annotation_map = {datetime: UtcTime, bytes: LargeBinary, str: String}  # noqa: RUF012


def touched(result: Result[Any]) -> int:
    """How many rows an UPDATE or DELETE changed."""
    if not isinstance(result, CursorResult):
        raise TypeError("not an UPDATE or DELETE")
    return int(result.rowcount)
