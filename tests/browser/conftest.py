"""One running demo for the whole browser tier."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from confer.demo_plan import DemoPlan
from tests.support.demo import running


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoPlan]:
    """The demo with its programs and workers, sending at once."""
    folder: Path = tmp_path_factory.mktemp("demo") / "data"
    with running(folder, "--send-delay", "0") as plan:
        yield plan
