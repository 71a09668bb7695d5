"""The bytes of a clean resource: sorted keys, numbers as they were written."""

from typing import Any, Final

import msgspec

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number", order="sorted")


def encoded(value: Any) -> bytes:
    """Write JSON the one way we write it."""
    return _ENCODER.encode(value)
