"""Which version of the wire both sides speak.

There is one so far. The gateway names it with every call, in the header below, so that a
later network can tell an old gateway what to do instead of misreading it.
"""

from exchange.names import WIRE_VERSION

HEADER = "Confer-Wire"
SPOKEN: tuple[str, ...] = (WIRE_VERSION,)


def is_spoken(version: str | None) -> bool:
    """Tell whether this side understands a message of this version; none named means ours."""
    return version is None or version in SPOKEN
