"""A running consult server on SQLite and, marked, on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import consult_world
from tests.support.consult_world import World
from tests.support.postgres import (  # noqa: F401 - fixtures
    database_url,
    postgres_server_url,
    postgres_url,
)


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:  # noqa: F811 - the fixture
    with consult_world.running(tmp_path, database_url) as running:
        yield running
