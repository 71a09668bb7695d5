"""A small browser: cookies by host, redirects, forms and frames, over plain loopback HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

from confer.errors import ConnectionLost, WalkFailed
from confer.walker.page import Form, Page
from runtime import clock

_MAX_REDIRECTS = 12
_SECONDS = 30
_AWAY_SECONDS = 25.0  # how long a person keeps pressing reload
_PAUSE_SECONDS = 0.25
_RESENDS = 3
_AWAY = frozenset({502, 503, 504})  # a page that says that another program is away
_KEEP_METHOD = frozenset({307, 308})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One HTTP answer as it came: nothing followed, nothing parsed."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


def _nothing(*_: object) -> None:
    """Nobody watches, nobody helps."""


@dataclass(kw_only=True)
class Browser:
    """One person's browser. Cookies go back to the host that set them, whatever the port.

    When a program goes away the person reloads; `on_away` is called before each try. A form
    whose answer never came is not sent again blindly: the page is reloaded first, and what it
    shows decides. `watch` sees every answer; `lost` counts the requests that a program which
    was away spoiled.
    """

    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    watch: Callable[[Answer], None] = _nothing
    on_away: Callable[[], None] = _nothing
    lost: int = 0

    def open(self, url: str) -> Page:
        """GET a page, redirects followed."""
        return self._follow("GET", url, None)

    def follow(self, page: Page, wanted: str) -> Page:
        """Click the link named `wanted` on `page`."""
        return self.open(urljoin(page.url, page.link(wanted).href))

    def frame(self, page: Page) -> Page:
        """Load the page's first frame."""
        if not page.frames:
            raise WalkFailed(step="frame", reason=f'the page "{page.title}" has no frame')
        return self.open(urljoin(page.url, page.frames[0]))

    def submit(
        self, page: Page, form: Form, answers: Mapping[str, str | list[str]] | None = None
    ) -> Page:
        """Send a form with some answers filled in."""
        fields = urlencode(form.filled(answers or {}))
        target = urljoin(page.url, form.action or page.url)
        if form.method == "get":
            return self.open(f"{target.split('?')[0]}?{fields}")
        for _ in range(_RESENDS):
            try:
                return self._follow("POST", target, fields.encode())
            except ConnectionLost:
                page = self.open(page.url)
            wanted = form.id or form.action
            if not page.has_form(wanted):
                break  # it was done, or cannot be done any more: the page says which
            fields = urlencode(page.form(wanted).filled(answers or {}))
        return page

    def request(self, method: str, url: str, body: bytes | None = None) -> Answer:
        """One request without following redirects."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        connection = HTTPConnection(host, parts.port or 80, timeout=_SECONDS)
        headers = {"Accept": "text/html", "Host": parts.netloc}
        if jar := self.cookies.get(host):
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = f"{parts.scheme}://{parts.netloc}"
        try:
            connection.request(
                method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers
            )
            reply = connection.getresponse()
            content = reply.read()
        except (OSError, HTTPException):
            self.lost += 1
            raise ConnectionLost(program=parts.netloc) from None
        finally:
            connection.close()
        self._keep_cookies(host, reply)
        answer = Answer(
            url=url, status=reply.status, headers=dict(reply.getheaders()), body=content
        )
        if answer.status in _AWAY:
            self.lost += 1
        self.watch(answer)
        return answer

    def _follow(self, method: str, url: str, body: bytes | None) -> Page:
        for _ in range(_MAX_REDIRECTS):
            answer = self._get(url) if method == "GET" else self.request(method, url, body)
            location = answer.headers.get("Location")
            if answer.status // 100 != 3 or location is None:
                return Page(
                    url=url, status=answer.status, html=answer.body.decode("utf-8", "replace")
                )
            url = urljoin(url, location)
            if answer.status not in _KEEP_METHOD:
                method, body = "GET", None
        raise WalkFailed(step="http", reason="too many redirects")

    def _get(self, url: str) -> Answer:
        deadline = clock.monotonic() + _AWAY_SECONDS
        while True:
            try:
                return self.request("GET", url)
            except ConnectionLost:
                if clock.monotonic() > deadline:
                    raise
            self.on_away()
            clock.sleep(_PAUSE_SECONDS)

    def _keep_cookies(self, host: str, reply: HTTPResponse) -> None:
        for line in reply.headers.get_all("Set-Cookie") or []:
            # Partitioned is newer than this parser
            cookie: SimpleCookie = SimpleCookie(line.replace("; Partitioned", ""))
            for name, morsel in cookie.items():
                jar = self.cookies.setdefault(host, {})
                if morsel["max-age"] == "0" or not morsel.value:
                    jar.pop(name, None)
                else:
                    jar[name] = morsel.value
