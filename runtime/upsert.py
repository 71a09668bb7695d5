"""Insert-unless-present on both databases, one statement, no race."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session


def insert_if_absent(
    session: Session, row_class: type[DeclarativeBase], values: Mapping[str, Any]
) -> bool:
    """Insert a row unless its key is taken; say whether it was inserted."""
    # Any: column values are of the columns' types.
    table = row_class.__table__
    if not isinstance(table, Table):
        raise TypeError("not a table")
    dialect = session.get_bind().dialect.name
    build = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = build(table).values(dict(values)).on_conflict_do_nothing()
    # The returned key says it, not the row count, which drivers leave undefined here.
    inserted = session.execute(statement.returning(*table.primary_key.columns)).first()
    return inserted is not None
