"""Migrations give exactly the tables that the code works with, on both databases."""

import pytest
import sqlalchemy as sa

from consult.store.rows import ConsultBase
from fhir_server.store.resource_rows import EngineBase
from runtime.database import Database, check_tables, create_tables, upgrade
from runtime.tables import RuntimeBase
from tests.support import databases
from tests.support.databases import Schema

BASES = (RuntimeBase, EngineBase, ConsultBase)


def columns(opened: Database) -> dict[str, dict[str, tuple[str, bool]]]:
    found = sa.inspect(opened.engine)
    return {
        table: {
            column["name"]: (str(column["type"]), bool(column["nullable"]))
            for column in found.get_columns(table)
        }
        for table in found.get_table_names()
        if table != "cs_schema_version"
    }


@pytest.fixture
def schema() -> Schema:
    return databases.EMPTY


def test_an_empty_database_is_brought_to_the_present_schema(database: Database) -> None:
    upgrade(database, "consult.store.migrations")
    check_tables(database, *(base.metadata for base in BASES))
    migrated = columns(database)
    create_tables(database, *(base.metadata for base in BASES))
    assert columns(database) == migrated
    upgrade(database, "consult.store.migrations")
