"""Free ports of this machine, for tests that start whole programs."""

import socket


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on right now; held together so that they differ."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()
