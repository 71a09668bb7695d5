"""The tables of measurements that are cut at the top."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Which measurements are cut at the top, and which codes stand for an age."""

    tops: Mapping[str, Mapping[str, Decimal]]
    """LOINC code -> unit code -> greatest value that leaves."""
    ages: frozenset[str]
