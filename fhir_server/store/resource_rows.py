"""Tables of the engine: current resources, their earlier versions, and one search index.

Text columns compare by code point on both databases (collation C on PostgreSQL), so that
sorting and page links behave alike. Bodies are TEXT exactly as the codec wrote them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase

_PlainText = Text().with_variant(Text(collation="C"), "postgresql")
_ShortText = String(255).with_variant(String(255, collation="C"), "postgresql")
_RowId = BigInteger().with_variant(Integer(), "sqlite")


class EngineBase(DeclarativeBase):
    """Owner of the engine's tables; hosts compose `EngineBase.metadata` into their schema."""

    metadata = MetaData()


RESOURCE = Table(
    "fhir_resource",
    EngineBase.metadata,
    Column("pk", _RowId, primary_key=True, autoincrement=True),
    Column("resource_type", _ShortText, nullable=False),
    Column("resource_id", _ShortText, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated", BigInteger, nullable=False),  # milliseconds since 1970, UTC
    Column("deleted", Boolean, nullable=False),
    Column("compartment", _ShortText, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("resource_type", "resource_id", name="fhir_resource_identity"),
    Index("fhir_resource_compartment", "resource_type", "compartment", "pk"),
    Index("fhir_resource_updated", "resource_type", "updated"),
)

# Earlier versions only: the current one is in fhir_resource, so a create writes one row.
HISTORY = Table(
    "fhir_history",
    EngineBase.metadata,
    Column("resource_pk", _RowId, ForeignKey("fhir_resource.pk"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("updated", BigInteger, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("compartment", _ShortText, nullable=False),
    Column("body", Text, nullable=False),
)

# `param` is "Type.parameter": it keeps one type's values together and out of another's.
INDEX = Table(
    "fhir_index",
    EngineBase.metadata,
    Column("resource_pk", _RowId, ForeignKey("fhir_resource.pk"), nullable=False),
    Column("param", _ShortText, nullable=False),
    Column("system", _PlainText),
    Column("value", _PlainText),
    Column("exact", _PlainText),
    Column("low", BigInteger),
    Column("high", BigInteger),
    Column("number", Float),
    Index("fhir_index_value", "param", "value", "resource_pk"),
    Index("fhir_index_resource", "resource_pk", "param"),
    Index("fhir_index_low", "param", "low"),
)

# One random key per database; page links are sealed with it.
ENGINE_KEY = Table(
    "fhir_engine_key",
    EngineBase.metadata,
    Column("name", _ShortText, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
)
