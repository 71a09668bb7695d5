"""The network side, put together."""

from consult.service import services
from consult.service.services import ConsultServices
from runtime.database import Database, open_database
from runtime.keyring import Keyring
from runtime.settings_schema import Settings


def open_consult_database(settings: Settings) -> Database:
    """Open the network's database."""
    return open_database(settings.consult_database_url)


def build(settings: Settings, database: Database | None = None) -> ConsultServices:
    """Build the network side."""
    return services.build(
        settings,
        database or open_consult_database(settings),
        Keyring.open(settings.consult_keyring_file, create=settings.is_sandbox),
    )
