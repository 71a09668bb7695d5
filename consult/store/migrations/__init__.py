"""Schema changes of consult.db, forward only (Alembic)."""
