"""An engine with everything registered on an empty database of either kind."""

import pytest

from runtime.database import Database
from tests.support import fhir_engine
from tests.support.databases import Schema
from tests.support.fhir_engine import Client


@pytest.fixture
def schema() -> Schema:
    return fhir_engine.TABLES


@pytest.fixture
def client(database: Database) -> Client:
    return Client(engine=fhir_engine.build(), database=database)
