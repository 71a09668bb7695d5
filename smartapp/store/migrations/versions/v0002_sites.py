"""Sites: a removed one keeps its row, shared secrets, and what a probe found.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from runtime.tables import UtcDateTime
from smartapp.store.launch_rows import SiteProbeRow, SiteSecretRow
from smartapp.store.rows import SmartAppBase

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is missing; a new database has it from 0001, which makes today's tables."""
    bind = op.get_bind()
    columns = {column["name"] for column in sa.inspect(bind).get_columns("gw_site")}
    if "removed_at" not in columns:
        op.add_column("gw_site", sa.Column("removed_at", UtcDateTime(), nullable=True))
    tables = [
        SmartAppBase.metadata.tables[row.__tablename__] for row in (SiteSecretRow, SiteProbeRow)
    ]
    SmartAppBase.metadata.create_all(bind, tables=tables)
