"""A WSGI application on a real socket of this machine, for tests that need real HTTP."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.serving import WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Say nothing: a request line may hold a path that a test plants a canary in."""

    def send_header(self, keyword: str, value: str) -> None:
        """Let an application's own Date stand alone, as servers in production do."""
        if keyword == "Date":
            before = getattr(self, "_headers_buffer", [])
            self._headers_buffer = [line for line in before if not line.startswith(b"Date:")]
        super().send_header(keyword, value)


@contextmanager
def served(
    build: Callable[[str], WSGIApplication], *, host: str = "127.0.0.1", port: int = 0
) -> Iterator[str]:
    """Serve `build(base_url)` on `host`; yields the base URL. Port 0 takes a free one."""
    server = make_server(host, port, _not_ready, threaded=True, request_handler=_Quiet)
    base_url = f"http://{host}:{server.server_port}"
    server.app = build(base_url)
    # The loop looks for its end this often; the library's half second would be paid by each test.
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield base_url
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()


def _not_ready(environ: Any, start_response: Any) -> list[bytes]:
    start_response("503 Not Ready", [("Content-Type", "text/plain")])
    return [b"starting"]
