"""One searchable value of a resource, as the index table holds it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A value under a search parameter; which fields are set depends on its type.

    token: system + value (code). string: value (folded) + exact. uri: value.
    reference: system (target type, or "" for a foreign address) + value (id or address).
    date: low and high, milliseconds since 1970, high exclusive. quantity: system +
    value (unit code) + exact (unit text) + number.
    """

    param: str
    system: str | None = field(default=None, repr=False)
    value: str | None = field(default=None, repr=False)
    exact: str | None = field(default=None, repr=False)
    low: int | None = field(default=None, repr=False)
    high: int | None = field(default=None, repr=False)
    number: float | None = field(default=None, repr=False)
