"""What a search asks for, as values."""

from dataclasses import dataclass, field
from typing import Literal

from fhir_server.search.parameters import Parameter

Prefix = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]


@dataclass(frozen=True, kw_only=True)
class TokenValue:
    """`code`, `system|code`, `|code` (system is "") or `system|` (code is None)."""

    system: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class TextValue:
    """Text of a string or uri parameter, as it was given."""

    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class DateValue:
    """A prefix and the range [low, high) in milliseconds that the given precision means."""

    prefix: Prefix
    low: int = field(repr=False)
    high: int = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class QuantityValue:
    """A prefix, a number, the range its digits mean, and the unit if one was given."""

    prefix: Prefix
    number: float = field(repr=False)
    low: float = field(repr=False)
    high: float = field(repr=False)
    system: str | None = None
    unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReferenceValue:
    """A resource here (type may be open), or a foreign address."""

    resource_type: str | None = None
    resource_id: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)


Value = TokenValue | TextValue | DateValue | QuantityValue | ReferenceValue
Modifier = Literal["missing", "not", "exact", "contains", "identifier"]


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One parameter of a query; its values are alternatives. `missing` has its own flag."""

    parameter: Parameter
    modifier: Modifier | None = None
    values: tuple[Value, ...] = ()
    missing: bool = False


@dataclass(frozen=True, kw_only=True)
class SortKey:
    """One level of `_sort`."""

    parameter: Parameter
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class Include:
    """`_include` or `_revinclude`: a reference parameter and, if named, the target type."""

    parameter: Parameter
    target_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class SearchQuery:
    """A whole search; `count` is None when the caller named no page size."""

    resource_type: str
    clauses: tuple[Clause, ...] = ()
    sort: tuple[SortKey, ...] = ()
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    count: int | None = None
    wants_total: bool = True
    only_count: bool = False
