"""Clauses to SQL: one statement per page, the same on SQLite and PostgreSQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from fhir_server.search import dates
from fhir_server.search.clauses import (
    Clause,
    DateValue,
    Include,
    QuantityValue,
    ReferenceValue,
    SearchQuery,
    SortKey,
    TextValue,
    TokenValue,
    Value,
)
from fhir_server.search.index import IDENTIFIER_SUFFIX, fold
from fhir_server.store.resource_rows import INDEX, RESOURCE

# What sorts last in either direction when a resource has no value.
_LAST: Mapping[str, tuple[object, object]] = MappingProxyType(
    {
        "date": (dates.END + 1, dates.BEGINNING - 1),
        "quantity": (1e300, -1e300),
        "text": ("\uffff", ""),
    }
)
Condition = ColumnElement[bool]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Which rows a caller may see: compartments (None: all) and further clauses."""

    compartments: frozenset[str] | None = field(repr=False)
    constraints: tuple[Clause, ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a page ended: the sort values and the row number of its last match."""

    keys: tuple[Any, ...] = field(repr=False)
    pk: int


def page(
    query: SearchQuery, reach: Reach, *, after: Position | None, limit: int, total: bool
) -> Select[Any]:
    """Select one page (one row more shows that another follows), with sort values and total."""
    keys = [_sort_value(key) for key in query.sort]
    where = _where(query, reach)
    columns: list[ColumnElement[Any]] = [*RESOURCE.c]
    columns += [value.label(f"key_{n}") for n, value in enumerate(keys)]
    if total:
        counted = select(func.count()).select_from(RESOURCE).where(*where).scalar_subquery()
        columns.append(counted.label("total"))
    selected = select(*columns).where(*where)
    if after is not None:
        selected = selected.where(_beyond(query.sort, keys, after))
    ordered = [
        value.desc() if key.descending else value.asc()
        for key, value in zip(query.sort, keys, strict=True)
    ]
    return selected.order_by(*ordered, RESOURCE.c.pk).limit(limit)


def count(query: SearchQuery, reach: Reach) -> Select[Any]:
    """Count the matches."""
    return select(func.count()).select_from(RESOURCE).where(*_where(query, reach))


def row_fits(pk: int, reach: Reach) -> Select[Any]:
    """Select the row's number if the reach covers it (its compartment left aside)."""
    conditions = [_condition(clause) for clause in reach.constraints]
    return select(RESOURCE.c.pk).where(RESOURCE.c.pk == pk, *conditions)


def by_identity(resource_type: str, ids: Sequence[str], reach: Reach) -> Select[Any]:
    """Select current resources of one type by id, as far as the reach goes."""
    return (
        select(RESOURCE)
        .where(
            RESOURCE.c.resource_type == resource_type,
            RESOURCE.c.resource_id.in_(ids),
            *_within(reach),
        )
        .order_by(RESOURCE.c.pk)
    )


def pointing_at(
    include: Include, target_type: str, ids: Sequence[str], reach: Reach
) -> Select[Any]:
    """Select current resources whose reference parameter points at one of `ids`."""
    parameter = include.parameter
    return (
        select(RESOURCE)
        .where(
            RESOURCE.c.resource_type == parameter.resource_type,
            RESOURCE.c.pk.in_(
                select(INDEX.c.resource_pk).where(
                    INDEX.c.param == parameter.key,
                    INDEX.c.system == target_type,
                    INDEX.c.value.in_(ids),
                )
            ),
            *_within(reach),
        )
        .order_by(RESOURCE.c.pk)
    )


def compartment(
    reaches: Mapping[str, tuple[Reach, tuple[str, ...]]],
    owner_type: str,
    owner_id: str,
    *,
    since: int | None,
    after: int | None,
) -> Select[Any]:
    """Select the owner itself and all that points at it by each type's keys, as stored."""
    owned = [
        and_(
            RESOURCE.c.resource_type == name,
            *_within(reach),
            or_(
                _is(owner_type, owner_id),
                RESOURCE.c.pk.in_(
                    select(INDEX.c.resource_pk).where(
                        INDEX.c.param.in_(keys),
                        INDEX.c.system == owner_type,
                        INDEX.c.value == owner_id,
                    )
                ),
            ),
        )
        for name, (reach, keys) in reaches.items()
    ]
    selected = select(RESOURCE).where(or_(false(), *owned))
    if since is not None:
        selected = selected.where(RESOURCE.c.updated >= since)
    if after is not None:
        selected = selected.where(RESOURCE.c.pk > after)
    return selected.order_by(RESOURCE.c.pk)


def _is(resource_type: str, resource_id: str) -> Condition:
    return and_(RESOURCE.c.resource_type == resource_type, RESOURCE.c.resource_id == resource_id)


def _where(query: SearchQuery, reach: Reach) -> list[Condition]:
    return [
        RESOURCE.c.resource_type == query.resource_type,
        *_within(reach),
        *(_condition(clause, drives=_drives(clause, query)) for clause in query.clauses),
    ]


def _drives(clause: Clause, query: SearchQuery) -> bool:
    """Tell whether the index should lead the search by this clause.

    A reference or identifier has few rows: it leads. Without one, codes lead; next to one,
    they are only looked up for the few rows that it leaves.
    """
    if _is_selective(clause):
        return True
    return clause.parameter.type == "token" and not any(map(_is_selective, query.clauses))


def _within(reach: Reach) -> list[Condition]:
    conditions: list[Condition] = [RESOURCE.c.deleted == false()]
    if reach.compartments is not None:
        conditions.append(RESOURCE.c.compartment.in_(sorted(reach.compartments)))
    return conditions + [_condition(clause) for clause in reach.constraints]


def _condition(clause: Clause, *, drives: bool = False) -> Condition:
    parameter = clause.parameter
    if parameter.name == "_id":
        wanted = [
            value.code
            for value in clause.values
            if isinstance(value, TokenValue) and value.system is None
        ]
        return RESOURCE.c.resource_id.in_(wanted)
    if parameter.name == "_lastUpdated":
        # A resource was updated at a moment: its range is one millisecond wide.
        low, high = RESOURCE.c.updated, RESOURCE.c.updated + 1
        return or_(false(), *(_date(low, high, v) for v in clause.values))
    key = parameter.key + (IDENTIFIER_SUFFIX if clause.modifier == "identifier" else "")
    if clause.modifier == "missing":
        present = _indexed(parameter.key, true())
        if parameter.type == "reference":
            present = or_(present, _indexed(parameter.key + IDENTIFIER_SUFFIX, true()))
        return not_(present) if clause.missing else present
    test = or_(false(), *(_value_test(clause, value) for value in clause.values))
    if clause.modifier == "not":
        return not_(_indexed(key, test))
    if drives:
        return RESOURCE.c.pk.in_(select(INDEX.c.resource_pk).where(INDEX.c.param == key, test))
    return _indexed(key, test)


def _is_selective(clause: Clause) -> bool:
    name, kind = clause.parameter.name, clause.parameter.type
    narrows = kind == "reference" or "identifier" in name or name == "_id"
    return narrows and clause.modifier not in ("missing", "not")


def _indexed(key: str, test: Condition) -> Condition:
    return exists().where(INDEX.c.resource_pk == RESOURCE.c.pk, INDEX.c.param == key, test)


def _value_test(clause: Clause, value: Value) -> Condition:
    if isinstance(value, TokenValue):
        return _token(value)
    if isinstance(value, TextValue):
        return _text(clause, value)
    if isinstance(value, DateValue):
        return _date(INDEX.c.low, INDEX.c.high, value)
    if isinstance(value, QuantityValue):
        return _quantity(value)
    return _reference(value)


def _token(value: TokenValue) -> Condition:
    conditions: list[Condition] = []
    if value.code is not None:
        conditions.append(INDEX.c.value == value.code)
    if value.system == "":
        conditions.append(INDEX.c.system.is_(None))
    elif value.system is not None:
        conditions.append(INDEX.c.system == value.system)
    return and_(true(), *conditions)


def _text(clause: Clause, value: TextValue) -> Condition:
    if clause.parameter.type == "uri":
        return INDEX.c.value == value.text
    if clause.modifier == "exact":
        return INDEX.c.exact == value.text
    if clause.modifier == "contains":
        return INDEX.c.value.contains(fold(value.text) or value.text, autoescape=True)
    start = fold(value.text)
    if not start:
        return false()  # nothing is left to compare: this must not match everything
    # A range keeps the index in use; LIKE would not, with a bound value.
    return and_(INDEX.c.value >= start, INDEX.c.value < start + "\U0010ffff")


def _reference(value: ReferenceValue) -> Condition:
    if value.address is not None:
        return and_(INDEX.c.system == "", INDEX.c.value == value.address)
    if value.resource_type is None:
        return and_(INDEX.c.system != "", INDEX.c.value == value.resource_id)
    return and_(INDEX.c.value == value.resource_id, INDEX.c.system == value.resource_type)


def _date(low: ColumnElement[Any], high: ColumnElement[Any], value: Value) -> Condition:
    if not isinstance(value, DateValue):
        return false()
    slack = max((value.high - value.low) * 2, 0)
    tests: Mapping[str, Callable[[], Condition]] = {
        "eq": lambda: and_(low >= value.low, high <= value.high),
        "ne": lambda: or_(low < value.low, high > value.high),
        "gt": lambda: high > value.high,
        "lt": lambda: low < value.low,
        "ge": lambda: or_(high > value.high, low >= value.low),
        "le": lambda: or_(low < value.low, high <= value.high),
        "sa": lambda: low >= value.high,
        "eb": lambda: high <= value.low,
        "ap": lambda: and_(low < value.high + slack, high > value.low - slack),
    }
    return tests[value.prefix]()


def _quantity(value: QuantityValue) -> Condition:
    number = INDEX.c.number
    slack = abs(value.number) * 0.1
    tests: Mapping[str, Callable[[], Condition]] = {
        "eq": lambda: and_(number >= value.low, number < value.high),
        "ne": lambda: or_(number < value.low, number >= value.high),
        "gt": lambda: number > value.number,
        "lt": lambda: number < value.number,
        "ge": lambda: number >= value.number,
        "le": lambda: number <= value.number,
        "sa": lambda: number > value.number,
        "eb": lambda: number < value.number,
        "ap": lambda: number.between(value.number - slack, value.number + slack),
    }
    conditions = [tests[value.prefix]()]
    if value.system is not None:
        conditions += [INDEX.c.system == value.system, INDEX.c.value == value.unit]
    elif value.unit is not None:
        conditions.append(or_(INDEX.c.value == value.unit, INDEX.c.exact == value.unit))
    return and_(*conditions)


def _sort_value(key: SortKey) -> ColumnElement[Any]:
    parameter = key.parameter
    if parameter.name == "_id":
        return RESOURCE.c.resource_id
    if parameter.name == "_lastUpdated":
        return RESOURCE.c.updated
    column = {"date": INDEX.c.low, "quantity": INDEX.c.number}.get(parameter.type, INDEX.c.value)
    pick = func.max if key.descending else func.min
    value = (
        select(pick(column))
        .where(INDEX.c.resource_pk == RESOURCE.c.pk, INDEX.c.param == parameter.key)
        .scalar_subquery()
    )
    kind = parameter.type if parameter.type in _LAST else "text"
    last = _LAST[kind][1 if key.descending else 0]
    return func.coalesce(value, literal(last, column.type))


def _beyond(
    sort: Sequence[SortKey], keys: Sequence[ColumnElement[Any]], after: Position
) -> Condition:
    """Rows after a position: later in the first key that differs, else a higher row number."""
    steps: list[Condition] = []
    equal: list[Condition] = []
    for key, column, value in zip(sort, keys, after.keys, strict=True):
        later = column < value if key.descending else column > value
        steps.append(and_(true(), *equal, later))
        equal.append(column == value)
    steps.append(and_(true(), *equal, RESOURCE.c.pk > after.pk))
    return or_(*steps)
