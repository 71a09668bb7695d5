"""The random key of this database, with which page links are sealed."""

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fhir_server.store.resource_rows import ENGINE_KEY
from runtime import tokens

_NAME = "page"


def load(session: Session) -> bytes | None:
    """Return the key, or None when this database has none yet."""
    return session.execute(
        select(ENGINE_KEY.c.secret).where(ENGINE_KEY.c.name == _NAME)
    ).scalar_one_or_none()


def load_or_create(session: Session) -> bytes:
    """Return the key, made now if need be; of two programs that make it, one wins."""
    known = load(session)
    if known is not None:
        return known
    fresh = tokens.new_key()
    try:
        with session.begin_nested():
            session.execute(insert(ENGINE_KEY), {"name": _NAME, "secret": fresh})
    except IntegrityError:
        return load(session) or fresh
    return fresh
