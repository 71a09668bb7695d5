"""A tap on the line between a hospital and the network: passes all bytes on and keeps them."""

import socket
import threading
from contextlib import suppress


class WireTap:
    """Listens on one port of this machine, connects to another, keeps both directions."""

    def __init__(self, *, port: int, target: int) -> None:
        self._target = target
        self._kept: list[bytearray] = []
        self._lock = threading.Lock()
        self._door = socket.create_server(("127.0.0.1", port), backlog=64)
        self._threads: list[threading.Thread] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def kept(self) -> list[bytes]:
        """What went over the line, per connection and direction."""
        with self._lock:
            return [bytes(one) for one in self._kept]

    def close(self) -> None:
        """Take no more connections and end those that are open."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for one in self._threads:
            one.join(timeout=10)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._door.accept()
                one = threading.Thread(target=self._serve, args=(caller,), daemon=True)
                self._threads.append(one)
                one.start()

    def _serve(self, caller: socket.socket) -> None:
        address = ("127.0.0.1", self._target)
        with caller, suppress(OSError), socket.create_connection(address, timeout=10) as far:
            far.settimeout(None)
            back = threading.Thread(target=self._pass, args=(far, caller), daemon=True)
            back.start()
            self._pass(caller, far)
            back.join()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        kept = bytearray()
        with self._lock:
            self._kept.append(kept)
        with suppress(OSError):
            while chunk := source.recv(65536):
                with self._lock:
                    kept += chunk
                sink.sendall(chunk)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
