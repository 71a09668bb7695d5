"""A person at the desk over plain HTTP: cookies kept, forms sent, nothing followed."""

import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.support.consult_world import Answer, World, call

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class DeskVisitor:
    """One browser at the desk of a consult server."""

    world: World
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def get(self, path: str) -> Answer:
        """Open a page; remembers its form token."""
        return self._ask("GET", path, None, {})

    def post(
        self,
        path: str,
        fields: dict[str, str] | None = None,
        *,
        token: str | None = None,
        origin: str | None = None,
    ) -> Answer:
        """Send a form as a browser does, with the token of the last page and our own Origin."""
        form = {"csrf_token": self.token if token is None else token, **(fields or {})}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self.world.base_url if origin is None else origin,
        }
        return self._ask("POST", path, urlencode(form).encode(), headers)

    def sign_in(self, login: str = "okafor", **changes: str) -> Answer:
        """Sign in with what the sandbox shows, or with something else."""
        self.get("/desk/sign-in")
        fields = {
            "user_name": login,
            "password": "second-opinion",
            "code": self.world.code(login),
        }
        return self.post("/desk/sign-in", fields | changes)

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        answer = call(self.world.base_url, method, path, headers={**sent, **headers}, body=body)
        cookie: SimpleCookie = SimpleCookie(answer.headers.get("set-cookie", ""))
        for name, morsel in cookie.items():
            self.cookies[name] = morsel.value
        if found := _TOKEN.search(answer.body.decode("utf-8", "replace")):
            self.token = found[1]
        return answer
