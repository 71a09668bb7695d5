"""How hard each EHR has been asked lately."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from smartapp.store.rows import SmartAppBase


class PaceRow(SmartAppBase):
    """The token bucket and the circuit of one site; every process reads and writes it."""

    __tablename__ = "gw_pace"

    site_id: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float]
    at: Mapped[datetime]
    paused_until: Mapped[datetime | None]
    failures: Mapped[int]
