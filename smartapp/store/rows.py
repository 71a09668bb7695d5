"""Tables of the hospital side, all named gw_*. Columns ending in `_sealed` are encrypted.

The keys that open them stay in the hospital; nothing of these tables is ever sent.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, LargeBinary, MetaData, Result, String
from sqlalchemy.orm import DeclarativeBase

from runtime.tables import UtcDateTime

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class SmartAppBase(DeclarativeBase):
    """Base of every gw_* table."""

    metadata = MetaData(naming_convention=_NAMING)
    type_annotation_map = {  # noqa: RUF012 - the shape SQLAlchemy asks for
        datetime: UtcDateTime,
        bytes: LargeBinary,
        str: String,
    }


def touched(result: Result[Any]) -> int:
    """How many rows an UPDATE or DELETE changed."""
    if not isinstance(result, CursorResult):
        raise TypeError("not an UPDATE or DELETE")
    return int(result.rowcount)
