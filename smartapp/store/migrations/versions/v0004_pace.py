"""The pace of each site, and by which form an answer is being written.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from smartapp.store.pace_rows import PaceRow
from smartapp.store.rows import SmartAppBase

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is missing; a new database may have it from 0001 already."""
    bind = op.get_bind()
    SmartAppBase.metadata.create_all(
        bind, tables=[SmartAppBase.metadata.tables[PaceRow.__tablename__]]
    )
    columns = {column["name"] for column in sa.inspect(bind).get_columns("gw_answer")}
    if "rung" not in columns:
        op.add_column("gw_answer", sa.Column("rung", sa.String(), nullable=True))
