"""Conditions by search: If-None-Exist and conditional references."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from fhir_server import references
from fhir_server.context import Call
from fhir_server.errors import ConditionAmbiguous, Issue, RequestInvalid, SearchInvalid
from fhir_server.ports import Grant
from fhir_server.search import compile as sql
from fhir_server.search import parse
from fhir_server.store import resources
from fhir_server.store.resources import Record

_MAX_TEXT = 2_000


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A search that must match nothing (create) or exactly one resource (reference)."""

    resource_type: str
    pairs: tuple[tuple[str, str], ...] = field(repr=False)

    @property
    def key(self) -> int:
        """A number of 63 bits that is the same for the same condition."""
        text = repr((self.resource_type, sorted(self.pairs))).encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def read_condition(text: str, resource_type: str, base_url: str, expression: str) -> Condition:
    """Read `a=b`, `?a=b`, `Type?a=b` or the same below our own base.

    Raises `RequestInvalid` for another type, an empty condition, or result parameters.
    """
    plain = references.strip_base(text.strip(), base_url)
    head, mark, query = plain.partition("?")
    if not mark:
        head, query = "", plain
    pairs = tuple(parse_qsl(query, keep_blank_values=True)) if len(text) <= _MAX_TEXT else ()
    bad = not pairs or any(name in parse.RESULT_PARAMETERS for name, _ in pairs)
    if bad or head not in ("", resource_type):
        raise RequestInvalid(
            issues=[Issue(code="value", expression=expression, rule="not a search condition")]
        )
    return Condition(resource_type=resource_type, pairs=pairs)


def match(call: Call, condition: Condition, grant: Grant) -> Record | None:
    """Return the one resource that matches within the grant, or None.

    Holds off other writers with the same condition until the transaction ends. Raises
    `ConditionAmbiguous` when several match.
    """
    resources.lock_condition(call.session, condition.key)
    found = find(call, condition, grant)
    if len(found) > 1:
        raise ConditionAmbiguous()
    return found[0] if found else None


def find(call: Call, condition: Condition, grant: Grant) -> Sequence[Record]:
    """Return up to two matches of a condition within the grant."""
    if "search" not in call.context.types[condition.resource_type].interactions:
        raise SearchInvalid(issues=[Issue(code="not-supported", rule="type is not searchable")])
    query = parse.parse(call.context.scope, condition.resource_type, condition.pairs)
    reach = call.reach(condition.resource_type, grant)
    rows = resources.run(call.session, sql.page(query, reach, after=None, limit=2, total=False))
    return [resources.record_of(row) for row in rows]
