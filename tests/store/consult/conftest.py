"""A running consult server on SQLite and, marked, on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import consult_world
from tests.support.consult_world import World
from tests.support.databases import Schema


@pytest.fixture
def schema() -> Schema:
    return consult_world.TABLES


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with consult_world.running(tmp_path, database_url) as running:
        yield running
