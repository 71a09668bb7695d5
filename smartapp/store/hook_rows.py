"""What became of cards that the hooks showed; no patient, no doctor, no comment."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from smartapp.store.rows import SmartAppBase


class HookFeedbackRow(SmartAppBase):
    """The last word about one card: taken up, or set aside for a coded reason."""

    __tablename__ = "gw_hook_feedback"

    site_id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    card: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    reason: Mapped[str]
    outcome_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (CheckConstraint("outcome IN ('accepted','overridden')", name="outcome"),)
