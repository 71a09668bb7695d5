"""The first schema: runtime and gateway tables.

Revision ID: 0001
Revises:
"""

from alembic import op

from runtime.tables import RuntimeBase
from smartapp.store import case_rows, launch_rows
from smartapp.store.rows import SmartAppBase

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Importing the row modules is what puts their tables into the metadata.
ROW_MODULES = (case_rows, launch_rows)


def upgrade() -> None:
    """Create all tables."""
    for base in (RuntimeBase, SmartAppBase):
        base.metadata.create_all(op.get_bind())
