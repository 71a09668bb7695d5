"""The one JSON codec: decimals stay as written, and what two parsers could read in two
ways is refused (DESIGN decision 2a).

msgspec does the work, but it keeps the last of duplicate keys. Counting finds them at
full speed: with all strings taken out, each colon left in the text is one key, and a
decoded tree that holds fewer keys has lost some.
"""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from runtime.errors import JsonTextError

MAX_BYTES = 20_000_000
MAX_DEPTH = 64
MAX_NUMBER_LENGTH = 40

# Possessive, and an open string runs to the end of the text: linear on every input.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[{}\[\],:]', re.DOTALL)
_LONG_NUMBER = re.compile(rb"[-+.0-9eE]{%d,}" % (MAX_NUMBER_LENGTH + 1))
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_LOCATE_UP_TO = 1_000_000

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_key_decoder = msgspec.json.Decoder(str)
_encoder = msgspec.json.Encoder(decimal_format="number")
_sorting_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")


def loads(body: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """Parse strict JSON; numbers with a fraction or exponent become `Decimal`.

    Raises `JsonTextError` for anything over `max_bytes` or `max_depth`, a byte order
    mark, invalid UTF-8, NUL, duplicate keys, NaN, lone surrogates, numbers over 40 characters.
    """
    if len(body) > max_bytes:
        raise JsonTextError(rule="too_large")
    if body.startswith(b"\xef\xbb\xbf"):
        raise JsonTextError(rule="byte_order_mark", line=1, column=1)
    nul = _ESCAPED_NUL.search(body) if b"\\u0000" in body else None
    if nul:
        _refuse("nul", body, nul.start())
    skeleton = b"".join(_STRING.split(body))
    if _LONG_NUMBER.search(skeleton):
        raise JsonTextError(rule="number_too_long")
    # Any: JSON has no narrower type.
    value: Any = _decode(body)
    keys, depth = _measure(value, max_depth)
    if depth > max_depth:
        raise JsonTextError(rule="too_deep")
    if keys != skeleton.count(b":"):
        _refuse("duplicate_key", body, _find_duplicate(body))
    return value


def dumps(value: Any) -> bytes:
    """Write compact UTF-8 JSON in the order of the value; `Decimal("1.50")` stays 1.50."""
    return _encode(_encoder.encode, value)


def dumps_sorted(value: Any) -> bytes:
    """Write compact UTF-8 JSON with sorted keys; numbers as in `dumps`."""
    return _encode(_sorting_encoder.encode, value)


def _decode(body: bytes) -> Any:
    try:
        return _decoder.decode(body)
    except UnicodeDecodeError as error:
        _refuse("utf8", body, error.start)
    except RecursionError:
        raise JsonTextError(rule="too_deep") from None
    except (msgspec.DecodeError, ArithmeticError, ValueError) as error:
        # The library names the place as a byte number; its text is not passed on.
        found = re.search(r"byte (\d+)", str(error))
        _refuse("syntax", body, int(found.group(1)) if found else 0)


def _measure(value: Any, max_depth: int) -> tuple[int, int]:
    """Count keys and levels of containers; stops one level below `max_depth`."""
    keys = 0
    depth = 0
    level = [value] if isinstance(value, (dict, list)) else []
    while level and depth <= max_depth:
        depth += 1
        below: list[Any] = []
        members: Iterable[Any]
        for container in level:
            members = container
            if isinstance(container, dict):
                keys += len(container)
                members = container.values()
            below += [member for member in members if isinstance(member, (dict, list))]
        level = below
    return keys, depth


def _find_duplicate(body: bytes) -> int:
    """Return the offset of the first repeated key, or 0 in a body too large to search."""
    if len(body) > _LOCATE_UP_TO:
        return 0
    seen: list[set[str] | None] = []
    key_next = False
    for match in _TOKEN.finditer(body):
        token = match.group()
        if token in (b"{", b"["):
            seen.append(set() if token == b"{" else None)
        elif token in (b"}", b"]"):
            seen.pop()
        elif key_next and token.startswith(b'"'):
            key = _key_decoder.decode(token)
            keys = seen[-1]
            if keys is not None and key in keys:
                return match.start()
            if keys is not None:
                keys.add(key)
        key_next = token == b"{" or (token == b"," and seen[-1] is not None)
    return 0


def _encode(encode: Callable[[Any], bytes], value: Any) -> bytes:
    _check_tree(value)
    try:
        return encode(value)
    except (TypeError, ValueError, RecursionError):
        raise JsonTextError(rule="not_json") from None


# A float stands here for the few numbers our own code makes; charts hold Decimal.
_LEAVES = (str, int, Decimal, float, type(None))


def _check_tree(value: Any) -> None:
    """Refuse what the library would write silently: NaN as null, bytes as base64, dates."""
    waiting = [[value]]
    while waiting:
        for item in waiting.pop():
            kind = type(item)
            if kind is str:
                continue
            if kind is dict:
                if not all(type(key) is str for key in item):
                    raise JsonTextError(rule="key_not_text")
                waiting.append(item.values())
            elif kind is list or kind is tuple:
                waiting.append(item)
            else:
                _check_leaf(item)


def _check_leaf(item: Any) -> None:
    if not isinstance(item, _LEAVES):
        raise JsonTextError(rule="not_json")
    if isinstance(item, (Decimal, float)) and not Decimal(item).is_finite():
        raise JsonTextError(rule="not_a_number")


def _refuse(rule: str, body: bytes, offset: int) -> NoReturn:
    before = body[:offset]
    line = before.count(b"\n") + 1
    raise JsonTextError(rule=rule, line=line, column=offset - before.rfind(b"\n"))
