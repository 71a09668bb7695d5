"""Turning the sandbox's switches in tests."""

from typing import Any

from sandbox import bench
from tests.support.sandbox_ehr import SECRET, SandboxEhr

KEY = {"Authorization": f"Bearer {SECRET}"}


def turn(ehr: SandboxEhr, **switches: Any) -> None:
    """Turn switches on top of those that are on."""
    with ehr.services.database.transaction() as session:
        bench.turn(session, switches)


def speak(ehr: SandboxEhr, dialect: str) -> None:
    """Speak a vendor's dialect."""
    with ehr.services.database.transaction() as session:
        bench.choose(session, dialect)
