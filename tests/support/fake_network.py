"""A consult server in memory, as far as the gateway sees it; and a specialist to answer."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from exchange import clarification, opinion_bundle, parts, task_states
from exchange.canonical import canonical_sha256, identifier_of
from exchange.clarification import ThreadPlace
from exchange.opinion import (
    Author,
    Basis,
    CredentialFact,
    Opinion,
    Recommendation,
    Responsibility,
    new_record,
)
from exchange.opinion_bundle import OpinionOrder
from exchange.task_states import Event
from runtime import clock, jose, json_text, tokens
from runtime.errors import OutboundDown
from runtime.outbound import Bearer, OutboundAnswer

BASE = "https://consult.example"
MEMBER = "mem-000001"
SPECIALIST = "spec-000007"
Json = dict[str, Any]


def opinion(**changes: Any) -> Opinion:
    """Return a complete opinion that speaks of the patient and of a day."""
    facts: dict[str, Any] = {
        "bottom_line": "Keep treating [patient] medically tonight; no dialysis now.",
        "recommendations": (
            Recommendation(what="Bladder scan now", how="Foley if more than 300 mL"),
            Recommendation(what="Potassium, then every 2 h"),
        ),
        "rationale": "The antibiotic of [6 days before] explains it.",
        "change_my_mind": "Potassium 6.5 or rising.",
        "in_person_review": "within-12-hours",
        "teaching_point": "Check potassium on day 3.",
        "confidence": "moderate",
        "outcome": "advice-only",
        **changes,
    }
    return Opinion(**facts)


@dataclass(kw_only=True)
class FakeNetwork:
    """Fits runtime.outbound.OutboundClient; `down` and `lose_answers` break it on demand."""

    key: Any = field(default_factory=lambda: jose.new_signing_key("ES384"))
    stored: dict[str, Json] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    submissions: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    down: bool = False
    lose_answers: int = 0
    refuse_with: int = 0
    attested: list[Json] = field(default_factory=list)
    updated: dict[str, datetime] = field(default_factory=dict)
    _n: int = 0

    def request(
        self,
        method: str,
        url: str,
        *,
        label: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        form: Mapping[str, str] | None = None,
        bearer: Bearer | None = None,
    ) -> OutboundAnswer:
        """Answer as the consult server would."""
        if self.down:
            raise OutboundDown(reason="connect", label=label)
        split = urlsplit(url)
        assert f"{split.scheme}://{split.netloc}" == BASE
        route = self._route(method, split.path)
        answer = route(split.path, dict(parse_qsl(split.query)), headers or {}, body or b"")
        if self.lose_answers and method == "POST" and split.path == "/fhir":
            self.lose_answers -= 1
            raise OutboundDown(reason="timeout", label=label)
        return answer

    def _route(self, method: str, path: str) -> Callable[..., OutboundAnswer]:
        routes: list[tuple[str, str, Callable[..., OutboundAnswer]]] = [
            ("POST", r"/auth/token", self._token),
            ("POST", r"/members/attestations", self._attest),
            ("GET", rf"/keys/{SPECIALIST}", self._jwks),
            ("POST", r"/fhir", self._submit),
            ("GET", r"/fhir/[A-Za-z]+/[^/]+", self._read),
            ("PUT", r"/fhir/[A-Za-z]+/[^/]+", self._put),
            ("GET", r"/fhir/[A-Za-z]+", self._search),
        ]
        for verb, pattern, view in routes:
            if verb == method and re.fullmatch(pattern, path):
                return view
        raise AssertionError(f"{method} {path}")

    def _token(self, *_: Any) -> OutboundAnswer:
        return _json(200, {"access_token": "t", "expires_in": 300})

    def _attest(self, _p: str, _q: Json, _h: Json, body: bytes) -> OutboundAnswer:
        token = json_text.loads(body)["attestation"]
        self.attested.append(jose.read_unverified_claims(token))
        return _json(201, {"member_id": MEMBER})

    def _jwks(self, *_: Any) -> OutboundAnswer:
        return _json(200, {"keys": [self.key.public_jwk()]})

    def _submit(self, _p: str, _q: Json, headers: Json, body: bytes) -> OutboundAnswer:
        self.bodies.append(body)
        if self.refuse_with:
            return _json(self.refuse_with, {"resourceType": "OperationOutcome"})
        bundle = json_text.loads(body)
        submission = bundle["identifier"]["value"]
        digest = hashlib.sha256(body).hexdigest()
        known = self.submissions.get(submission)
        if known is not None:
            return _json_bytes(200, known[1]) if known[0] == digest else _json(409, {})
        response = json_text.dumps(self._store(bundle))
        self.submissions[submission] = (digest, response)
        return _json_bytes(200, response)

    def _store(self, bundle: Json) -> Json:
        places: dict[str, str] = {}
        for entry in bundle["entry"]:
            if entry["request"]["method"] == "POST":
                self._n += 1
                kind = entry["resource"]["resourceType"]
                places[entry["fullUrl"]] = f"{kind}/{self._n}"
        answers = []
        for entry in bundle["entry"]:
            resource = json_text.loads(_replaced(json_text.dumps(entry["resource"]), places))
            where = places.get(entry["fullUrl"]) or entry["request"]["url"]
            self._keep(where, resource)
            answers.append({"response": {"status": "201", "location": f"{where}/_history/1"}})
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}

    def _keep(self, where: str, resource: Json) -> None:
        old = self.stored.get(where)
        version = int(old["meta"]["versionId"]) + 1 if old else 1
        moment = clock.now()
        resource = {
            **resource,
            "id": where.split("/")[1],
            "meta": {
                **resource.get("meta", {}),
                "versionId": str(version),
                "lastUpdated": moment.isoformat(),
            },
        }
        self.stored[where] = resource
        self.updated[where] = moment

    def _read(self, path: str, *_: Any) -> OutboundAnswer:
        found = self.stored.get(path.removeprefix("/fhir/"))
        return _json(200, found) if found else _json(404, {})

    def _put(self, path: str, _q: Json, headers: Json, body: bytes) -> OutboundAnswer:
        where = path.removeprefix("/fhir/")
        wanted = f'W/"{self.stored[where]["meta"]["versionId"]}"'
        if headers.get("If-Match") != wanted:
            return _json(412, {})
        self._keep(where, json_text.loads(body))
        return _json(200, self.stored[where])

    def _search(self, path: str, query: Json, *_: Any) -> OutboundAnswer:
        kind = path.removeprefix("/fhir/")
        found = [r for r in self.stored.values() if r["resourceType"] == kind]
        if "part-of" in query:
            found = [r for r in found if query["part-of"] in _references(r.get("partOf"))]
        if "target" in query:
            found = [r for r in found if query["target"] in _references(r.get("target"))]
        if "identifier" in query:
            system, value = query["identifier"].split("|")
            found = [r for r in found if (system, value) == identifier_of(r)]
        if "_lastUpdated" in query:
            since = datetime.fromisoformat(query["_lastUpdated"].removeprefix("ge"))
            found = [r for r in found if datetime.fromisoformat(r["meta"]["lastUpdated"]) >= since]
        entries = [{"resource": r, "search": {"mode": "match"}} for r in found]
        return _json(200, {"resourceType": "Bundle", "type": "searchset", "entry": entries})

    # What a specialist does.
    def task(self) -> tuple[str, Json]:
        """The newest case Task and where it is."""
        return [item for item in self.stored.items() if item[0].startswith("Task/")][-1]

    def move(self, *events: Event) -> None:
        """Move the case along the state table."""
        where, task = self.task()
        for event in events:
            task = task_states.apply(task, event, clock.now())
        task["owner"] = parts.member(SPECIALIST)
        self._keep(where, task)

    def claim(self) -> None:
        """Take the case and start."""
        self.move(Event.SCREEN, Event.ROUTE, Event.OFFER, Event.CLAIM, Event.START)

    def _place(self) -> ThreadPlace:
        where, task = self.task()
        thread = [
            (name, r)
            for name, r in self.stored.items()
            if r["resourceType"] == "Communication" and where in _references(r.get("partOf"))
        ]
        name, last = thread[-1]
        keys = [identifier_of(self.stored[task[key]["reference"]]) for key in ("focus", "for")]
        return ThreadPlace(
            base_url=f"{BASE}/fhir",
            task=task,
            request_key=keys[0] or ("", ""),
            subject_key=keys[1] or ("", ""),
            answers=name,
            answers_key=identifier_of(last) or ("", ""),
            message_n=len(thread) + 1,
        )

    def ask_back(self, text: str) -> None:
        """Ask the doctor something; the clock stands."""
        bundle = clarification.build_request(
            self._place(), sender=SPECIALIST, text=text, now=clock.now()
        )
        self._store(bundle)

    def answer(self, content: Opinion, *, key: Any = None) -> None:
        """Sign an opinion and complete the case."""
        place = self._place()
        now = clock.now()
        snapshot = next(r for r in self.stored.values() if r["resourceType"] == "Bundle")
        record = new_record(
            case_id=place.case_id,
            signed_at=now,
            opinion=content,
            author=Author(
                member_id=SPECIALIST,
                name="Dr. Ines Halvorsen",
                specialty="394589003",
                credentials=(
                    CredentialFact(
                        credential_id="c1",
                        kind="license",
                        title="Medical license OR",
                        source="State board",
                        verified_on="2026-11-19",
                        valid_until="2027-11-19",
                    ),
                ),
            ),
            basis=Basis(results=79, notes=1, documents=2, newest_result="1.4 h before"),
            responsibility=Responsibility(
                statement_id="responsibility", version="1", sha256="b" * 64, text="Formal advice."
            ),
        )
        order = OpinionOrder(
            signature_id=tokens.new_uuid(),
            issuer=BASE,
            snapshot_sha256=canonical_sha256(snapshot),
            authentication="password+totp",
            signed_at=now,
        )
        self._store(opinion_bundle.build_opinion(record, place, order, key or self.key))

    def question_text(self) -> str:
        """The text of the question as it arrived."""
        for resource in self.stored.values():
            if resource["resourceType"] == "Communication":
                return "\n".join(p["contentString"] for p in resource["payload"])
        raise AssertionError("no question")


def _references(value: Any) -> list[str]:
    return [item["reference"] for item in value or []]


def _replaced(text: bytes, places: Mapping[str, str]) -> bytes:
    for url, place in places.items():
        text = text.replace(url.encode(), place.encode())
    return text


def _json(status: int, value: Any) -> OutboundAnswer:
    return _json_bytes(status, json_text.dumps(value))


def _json_bytes(status: int, body: bytes) -> OutboundAnswer:
    return OutboundAnswer(status=status, headers={}, body=body)
