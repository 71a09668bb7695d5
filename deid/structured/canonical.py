"""The bytes of a clean resource: sorted keys, numbers as they were written."""

from decimal import Decimal
from typing import Any, Final

import msgspec

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number", order="sorted")
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


def encoded(value: Any) -> bytes:
    """Write JSON the one way we write it."""
    return _ENCODER.encode(value)


def parsed(body: bytes) -> Any:
    """Read JSON without losing a digit."""
    return _DECODER.decode(body)
