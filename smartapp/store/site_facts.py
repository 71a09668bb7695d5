"""How a registered site is kept: one JSON object of facts, read back strictly.

Rows of earlier releases lack facts that came later; those get their defaults. A fact that
this release does not know, or one of the wrong shape, is refused: it may have been a limit.
"""

import types
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from launch import open_hours
from launch.ports import CdsClient, Site
from runtime import json_text
from runtime.errors import JsonTextError
from smartapp.errors import SiteUnreadable

_NESTED = {CdsClient: "cds_client"}


def to_text(site: Site) -> str:
    """The stored form of a site."""
    return json_text.dumps(asdict(site)).decode("utf-8")


# Rows are read anew at each call so that a switch works at once; the same text is parsed once.
@lru_cache(maxsize=256)
def from_text(text: str, *, site_id: str) -> Site:
    """Read a stored site; raises `SiteUnreadable` that names the fact, never its value."""
    try:
        facts = json_text.loads(text.encode("utf-8"))
    except JsonTextError:
        raise SiteUnreadable(site=site_id, fact="all", rule="not JSON") from None
    try:
        site: Site = _built(Site, facts, path="")
    except _Wrong as wrong:
        raise SiteUnreadable(site=site_id, fact=wrong.fact, rule=wrong.rule) from None
    if site.site_id != site_id:
        raise SiteUnreadable(site=site_id, fact="site_id", rule="another site's")
    _check_hours(site)
    return site


def _check_hours(site: Site) -> None:
    try:
        for text in site.open_hours:
            open_hours.parse(text)
        open_hours.zone(site.time_zone)
    except ValueError:
        # Hours that cannot be read must not mean "always".
        raise SiteUnreadable(site=site.site_id, fact="open_hours", rule="cannot be read") from None


class _Wrong(Exception):
    """A fact and the rule that it breaks."""

    def __init__(self, fact: str, rule: str) -> None:
        super().__init__(fact)
        self.fact, self.rule = fact, rule


def _built(kind: type[Any], facts: object, *, path: str) -> Any:
    """Build one of our dataclasses from JSON; Any: whichever class was asked for."""
    if not isinstance(facts, Mapping):
        raise _Wrong(path or "all", "not an object")
    hints = get_type_hints(kind)
    known = {one.name: one for one in fields(kind)}
    if unknown := sorted(set(facts) - set(known)):
        # Its name is data: only how many there are may be said.
        raise _Wrong(path or "all", f"{len(unknown)} unknown to this release")
    values: dict[str, Any] = {}
    for name, one in known.items():
        place = f"{path}.{name}" if path else name
        if name in facts:
            values[name] = _value(hints[name], facts[name], place)
        elif one.default is MISSING and one.default_factory is MISSING:
            raise _Wrong(place, "missing")
    return kind(**values)


def _value(hint: Any, value: object, place: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _of_union(hint, value, place)
    if origin is Literal:
        return _one_of(get_args(hint), value, place)
    if origin is tuple:
        if not isinstance(value, list):
            raise _Wrong(place, "not a list")
        return tuple(_value(get_args(hint)[0], item, place) for item in value)
    if hint in _NESTED:
        return _built(hint, value, path=place)
    return _plain(origin or hint, value, place)


def _of_union(hint: Any, value: object, place: str) -> Any:
    if value is None:
        return None
    inner = next(kind for kind in get_args(hint) if kind is not type(None))
    return _value(inner, value, place)


def _one_of(allowed: tuple[Any, ...], value: object, place: str) -> Any:
    if value not in allowed:
        raise _Wrong(place, "not one of the allowed words")
    return value


def _plain(kind: Any, value: object, place: str) -> Any:
    """A text, a yes or no, a number or a JSON object; NewTypes of text count as text."""
    if kind is float and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return float(value)
    wanted: type = dict if kind is Mapping else getattr(kind, "__supertype__", kind)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise _Wrong(place, "of the wrong type")
    return value
