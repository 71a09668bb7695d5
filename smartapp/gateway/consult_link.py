"""The line to the consult server: reading over it is free, leaving only by `egress.leave`.

The gateway signs in with Backend Services credentials (private_key_jwt, spec/wire.md 2.10).
Queries carry our own opaque ids and codes only.
"""

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from exchange import names
from runtime import clock, jose, json_text
from runtime.errors import JsonTextError, OutboundDown
from runtime.outbound import Bearer, OutboundAnswer, OutboundClient
from smartapp.errors import ConsultRefused, ConsultUnreachable, SmartAppError

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SCOPE = (
    "system/Bundle.crs system/Task.crus system/ServiceRequest.crus system/Communication.crs "
    "system/DocumentReference.rs system/Provenance.crs system/Patient.crs system/Consent.crs"
)
_MAX_PAGES = 50
UNREADABLE = "answer_unreadable"
_EARLY_SECONDS = 30.0

Resource = dict[str, Any]


class ConsultLink:
    """One hospital's registered client at one consult server."""

    def __init__(
        self,
        outbound: OutboundClient,
        *,
        base_url: str,
        client_id: str,
        key: jose.SigningKey,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.client_id = client_id
        self.key = key
        self._outbound = outbound
        self._token: tuple[str, float] | None = None
        self._lock = threading.Lock()

    @property
    def fhir_base(self) -> str:
        """Base URL of the FHIR API."""
        return f"{self.base_url}/fhir"

    @property
    def _origin(self) -> str:
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    def _bearer(self, *, fresh: bool = False) -> Bearer:
        with self._lock:
            if fresh or self._token is None or self._token[1] <= clock.monotonic():
                self._token = self._new_token()
            return Bearer(origin=self._origin, token=self._token[0])

    def _new_token(self) -> tuple[str, float]:
        url = f"{self.base_url}/auth/token"
        form = {
            "grant_type": "client_credentials",
            "scope": _SCOPE,
            "client_assertion_type": _ASSERTION,
            "client_assertion": jose.client_assertion(
                self.key, client_id=self.client_id, audience=url
            ),
        }
        answer = self._call("POST", url, label="consult:token", form=form, bearer=None)
        if answer.status != 200:
            raise self._problem(answer)
        granted = self._body(answer)
        token = granted.get("access_token")
        try:
            life = float(str(granted.get("expires_in", 60)))
        except ValueError:
            raise ConsultUnreachable(reason=UNREADABLE) from None
        if not isinstance(token, str) or not token or not math.isfinite(life):
            raise ConsultUnreachable(reason=UNREADABLE)
        return token, clock.monotonic() + life - _EARLY_SECONDS

    @staticmethod
    def _body(answer: OutboundAnswer) -> Resource:
        """The JSON object of a 2xx answer; a cut or foreign body is asked for again."""
        try:
            found = json_text.loads(answer.body)
        except JsonTextError:
            raise ConsultUnreachable(reason=UNREADABLE) from None
        if not isinstance(found, dict):
            raise ConsultUnreachable(reason=UNREADABLE)
        return found

    def _call(self, method: str, url: str, **more: Any) -> OutboundAnswer:
        # Any: the keyword arguments of OutboundClient.request, passed on unchanged.
        try:
            return self._outbound.request(method, url, **more)
        except OutboundDown as down:
            raise ConsultUnreachable(reason=down.reason) from None

    @staticmethod
    def _problem(answer: OutboundAnswer) -> SmartAppError:
        if answer.status >= 500 or answer.status == 429:
            return ConsultUnreachable(status=answer.status)
        return ConsultRefused(status=answer.status)

    def exchange(
        self,
        method: str,
        path: str,
        *,
        label: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> OutboundAnswer:
        """One authorized request with one re-authorization on 401.

        For `egress.leave` and for reads; nothing else may call it with a body.
        """
        url = path if path.startswith(self.base_url + "/") else f"{self.base_url}{path}"
        answer = self._call(
            method, url, label=label, headers=headers, body=body, bearer=self._bearer()
        )
        if answer.status == 401:
            answer = self._call(
                method,
                url,
                label=label,
                headers=headers,
                body=body,
                bearer=self._bearer(fresh=True),
            )
        return answer

    def read(self, reference: str) -> Resource:
        """Read `Type/id` and return the resource with its `meta.versionId`."""
        return self._get(f"/fhir/{reference}", label="consult:read")

    def search(self, resource_type: str, params: Sequence[tuple[str, str]]) -> Iterator[Resource]:
        """Walk all matches of a search, page by page, on the consult server's origin only."""
        path = f"/fhir/{resource_type}?{urlencode(list(params))}"
        for _ in range(_MAX_PAGES):
            page = self._get(path, label="consult:search")
            found, following = _matches(page)
            yield from found
            if following is None:
                return
            if not str(following).startswith(self.base_url + "/"):
                raise ConsultRefused(reason="foreign_page")
            path = str(following)
        raise ConsultRefused(reason="too_many_pages")

    def member_keys(self, member_id: str) -> list[dict[str, Any]]:
        """One specialist's public keys, past ones included; nobody else's key counts."""
        if not names.MEMBER_ID.fullmatch(member_id):
            raise ConsultRefused(reason="member_id")
        found = self._get(f"/keys/{member_id}", label="consult:keys")
        return list(found.get("keys") or [])

    def _get(self, path: str, *, label: str) -> Resource:
        answer = self.exchange(
            "GET", path, label=label, headers={"Accept": "application/fhir+json, application/json"}
        )
        if answer.status != 200:
            raise self._problem(answer)
        return self._body(answer)


def _matches(page: Resource) -> tuple[list[Resource], str | None]:
    """The matches on a page of a search and the address of the next page."""
    try:
        found: list[Resource] = [
            entry["resource"]
            for entry in page.get("entry") or []
            if (entry.get("search") or {}).get("mode", "match") == "match"
        ]
        links = {link.get("relation"): link.get("url") for link in page.get("link") or []}
    except (KeyError, TypeError, AttributeError):
        raise ConsultUnreachable(reason=UNREADABLE) from None
    if not all(isinstance(resource, dict) for resource in found):
        raise ConsultUnreachable(reason=UNREADABLE)
    return found, links.get("next")
