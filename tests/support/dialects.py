"""FHIR servers that behave as vendors' servers do, played over HTTP with `responses`.

What each dialect insists on is written here from the vendor tables (spec/smart.md section 4),
not taken from the adapters' traits: both sides must not share a mistake.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import responses
from requests import PreparedRequest

from launch.authorized_session import AuthorizedSession
from runtime import json_text
from runtime.outbound import OutboundClient

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "smart"
VENDORS = tuple(sorted(path.name for path in FOLDER.iterdir() if path.is_dir()))
Answer = tuple[int, dict[str, str], bytes]
_JSON = {"Content-Type": "application/fhir+json"}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What one kind of server insists on, and how it pages and answers a create."""

    next_param: str
    next_at_root: bool = False
    default_page: int = 50
    most_per_page: Mapping[str, int] = field(default_factory=dict)
    one_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    one_of_code: str = ""
    cap: int | None = None
    cap_code: str = ""
    expired: tuple[int, str] = (404, "")
    posts_searches: bool = False
    create: Literal["body", "location", "nothing"] = "body"


DIALECTS: Mapping[str, Dialect] = {
    "generic": Dialect(next_param="page", default_page=20),
    "epic": Dialect(
        next_param="sessionID",
        one_of={"Observation": ("category", "code")},
        one_of_code="59108",
        cap=100,
        cap_code="4127",
        expired=(400, "4113"),
        posts_searches=True,
        create="location",
    ),
    "oracle": Dialect(
        next_param="-pageContext",
        most_per_page={"Observation": 200, "DocumentReference": 100, "DiagnosticReport": 100},
        create="location",
    ),
    "athenahealth": Dialect(next_param="cursor"),
    "meditech": Dialect(next_param="continue", create="nothing"),
    "veradigm": Dialect(next_param="page", create="nothing"),
    "hapi": Dialect(
        next_param="_getpages", next_at_root=True, expired=(410, ""), posts_searches=True
    ),
    "smart_sandbox": Dialect(next_param="_getpages", next_at_root=True, expired=(410, "")),
    "azure": Dialect(next_param="ct", default_page=10),
    "google": Dialect(next_param="_page_token", create="location"),
    "medplum": Dialect(next_param="_cursor", default_page=20),
}


def fixture(vendor: str, name: str) -> Any:
    """Return one document of a vendor, None where it has none."""
    path = FOLDER / vendor / f"{name}.json"
    return json_text.loads(path.read_bytes()) if path.exists() else None


class _Token:
    """A bearer token that never changes."""

    def current(self) -> str:
        return "opaque"

    def renew(self, stale: str) -> str:
        return stale


