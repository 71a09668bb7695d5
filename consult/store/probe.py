"""Whether the database answers and has its tables."""

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from consult.store.rows import TenantRow
from consult.store.unit import Unit


def answers(unit: Unit) -> bool:
    """Tell whether a simple read works."""
    try:
        unit.session.execute(select(TenantRow.tenant_id).limit(1)).all()
    except SQLAlchemyError:
        return False
    return True
