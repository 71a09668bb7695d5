"""How many calls a client may make in a second (per process: one is enough for a sandbox)."""

import threading
from collections import defaultdict, deque

from runtime import clock

_SECOND = 1.0


class Pace:
    """Counts the calls of each client over the second that just passed."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def is_too_fast(self, client_id: str, most: int) -> bool:
        """Take a call into account; True when it is one too many. `most` 0 lets all through."""
        if not most:
            return False
        now = clock.monotonic()
        with self._lock:
            calls = self._calls[client_id]
            while calls and now - calls[0] >= _SECOND:
                calls.popleft()
            if len(calls) >= most:
                return True
            calls.append(now)
            return False
