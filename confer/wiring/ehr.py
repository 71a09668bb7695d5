"""The simulated EHR, put together."""

from confer.errors import SandboxOnly
from runtime.database import Database, open_database
from runtime.settings_schema import Settings
from sandbox import services
from sandbox.services import SandboxServices


def open_ehr_database(settings: Settings) -> Database:
    """Open the simulated EHR's database."""
    return open_database(settings.ehr_database_url)


def build(settings: Settings, database: Database | None = None) -> SandboxServices:
    """Build the simulated EHR; raises `SandboxOnly` in production mode."""
    if not settings.is_sandbox:
        raise SandboxOnly
    return services.build_services(settings, database or open_ehr_database(settings))
