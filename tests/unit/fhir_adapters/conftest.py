"""What every adapter test starts from: a server with a full chart."""

import pytest

from tests.support.charts import full_chart
from tests.support.memory_fhir import MemoryFhirSession


@pytest.fixture
def session() -> MemoryFhirSession:
    """A server that has something in every section."""
    return MemoryFhirSession(resources=full_chart())
