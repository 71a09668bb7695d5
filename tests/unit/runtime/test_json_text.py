"""The codec keeps numbers as written and refuses what two parsers could read in two ways."""

import math
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import json_text
from runtime.errors import JsonTextError

_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**30), max_value=10**30)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
    | st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-999, max_value=999)
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1.50}',
        b'{"a":12345678901234567890123}',
        b'{"a":0.12345678901234567890}',
        b'{"a":-0.0}',
        b'{"a":{"a":1},"b":"x,{}[]:\\""}',
        b'["\\\\u0000"]',
        b"[" * 64 + b"]" * 64,
    ],
)
def test_bytes_come_back_as_they_were(body: bytes) -> None:
    assert json_text.dumps(json_text.loads(body)) == body


@given(_VALUES)
def test_any_value_round_trips(value: object) -> None:
    assert json_text.loads(json_text.dumps(value)) == value


@given(_VALUES)
def test_sorted_bytes_do_not_depend_on_the_order_of_keys(value: object) -> None:
    def reverse(item: object) -> object:
        if isinstance(item, dict):
            return {key: reverse(item[key]) for key in reversed(item)}
        return [reverse(part) for part in item] if isinstance(item, list) else item

    assert json_text.dumps_sorted(value) == json_text.dumps_sorted(reverse(value))


@pytest.mark.parametrize(
    ("body", "rule", "line", "column"),
    [
        (b'{"a":1,\n"a":2}', "duplicate_key", 2, 1),
        (b'{"a":1,"\\u0061":2}', "duplicate_key", 1, 8),
        (b'[{"k":1,"b":{"k":2},"k":1}]', "duplicate_key", 1, 21),
        (b"[NaN]", "syntax", 1, 2),
        (b"[Infinity]", "syntax", 1, 2),
        (b"\xef\xbb\xbf{}", "byte_order_mark", 1, 1),
        (b'"\\ud800"', "syntax", 1, 1),
        (b'["\\u0000"]', "nul", 1, 3),
        (b'"\xff"', "utf8", 1, 1),
        (b"[" * 65 + b"]" * 65, "too_deep", 0, 0),
        (b"[" * 100_000, "too_deep", 0, 0),
        (b"[" + b"1" * 41 + b"]", "number_too_long", 0, 0),
        (b'{"a":1,}', "syntax", 1, 8),
        (b"1 2", "syntax", 1, 4),
        (b"", "syntax", 1, 1),
    ],
)
def test_ambiguous_text_is_refused_with_its_place(
    body: bytes, rule: str, line: int, column: int
) -> None:
    with pytest.raises(JsonTextError) as caught:
        json_text.loads(body)
    assert (caught.value.rule, caught.value.line, caught.value.column) == (rule, line, column)


def test_a_body_over_the_limit_is_not_parsed() -> None:
    with pytest.raises(JsonTextError, match="too_large"):
        json_text.loads(b'"' + b"a" * 100 + b'"', max_bytes=100)


@pytest.mark.parametrize(
    "value",
    [Decimal("NaN"), math.nan, math.inf, "\ud800", {1: 2}, b"x", {1, 2}, object()],
)
def test_what_is_not_json_is_not_written(value: object) -> None:
    with pytest.raises(JsonTextError):
        json_text.dumps({"inside": [value]})


@pytest.mark.parametrize("piece", [b'\\"', b'"', b"\\", b"[", b'{"a":', b"1", b'"a"'])
def test_time_grows_no_faster_than_the_body(piece: bytes) -> None:
    def seconds(times: int) -> float:
        began = time.perf_counter()
        with pytest.raises(JsonTextError):
            json_text.loads(b'["' + piece * times)
        return time.perf_counter() - began

    seconds(1000)
    small, large = seconds(50_000), seconds(400_000)
    assert large < 40 * small + 0.2
