"""Free ports of this machine, for tests that start whole programs."""

import secrets
import socket
from contextlib import suppress

# Below those that the system gives to outgoing connections: a port that is free now and bound
# again later, as when a program is started anew, is then not taken by a passing call.
_PORTS = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on right now; held together so that they differ."""
    held: list[socket.socket] = []
    try:
        while len(held) < count:
            one = socket.socket()
            # not by `random`: every process of a test run has the same seed
            with suppress(OSError):
                one.bind(("127.0.0.1", secrets.choice(_PORTS)))
                held.append(one)
                continue
            one.close()
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()
