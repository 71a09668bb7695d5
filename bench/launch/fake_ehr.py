"""An EHR that costs no processor time: canned answers after a fixed delay, and a ledger.

It signs people in (SMART App Launch 2.2, PKCE and client proof are not checked here: the
contract tests do that against the sandbox EHR), serves one small chart per patient, and notes
when each call began and ended. A bearer token opens one patient: a call for another is
counted as a mix-up. Patient `p-17` is called Seventeen, so that pages can be told apart.

    python bench/launch/fake_ehr.py PORT DELAY_SECONDS KEY.pem
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from runtime import clock, jose  # noqa: E402

TYPES = (
    "AllergyIntolerance", "Condition", "Coverage", "DiagnosticReport", "DocumentReference",
    "FamilyMemberHistory", "ImagingStudy", "Immunization", "MedicationRequest", "Observation",
    "Procedure", "RelatedPerson",
)  # fmt: skip
SIGN_IN = frozenset({"configuration", "openid", "keys"})


@dataclass
class Ehr:
    """Codes, tokens and what was asked."""

    base: str
    delay: float
    key: jose.SigningKey
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    mixed: int = 0
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Any:
        """Return (kind, patient, status, headers, body) for one request."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        if parts.path == "/authorize":
            return self._authorize(query)
        if parts.path == "/token":
            return self._token(dict(parse_qsl(body.decode())))
        documents = {
            "/fhir/.well-known/smart-configuration": ("configuration", self._configuration()),
            "/.well-known/openid-configuration": (
                "openid", {"issuer": self.base, "jwks_uri": f"{self.base}/keys"},
            ),
            "/keys": ("keys", {"keys": [self.key.public_jwk()]}),
            "/fhir/metadata": ("metadata", _statement()),
        }  # fmt: skip
        if parts.path in documents:
            kind, document = documents[parts.path]
            return kind, "", 200, {}, document
        asked = {**query, **(dict(parse_qsl(body.decode())) if method == "POST" else {})}
        return self._read(parts.path, asked, headers.get("authorization", ""))

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.base,
            "jwks_uri": f"{self.base}/keys",
            "authorization_endpoint": f"{self.base}/authorize",
            "token_endpoint": f"{self.base}/token",
            "capabilities": ["launch-ehr", "sso-openid-connect"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _authorize(self, query: dict[str, str]) -> Any:
        code = f"code-{next(self.numbers)}"
        self.codes[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        return (
            "authorize",
            query["launch"],
            302,
            {"Location": f"{query['redirect_uri']}?{back}"},
            {},
        )

    def _token(self, form: dict[str, str]) -> Any:
        token = f"token-{next(self.numbers)}"
        granted = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        if form["grant_type"] == "client_credentials":
            self.tokens[token] = "*"
            return "backend", "", 200, {}, {**granted, "scope": form["scope"]}
        asked = self.codes.pop(form["code"])
        patient = self.tokens[token] = asked["launch"]
        now = int(clock.now().timestamp())
        claims = {
            "iss": self.base, "sub": "doctor", "aud": asked["client_id"], "iat": now,
            "exp": now + 300, "nonce": asked["nonce"],
            "fhirUser": f"{self.base}/fhir/Practitioner/doctor",
        }  # fmt: skip
        identity = jose.sign(self.key, claims, typ="JWT")
        answer = {**granted, "patient": patient, "id_token": identity, "scope": asked["scope"]}
        return "token", patient, 200, {}, answer

    def _read(self, path: str, asked: dict[str, str], bearer: str) -> Any:
        words = path.removeprefix("/fhir/").removesuffix("/_search").split("/")
        kind = f"fhir:{words[0]}"
        mine = self.tokens.get(bearer.removeprefix("Bearer "), "")
        named = words[1] if words[0] == "Patient" and len(words) > 1 else asked.get("patient", mine)
        if mine not in (named.removeprefix("Patient/"), "*"):
            self.mixed += 1
            return kind, mine, 403, {}, {}
        if words[0] == "Patient":
            return kind, mine, 200, {}, _patient(mine)
        if len(words) > 1:
            resource = {"resourceType": words[0], "id": words[1], "name": [{"family": "Doctor"}]}
            return kind, mine, 200, {}, resource
        entries = [_entry(words[0], number, mine) for number in range(5)]
        found = {"resourceType": "Bundle", "type": "searchset", "total": 5, "entry": entries}
        return kind, mine, 200, {}, found


def _statement() -> dict[str, Any]:
    read = [{"code": "read"}, {"code": "search-type"}]
    params = [{"name": name, "type": "token"} for name in ("patient", "category", "_id")]
    return {
        "resourceType": "CapabilityStatement", "status": "active", "kind": "instance",
        "fhirVersion": "4.0.1", "format": ["json"], "date": "2026-01-01",
        "rest": [{
            "mode": "server",
            "resource": [
                {"type": name, "interaction": read, "searchParam": params}
                for name in (*TYPES, "Patient", "Practitioner")
            ],
        }],
    }  # fmt: skip


def _patient(patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient", "id": patient, "birthDate": "1970-01-01", "gender": "female",
        "name": [{"family": f"Name{patient.replace('-', '')}x", "given": ["Test"]}],
    }  # fmt: skip


def _entry(kind: str, number: int, patient: str) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": kind, "id": f"{kind.lower()}-{patient}-{number}", "status": "final",
        "subject": {"reference": f"Patient/{patient}"},
        "code": {"text": "Something"}, "recordedDate": "2026-01-01",
    }  # fmt: skip
    if kind in ("AllergyIntolerance", "FamilyMemberHistory", "Immunization", "RelatedPerson"):
        resource["patient"] = resource.pop("subject")
    if kind == "Coverage":
        resource["beneficiary"] = resource.pop("subject")
    return {"resource": resource, "search": {"mode": "match"}}


async def serve(port: int, ehr: Ehr) -> None:
    """Serve until the process is ended."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await _one(ehr, reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port, backlog=512)
    async with server:
        await server.serve_forever()


async def _one(ehr: Ehr, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    began = time.monotonic()
    method, target, _ = head[0].split(" ")
    headers = {
        line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in head[1:] if line
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    if target == "/ledger":
        said = {"calls": ehr.calls, "mixed": ehr.mixed}
        if method == "DELETE":
            ehr.calls, ehr.mixed = [], 0
        return await _write(writer, 200, {}, said)
    kind, patient, status, more, document = ehr.answer(method, target, headers, body)
    await asyncio.sleep(ehr.delay)
    open_ = await _write(writer, status, more, document)
    ehr.calls.append({"kind": kind, "patient": patient, "began": began, "ended": time.monotonic()})
    return open_


async def _write(
    writer: asyncio.StreamWriter, status: int, more: dict[str, str], document: Any
) -> bool:
    body = json.dumps(document).encode()
    lines = [
        f"HTTP/1.1 {status} X", "Content-Type: application/json",
        f"Content-Length: {len(body)}", "Cache-Control: max-age=600",
        *(f"{name}: {value}" for name, value in more.items()), "", "",
    ]  # fmt: skip
    writer.write("\r\n".join(lines).encode() + body)
    await writer.drain()
    return True


if __name__ == "__main__":
    signing = jose.from_pem(Path(sys.argv[3]).read_bytes(), alg="RS256")
    asyncio.run(
        serve(
            int(sys.argv[1]),
            Ehr(base=f"http://127.0.0.1:{sys.argv[1]}", delay=float(sys.argv[2]), key=signing),
        )
    )
