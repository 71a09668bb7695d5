"""Search values: from query text to typed values, by parameter type (pure)."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import get_args

from fhir_server import references
from fhir_server.search import dates
from fhir_server.search.clauses import (
    DateValue,
    Prefix,
    QuantityValue,
    ReferenceValue,
    TextValue,
    TokenValue,
    Value,
)
from fhir_server.search.parameters import Parameter

_PREFIXES: tuple[Prefix, ...] = get_args(Prefix)
_NUMBER = re.compile(r"[-+]?\d{1,20}(?:\.\d{1,15})?(?:[eE][-+]?\d{1,3})?")


def split(text: str, separator: str) -> list[str]:
    """Split at a separator that no backslash escapes; the escapes stay in the pieces."""
    pieces = [""]
    escaped = False
    for character in text:
        if character == separator and not escaped:
            pieces.append("")
        else:
            pieces[-1] += character
        escaped = character == "\\" and not escaped
    return pieces


def unescape(text: str) -> str:
    r"""Undo the escapes of FHIR search: \, \| \$ \\."""
    return re.sub(r"\\([,|$\\])", r"\1", text)


def value_of(parameter: Parameter, text: str, base_url: str) -> Value | None:
    """Return the typed value of one alternative, or None when the text does not fit."""
    if not text or "\x00" in text:
        return None
    if parameter.type == "reference":
        return _reference(parameter, text, base_url)
    return _READERS[parameter.type](text)


def token_of(text: str) -> TokenValue | None:
    """Read `code`, `system|code`, `|code` or `system|`."""
    parts = [unescape(part) for part in split(text, "|")]
    if len(parts) == 1:
        return TokenValue(code=parts[0])
    if len(parts) != 2 or not any(parts):
        return None
    system, code = parts
    return TokenValue(system=system, code=code or None)


def typed_reference(parameter: Parameter, text: str, target_type: str) -> ReferenceValue | None:
    """Read the id of `parameter:Type=id`; the type named must be a target of it."""
    plain = unescape(text)
    if parameter.targets and target_type not in parameter.targets:
        return None
    if references.ID_PATTERN.fullmatch(plain):
        return ReferenceValue(resource_type=target_type, resource_id=plain)
    kind, _, identity = plain.partition("/")
    if kind == target_type and references.ID_PATTERN.fullmatch(identity):
        return ReferenceValue(resource_type=kind, resource_id=identity)
    return None


def _reference(parameter: Parameter, text: str, base_url: str) -> ReferenceValue | None:
    plain = unescape(text)
    if references.ID_PATTERN.fullmatch(plain):
        only = parameter.targets[0] if len(parameter.targets) == 1 else None
        return ReferenceValue(resource_type=only, resource_id=plain)
    target = references.target_of(plain, base_url)
    if target.address is not None and ":" not in target.address:
        return None  # neither Type/id, nor an id, nor an address
    return ReferenceValue(
        resource_type=target.resource_type,
        resource_id=target.resource_id,
        address=target.address,
    )


def _text(text: str) -> TextValue:
    return TextValue(text=unescape(text))


def _prefixed(text: str) -> tuple[Prefix, str]:
    for prefix in _PREFIXES:
        if text.startswith(prefix):
            return prefix, text[2:]
    return "eq", text


def _date(text: str) -> DateValue | None:
    prefix, rest = _prefixed(text)
    # A "+" of a zone that was not percent-encoded arrives as a space.
    found = dates.range_of(rest.replace(" ", "+"))
    return DateValue(prefix=prefix, low=found[0], high=found[1]) if found else None


def _quantity(text: str) -> QuantityValue | None:
    prefix, rest = _prefixed(text)
    parts = [unescape(part) for part in split(rest, "|")]
    if len(parts) not in (1, 3) or not _NUMBER.fullmatch(parts[0]):
        return None
    try:
        number = Decimal(parts[0])
    except InvalidOperation:
        return None
    exponent = number.as_tuple().exponent
    half = Decimal(5).scaleb(exponent - 1) if isinstance(exponent, int) else Decimal(0)
    return QuantityValue(
        prefix=prefix,
        number=float(number),
        low=float(number - half),
        high=float(number + half),
        system=parts[1] or None if len(parts) == 3 else None,
        unit=parts[2] or None if len(parts) == 3 else None,
    )


_READERS: Mapping[str, Callable[[str], Value | None]] = MappingProxyType(
    {
        "token": token_of,
        "string": _text,
        "uri": _text,
        "date": _date,
        "quantity": _quantity,
    }
)