@dataclass(kw_only=True)
class DialectServer:
    """One vendor's server with the resources of one patient."""

    vendor: str
    resources: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=dict)  # type -> answers to come
    pages_expire: int = 0  # how often a following page is gone
    asked: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    _pages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: count(1))

    @property
    def dialect(self) -> Dialect:
        return DIALECTS[self.vendor]

    @property
    def base(self) -> str:
        return str(fixture(self.vendor, "site")["issuer"])

    def serve(self, mock: responses.RequestsMock) -> None:
        """Answer below the FHIR base."""
        below = re.compile(re.escape(self.base) + r"([/?].*)?$")
        for method in ("GET", "POST"):
            mock.add_callback(method, below, callback=self._answer)

    def session(self) -> AuthorizedSession:
        """Return a signed-in session that does not really wait."""
        outbound = OutboundClient(allowed_origins=lambda _: True, allow_loopback_http=False)
        return AuthorizedSession(
            base_url=self.base, outbound=outbound, tokens=_Token(), pause=self.pauses.append
        )

    def asked_for(self, resource_type: str) -> int:
        """Return how often a type was searched."""
        return sum(one.split("?")[0] == resource_type for one in self.asked)

    def _answer(self, request: PreparedRequest) -> Answer:
        parts = urlsplit(str(request.url))
        path = parts.path.removeprefix(urlsplit(self.base).path).strip("/")
        params = dict(parse_qsl(parts.query))
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        if request.method == "POST" and path.endswith("/_search"):
            if not self.dialect.posts_searches:
                return 405, _JSON, b"{}"
            path, params = path.removesuffix("/_search"), dict(parse_qsl(body.decode()))
        elif request.method == "POST":
            return self._create(path, body)
        self.asked.append(f"{path}?{parts.query}")
        if self.answers.get(path):
            return self.answers[path].pop(0)
        if path == "metadata":
            return _ok(fixture(self.vendor, "capability-statement"))
        return self._read(path) if "/" in path else self._search(path, params)

    def _read(self, path: str) -> Answer:
        found = [one for one in self.resources if f"{one['resourceType']}/{one['id']}" == path]
        return _ok(found[0]) if found else outcome(404, "not-found")

    def _search(self, name: str, params: dict[str, str]) -> Answer:
        token = params.get(self.dialect.next_param)
        if token is not None:
            return self._following(token, params)
        refused = self._refused(name, params)
        if refused is not None:
            return refused
        found = [one for one in self.resources if _matches(one, name, params)]
        cap = self.dialect.cap
        if cap is not None and len(found) > cap:
            return self._page(name, found[:cap], self.dialect.cap_code, size=cap)
        asked = int(params.get("_count", self.dialect.default_page))
        most = self.dialect.most_per_page.get(name, asked)
        return self._page(name, found, size=min(asked, most))

    def _refused(self, name: str, params: Mapping[str, str]) -> Answer | None:
        """Nothing undeclared is taken, and what must be there must be there."""
        declared, anywhere = self._declared(name)
        for param in params:
            if param not in declared and (param != "_count" or anywhere):
                return outcome(400, "not-supported")
        wanted = self.dialect.one_of.get(name)
        if wanted and not set(wanted) & set(params):
            return outcome(400, "required", self.dialect.one_of_code)
        return None

    def _declared(self, name: str) -> tuple[set[str], bool]:
        types = fixture(self.vendor, "capability-statement")["rest"][0]["resource"]
        params = {one["type"]: {p["name"] for p in one.get("searchParam", [])} for one in types}
        return params.get(name, set()), any("_count" in found for found in params.values())

    def _page(self, name: str, found: list[dict[str, Any]], code: str = "", *, size: int) -> Answer:
        entries: list[dict[str, Any]] = [
            {"resource": one, "search": {"mode": "match"}} for one in found[:size]
        ]
        if code:
            warning = json_text.loads(outcome(200, "informational", code, severity="warning")[2])
            entries.append({"resource": warning, "search": {"mode": "outcome"}})
        bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
        if found[size:]:
            token = f"t{next(self._numbers)}"
            self._pages[token] = found[size:]
            place = self.base if self.dialect.next_at_root else f"{self.base}/{name}"
            url = f"{place}?{self.dialect.next_param}={token}&_n={name}&_s={size}"
            bundle["link"] = [{"relation": "next", "url": url}]
        return _ok(bundle)

    def _following(self, token: str, params: Mapping[str, str]) -> Answer:
        if self.pages_expire:
            self.pages_expire -= 1
            status, code = self.dialect.expired
            return outcome(status, "processing", code)
        return self._page(params["_n"], self._pages[token], size=int(params["_s"]))

    def _create(self, name: str, body: bytes) -> Answer:
        resource: dict[str, Any] = json_text.loads(body)
        made = {**resource, "id": f"new-{next(self._numbers)}", "meta": {"versionId": "1"}}
        self.resources.append(made)
        place = {"Location": f"{self.base}/{name}/{made['id']}"}
        if self.dialect.create == "body":
            return 201, {**_JSON, **place}, json_text.dumps(made)
        return 201, place if self.dialect.create == "location" else {}, b""


def outcome(status: int, kind: str, code: str = "", *, severity: str = "error") -> Answer:
    """Return an OperationOutcome with an issue type and a vendor's own code."""
    issue: dict[str, Any] = {"severity": severity, "code": kind}
    if code:
        issue["details"] = {"coding": [{"system": "urn:oid:1.2.840.114350.1.13", "code": code}]}
    return status, _JSON, json_text.dumps({"resourceType": "OperationOutcome", "issue": [issue]})


def _ok(resource: Any) -> Answer:
    return 200, _JSON, json_text.dumps(resource)


def _matches(resource: Mapping[str, Any], name: str, params: Mapping[str, str]) -> bool:
    if resource["resourceType"] != name:
        return False
    if "_id" in params and resource["id"] not in params["_id"].split(","):
        return False
    if "identifier" in params:
        wanted = params["identifier"].replace("\\", "").split("|")
        held = [(one["system"], one["value"]) for one in resource.get("identifier", [])]
        return tuple(wanted) in held
    if "category" in params and "category" in resource:
        codes = [c.get("code") for k in resource["category"] for c in k.get("coding", [])]
        return params["category"] in codes
    return True
