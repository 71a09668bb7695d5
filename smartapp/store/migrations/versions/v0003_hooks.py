"""Hooks: feedback on cards, and cases found by their patient's digest.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from smartapp.store.case_rows import CaseRow
from smartapp.store.hook_rows import HookFeedbackRow
from smartapp.store.rows import SmartAppBase

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INDEX = "ix_gw_case_patient"


def upgrade() -> None:
    """Add what is missing; a new database has it from 0001, which makes today's tables."""
    bind = op.get_bind()
    SmartAppBase.metadata.create_all(
        bind, tables=[SmartAppBase.metadata.tables[HookFeedbackRow.__tablename__]]
    )
    if _INDEX not in {index["name"] for index in sa.inspect(bind).get_indexes("gw_case")}:
        op.create_index(_INDEX, CaseRow.__tablename__, ["site_id", "patient_key"])
