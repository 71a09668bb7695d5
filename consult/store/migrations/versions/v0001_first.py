"""The first schema: engine, runtime and consult tables.

Revision ID: 0001
Revises:
"""

from alembic import op

from consult.store.rows import ConsultBase
from fhir_server.store.resource_rows import EngineBase
from runtime.tables import RuntimeBase

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    for base in (RuntimeBase, EngineBase, ConsultBase):
        base.metadata.create_all(op.get_bind())
